import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { signerContract } from '../../../test/contract/signer.ts';
import { fakeProgram } from '../../../test/fake-program.ts';
import { pipe } from '../../../test/keyboard.ts';
import { codeOf, messageOf } from '../../errors.ts';
import { encryptedPkcs8 } from './encrypted-pkcs8.ts';
import type { Env } from './env.ts';
import { openSigner } from './open-signer.ts';
import { Passphrases } from './passphrase.ts';
import type { Signer } from './signer.ts';

const folder = mkdtempSync(join(tmpdir(), 'tufgate-signer-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PASSPHRASE = 'correct horse';
const KEYS = {
  ed25519: generateKeyPairSync('ed25519').privateKey,
  ecdsa: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
} as const;

function open(reference: string, env: Env = {}): Promise<Signer> {
  const passphrases = new Passphrases({ env, keyboard: pipe(), say: () => undefined });
  return openSigner(reference, { env, passphrases });
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => new Error('accepted'),
    (thrown: unknown) => thrown,
  );
  return `${codeOf(error)}: ${messageOf(error)}`;
}

function file(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function pem(key: KeyObject, type: 'pkcs8' | 'sec1' = 'pkcs8'): string {
  return key.export({ type, format: 'pem' }).toString();
}

const BRIDGE = `
const key = createPrivateKey(readFileSync(args[0], 'utf8'));
if (args[1] === 'public') process.stdout.write(createPublicKey(key).export({ type: 'spki', format: 'pem' }));
else process.stdout.write(sign(key.asymmetricKeyType === 'ec' ? 'sha256' : null, input(), key));
`;

describe.each(['ed25519', 'ecdsa'] as const)('%s', (keytype) => {
  const plain = pem(KEYS[keytype]);
  describe('in a plain file', () => {
    signerContract({ keytype, open: () => open(file(`${keytype}.pem`, plain)) });
  });
  describe('in an encrypted file', () => {
    const sealed = encryptedPkcs8(KEYS[keytype], PASSPHRASE);
    // Others may read it: that is what it is encrypted for.
    const path = async (): Promise<string> => file(`${keytype}-sealed.pem`, await sealed, 0o644);
    signerContract({ keytype, open: async () => open(await path(), { TUFGATE_PASSPHRASE: PASSPHRASE }) });
  });
  describe('in a variable', () => {
    signerContract({ keytype, open: () => open('env:KEY', { KEY: plain }) });
  });
  describe('behind a program', () => {
    const bridge = fakeProgram(folder, `bridge-${keytype}`, BRIDGE);
    signerContract({ keytype, open: () => open(`program:${bridge} ${file(`${keytype}-far.pem`, plain)}`) });
  });
});

describe('a file', () => {
  test.each([0o640, 0o604, 0o660])('that is not encrypted and that others can read (%o) is refused', async (mode) => {
    const path = file('open.pem', pem(KEYS.ed25519), mode);
    expect(await refusal(open(path))).toContain(`approvals.key: ${path} is not encrypted`);
    expect(await refusal(open(path))).toContain(`run chmod 600 ${path}`);
  });

  test('with another passphrase is refused, by its name', async () => {
    const path = file('sealed.pem', await encryptedPkcs8(KEYS.ed25519, PASSPHRASE));
    const refused = await refusal(open(path, { TUFGATE_PASSPHRASE: 'something else' }));
    expect(refused).toContain(`approvals.key: ${path} was not opened`);
    expect(await refusal(open(path))).toMatch(/^usage: .*set TUFGATE_PASSPHRASE/);
  });

  test.each([
    ['nothing', '', 'it holds no PEM'],
    ['SEC1', pem(KEYS.ecdsa, 'sec1'), 'it is EC PRIVATE KEY, not PKCS#8: openssl pkcs8 -topk8'],
    ['the public half', '-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n', 'it is the public half'],
    ['two keys', pem(KEYS.ecdsa) + pem(KEYS.ed25519), 'more than one PEM block'],
    ['damage', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'is it damaged'],
    ['RSA', pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey), 'its algorithm is rsa'],
    ['something long', 'x'.repeat(16_385), 'it is no key file'],
  ])('with %s is refused', async (_, text, why) => {
    const refused = await refusal(open(file('bad.pem', text)));
    expect(refused).toMatch(/^approvals\.key/);
    expect(refused).toContain(why);
  });

  test('that is not there, or is a folder, is refused', async () => {
    expect(await refusal(open(join(folder, 'none.pem')))).toContain('there is no such file');
    expect(await refusal(open(folder))).toContain('it is no key file');
  });
});

test('a variable that is not set, empty, or too long is refused', async () => {
  for (const env of [{}, { KEY: '' }, { KEY: 'x'.repeat(16_385) }])
    expect(await refusal(open('env:KEY', env))).toMatch(/^approvals\.key: the environment variable KEY/);
});

describe('a program', () => {
  const publicKey = `createPublicKey(createPrivateKey(${JSON.stringify(pem(KEYS.ed25519))})).export({ type: 'spki', format: 'pem' })`;
  const answers = (name: string, signs: string): string =>
    `program:${fakeProgram(folder, name, `if (args[0] === 'public') process.stdout.write(${publicKey}); else { ${signs} }`)}`;

  test('that signs with another key makes nothing', async () => {
    const other = JSON.stringify(pem(generateKeyPairSync('ed25519').privateKey));
    const signer = await open(answers('other', `process.stdout.write(sign(null, input(), ${other}))`));
    expect(await refusal(signer.sign(Buffer.from('m')))).toMatch(/^approvals\.key: .*the signature does not verify/);
  });

  test('that signs a hash, or nothing, makes nothing', async () => {
    const key = JSON.stringify(pem(KEYS.ed25519));
    const hashes = `process.stdout.write(sign(null, createHash('sha256').update(input()).digest(), ${key}))`;
    for (const [name, signs] of [
      ['hashes', hashes],
      ['silent', 'input()'],
    ] as const)
      expect(await refusal((await open(answers(name, signs))).sign(Buffer.from('m')))).toContain('does not verify');
  });

  test('that fails says why, on one line that does nothing to the terminal', async () => {
    const signer = await open(answers('fails', `console.error('\\n\\x1b[2Jno such key\\nsecond'); process.exit(7)`));
    const refused = await refusal(signer.sign(Buffer.from('m')));
    expect(refused).toMatch(/^approvals\.key: .* it ended with 7; it says: \[2Jno such key$/);
  });

  test('that never stops printing is ended', async () => {
    const signer = await open(answers('floods', `for (;;) require('node:fs').writeSync(1, 'x'.repeat(65_536))`));
    expect(await refusal(signer.sign(Buffer.from('m')))).toContain('it printed more than 64 KiB');
  });

  test('that does not print a key, or is not there, is refused', async () => {
    const none = fakeProgram(folder, 'none', `console.log('hello')`);
    expect(await refusal(open(`program:${none}`))).toContain('expected PEM, "-----BEGIN PUBLIC KEY-----"');
    expect(await refusal(open(`program:${folder}/missing`))).toContain('there is no such program');
    expect(await refusal(open(`program:${file('plain', 'x')}`))).toContain('it may not be executed');
  });

  test('gets its words as they are, and no passphrase of ours', async () => {
    const path = join(folder, 'told.json');
    const told = fakeProgram(
      folder,
      'told',
      `writeFileSync('${path}', JSON.stringify({ args, env: process.env })); process.stdout.write(${publicKey})`,
    );
    const env = { TUFGATE_PASSPHRASE: PASSPHRASE, TUFGATE_PASSPHRASE_FILE: undefined, ACCOUNT: 'ours' };
    await open(`program:${told} $HOME;ls "a b"`, env);
    const { default: seen } = (await import(path, { with: { type: 'json' } })) as { default: unknown };
    expect(seen).toMatchObject({ args: ['$HOME;ls', '"a', 'b"', 'public'], env: { ACCOUNT: 'ours' } });
    expect(JSON.stringify(seen)).not.toContain(PASSPHRASE);
  });
});
