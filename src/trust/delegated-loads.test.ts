import { beforeEach, describe, expect, test } from 'vitest';
import { type Code, codeOf, TufgateError } from '../errors.ts';
import { answering, down, gone, SimulatedSource } from '../simulator/simulated-source.ts';
import { tufKey } from '../simulator/tuf-key.ts';
import { TufRepository } from '../simulator/tuf-repository.ts';
import type { TrustAdvance, TrustFile } from '../state/store.ts';
import { nodeCrypto } from './crypto.ts';
import { DelegatedLoads, type LoadOptions } from './delegated-loads.ts';
import { refresh } from './refresh.ts';
import { type Edge, findTarget, type TrustContext, type View } from './tuf/collection.ts';
import { tufFormat } from './tuf/format/tuf.ts';
import { sha512Hex } from './tuf/hex.ts';
import { trustFile } from './tuf/trusted.ts';

const NOW = Date.UTC(2026, 10, 21);
const A = `sha256:${'aa'.repeat(32)}`;
const B = `sha256:${'bb'.repeat(32)}`;
const one = { digest: A, length: 1 };

let repository: TufRepository;
let source: SimulatedSource;
let ctx: TrustContext;
let clock: number;
let shelf: Map<string, TrustFile>;
let kept: TrustAdvance[];
let alarms: Code[];
let timers: { task: () => void; ms: number }[];
let loads: DelegatedLoads;

beforeEach(() => begin());

/** One delegation, to `owner`, of all tags of `app`. */
function begin(options: { hashed?: boolean } = {}): void {
  repository = new TufRepository(NOW, options).delegate('owner', { paths: ['app:*'] });
  repository.put('app:1', one, 'owner').put('app:2', one, 'owner').publish();
  source = new SimulatedSource(repository);
  const anchor = { kind: 'root-file', bytes: repository.at('root', 1) } as const;
  ctx = { format: tufFormat, gun: 'approvals', anchor, crypto: nodeCrypto };
  clock = NOW;
  shelf = new Map();
  kept = [];
  alarms = [];
  timers = [];
  loads = started();
}

function started(over: Partial<LoadOptions> = {}): DelegatedLoads {
  return new DelegatedLoads({
    ctx,
    source,
    maxBytes: 64 << 20,
    now: () => clock,
    schedule: (task, ms) => {
      const timer = { task, ms };
      timers.push(timer);
      return () => (timers = timers.filter((other) => other !== timer));
    },
    shelf: () => shelf,
    keep: (_, step) => {
      kept.push(step);
      for (const file of step.floors ?? []) shelf.set(file.role, file);
      return Promise.resolve();
    },
    alarm: ({ code }) => alarms.push(code),
    ...over,
  });
}

async function current(): Promise<View> {
  const persist = (): Promise<void> => Promise.resolve();
  const alarm = (): void => undefined;
  const view = await refresh({ ctx, source, trusted: undefined, now: NOW, maxBytes: 64 << 20, persist, alarm });
  source.take();
  return view!;
}

/** What a search for a tag of `app` asks for first. */
function edgeOf(view: View): Edge {
  const step = findTarget(ctx, view, 'app:1', NOW);
  if (step.kind === 'found') throw new Error('nothing is to be loaded');
  return step;
}

async function load(view?: View, edge?: Edge): Promise<View> {
  const from = view ?? (await current());
  return await loads.load(from, edge ?? edgeOf(from));
}

const refused = (work: Promise<unknown>): Promise<string> => work.then(() => 'loaded', codeOf);

describe('a delegated file', () => {
  test('is fetched, kept as the floor of its role, and part of a new view', async () => {
    const view = await current();
    const loaded = await load(view);
    expect(loaded.targets.get('owner')?.file.bytes).toEqual(repository.at('owner'));
    expect(view.targets.has('owner')).toBe(false);
    expect(source.asked).toEqual(['1.owner']);
    expect(kept).toEqual([{ floors: [loaded.targets.get('owner')?.file], ended: [] }]);
    expect(timers).toEqual([]);
  });

  test('is fetched once for all who wait for it', async () => {
    const view = await current();
    const both = await Promise.all([load(view), load(view)]);
    expect(both.map(({ targets }) => targets.has('owner'))).toEqual([true, true]);
    expect([source.take(), kept.length]).toEqual([['1.owner'], 1]);
    shelf.clear();
    await load(view);
    expect(source.asked).toEqual(['1.owner']);
  });

  test('is given half a minute', async () => {
    const view = await current();
    source.instead.set('1.owner', () => aborted(source.signals.at(-1)!));
    const waiting = load(view).catch((error: unknown) => error);
    for (let turns = 0; turns < 20; turns++) await Promise.resolve();
    expect(timers.map(({ ms }) => ms)).toEqual([30_000]);
    timers[0]?.task();
    const message = 'loading owner of approvals did not end within 30 seconds';
    expect(await waiting).toMatchObject({ code: 'trust.unreachable', message });
  });

  test('that the source does not have ends the search', async () => {
    source.instead.set('1.owner', gone);
    expect(await refused(load())).toBe('trust.hash');
    expect([alarms, kept]).toEqual([['trust.hash'], []]);
  });

  test('that is newer tells what its role no longer names', async () => {
    await load();
    repository.put('app:1', { digest: B, length: 1 }, 'owner').remove('app:2', 'owner').publish();
    await load();
    expect(kept[1]?.floors?.map(({ version }) => version)).toEqual([2]);
    expect(kept[1]).not.toHaveProperty('forget');
    expect(kept[1]?.ended).toEqual([
      { role: 'owner', tag: 'app:1', digest: A, removed: false },
      { role: 'owner', tag: 'app:2', digest: A, removed: true },
    ]);
  });

  test('for which there is no room ends all that its role named, and nothing beyond that', async () => {
    const instead: (TrustAdvance | undefined)[] = [];
    loads = started({
      keep: (_, step, full) => {
        for (const file of step.floors ?? []) shelf.set(file.role, file);
        return Promise.resolve(void instead.push(full()));
      },
    });
    repository.put('other:1', one, 'owner').publish();
    await load();
    repository.touch('owner').publish();
    const loaded = await load();
    expect(loaded.targets.get('owner')?.model.targets.size).toBe(3);
    const ended = ['app:1', 'app:2'].map((name) => ({ role: 'owner', tag: name, digest: A, removed: true }));
    expect(instead).toEqual([undefined, { forget: ['owner'], ended }]);
  });

  test('that cannot be kept answers nobody', async () => {
    loads = started({ keep: () => Promise.reject(new TufgateError('state.failed', 'disk')) });
    expect(await refused(load())).toBe('state.failed');
  });
});

describe('a file on the shelf', () => {
  test('is not fetched again, nor kept', async () => {
    const view = await current();
    await load(view);
    loads = started();
    source.take();
    expect((await load(view)).targets.has('owner')).toBe(true);
    expect([source.asked, kept.length]).toEqual([[], 1]);
  });

  test('is verified all the same', async () => {
    const view = await current();
    await load(view);
    loads = started();
    source.take();
    clock = repository.of('owner').expires;
    expect(await refused(load(view))).toBe('trust.expired');
    expect(source.asked).toEqual([]);
  });

  test.each(['signature', 'threshold'])(
    'that lacks a %s for this delegation is replaced by the one that has it',
    async (what) => {
      const own = tufKey('ed25519', 'own');
      if (what === 'threshold')
        repository.authorize('owner', { keys: [own, repository.newKey()], threshold: 2 }).publish();
      const other = repository.sign('owner', { signers: [what === 'threshold' ? own : tufKey('ed25519', 'other')] });
      const { version } = repository.of('owner');
      shelf.set('owner', trustFile('owner', version, other));
      const loaded = await load();
      expect(source.asked).toEqual([`${version}.owner`]);
      expect(kept).toEqual([{ forget: ['owner'], floors: [loaded.targets.get('owner')?.file], ended: [] }]);
      expect(alarms).toEqual([]);
    },
  );

  test.each(['sha256', 'sha512'])(
    'that the snapshot names by its %s is the very one: another will not come',
    async (hash) => {
      begin({ hashed: true });
      const { wanted, authority } = edgeOf(await current());
      const { entry } = wanted;
      const hashes = hash === 'sha256' ? entry.hashes : { sha512: sha512Hex(repository.at('owner')) };
      await load();
      source.take();
      const edge = { wanted: { ...wanted, entry: { ...entry, hashes } }, authority: { ...authority, keys: [] } };
      expect(await refused(load(undefined, edge))).toBe('trust.signature');
      expect(source.asked).toEqual([]);
    },
  );

  test('of the same version with other bytes is never replaced under the same keys', async () => {
    begin({ hashed: true });
    shelf.set('owner', trustFile('owner', 1, repository.sign('owner', { edit: (signed) => (signed['x'] = 1) })));
    expect(await refused(load())).toBe('trust.equal-version');
    expect([alarms, kept]).toEqual([['trust.equal-version'], []]);
  });
});

describe('what failed', () => {
  test('is told without asking again for five seconds', async () => {
    const view = await current();
    source.instead.set('1.owner', down);
    const first = await load(view).catch((error: unknown) => error);
    clock += 4_999;
    expect(await load(view).catch((error: unknown) => error)).toBe(first);
    expect(source.take()).toEqual(['1.owner']);
    source.instead.clear();
    clock += 1;
    expect((await load(view)).targets.has('owner')).toBe(true);
  });

  test('says nothing of another snapshot', async () => {
    source.instead.set('1.owner', down);
    await refused(load());
    repository.touch('owner').publish();
    expect(await refused(load())).toBe('loaded');
  });

  test('says nothing of another delegation: other keys, another key of the same id, another threshold', async () => {
    const view = await current();
    const edge = edgeOf(view);
    const [key] = edge.authority.keys;
    for (const its of [
      edgeWith(edge, { keys: [{ ...key!, keyId: 'ff' }] }),
      edgeWith(edge, { keys: [{ keyId: key!.keyId }] }),
      edgeWith(edge, { threshold: 2 }),
    ])
      expect(await refused(load(view, its))).toMatch(/^trust\.(signature|threshold)$/);
    expect(await refused(load(view, edge))).toBe('loaded');
  });

  test('is the same delegation in whatever order its keys stand', async () => {
    repository.authorize('owner', { keys: [...repository.authority('owner').keys, repository.newKey()] }).publish();
    const view = await current();
    const edge = edgeOf(view);
    source.instead.set('*', down);
    await refused(load(view, edge));
    await refused(load(view, edgeWith(edge, { keys: edge.authority.keys.toReversed() })));
    expect(source.asked).toHaveLength(1);
  });

  test('is forgotten rather than kept without bound', async () => {
    const view = await current();
    const edge = edgeOf(view);
    const another = (i: number): View => {
      const file = { ...view.snapshot.file, sha256: `${i}` };
      return { ...view, snapshot: { ...view.snapshot, file } };
    };
    source.instead.set('*', down);
    for (let i = 0; i < 1_000; i++) await refused(load(another(i), edge));
    await refused(load(another(0), edge));
    expect(source.take()).toHaveLength(1_000);
    await refused(load(another(1_000), edge));
    await refused(load(another(0), edge));
    expect(source.take()).toHaveLength(2);
  });

  test('is for somebody to look at where bytes were refused, not where there were none', async () => {
    const view = await current();
    source.instead.set('1.owner', down);
    await refused(load(view));
    clock += 5_000;
    source.instead.set('1.owner', () => Promise.reject(new Error('a fault')));
    await expect(load(view)).rejects.toThrow('a fault');
    expect(alarms).toEqual([]);
    clock += 5_000;
    source.instead.set('1.owner', answering(repository.at('targets')));
    await refused(load(view));
    expect(alarms).toHaveLength(1);
  });
});

function edgeWith(edge: Edge, authority: Partial<Edge['authority']>): Edge {
  return { ...edge, authority: { ...edge.authority, ...authority } };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
}
