import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { A, B, filesBelow, lifeboat, outcomeOf, START } from '../../test/lifeboat-world.ts';
import { TufgateError } from '../errors.ts';
import { plainKey } from '../simulator/notary-key.ts';
import { NotaryRepository } from '../simulator/notary-repository.ts';
import { answering, down, gone, SimulatedSource } from '../simulator/simulated-source.ts';
import { parseCapture } from './capture-file.ts';
import { baseOf } from './collection-folder.ts';
import { MAX_COLLECTION_BYTES } from './limits.ts';

const GUN = 'docker.io/library/alpine';
const world = lifeboat();
const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);

function collection(): NotaryRepository {
  return new NotaryRepository(GUN, START).sign('1', A, 7).publish();
}

function pinned(publisher: NotaryRepository): {
  readonly words: string;
  readonly anchor: { kind: 'keys'; keyIds: string[] };
} {
  return { words: 'hub: docker.io/library/', anchor: { kind: 'keys', keyIds: [publisher.of('root').keys[0]!.keyId] } };
}

test('captured, the server gone, sixty days later: the tags are as they were', async () => {
  const publisher = collection();
  const captured = await world.capture(publisher, { pin: pinned(publisher) });
  expect(captured).toMatchObject({ gun: GUN, tags: 1, generation: 1 });
  const [read, ...rest] = await world.read({ allowFirstUse: false });
  expect(rest).toEqual([]);
  expect(read).toMatchObject({
    ok: true,
    gun: GUN,
    url: 'https://notary.example/',
    folder: baseOf(GUN),
    capturedAt: START,
    anchor: { kind: 'pin', words: 'hub: docker.io/library/' },
    tags: new Map([
      ['1', { digest: A, length: 7, roles: ['targets'], signers: [publisher.of('targets').keys[0]!.keyId] }],
    ]),
    refused: new Map(),
    evidence: {
      kind: 'notary-archive',
      digest: `sha256:${captured!.sha256}`,
      captured: '2026-11-27T09:16:10Z',
      gun: GUN,
      anchor: 'pin',
      roles: ['targets'],
    },
    root: { version: 1, keys: [publisher.of('root').keys[0]!.keyId] },
    versions: new Map(['root', 'timestamp', 'snapshot', 'targets'].map((role) => [role, 1])),
  });
});

test('every file is there byte for byte, by the names that Notary gives them', async () => {
  const publisher = collection()
    .delegate('targets/releases')
    .delegate('targets/team')
    .delegate('targets/team/nightly')
    .publish()
    .rotate('root')
    .publish()
    .rotate('timestamp')
    .publish();
  await world.capture(publisher);
  const folder = join(world.folder(), baseOf(GUN));
  const names = (await filesBelow(folder)).filter((name) => name !== 'capture.json');
  const short = names.map((name) => name.replace(/\.[0-9a-f]{64}\.json$/, ' by hash'));
  expect(short).toEqual([
    '1.root.json',
    '2.root.json',
    '3.root.json',
    'root.json',
    'snapshot by hash',
    'targets by hash',
    'targets/releases by hash',
    'targets/team by hash',
    'targets/team/nightly by hash',
    'timestamp.json',
  ]);
  for (const name of names)
    expect(await readFile(join(folder, name))).toEqual(Buffer.from(publisher.fetch(name.replace(/\.json$/, ''))!));
  const capture = parseCapture(await readFile(join(folder, 'capture.json')));
  expect(capture).toMatchObject({ rootsFrom: 1, missing: [], unverified: [], state: 'verified', why: '' });
  expect(capture.files.find(({ name }) => name === '2.root.json')).toMatchObject({ role: 'root', version: 2 });
});

test('what the capture says of itself is whole seconds, and that is the instant it is verified at', async () => {
  const publisher = collection();
  publisher.of('timestamp').expires = START + 500;
  publisher.publish();
  const captured = await world.capture(publisher, {}, START + 499);
  expect(captured!.capture.capturedAt).toBe(START);
  expect(outcomeOf((await world.read())[0])).toBe('ok');
});

test('first use is marked, and believed only by who allows it', async () => {
  await world.capture(collection());
  const [refused] = await world.read({ allowFirstUse: false });
  expect(refused).toMatchObject({ ok: false, gun: GUN, error: { code: 'trust.no-root' } });
  const [read] = await world.read();
  expect(read).toMatchObject({ ok: true, anchor: { kind: 'first-use' }, evidence: { anchor: 'first-use' } });
});

test('a pin of who reads covers what was captured on first use, and holds beside the one of the capture', async () => {
  const publisher = collection();
  await world.capture(publisher);
  const other = { kind: 'keys' as const, keyIds: ['0'.repeat(64)] };
  const [read] = await world.read({ allowFirstUse: false, pin: () => pinned(publisher).anchor });
  expect(read).toMatchObject({ ok: true, anchor: { kind: 'pin' } });
  expect(outcomeOf((await world.read({ pin: () => other }))[0])).toBe('trust.pin');
  const root = { kind: 'root-file' as const, bytes: publisher.bytesOf('root') };
  expect(outcomeOf((await world.read({ allowFirstUse: false, pin: () => root }))[0])).toBe('ok');
});

test('a pin that is an old root file leads on by the roots of the archive', async () => {
  const publisher = collection();
  const bytes = publisher.bytesOf('root');
  publisher.rotate('root').publish().rotate('root').publish();
  const anchor = { kind: 'root-file' as const, bytes };
  const captured = await world.capture(publisher, { pin: { words: 'root', anchor } });
  expect(captured!.capture.anchor).toMatchObject({ kind: 'pin', rootKeys: [publisher.of('root').keys[0]!.keyId] });
  expect(outcomeOf((await world.read({ pin: () => anchor }))[0])).toBe('ok');
});

test('a pin that the server does not meet: nothing is archived', async () => {
  const pin = { words: '', anchor: { kind: 'keys' as const, keyIds: ['0'.repeat(64)] } };
  await expect(world.capture(collection(), { pin })).rejects.toMatchObject({ code: 'trust.pin' });
  expect(await world.files()).toEqual([]);
});

test('a server that lacks old roots is noted, and so is where their chain begins', async () => {
  const publisher = collection().rotate('root').publish().rotate('root').publish().rotate('root').publish();
  const source = new SimulatedSource(publisher);
  source.instead.set('2.root', gone);
  const captured = await world.capture(publisher, { source });
  expect(captured!.capture).toMatchObject({ rootsFrom: 3, missing: [{ name: '2.root.json', why: like(/./) }] });
  expect(captured!.capture.files.map(({ name }) => name)).toContain('1.root.json');
  expect(outcomeOf((await world.read())[0])).toBe('ok');
});

test('an old root that its predecessor did not sign is archived, and the chain begins after it', async () => {
  const publisher = collection().rotate('root').publish().rotate('root').publish();
  const forged = new NotaryRepository(GUN, START).publish();
  const source = new SimulatedSource(publisher);
  source.instead.set('1.root', answering(forged.bytesOf('root')));
  const captured = await world.capture(publisher, { source });
  expect(captured!.capture.rootsFrom).toBe(2);
  expect(captured!.capture.missing).toMatchObject([{ name: '2.root.json', why: like(/keys of version 1/) }]);
});

test.each([
  ['another version', (publisher: NotaryRepository) => publisher.fetch('2.root')!, 'what the server sent is version 2'],
  ['nonsense', () => Buffer.from('{}'), 'what the server sent cannot be read'],
])('an old root that is %s is left out', async (_, bytes, why) => {
  const publisher = collection().rotate('root').publish();
  const source = new SimulatedSource(publisher);
  source.instead.set('1.root', answering(bytes(publisher)));
  const captured = await world.capture(publisher, { source });
  expect(captured!.capture.missing).toEqual([{ name: '1.root.json', why }]);
  expect(captured!.capture.files.map(({ name }) => name)).not.toContain('1.root.json');
});

test('delegations that expired, that nobody may believe, or that nobody delegates to are archived and noted', async () => {
  const publisher = collection().delegate('targets/late').delegate('targets/left').delegate('targets/under').publish();
  publisher.of('targets/late').expires = START - 1;
  publisher.of('targets/left').signers = [plainKey()];
  publisher.touch('targets/late').touch('targets/left').publish();
  publisher.edits.set('targets', (signed) => {
    const delegations = signed['delegations'] as { roles: { name: string }[] };
    delegations.roles = delegations.roles.filter(({ name }) => name !== 'targets/under');
  });
  publisher.touch('targets').publish();
  const captured = await world.capture(publisher);
  expect(captured!.capture.unverified).toMatchObject([
    { role: 'targets/late', code: 'trust.expired' },
    { role: 'targets/left', code: 'trust.signature' },
    { role: 'targets/under', code: 'trust.role-path' },
  ]);
  const roles = captured!.capture.files.map(({ role }) => role);
  expect(roles).toEqual(expect.arrayContaining(['targets/late', 'targets/left', 'targets/under']));
  expect(outcomeOf((await world.read())[0])).toBe('ok');
});

test('a delegated file that the server no longer has, under one that nobody believes, is noted', async () => {
  const publisher = collection().delegate('targets/left').delegate('targets/left/below').publish();
  publisher.of('targets/left').signers = [plainKey()];
  publisher.touch('targets/left').publish();
  const source = new SimulatedSource(publisher);
  source.instead.set('targets/left/below', answering(Buffer.from('{}')));
  const captured = await world.capture(publisher, { source });
  expect(captured!.capture.missing).toMatchObject([
    { name: like(/^targets\/left\/below\./), why: like(/other bytes/) },
  ]);
  source.instead.set('targets/left/below', gone);
  expect((await world.capture(publisher, { source }))!.capture.missing).toMatchObject([
    { why: like(/does not have it/) },
  ]);
});

test('a role with a name that leads elsewhere is neither asked for nor written', async () => {
  const publisher = collection();
  publisher.edits.set('snapshot', (signed) => {
    const meta = signed['meta'] as Record<string, unknown>;
    for (const name of ['../../evil', 'targets/../x', 'timestamp']) meta[name] = meta['targets'];
  });
  publisher.publish();
  const source = new SimulatedSource(publisher);
  const captured = await world.capture(publisher, { source });
  expect(captured!.capture.missing.map(({ name }) => name)).toEqual(['"../../evil"', '"targets/../x"', '"timestamp"']);
  expect(source.asked.filter((name) => name.includes('..'))).toEqual([]);
});

test('more roles than any collection has are refused', async () => {
  const publisher = collection();
  publisher.edits.set('snapshot', (signed) => {
    const meta = signed['meta'] as Record<string, unknown>;
    for (let i = 0; i < 256; i++) meta[`targets/r${i}`] = meta['targets'];
  });
  await expect(world.capture(publisher.publish())).rejects.toMatchObject({ code: 'trust.too-large' });
});

test('a root version that nobody can walk to is refused before it is tried', async () => {
  const publisher = collection();
  publisher.of('root').version = 1_024;
  await expect(world.capture(publisher.touch('root').publish())).rejects.toMatchObject({ code: 'trust.too-large' });
});

test('no such collection: nothing is written', async () => {
  const source = new SimulatedSource(collection());
  source.instead.set('*', gone);
  expect(await world.capture(collection(), { source })).toBeUndefined();
  expect(await world.files()).toEqual([]);
});

test('the files of another repository under this name are refused', async () => {
  const other = new NotaryRepository('docker.io/library/evil', START).sign('1', B, 7).publish();
  const capture = world.capture(collection(), { source: new SimulatedSource(other) });
  await expect(capture).rejects.toMatchObject({ code: 'trust.wrong-name' });
  expect(await world.files()).toEqual([]);
});

test('wrong hashes are refused, after one more try', async () => {
  const publisher = collection();
  const source = new SimulatedSource(publisher);
  source.instead.set(
    'targets',
    answering(new NotaryRepository(GUN, START).sign('1', B, 7).publish().bytesOf('targets')),
  );
  await expect(world.capture(publisher, { source })).rejects.toMatchObject({ code: 'trust.hash' });
  expect(await world.files()).toEqual([]);
});

test('a publish in the middle of it is not taken for an attack', async () => {
  const publisher = collection();
  const source = new SimulatedSource(publisher);
  source.instead.set('1.root', () => {
    source.instead.clear();
    const bytes = publisher.bytesOf('root');
    publisher.rotate('root').sign('1', B, 8).publish();
    return Promise.resolve(bytes);
  });
  await world.capture(publisher, { source });
  expect(outcomeOf((await world.read())[0])).toBe('ok');
});

test('a server that goes away in the middle leaves nothing behind', async () => {
  const source = new SimulatedSource(collection());
  source.instead.set('1.root', down);
  await expect(world.capture(collection(), { source })).rejects.toMatchObject({ code: 'trust.unreachable' });
  expect(await world.files()).toEqual([]);
});

test('files without end are refused, however many they are', async () => {
  const publisher = collection().rotate('root').publish();
  const source = new SimulatedSource(publisher);
  const huge = {
    fetch: async (...args: Parameters<SimulatedSource['fetch']>) => {
      const [file] = args;
      const pieces = await source.fetch(...args);
      return file.kind === 'root' && file.version === 1 ? [Buffer.alloc(MAX_COLLECTION_BYTES)] : pieces;
    },
  };
  const capture = await world.capture(publisher, { source: huge });
  expect(capture!.capture.missing).toMatchObject([{ name: '1.root.json', why: like(/bytes together/) }]);
});

test.each(['timestamp', 'snapshot', 'targets', 'root'])(
  'an expired %s: archived whole, marked, and never believed',
  async (role) => {
    const publisher = collection();
    publisher.of(role).expires = START - 1;
    publisher.touch(role).publish();
    const captured = await world.capture(publisher, { pin: pinned(publisher) });
    expect(captured).toMatchObject({ tags: 0, capture: { state: 'expired', why: like(/expired at/), missing: [] } });
    const roles = new Set(captured!.capture.files.map((file) => file.role));
    expect(roles).toEqual(new Set(['root', 'timestamp', 'snapshot', 'targets']));
    const [read] = await world.read();
    expect(read).toMatchObject({ ok: false, gun: GUN, error: { code: 'trust.expired' } });
    expect((read as { error: TufgateError }).error.message).toContain('had ended when it was captured');
  },
);

test('an expired collection whose server cannot even sign a timestamp any more is archived as far as it goes', async () => {
  const publisher = collection();
  publisher.of('root').expires = START - 1;
  publisher.touch('root').publish();
  const source = new SimulatedSource(publisher);
  const detail = { status: 500 };
  source.instead.set('timestamp', () =>
    Promise.reject(new TufgateError('trust.unreachable', 'answered 500', { detail })),
  );
  const captured = await world.capture(publisher, { source });
  expect(captured!.capture).toMatchObject({ state: 'expired', missing: [{ name: 'timestamp.json' }] });
});

test('the strict rule and that of Docker are those of a gate', async () => {
  const publisher = collection().delegate('targets/releases').sign('2', B, 8, 'targets/releases').publish();
  await world.capture(publisher);
  const [strict] = await world.read();
  expect(strict).toMatchObject({ tags: new Map([['2', { digest: B, roles: ['targets/releases'] }]]) });
  expect((strict as { refused: ReadonlyMap<string, TufgateError> }).refused.get('1')?.code).toBe('trust.unsigned');
  const [docker] = await world.read({ releases: 'docker' });
  expect([...(docker as { tags: ReadonlyMap<string, unknown> }).tags.keys()]).toEqual(['2', '1']);
});

test('a name that is no tag is refused, and so is a tag without a usable hash', async () => {
  const publisher = collection().put('no tag', { length: 1, hashes: {} }).put('__proto__', { length: 1, hashes: {} });
  await world.capture(publisher.publish());
  const [read] = await world.read();
  const { tags, refused } = read as { tags: ReadonlyMap<string, unknown>; refused: ReadonlyMap<string, TufgateError> };
  expect([...tags.keys()]).toEqual(['1']);
  expect([...refused].map(([tag, { code: why }]) => [tag, why])).toEqual([
    ['no tag', 'trust.malformed'],
    ['__proto__', 'trust.malformed'],
  ]);
});

test('a capture that is still to come is refused', async () => {
  await world.capture(collection());
  expect(outcomeOf((await world.read({ now: START - 3_600_000 }))[0])).toBe('ok');
  const [read] = await world.read({ now: START - 3_600_001 });
  expect(read).toMatchObject({ ok: false, error: { code: 'archive.damaged', message: like(/still to come/) } });
});
