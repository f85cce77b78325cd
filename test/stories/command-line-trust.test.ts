import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockDataFolder } from '../../src/state/sqlite/lock.ts';
import { openSqliteStore } from '../../src/state/sqlite/store.ts';
import { GUN } from './gate-world.ts';
import { onFirstUse, shell } from './shell.ts';

const { world, configure, command, document, said, typed, folder } = shell();
const APP = 'reg.example/acme/app:1.0';

/** One collection, trusted on first use. */
async function trusted(): Promise<string> {
  const file = await configure(onFirstUse(await world()));
  expect(await command('resolve', APP, '--config', file)).toBe(0);
  return file;
}

test('forget names what is lost, and asks', async () => {
  const file = await trusted();
  typed('n\n');
  expect(await command('trust', 'forget', GUN, '--config', file)).toBe(2);
  expect(said.stderr).toMatch(/root chain {4}versions 1 to 1/);
  expect(said.stderr).toMatch(/root keys {5}[0-9a-f]{64}/);
  expect(said.stderr).toMatch(/timestamp 1/);
  expect(said.stderr).toContain('whoever answers next is believed');
  expect(said.stderr).toContain('nothing was changed');
  expect(await command('trust', 'show', GUN, '--config', file)).toBe(0);
});

test('forgotten: it begins anew, and the decision log says who did it', async () => {
  const file = await trusted();
  typed('yes\n');
  expect(await command('trust', 'forget', 'reg.example/acme/app', '--config', file)).toBe(0);
  expect(await command('trust', 'show', GUN, '--config', file)).toBe(4);
  expect(await command('decisions', '--event', 'alarm', '--long', '--config', file)).toBe(0);
  expect(said.stdout).toMatch(/local user .*was forgotten: root version 1, keys [0-9a-f]{64}/s);
  expect(await command('resolve', APP, '--config', file)).toBe(0);
  expect(said.stderr).toContain('trusted on first use');
});

test('a script says --yes, a pipe does not', async () => {
  const file = await trusted();
  expect(await command('trust', 'forget', GUN, '--config', file)).toBe(2);
  expect(said.stderr).toContain('Say --yes');
  expect(await command('trust', 'forget', GUN, '--source', 'other', '--yes', '--config', file)).toBe(4);
  expect(await command('trust', 'forget', GUN, '--source', 'vendor', '--yes', '--json', '--config', file)).toBe(0);
  expect(document()).toMatchObject({ forgotten: { source: 'vendor', gun: GUN, anchor: 'first-use' } });
});

test('what a source left behind that is no longer configured can be forgotten too', async () => {
  const file = await trusted();
  await configure('data: ./data\nupstreams: { reg.example: { url: https://reg.example } }\npolicy: []\n');
  expect(await command('trust', 'forget', GUN, '--yes', '--config', file)).toBe(0);
  expect(said.stderr).toContain('vendor is no longer configured');
});

/** As if the clock of the machine had once run a year ahead. */
async function ranAhead(): Promise<number> {
  const state = openSqliteStore(join(folder(), 'data', 'tufgate.db'));
  const highest = await state.raiseClock(Date.now() + 365 * 86_400_000);
  await state.close();
  return highest;
}

test('a clock that ran ahead binds, until somebody says that it was wrong', async () => {
  const file = await trusted();
  const highest = await ranAhead();
  expect(await command('trust', 'clock', '--json', '--config', file)).toBe(0);
  expect(document()).toMatchObject({ highest: new Date(highest).toISOString(), reset: false });
  typed('\n');
  expect(await command('trust', 'clock', '--reset', '--config', file)).toBe(2);
  expect(said.stderr).toContain('will be believed again');
  expect(await command('trust', 'clock', '--config', file)).toBe(0);
  expect(said.stdout).toMatch(/36[45] d ahead/);
  expect(await command('trust', 'clock', '--reset', '--yes', '--config', file)).toBe(0);
  expect(await command('trust', 'clock', '--config', file)).toBe(0);
  expect(said.stdout).not.toContain('ahead');
  expect(await command('decisions', '--event', 'alarm', '--long', '--config', file)).toBe(0);
  expect(said.stdout).toContain('the highest time seen was lowered');
});

test('a gate that runs would raise the clock again: it must be stopped first', async () => {
  const file = await trusted();
  const unlock = lockDataFolder(join(folder(), 'data', 'serve.lock'));
  expect(await command('trust', 'clock', '--reset', '--yes', '--config', file)).toBe(1);
  expect(said.stderr).toContain('another tufgate serves');
  expect(await command('trust', 'clock', '--config', file)).toBe(0);
  unlock();
});
