import { expect, test } from 'vitest';
import { code } from '../../../test/thrown.ts';
import { sha512Hex } from './hex.ts';
import type { MetaEntry } from './model.ts';
import { isWanted, newestRoot, trustFile } from './trusted.ts';

const BYTES = new TextEncoder().encode('a file');
const FILE = trustFile('targets', 3, BYTES);
const { sha256 } = FILE;
const sha512 = sha512Hex(BYTES);
const OTHER = '0'.repeat(64);

test.each<[MetaEntry, boolean]>([
  [{ hashes: { sha256 } }, true],
  [{ hashes: { sha256: OTHER } }, false],
  [{ version: 3, hashes: { sha256 } }, true],
  [{ version: 2, hashes: { sha256 } }, false],
  [{ version: 3, hashes: { sha256: OTHER } }, false],
  [{ version: 3, hashes: { sha256: OTHER, sha512 } }, false],
  [{ version: 3, hashes: {} }, true],
  [{ version: 4, hashes: {} }, false],
  [{ version: 3, hashes: { sha512 } }, true],
  [{ version: 3, hashes: { sha512: OTHER.repeat(2) } }, false],
])('a stored file is the one that is wanted by %j: %s', (entry, expected) => {
  expect(isWanted({ role: 'targets', entry, versioned: true }, FILE)).toBe(expected);
});

test('what is named by neither version nor sha256 is never there already', () => {
  for (const hashes of [{}, { sha512 }])
    expect(isWanted({ role: 'targets', entry: { hashes }, versioned: true }, FILE)).toBe(false);
});

test('there is no trust without a root', () => {
  expect(code(() => newestRoot({ roots: [] }))).toBe('internal');
});
