import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fakeProgram } from '../../../test/fake-program.ts';
import { messageOf } from '../../errors.ts';
import { runProgram } from './run-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'tufgate-program-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a program that does not end in time is ended', async () => {
  const program = fakeProgram(folder, 'sleeps', 'setInterval(() => undefined, 1_000)');
  const what = { program, args: [], env: {}, input: new Uint8Array() };
  expect(await runProgram(what, 200).catch(messageOf)).toContain('it did not end within 0.2 seconds');
});

test('one that does not read what it gets is not at fault', async () => {
  const program = fakeProgram(folder, 'deaf', `process.stdout.write('done')`);
  const what = { program, args: [], env: {}, input: Buffer.alloc(1_000_000) };
  expect((await runProgram(what)).toString()).toBe('done');
});
