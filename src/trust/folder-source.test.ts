import { mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { codeOf, TufgateError } from '../errors.ts';
import { folderSource } from './folder-source.ts';
import { tufFileName } from './tuf-file-name.ts';

const timestamp = { kind: 'timestamp' } as const;
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tufgate-folder-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const source = () => folderSource('approvals', folder, tufFileName);
const fetch = async (maxBytes = 9): Promise<string | undefined> => {
  const pieces = await source().fetch(timestamp, maxBytes);
  return pieces && Buffer.concat(pieces).toString();
};

test('a file is read whole, up to its bound', async () => {
  writeFileSync(join(folder, 'timestamp.json'), 'nine char');
  expect(await fetch()).toBe('nine char');
  expect(await fetch(8).catch(codeOf)).toBe('trust.too-large');
});

test('a huge file is refused for its size, before memory is taken for it', async () => {
  writeFileSync(join(folder, 'timestamp.json'), '');
  truncateSync(join(folder, 'timestamp.json'), 2 ** 40);
  expect(await fetch().catch(codeOf)).toBe('trust.too-large');
});

test('a file that is not there is an answer, a folder that is not there is an outage', async () => {
  expect(await fetch()).toBeUndefined();
  rmSync(folder, { recursive: true });
  expect(await fetch().catch(codeOf)).toBe('trust.unreachable');
});

test('a file that cannot be read is an outage that says which and why', async () => {
  const path = join(folder, 'timestamp.json');
  symlinkSync(path, path);
  const error = await fetch().catch((cause: unknown) => cause as TufgateError);
  expect(error).toMatchObject({ code: 'trust.unreachable', cause: { code: 'ELOOP' } });
  expect((error as TufgateError).message).toContain(`approvals: cannot read ${path}`);
});

test('no file stays open, whatever came of it', async () => {
  const files = (): number => readdirSync('/dev/fd').length;
  writeFileSync(join(folder, 'timestamp.json'), 'nine char');
  await fetch();
  const before = files();
  for (let times = 0; times < 10; times++) await fetch(times).catch(() => undefined);
  expect(files()).toBe(before);
});

test('who does not wait any more is told why', async () => {
  writeFileSync(join(folder, 'timestamp.json'), 'there');
  const late = new TufgateError('trust.unreachable', 'too late');
  await expect(source().fetch(timestamp, 9, AbortSignal.abort(late))).rejects.toBe(late);
});

test('its stamp is another one as soon as another timestamp is there, and it is looked at now and then only', async () => {
  let now = 0;
  const watched = folderSource('approvals', folder, tufFileName, () => now);
  const path = join(folder, 'timestamp.json');
  const look = async (): Promise<string | undefined> => {
    now += 100;
    return await watched.stamp?.();
  };
  const none = await look();
  writeFileSync(path, 'one');
  now += 99;
  expect(await watched.stamp?.()).toBe(none);
  const first = await look();
  expect(first).not.toBe(none);
  expect(await look()).toBe(first);
  writeFileSync(`${path}.new`, 'two');
  renameSync(`${path}.new`, path);
  expect(await look()).not.toBe(first);
  rmSync(path);
  expect(await look()).toBe(none);
});

test('what it saw last is at hand for as long as it would not look again, and once it was seen', async () => {
  let now = 0;
  const watched = folderSource('approvals', folder, tufFileName, () => now);
  expect(watched.lastStamp?.()).toBeUndefined();
  const looking = watched.stamp?.();
  expect(watched.lastStamp?.()).toBeUndefined();
  const seen = await looking;
  expect(watched.lastStamp?.()).toBe(seen);
  now = 99;
  expect(watched.lastStamp?.()).toBe(seen);
  now = 100;
  expect(watched.lastStamp?.()).toBeUndefined();
  now = -1;
  expect(watched.lastStamp?.()).toBeUndefined();
});
