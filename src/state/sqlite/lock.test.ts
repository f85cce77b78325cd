import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockDataFolder } from './lock.ts';

test('one process at a time: the second is told, and gets it once the first has let go', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tufgate-lock-'));
  const file = join(folder, 'data', 'serve.lock');
  const release = lockDataFolder(file);
  expect(() => lockDataFolder(file)).toThrow(/another tufgate serves/);
  release();
  lockDataFolder(file)();
  rmSync(folder, { recursive: true });
});

test('a folder that cannot be made is named, with what to do', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tufgate-lock-'));
  writeFileSync(join(folder, 'data'), '');
  expect(() => lockDataFolder(join(folder, 'data', 'serve.lock'))).toThrow(/change data in the configuration/);
  rmSync(folder, { recursive: true });
});
