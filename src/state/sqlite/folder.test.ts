import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createWhenMissing } from './create.ts';
import { makeFolder } from './folder.ts';
import { lockDataFolder } from './lock.ts';

test('folders are made down to the last, for this user only', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tufgate-folder-'));
  makeFolder(join(folder, 'a', 'b'));
  makeFolder(join(folder, 'a', 'b'));
  expect(statSync(join(folder, 'a', 'b')).mode & 0o777).toBe(0o700);
  rmSync(folder, { recursive: true });
});

test.runIf(process.platform === 'linux')('where no folder can be made it is said at once, not tried for ever', () => {
  const refused = expect.objectContaining({ code: 'startup.directory' }) as Error;
  expect(() => lockDataFolder('/proc/nope/serve.lock')).toThrow(refused);
  expect(() => createWhenMissing('/proc/nope/tufgate.db')).toThrow(refused);
});
