import { createPrivateKey } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { code, message } from '../../../test/thrown.ts';
import { codeOf } from '../../errors.ts';
import { createKeyFile } from './key-file.ts';
import { writeNewFile } from './new-file.ts';
import { publicKeyOf, readPublicKey } from './public-key.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tufgate-keys-'));
  path = join(folder, 'root.pem');
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each(['ed25519', 'p256'] as const)(
  '%s: an encrypted key, its public half, and nothing else',
  async (algorithm) => {
    const made = await createKeyFile(path, algorithm, 'correct horse');
    expect(readdirSync(folder).sort()).toEqual(['root.pem', 'root.pem.pub']);
    const pem = readFileSync(path, 'utf8');
    expect(pem).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
    expect(publicKeyOf(path, createPrivateKey({ key: pem, passphrase: 'correct horse' }))).toEqual(made);
    expect(() => createPrivateKey({ key: pem, passphrase: 'wrong one' })).toThrow();
    expect(readPublicKey(path, readFileSync(`${path}.pub`, 'utf8'))).toEqual(made);
    expect([statSync(path).mode & 0o777, statSync(`${path}.pub`).mode & 0o777]).toEqual([0o600, 0o644]);
  },
);

test('guessing a passphrase costs 600,000 rounds, with a salt of its own', async () => {
  await createKeyFile(path, 'ed25519', 'correct horse');
  await createKeyFile(`${path}2`, 'ed25519', 'correct horse');
  const [one, other] = [path, `${path}2`].map((file) => {
    const der = Buffer.from(readFileSync(file, 'utf8').replace(/-----[^-]+-----|\n/g, ''), 'base64');
    expect(der.includes(Buffer.from('02030927c0', 'hex'))).toBe(true);
    return der.subarray(0, 60).toString('hex');
  });
  expect(one).not.toBe(other);
});

test.each(['ed25519', 'p256'] as const)('%s: a plain key is its owner’s alone', async (algorithm) => {
  const made = await createKeyFile(path, algorithm);
  expect(publicKeyOf(path, createPrivateKey(readFileSync(path)))).toEqual(made);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a key is never overwritten, nor the public half of another', async () => {
  for (const there of [path, `${path}.pub`]) {
    writeFileSync(there, 'precious');
    expect(await createKeyFile(path, 'ed25519').catch(codeOf)).toBe('approvals.key');
    expect(readdirSync(folder)).toHaveLength(1);
    expect(readFileSync(there, 'utf8')).toBe('precious');
    rmSync(there);
  }
});

test('a file that came in between is not overwritten either, and nothing is left beside it', () => {
  writeFileSync(path, 'precious');
  expect(message(() => writeNewFile(path, 'new', 0o600))).toContain('keys are never overwritten');
  expect(readFileSync(path, 'utf8')).toBe('precious');
  expect(readdirSync(folder)).toEqual(['root.pem']);
});

test('a folder that is not there is said', () => {
  expect(code(() => writeNewFile(join(folder, 'none', 'root.pem'), 'x', 0o600))).toBe('approvals.key');
  expect(existsSync(join(folder, 'none'))).toBe(false);
});
