import { createHash } from 'node:crypto';
import { messageOf, TufgateError } from '../../errors.ts';
import { envForOthers } from './env.ts';
import type { KeyWorld } from './open-signer.ts';
import { firstLine } from './passphrase.ts';
import { type PublicKey, readPublicKey, readPublicKeyDer } from './public-key.ts';
import { runProgram } from './run-program.ts';
import { checkedSigner, type Signer } from './signer.ts';
import { readTokenObjects } from './token-objects.ts';
import type { TokenKey } from './token-uri.ts';

const TOOL = 'pkcs11-tool';
/** Read by the tool, of its own environment: arguments are seen by every user of the machine. */
const PIN = 'TUFGATE_TOKEN_PIN';
/** Bytes that the tool hands to a token in one piece; Ed25519 cannot be signed in several. */
const ONE_PIECE = 1_024;

/**
 * A key in a PKCS#11 token, through OpenSC's pkcs11-tool: a library of the vendor's in this process could read every key
 * that it opens, and a binding is one more native module.
 *
 * The public half is read from the token, without the PIN. A P-256 key signs a hash that we make (mechanism ECDSA: not
 * every token knows ECDSA-SHA256), Ed25519 the message (EDDSA).
 * @throws approvals.key
 */
export async function openTokenSigner(key: TokenKey, world: KeyWorld): Promise<Signer> {
  const name = `${key.object ?? key.id ?? ''} in token ${key.token}`;
  const id = key.id ?? (await idOf(key, world));
  const publicKey = await publicKeyIn(name, key, id, world);
  return checkedSigner(name, publicKey, (message) => signIn(key, id, publicKey, message, world));
}

/** The tool signs by id alone, and without one with the first key that it meets. */
async function idOf(key: TokenKey, world: KeyWorld): Promise<string> {
  const label = key.object ?? '';
  const listing = await tool(key, ['--list-objects', '--type', 'pubkey'], world);
  const ids = readTokenObjects(listing.toString('utf8')).filter((found) => found.label === label);
  const [first, ...more] = ids;
  if (first === undefined)
    throw refused(key, `it has no public key called ${label}: pkcs11-tool --list-objects shows all`);
  if (first.id === undefined) throw refused(key, `${label} has no id: give it one with pkcs11-tool --set-id`);
  if (more.length > 0) throw refused(key, `more than one key is called ${label}: add id= to the URI`);
  return first.id;
}

async function publicKeyIn(name: string, key: TokenKey, id: string, world: KeyWorld): Promise<PublicKey> {
  const label = key.object === undefined ? [] : ['--label', key.object];
  const bytes = await tool(key, ['--read-object', '--type', 'pubkey', '--id', id, ...label], world);
  // OpenSC 0.23 prints P-256 in DER and Ed25519 in PEM.
  const text = bytes.toString('latin1');
  return text.startsWith('-----') ? readPublicKey(name, text) : readPublicKeyDer(name, bytes);
}

async function signIn(
  key: TokenKey,
  id: string,
  { entry }: PublicKey,
  message: Uint8Array,
  world: KeyWorld,
): Promise<Uint8Array> {
  const ecdsa = entry.keytype === 'ecdsa';
  const how = ecdsa ? ['--mechanism', 'ECDSA', '--signature-format', 'openssl'] : ['--mechanism', 'EDDSA'];
  const input = ecdsa ? createHash('sha256').update(message).digest() : message;
  const pin = await pinOf(key, world);
  try {
    return await tool(key, ['--login', '--pin', `env:${PIN}`, '--sign', '--id', id, ...how], world, { pin, input });
  } catch (cause) {
    world.passphrases.forgetPin(key.token);
    if (ecdsa || message.length <= ONE_PIECE) throw cause;
    throw refused(
      key,
      `${messageOf(cause)}; pkcs11-tool hands Ed25519 over in pieces above 1,024 bytes: use a P-256 key`,
    );
  }
}

async function pinOf({ token, pin }: TokenKey, { env, passphrases }: KeyWorld): Promise<string> {
  switch (pin?.kind) {
    case 'file':
      return firstLine(pin.path);
    case 'env': {
      const value = env[pin.variable];
      if (value !== undefined && value !== '') return value;
      throw new TufgateError('usage', `${pin.variable} is not set: it must hold the PIN of token ${token}`);
    }
    case undefined:
      return await passphrases.pin(token);
  }
}

function tool(
  { token, modulePath }: TokenKey,
  words: readonly string[],
  { env }: KeyWorld,
  { pin, input = new Uint8Array() }: { readonly pin?: string; readonly input?: Uint8Array } = {},
): Promise<Buffer> {
  const args = [...(modulePath === undefined ? [] : ['--module', modulePath]), '--token-label', token, ...words];
  const own = envForOthers(env);
  const given = pin === undefined ? own : { ...own, [PIN]: pin };
  return runProgram({ program: TOOL, args, env: given, input, why: /^error:|^No slot|failed/ });
}

function refused({ token }: TokenKey, why: string): TufgateError {
  return new TufgateError('approvals.key', `token ${token} cannot be used: ${why}`);
}
