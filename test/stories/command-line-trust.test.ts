import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Plain } from '../../src/simulator/tuf-document.ts';
import { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { lockDataFolder } from '../../src/state/sqlite/lock.ts';
import { openSqliteStore } from '../../src/state/sqlite/store.ts';
import { GUN, keyOf } from './gate-world.ts';
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
  expect(await command('trust', 'clock', '--reset', '--yes', '--config', file)).toBe(2);
  expect(said.stderr).toContain('stop the gate first');
  expect(await command('trust', 'clock', '--config', file)).toBe(0);
  unlock();
});

test('who only looks does not move the clock that binds, and is told when it is ahead', async () => {
  const file = await trusted();
  const highest = await ranAhead();
  for (const looking of [['list'], ['audit'], ['show', GUN]]) await command('trust', ...looking, '--config', file);
  for (const looking of ['list', 'audit']) {
    await command('trust', looking, '--config', file);
    expect(said.stderr).toMatch(/876[0-9] h ahead of this machine, and binds.*trust clock --reset/);
  }
  const state = openSqliteStore(join(folder(), 'data', 'tufgate.db'));
  expect(await state.highestClock()).toBe(highest);
  await state.lowerClock(Date.now() - 3_600_000);
  const lowered = await state.highestClock();
  await state.close();
  for (const looking of [['list'], ['audit'], ['show', GUN]]) await command('trust', ...looking, '--config', file);
  const after = openSqliteStore(join(folder(), 'data', 'tufgate.db'));
  expect(await after.highestClock()).toBe(lowered);
  await after.close();
});

test('a slip in `data` makes no folder in which all is well', async () => {
  const file = await trusted();
  await configure((await config()).replace('./data', './dat'));
  for (const looking of [['audit'], ['list'], ['show', GUN], ['forget', GUN, '--yes']]) {
    expect(await command('trust', ...looking, '--config', file)).toBe(4);
    expect(said.stderr).toContain('its `data` is another folder');
  }
  await expect(stat(join(folder(), 'dat'))).rejects.toThrow('ENOENT');
});

test('what is served from the last view because its source fails is said, and why', async () => {
  const gate = await world();
  const file = await configure(onFirstUse(gate));
  expect(await command('resolve', APP, '--json', '--config', file)).toBe(0);
  expect(document()).toMatchObject({ decision: 'allow', sources: [{ outcome: 'signed', failure: null }] });
  gate.notary.misbehaviours.set('*', { kind: 'status', status: 401 });
  expect(await command('resolve', APP, '--config', file)).toBe(0);
  expect(said.stdout).toMatch(/as last verified: vendor could not confirm it now: trust\.unreachable: .*credentials/);
  expect(await command('resolve', APP, '--json', '--config', file)).toBe(0);
  expect(document()).toMatchObject({ sources: [{ outcome: 'signed', failure: { reason: 'trust.unreachable' } }] });
  expect(await command('trust', 'forget', GUN, '--yes', '--config', file)).toBe(0);
  expect(await command('resolve', APP, '--config', file)).toBe(5);
  expect(said.stdout).toMatch(/vendor: trust\.unreachable: .*credentials/);
});

test('resolve asks now, whatever a gate has asked a moment ago', async () => {
  const gate = await world();
  const file = await configure(onFirstUse(gate));
  expect(await command('resolve', APP, '--config', file)).toBe(0);
  gate.publisher.revoke('1.0').publish();
  expect(await command('resolve', APP, '--config', file)).toBe(3);
});

const config = async (): Promise<string> => await readFile(join(folder(), 'tufgate.yaml'), 'utf8');

test('pin says what it changes before it does, and a pin that does not cover what is stored is said', async () => {
  const file = await trusted();
  const before = await config();
  const key = 'a'.repeat(64);
  typed('n\n');
  expect(await command('trust', 'pin', 'vendor', 'reg.example/', '--keys', key, '--config', file)).toBe(2);
  expect(said.stderr).toContain(`+ reg.example/: { keys: [${key}] }`);
  expect(said.stderr).toContain(`${GUN}\n      no pin -> reg.example/ (keys ${key}): NOT COVERED`);
  expect(await config()).toBe(before);
  typed('y\n');
  expect(await command('trust', 'pin', 'vendor', 'reg.example/', '--keys', key, '--config', file)).toBe(0);
  expect(said.stdout).toContain('restart those that run');
  expect(await command('resolve', APP, '--config', file)).toBe(3);
  expect(await command('decisions', '--event', 'alarm', '--long', '--config', file)).toBe(0);
  expect(said.stdout).toContain(`trust.vendor.pins in ${file}: + reg.example/`);
});

test('the longest match holds: a narrower pin beside a wider one, and it goes again', async () => {
  const gate = await world();
  const file = await configure(onFirstUse(gate));
  await command('resolve', APP, '--config', file);
  const pin = async (...more: string[]) => await command('trust', ...more, '--yes', '--json', '--config', file);
  expect(await pin('pin', 'vendor', 'reg.example/', '--keys', keyOf(gate.publisher))).toBe(0);
  expect(document()).toMatchObject({ changed: true, collections: [{ gun: GUN, before: null, then: 'believed' }] });
  expect(await pin('pin', 'vendor', GUN, '--keys', 'b'.repeat(64), '--dry-run')).toBe(0);
  expect(document()).toMatchObject({ changed: false, collections: [{ gun: GUN, then: 'begins-anew' }] });
  expect(await pin('pin', 'vendor', GUN, '--keys', 'b'.repeat(64))).toBe(0);
  expect(await pin('unpin', 'vendor', GUN)).toBe(0);
  const after = expect.stringContaining('reg.example/ (keys') as string;
  expect(document()).toMatchObject({ after, changed: true });
  expect(await pin('unpin', 'vendor', GUN)).toBe(4);
  expect(said.stderr).toContain('what covers it is reg.example/');
  expect(await pin('unpin', 'vendor', 'reg.example/')).toBe(0);
  expect(await config()).toBe(onFirstUse(gate));
});

test('a root file is checked as a root, and stands in the file as the file sees it', async () => {
  const gate = await world();
  const file = await configure(onFirstUse(gate));
  await writeFile(join(folder(), 'root.json'), gate.publisher.bytesOf('root'));
  await writeFile(join(folder(), 'targets.json'), gate.publisher.bytesOf('targets'));
  const pin = async (name: string) =>
    await command('trust', 'pin', 'vendor', GUN, '--root', join(folder(), name), '--yes', '--config', file);
  expect(await pin('targets.json')).toBe(2);
  expect(said.stderr).toContain('would not be usable: root: ');
  expect(said.stderr).toContain('targets.json" cannot be the root that trust begins with: ');
  expect(await pin('absent.json')).toBe(2);
  expect(said.stderr).toContain('no such file');
  expect(await pin('root.json')).toBe(0);
  expect(await config()).toContain(`pins: { ${GUN}: { root: root.json } }`);
  expect(await command('resolve', APP, '--json', '--config', file)).toBe(0);
  expect(document()).toMatchObject({ sources: [{ root: { anchor: 'root-file' } }] });
});

test.each([
  [['pin', 'vendor', GUN], 'one of --root FILE'],
  [['pin', 'vendor', GUN, '--keys', 'abc'], 'is not a key id'],
  [['pin', 'vendor', 'reg.example/*', '--keys', 'a'.repeat(64)], 'wildcards are not supported'],
  [['pin', 'vndor', GUN, '--keys', 'a'.repeat(64)], 'no trust source is called "vndor"'],
])('%j is refused by the code that reads the configuration', async (argv, why) => {
  const file = await configure(onFirstUse(await world()));
  expect(await command('trust', ...argv, '--yes', '--config', file)).toBe(2);
  expect(said.stderr).toContain(why);
});

test('an audit finds what nobody pinned, and none when it is pinned', async () => {
  const gate = await world();
  const file = await configure(onFirstUse(gate));
  await command('resolve', APP, '--config', file);
  expect(await command('trust', 'audit', '--config', file)).toBe(3);
  const key = keyOf(gate.publisher);
  expect(said.stdout).toContain(`tufgate trust pin vendor ${GUN} --keys ${key}`);
  expect(await command('trust', 'pin', 'vendor', GUN, '--keys', key, '--yes', '--config', file)).toBe(0);
  expect(await command('trust', 'audit', '--json', '--config', file)).toBe(0);
  expect(document()).toMatchObject([
    {
      gun: GUN,
      anchor: 'keys',
      pin: `${GUN} (keys ${key})`,
      root: { version: 1, keys: [key], threshold: 1 },
      gaps: [],
    },
  ]);
  expect(await command('trust', 'audit', '--csv', '--config', file)).toBe(0);
  expect(said.stdout.split('\r\n')[1]).toMatch(new RegExp(`^vendor,${GUN},keys,`));
});

/** A gate that runs, and the command line over the same data. */
async function besideGate() {
  const gate = await world();
  const file = await configure(onFirstUse(gate).replace('./data', join(gate.folder, 'data')));
  expect((await gate.get('/v2/acme/app/manifests/1.0')).status).toBe(200);
  return { gate, file };
}

test('an audit finds what the source sends and does not verify, until it verifies again', async () => {
  const { gate, file } = await besideGate();
  expect(await command('trust', 'audit', '--json', '--config', file)).toBe(0);
  expect(document()).toMatchObject([{ gaps: [], failing: null }]);
  gate.notary.misbehaviours.set('timestamp', { kind: 'bytes', bytes: Buffer.from('{}') });
  gate.clock += 120_000;
  expect((await gate.get('/v2/acme/app/manifests/1.0')).status).toBe(200);
  await gate.gate.flushDecisions();
  expect(await command('trust', 'audit', '--json', '--config', file)).toBe(3);
  expect(document()).toMatchObject([{ gaps: ['failing'], problem: null, failing: { code: 'trust.malformed' } }]);
  for (const [looking, code] of [
    [['list'], 0],
    [['show', GUN], 0],
    [['audit'], 3],
  ] as const) {
    expect(await command('trust', ...looking, '--config', file)).toBe(code);
    expect(said.stdout).toMatch(/failing.*trust\.malformed/i);
  }
  gate.notary.misbehaviours.clear();
  gate.clock += 120_000;
  expect((await gate.get('/v2/acme/app/manifests/1.0')).status).toBe(200);
  expect(await command('trust', 'audit', '--config', file)).toBe(0);
});

test('an audit finds what is left of a source that is no longer configured', async () => {
  const file = await trusted();
  await configure('data: ./data\nupstreams: { reg.example: { url: https://reg.example } }\npolicy: []\n');
  expect(await command('trust', 'audit', '--json', '--config', file)).toBe(3);
  expect(document()).toMatchObject([{ gun: GUN, gaps: ['not-configured'], root: { version: 1 } }]);
});

test('list counts the days of what people must sign anew, not those of a timestamp', async () => {
  const file = await trusted();
  expect(await command('trust', 'list', '--json', '--config', file)).toBe(0);
  const [{ expires, roles }] = document() as [
    { expires: { role: string }; roles: { role: string; people: boolean }[] },
  ];
  expect(['root', 'targets']).toContain(expires.role);
  expect(roles.filter(({ people }) => people).map(({ role }) => role)).toEqual(['root', 'targets']);
});

test('show is a tree: who may sign, with which keys, who did', async () => {
  const gate = await world();
  gate.publisher
    .delegate('targets/releases', { paths: [''] })
    .sign('2.0', gate.image.digest, gate.image.size)
    .publish();
  const file = await configure(onFirstUse(gate));
  await command('resolve', 'reg.example/acme/app:2.0', '--config', file);
  expect(await command('trust', 'show', GUN, '--config', file)).toBe(0);
  expect(said.stdout).toMatch(/^ {2}anchor {5}first use: nobody pinned it/m);
  expect(said.stdout).toMatch(
    /^ {2}root: version 1, ends .* 1 of 1 keys\n {6}signed [0-9a-f]{64} {2}ecdsa certificate$/m,
  );
  expect(said.stdout).toMatch(/^ {2}timestamp: version \d, .*signed anew by the server/m);
  expect(said.stdout).toMatch(/^ {4}targets\/releases: .*paths ""/m);
});

/** A TUF 1.0 repository in a folder, for all images. */
async function fromFolder(tufgate?: Plain): Promise<string> {
  const { registry, image } = await world();
  const repository = new TufRepository(Date.now());
  repository.delegate('acme', { paths: ['reg.example/acme/*'] });
  const custom = tufgate === undefined ? {} : { custom: { tufgate } };
  const entry = { digest: image.digest, length: image.size, ...custom };
  repository.put('reg.example/acme/app:1.0', entry, 'acme').publish();
  await mkdir(join(folder(), 'tuf'));
  for (const [name, bytes] of repository.files.paths()) await writeFile(join(folder(), 'tuf', name), bytes);
  await writeFile(join(folder(), 'root.json'), repository.at('root', 1));
  const file = await configure(`data: ./data
upstreams: { reg.example: { url: "${registry.url.href}" } }
trust: { approvals: { type: tuf, url: "file:tuf", root: root.json } }
policy: [{ match: '**', require: [approvals] }]
`);
  expect(await command('resolve', APP, '--config', file)).toBe(0);
  return file;
}

test('a TUF 1.0 repository is one collection: shown by the name of any image, with its delegated files', async () => {
  const file = await fromFolder();
  expect(await command('trust', 'show', 'reg.example/acme/app', '--config', file)).toBe(0);
  expect(said.stdout).toContain(`pin        root ${join(folder(), 'root.json')}`);
  expect(said.stdout).toMatch(/^ {4}acme: version 1, ends .* paths "reg.example\/acme\/\*", 1 of 1 keys$/m);
  expect(await command('trust', 'audit', '--config', file)).toBe(0);
});

test('it has no pins to edit, and is forgotten by its own name', async () => {
  const file = await fromFolder();
  expect(await command('trust', 'pin', 'approvals', GUN, '--keys', 'a'.repeat(64), '--config', file)).toBe(2);
  expect(said.stderr).toContain('trust.approvals.root names its root file');
  for (const name of [GUN, 'nginx']) {
    expect(await command('trust', 'forget', name, '--yes', '--config', file)).toBe(2);
    expect(said.stderr).toContain('one repository for all images');
  }
  expect(await command('trust', 'forget', '*', '--source', 'approvals', '--yes', '--config', file)).toBe(0);
  expect(said.stdout).toContain('all images of approvals were forgotten');
  expect(said.stderr).toContain('Trust begins anew at the pin root');
  expect(await command('trust', 'list', '--json', '--config', file)).toBe(0);
  expect(document()).toEqual([]);
});

test('approvals that end within 30 days are shown, those that end later are not', async () => {
  const soon = await fromFolder({ until: '2026-12-01T00:00:00Z' });
  const ends = 'approval of "reg.example/acme/app:1.0" ends in 9 d (2026-12-01)';
  for (const words of [['list'], ['show', 'reg.example/acme/app'], ['audit']]) {
    expect(await command('trust', ...words, '--config', soon)).toBe(0);
    expect(said.stdout).toContain(ends);
  }
  expect(await command('trust', 'list', '--json', '--config', soon)).toBe(0);
  const [{ approvals }] = document() as [{ approvals: unknown }];
  expect(approvals).toEqual([{ name: 'reg.example/acme/app:1.0', at: '2026-12-01T00:00:00.000Z', daysLeft: 9 }]);
  expect(await command('resolve', APP, '--json', '--config', soon)).toBe(0);
  expect(document()).toMatchObject({ sources: [{ until: '2026-12-01T00:00:00.000Z' }] });
  expect(await command('resolve', APP, '--config', soon)).toBe(0);
  expect(said.stdout).toContain('its approval in approvals ends 2026-12-01T00:00:00Z');
});

test('an approval that ends later is not shown', async () => {
  const file = await fromFolder({ until: '2026-12-22T00:00:00Z' });
  expect(await command('trust', 'list', '--config', file)).toBe(0);
  expect(said.stdout).not.toContain('approval of');
});
