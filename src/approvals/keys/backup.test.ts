import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { code } from '../../../test/thrown.ts';
import { codeOf, messageOf } from '../../errors.ts';
import { backupKeys, restoreKeys, testBackup } from './backup.ts';
import { type BackedUpKey, readBackup, writeBackup } from './backup-file.ts';
import { createKeyFile } from './key-file.ts';

const PASSPHRASE = 'correct horse';
/** Made once: six hundred thousand rounds take their time. */
const made = mkdtempSync(join(tmpdir(), 'tufgate-backup-'));
let place: string;
let keys: string;
let file: string;

beforeAll(async () => {
  mkdirSync(join(made, 'keys'));
  sealedByOpenssl(join(made, 'keys', 'root.pem'), PASSPHRASE);
  await createKeyFile(join(made, 'keys', 'snapshot.pem'), 'p256');
  writeFileSync(join(made, 'keys', 'README'), 'not a key');
  await backupKeys(join(made, 'keys'), join(made, 'made.backup'), PASSPHRASE);
});
afterAll(() => rmSync(made, { recursive: true }));
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'tufgate-backup-'));
  [keys, file] = [join(place, 'keys'), join(place, 'keys.backup')];
  cpSync(made, place, { recursive: true });
});
afterEach(() => rmSync(place, { recursive: true }));

/** With the rounds that openssl takes when it is not told. */
function sealedByOpenssl(path: string, passphrase: string): void {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const options = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase } as const;
  writeFileSync(path, privateKey.export(options), { mode: 0o600 });
  writeFileSync(`${path}.pub`, publicKey.export({ type: 'spki', format: 'pem' }));
}

/** The backup that was made of these keys. */
const backedUp = (): void => copyFileSync(join(place, 'made.backup'), file);

const at = (name: string): string => readFileSync(join(keys, name), 'utf8');
const newPublic = (): string =>
  createPublicKey(generateKeyPairSync('ed25519').privateKey).export({ type: 'spki', format: 'pem' }).toString();

/** Changes the backup and gives it the sums that belong to that. */
function forge(edit: (key: BackedUpKey) => BackedUpKey): void {
  writeFileSync(file, writeBackup(readBackup(file, readFileSync(file)).map(edit)));
}

test('a backup gives back what was there: encrypted keys as they were, plain ones plain', async () => {
  const { keys: told } = await backupKeys(keys, file, PASSPHRASE);
  expect(told.map(({ name, kept }) => [name, kept])).toEqual([
    ['root.pem', 'passphrase'],
    ['snapshot.pem', 'plain'],
  ]);
  const back = join(place, 'new', 'keys');
  expect(await restoreKeys(file, back, PASSPHRASE)).toEqual(told);
  expect(readdirSync(back)).toEqual(['root.pem', 'root.pem.pub', 'snapshot.pem', 'snapshot.pem.pub']);
  for (const name of readdirSync(back)) {
    expect(readFileSync(join(back, name), 'utf8')).toBe(at(name));
    expect(statSync(join(back, name)).mode & 0o777).toBe(name.endsWith('.pub') ? 0o644 : 0o600);
  }
});

test('nothing in it is unencrypted, and it is its owner’s alone', () => {
  backedUp();
  const held = readBackup(file, readFileSync(file));
  for (const key of held) expect(key.private).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
  expect(readFileSync(file, 'utf8')).not.toContain(at('snapshot.pem').split('\n')[1]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a byte that is another one is noticed, wherever it is', () => {
  backedUp();
  const bytes = readFileSync(file);
  for (let i = 0; i < bytes.length; i++) {
    const damaged = Buffer.from(bytes);
    damaged[i] = damaged[i]! ^ (1 << (i % 8));
    if (code(() => readBackup(file, damaged)) !== 'archive.damaged') expect.fail(`byte ${i} of ${bytes.length}`);
  }
  for (const other of [Buffer.concat([bytes, Buffer.from('\n')]), bytes.subarray(1), bytes.subarray(0, -1)])
    expect(code(() => readBackup(file, other))).toBe('archive.damaged');
});

test('a damaged backup is tested as such, and restores nothing', async () => {
  backedUp();
  writeFileSync(file, readFileSync(file, 'utf8').replace('"plain"', '"passphrase"'));
  expect(await testBackup(file, PASSPHRASE).catch(codeOf)).toBe('archive.damaged');
  expect(await restoreKeys(file, join(place, 'new'), PASSPHRASE).catch(codeOf)).toBe('archive.damaged');
  expect(existsSync(join(place, 'new'))).toBe(false);
});

test('it is tested with its passphrase only', async () => {
  backedUp();
  const { sha256, keys: told } = await testBackup(file, PASSPHRASE);
  expect(sha256).toBe(createHash('sha256').update(readFileSync(file)).digest('hex'));
  expect(told.map(({ name }) => name)).toEqual(['root.pem', 'snapshot.pem']);
  expect(await testBackup(file, 'something else').catch(codeOf)).toBe('approvals.key');
});

test('a key under another passphrase is not backed up unseen', async () => {
  sealedByOpenssl(join(keys, 'team.pem'), 'something else');
  const error: unknown = await backupKeys(keys, file, PASSPHRASE).catch((thrown: unknown) => thrown);
  expect(codeOf(error)).toBe('approvals.key');
  expect(messageOf(error)).toContain('team.pem was not opened');
  expect(existsSync(file)).toBe(false);
});

test('a public half that is another key’s is found before a backup rests on it', async () => {
  copyFileSync(join(keys, 'root.pem.pub'), join(keys, 'snapshot.pem.pub'));
  expect(await backupKeys(keys, file, PASSPHRASE).catch(messageOf)).toContain('is not the public half of');
});

test('a key without a public half beside it gets one', async () => {
  rmSync(join(keys, 'root.pem.pub'));
  await backupKeys(keys, file, PASSPHRASE);
  await restoreKeys(file, join(place, 'new'), PASSPHRASE);
  expect(existsSync(join(place, 'new', 'root.pem.pub'))).toBe(true);
});

test('a plain key that others can read is no key to keep', async () => {
  chmodSync(join(keys, 'snapshot.pem'), 0o644);
  expect(await backupKeys(keys, file, PASSPHRASE).catch(messageOf)).toContain('chmod 600');
});

test('nothing is overwritten: no backup, and no key', async () => {
  backedUp();
  const before = readFileSync(file);
  expect(await backupKeys(keys, file, PASSPHRASE).catch(codeOf)).toBe('approvals.key');
  expect(readFileSync(file)).toEqual(before);
  const back = join(place, 'new');
  mkdirSync(back);
  for (const there of ['root.pem', 'snapshot.pem.pub']) {
    writeFileSync(join(back, there), 'precious');
    expect(await restoreKeys(file, back, PASSPHRASE).catch(codeOf)).toBe('approvals.key');
    expect(readdirSync(back)).toEqual([there]);
    rmSync(join(back, there));
  }
});

test('a folder without keys, or none at all, is said', async () => {
  mkdirSync(join(place, 'empty'));
  for (const folder of ['empty', 'none'])
    expect(await backupKeys(join(place, folder), file, PASSPHRASE).catch(codeOf)).toBe('approvals.key');
  expect(await testBackup(file, PASSPHRASE).catch(codeOf)).toBe('approvals.key');
});

test('a backup that somebody made up restores no key that does not sign for its public half', async () => {
  backedUp();
  forge((key) => ({ ...key, public: newPublic() }));
  for (const work of [testBackup(file, PASSPHRASE), restoreKeys(file, join(place, 'new'), PASSPHRASE)])
    expect(await work.catch(messageOf)).toContain('does not sign for its public half');
});

test('nor a key that was left unencrypted', async () => {
  backedUp();
  forge((key) => ({ ...key, private: at('snapshot.pem'), public: at('snapshot.pem.pub') }));
  expect(await testBackup(file, PASSPHRASE).catch(codeOf)).toBe('approvals.key');
});

test.each(['../root.pem', 'a/b', '.hidden', '', 'a\nb', 'x'.repeat(129), '/etc/key'])('nor writes to %j', (name) => {
  backedUp();
  const [key] = readBackup(file, readFileSync(file));
  const made = writeBackup([{ ...key!, name }]);
  expect(code(() => readBackup(file, made))).toBe('archive.damaged');
});

test('nor two keys to one file', () => {
  backedUp();
  const [key] = readBackup(file, readFileSync(file));
  expect(code(() => readBackup(file, writeBackup([key!, key!])))).toBe('archive.damaged');
});
