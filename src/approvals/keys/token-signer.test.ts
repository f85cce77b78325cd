import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { signerContract } from '../../../test/contract/signer.ts';
import { fakeProgram } from '../../../test/fake-program.ts';
import { pipe, terminal } from '../../../test/keyboard.ts';
import { codeOf, messageOf } from '../../errors.ts';
import type { Env } from './env.ts';
import type { Keyboard } from './keyboard.ts';
import { openSigner } from './open-signer.ts';
import { Passphrases } from './passphrase.ts';
import type { Signer } from './signer.ts';
import { readTokenObjects } from './token-objects.ts';

/**
 * A token as pkcs11-tool shows it, with one key of each kind; the real program with SoftHSM2 is in
 * test/e2e/approvals-tokens.e2e.ts. It signs by id alone, as OpenSC 0.23 does, and notes what it was told.
 */
const TOOL = `
const option = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
const { pin, keys } = JSON.parse(readFileSync(process.env.TOKEN, 'utf8'));
appendFileSync(process.env.TOKEN + '.log', JSON.stringify({ args, env: Object.keys(process.env) }) + '\\n');
const fail = (why) => { console.error('Using slot 0\\nerror: ' + why + '\\nAborting.'); process.exit(1); };
if (args.includes('--list-objects')) {
  for (const { label, id } of keys)
    console.log('Public Key Object; EC  EC_POINT 256 bits\\n  label:      ' + label + (id ? '\\n  ID:         ' + id : '') + '\\n  Usage:      verify');
  process.exit(0);
}
const found = keys.find((key) => key.id === option('--id') && (!args.includes('--label') || key.label === option('--label')));
if (!found) fail('object not found');
const key = createPrivateKey(found.pem);
const edwards = key.asymmetricKeyType === 'ed25519';
if (args.includes('--read-object')) {
  process.stdout.write(createPublicKey(key).export({ type: 'spki', format: edwards ? 'pem' : 'der' }));
  process.exit(0);
}
if (process.env[option('--pin').slice(4)] !== pin) fail('PKCS11 function C_Login failed: rv = CKR_PIN_INCORRECT (0xa0)');
const bytes = input();
if (edwards && bytes.length > 1024) fail('PKCS11 function C_SignUpdate failed: rv = CKR_OPERATION_NOT_INITIALIZED (0x91)');
const { signs = found.pem } = found;
process.stdout.write(edwards ? sign(null, bytes, signs) : signHash(bytes, key.export({ format: 'jwk' }).d));

/** ECDSA over what is a hash already (FIPS 186-5 6.4.1): node:crypto would hash it again. */
function signHash(hash, d) {
  const { createECDH } = require('node:crypto');
  const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const number = (hex) => BigInt('0x' + hex);
  const inverse = (k) => {
    let [result, base] = [1n, k];
    for (let e = n - 2n; e > 0n; e >>= 1n, base = (base * base) % n) if (e & 1n) result = (result * base) % n;
    return result;
  };
  const once = createECDH('prime256v1');
  const r = number(once.generateKeys('hex').slice(2, 66)) % n;
  const secret = number(Buffer.from(d, 'base64url').toString('hex'));
  const s = (inverse(number(once.getPrivateKey('hex'))) * (number(hash.toString('hex')) + r * secret)) % n;
  const integers = [r, s].map((value) => {
    const hex = value.toString(16);
    const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
    const positive = bytes[0] < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes]);
    return Buffer.concat([Buffer.of(2, positive.length), positive]);
  });
  const content = Buffer.concat(integers);
  return Buffer.concat([Buffer.of(0x30, content.length), content]);
}
`;

const LIBRARY = '/usr/lib/token.so';
let folder: string;
let env: Env;

function pem(algorithm: 'ed25519' | 'p256'): string {
  const { privateKey } =
    algorithm === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tufgate-token-'));
  fakeProgram(folder, 'pkcs11-tool', TOOL);
  holds([
    { label: 'first', id: '01', pem: pem('p256') },
    { label: 'second', id: '02', pem: pem('ed25519') },
  ]);
  env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, TOKEN: join(folder, 'token'), PIN: '4711' };
});
afterEach(() => rmSync(folder, { recursive: true }));

function holds(keys: readonly { label: string; id?: string; pem: string; signs?: string }[]): void {
  writeFileSync(join(folder, 'token'), JSON.stringify({ pin: '4711', keys }));
}

function open(path: string, query = '&pin-source=env:PIN', keyboard: Keyboard = pipe()): Promise<Signer> {
  const passphrases = new Passphrases({ env, keyboard, say: () => undefined });
  return openSigner(`pkcs11:token=team%20a;${path}?module-path=${LIBRARY}${query}`, { env, passphrases });
}

function calls(): readonly { args: readonly string[]; env: readonly string[] }[] {
  const lines = readFileSync(join(folder, 'token.log'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as { args: string[]; env: string[] });
}

describe('P-256', () => {
  signerContract({ keytype: 'ecdsa', open: () => open('id=%01') });
});

describe('Ed25519', () => {
  signerContract({ keytype: 'ed25519', open: () => open('id=%02'), most: 1_024 });
});

test('a key that is named by its label alone is signed with by its id', async () => {
  const signer = await open('object=second');
  await signer.sign(Buffer.from('m'));
  const [, read, sign] = calls();
  expect(read?.args.join(' ')).toContain('--id 02 --label second');
  expect(sign?.args.join(' ')).toContain('--sign --id 02');
});

test('each call names library and token; no PIN and no passphrase is in it', async () => {
  env = { ...env, TUFGATE_PASSPHRASE: 'correct horse' };
  await (await open('id=%02')).sign(Buffer.from('m'));
  for (const call of calls()) {
    expect(call.args.slice(0, 4)).toEqual(['--module', LIBRARY, '--token-label', 'team a']);
    expect(JSON.stringify(call)).not.toMatch(/4711|TUFGATE_PASSPHRASE/);
  }
  expect(calls().map((call) => call.env.includes('TUFGATE_TOKEN_PIN'))).toEqual([false, true]);
});

test.each([
  ['object=third', 'has no public key called third'],
  ['object=second;id=%01', 'object not found'],
  ['id=%09', 'object not found'],
])('%s names no key of this token', async (path, why) => {
  const error: unknown = await open(path).catch((thrown: unknown) => thrown);
  expect(codeOf(error)).toBe('approvals.key');
  expect(messageOf(error)).toContain(why);
});

test('a label that two keys have, or a key without an id, is not guessed', async () => {
  holds([
    { label: 'twin', id: '01', pem: pem('ed25519') },
    { label: 'twin', id: '02', pem: pem('ed25519') },
    { label: 'bare', pem: pem('ed25519') },
  ]);
  expect(await open('object=twin').catch(messageOf)).toContain('add id= to the URI');
  expect(await open('object=bare').catch(messageOf)).toContain('has no id');
});

test('a token that signs with another key makes nothing', async () => {
  holds([{ label: 'k', id: '02', pem: pem('ed25519'), signs: pem('ed25519') }]);
  expect(await (await open('id=%02')).sign(Buffer.from('m')).catch(messageOf)).toContain('does not verify');
});

test('Ed25519 over more than a token takes in one piece says which key to use', async () => {
  const refused = await (await open('id=%02')).sign(Buffer.alloc(1_025)).catch(messageOf);
  expect(refused).toContain('CKR_OPERATION_NOT_INITIALIZED');
  expect(refused).toContain('use a P-256 key');
});

test('a wrong PIN is said, tried once, and asked anew for the next signature', async () => {
  const signer = await open('id=%02', '', terminal('1111\r', '4711\r'));
  expect(await signer.sign(Buffer.from('m')).catch(messageOf)).toContain('CKR_PIN_INCORRECT');
  expect(calls()).toHaveLength(2);
  expect(await signer.sign(Buffer.from('m'))).toHaveLength(64);
  expect(await signer.sign(Buffer.from('m'))).toHaveLength(64);
});

test('the PIN comes from a file, too; where there is none it is said what to add', async () => {
  writeFileSync(join(folder, 'pin'), '4711\n');
  expect(await (await open('id=%02', `&pin-source=file:${folder}/pin`)).sign(Buffer.from('m'))).toHaveLength(64);
  const none = await open('id=%02', '&pin-source=env:NONE');
  expect(await none.sign(Buffer.from('m')).catch(messageOf)).toContain('NONE is not set');
  const nobody = await open('id=%02', '');
  expect(await nobody.sign(Buffer.from('m')).catch(messageOf)).toContain('add pin-source=env:NAME');
});

test('private keys and certificates of a listing are passed over', () => {
  const listing = `Private Key Object; EC
  label:      k1
  ID:         01
Public Key Object; EC  EC_POINT 256 bits
  label:      k1
  ID:         0A
  Usage:      verify
Certificate Object; type = X.509 cert
  label:      k1
  ID:         03
Public Key Object; RSA 2048 bits
`;
  expect(readTokenObjects(listing)).toEqual([{ label: 'k1', id: '0a' }, { label: '' }]);
});
