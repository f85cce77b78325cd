import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { code, message } from '../../test/thrown.ts';
import { replaceFile } from './replace-file.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tufgate-replace-'));
  file = join(folder, 'tufgate.yaml');
  writeFileSync(file, 'old');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('the new text is there, with the mode of the old, and nothing beside it', () => {
  chmodSync(file, 0o640);
  replaceFile(file, 'old', 'new');
  expect(readFileSync(file, 'utf8')).toBe('new');
  expect(statSync(file).mode & 0o777).toBe(0o640);
  expect(readdirSync(folder)).toEqual(['tufgate.yaml']);
});

test('what somebody else wrote meanwhile stays', () => {
  expect(code(() => replaceFile(file, 'older', 'new'))).toBe('usage');
  expect(readFileSync(file, 'utf8')).toBe('old');
  expect(readdirSync(folder)).toEqual(['tufgate.yaml']);
});

test('a symbolic link stays one', () => {
  const link = join(folder, 'link.yaml');
  symlinkSync(file, link);
  replaceFile(link, 'old', 'new');
  expect(readFileSync(file, 'utf8')).toBe('new');
  expect(readdirSync(folder, { withFileTypes: true }).filter((each) => each.isSymbolicLink())).toHaveLength(1);
});

test('a folder that cannot be written is said', () => {
  rmSync(file);
  expect(message(() => replaceFile(file, 'old', 'new'))).toContain('no such file');
});
