import { expect, test } from 'vitest';
import { baseOf, folderName, isGun, readFolderName } from './collection-folder.ts';

test('a folder is readable, and decided by the hash of the whole name', () => {
  expect(baseOf('docker.io/library/nginx')).toMatch(/^docker\.io_library_nginx-[0-9a-f]{32}$/);
  expect(baseOf('docker.io/library/Nginx')).toMatch(/^docker\.io_library_nginx-/);
  expect(baseOf('docker.io/library/Nginx')).not.toBe(baseOf('docker.io/library/nginx'));
  expect(baseOf('a/b_c')).not.toBe(baseOf('a_b/c'));
});

test.each(['../../etc/passwd', '/etc', '..', '.hidden', 'a/../../b', '[::1]:5000/x', 'ä/ö', '\0', ''])(
  'whatever a name is, its folder is one name: %j',
  (gun) => {
    const name = folderName({ base: baseOf(gun), generation: 1 });
    expect(name).toMatch(/^[a-z0-9][a-z0-9._-]*$/);
    expect(name.length).toBeLessThan(120);
    expect(readFolderName(name)).toEqual({ base: baseOf(gun), generation: 1 });
  },
);

test('a name of any length has a folder', () => {
  expect(baseOf('a'.repeat(10_000)).length).toBe(64 + 1 + 32);
});

test('later captures have a number', () => {
  const base = baseOf('a/b');
  expect(folderName({ base, generation: 1 })).toBe(base);
  expect(folderName({ base, generation: 12 })).toBe(`${base}.12`);
  expect(readFolderName(`${base}.12`)).toEqual({ base, generation: 12 });
  for (const name of [
    `${base}.1`,
    `${base}.0`,
    `${base}.02`,
    `${base}.x`,
    `${base}.1234567`,
    'index.jsonl',
    '..',
    `x/${base}`,
  ])
    expect(readFolderName(name)).toBeUndefined();
});

test('names of collections', () => {
  for (const gun of ['docker.io/library/nginx', 'localhost:5000/a', '[::1]:5000/a/b', 'Acme/App', 'a'.repeat(512)])
    expect(isGun(gun)).toBe(true);
  for (const gun of [
    '',
    'a//b',
    '/a',
    'a/',
    'a/../b',
    'a/.',
    'a b',
    'a%2fb',
    'a?b',
    'a#b',
    'a\\b',
    'a\0',
    'a'.repeat(513),
  ])
    expect(isGun(gun)).toBe(false);
});
