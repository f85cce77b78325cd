import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codeOf, type TufgateError } from '../errors.ts';
import { plainKey, rootKey } from '../simulator/notary-key.ts';
import { contextOf } from '../simulator/notary-refresh.ts';
import { NotaryRepository } from '../simulator/notary-repository.ts';
import { down, SimulatedSource } from '../simulator/simulated-source.ts';
import { TufRepository } from '../simulator/tuf-repository.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { EndedTag, StateStore, TrustAdvance, TrustStore } from '../state/store.ts';
import { nodeCrypto } from './crypto.ts';
import { HeldTrust, Overtaken } from './held-trust.ts';
import { refresh } from './refresh.ts';
import { type Anchor, type TrustContext, type View, viewFiles } from './tuf/collection.ts';
import { tufFormat } from './tuf/format/tuf.ts';
import { trustFile } from './tuf/trusted.ts';

const NOW = Date.UTC(2026, 10, 21);
const GUN = 'docker.io/library/alpine';
const NAME = { source: 'vendor', gun: GUN };
const A = `sha256:${'aa'.repeat(32)}`;
const B = `sha256:${'bb'.repeat(32)}`;
const one = { digest: A, length: 1 };

let state: StateStore;
let source: SimulatedSource;
let ctx: TrustContext;
let uncovered: TufgateError[];
beforeEach(() => {
  state = openSqliteStore(':memory:');
  uncovered = [];
});
afterEach(async () => await state.close());

function holding(anchor: Anchor = ctx.anchor, store: TrustStore = state): HeldTrust {
  return new HeldTrust(NAME, { ...ctx, anchor }, { store, now: () => NOW }, (error) => uncovered.push(error));
}

function notary(): NotaryRepository {
  const made = new NotaryRepository(GUN, NOW).sign('1', A, 1).publish();
  source = new SimulatedSource(made);
  ctx = contextOf(GUN, { kind: 'keys', keyIds: [made.of('root').keys[0]!.keyId] });
  return made;
}

/** With a role that speaks for `app`. */
function tuf(): TufRepository {
  const made = new TufRepository(NOW)
    .delegate('owner', { paths: ['app:*'] })
    .put('app:1', one, 'owner')
    .publish();
  source = new SimulatedSource(made);
  const anchor = { kind: 'root-file', bytes: made.at('root', 1) } as const;
  ctx = { format: tufFormat, gun: 'approvals', anchor, crypto: nodeCrypto };
  return made;
}

/** The steps of an update, without its end. */
async function walk(held: HeldTrust, below?: Parameters<HeldTrust['persist']>[2]): Promise<View> {
  const trusted = held.held.kind === 'trusted' ? held.held.trusted : undefined;
  const persist: HeldTrust['persist'] = (step, after) => held.persist(step, after, below);
  const alarm = (): void => undefined;
  const view = await refresh({ ctx, source, trusted, now: NOW, maxBytes: 64 << 20, persist, alarm });
  return view!;
}

/** A whole update: what it brought is stored, and held. */
async function update(held: HeldTrust, checkedAt = NOW): Promise<View> {
  const view = await walk(held);
  await held.persist({ checkedAt, withdrawn: false, view: viewFiles(view) });
  held.adopt(view, { checkedAt, withdrawn: false });
  return view;
}

const rolesOf = ({ view }: HeldTrust): string[] => [...(view?.targets.keys() ?? [])];
const shelfOf = ({ held }: HeldTrust): string[] => (held.kind === 'trusted' ? [...held.trusted.shelf.keys()] : []);
const stored = async () => (await state.loadTrust(NAME))!;

/** What a search has loaded of a role. */
function shelved(made: TufRepository, role = 'owner'): TrustAdvance {
  return { floors: [trustFile(role, made.of(role).version, made.at(role))] };
}

/** The view as a search leaves it that has loaded `owner`. */
function withOwner(view: View, made: TufRepository): View {
  const owner = { ...view.targets.get('targets')!, file: shelved(made).floors![0]! };
  return { ...view, targets: new Map(view.targets).set('owner', owner) };
}

describe('what is held', () => {
  test('is nothing at first, and what was stored after it was loaded', async () => {
    notary();
    const first = holding();
    expect([first.held, first.view, first.bytes]).toEqual([{ kind: 'nothing', generation: 0 }, undefined, 0]);
    expect(first.confirmed).toEqual({ checkedAt: 0, withdrawn: false });
    const view = await update(first);
    const second = holding();
    await second.load();
    expect(second.view?.timestamp.file.sha256).toBe(view.timestamp.file.sha256);
    expect(second.confirmed).toMatchObject({ checkedAt: NOW, withdrawn: false });
    expect(second.held.generation).toBe((await stored()).generation);
    expect(second.bytes).toBe(first.bytes);
    await state.forgetTrust(NAME);
    await second.load();
    expect(second.held).toEqual({ kind: 'nothing', generation: 0 });
    expect(second.bytes).toBe(0);
  });

  test('is in step with what is stored after every step', async () => {
    notary();
    const held = holding();
    await update(held);
    expect(held.held.generation).toBe((await stored()).generation);
    expect(rolesOf(held)).toEqual(['targets']);
  });

  test('stays the very view, and what was made of it once, while the steps are under the same root', async () => {
    const made = notary();
    const held = holding();
    await update(held);
    const { view } = held;
    made.sign('2', A, 1).publish();
    await walk(held);
    expect(held.view).toBe(view);
  });

  test('goes no step further when the state cannot be stored, and the next step may', async () => {
    notary();
    const held = holding();
    await update(held);
    const before = held.held;
    await expect(held.persist({ floors: [{ ...(await stored()).floors[0]!, version: 0 }] })).rejects.toThrow();
    expect(held.held).toBe(before);
    await held.persist({ withdrawn: true });
    expect((await stored()).withdrawn).toBe(true);
  });

  test('steps are stored one after the other, whoever waits for them', async () => {
    notary();
    const held = holding();
    await update(held);
    await Promise.all([held.persist({ checkedAt: NOW + 1 }), held.persist({ withdrawn: true })]);
    expect(await stored()).toMatchObject({ checkedAt: NOW + 1, withdrawn: true });
  });

  test('another process that moved on is noticed, and nothing is stored over it', async () => {
    notary();
    const [mine, other] = [holding(), holding()];
    await update(mine);
    await other.load();
    await other.persist({ checkedAt: NOW + 5 });
    await expect(mine.persist({ checkedAt: NOW + 1 })).rejects.toBeInstanceOf(Overtaken);
    expect((await stored()).checkedAt).toBe(NOW + 5);
    await mine.load();
    await mine.persist({ checkedAt: NOW + 6 });
    expect((await stored()).checkedAt).toBe(NOW + 6);
  });

  test('is confirmed anew, in part or with what is unusable now', async () => {
    notary();
    const held = holding();
    held.reconfirm({ withdrawn: true });
    expect(held.held).toEqual({ kind: 'nothing', generation: 0 });
    await update(held);
    held.reconfirm({ withdrawn: true });
    expect(held.confirmed).toMatchObject({ checkedAt: NOW, withdrawn: true });
    const unusable = new Map([['targets/qa', { code: 'trust.signature', message: 'of somebody else' } as const]]);
    const { view } = held;
    held.reconfirm({ checkedAt: NOW + 1, withdrawn: false }, unusable);
    expect(held.view).toEqual({ ...view, unusable });
    held.reconfirm({ checkedAt: NOW + 2 });
    expect(held.view?.unusable).toBe(unusable);
  });

  test('has no view to confirm before there is one', async () => {
    notary();
    const held = holding();
    await walk(held);
    held.reconfirm({ checkedAt: NOW }, new Map());
    expect([held.view, held.confirmed.checkedAt]).toEqual([undefined, NOW]);
  });

  test('nothing is adopted while nothing is trusted', async () => {
    notary();
    const other = holding();
    const view = await update(other);
    await state.forgetTrust(NAME);
    const held = holding();
    held.adopt(view, { checkedAt: NOW, withdrawn: false });
    held.carry(view);
    expect(held.held).toEqual({ kind: 'nothing', generation: 0 });
  });
});

describe('the bytes of what is held', () => {
  const sum = (...files: Uint8Array[]): number => files.reduce((all, { length }) => all + length, 0);
  const files = (made: NotaryRepository, ...roles: string[]): Uint8Array[] => roles.map((role) => made.bytesOf(role));

  test('are of every file once, of what was accepted since the view and of the view', async () => {
    const made = notary();
    const held = holding();
    const first = files(made, 'root', 'timestamp', 'snapshot', 'targets');
    await walk(held);
    expect(held.bytes).toBe(sum(...first));
    await update(held);
    expect(held.bytes).toBe(sum(...first));
    made.sign('2', A, 1).publish();
    await walk(held);
    expect(held.bytes).toBe(sum(...first, ...files(made, 'timestamp', 'snapshot', 'targets')));
  });

  test('are of what a view said that fell, too', async () => {
    const made = notary();
    const held = holding();
    await update(held);
    const before = files(made, 'root', 'timestamp', 'snapshot', 'targets');
    made.rotate('targets').publish();
    source.instead.set('timestamp', down);
    await walk(held).catch(codeOf);
    expect(held.bytes).toBe(sum(...before, ...files(made, 'root')));
  });

  test('are there before there is more than a root', async () => {
    const made = notary();
    source.instead.set('timestamp', down);
    const held = holding();
    await walk(held).catch(codeOf);
    expect(held.bytes).toBe(sum(...files(made, 'root')));
  });
});

describe('a new root', () => {
  test('that covers the view goes under it at once', async () => {
    const made = notary();
    const held = holding();
    await update(held);
    made.touch('root').publish();
    await walk(held);
    expect([held.view?.root.file.version, held.confirmed.checkedAt]).toEqual([2, NOW]);
  });

  test('that does not cover it leaves only what it said', async () => {
    const made = notary();
    const held = holding();
    const view = await update(held);
    made.rotate('targets').publish();
    await walk(held);
    expect(held.view).toBeUndefined();
    expect(held.confirmed.checkedAt).toBe(0);
    expect(held.held).toMatchObject({ kind: 'trusted', fallen: view });
    const again = holding();
    await again.load();
    expect(again.held).toMatchObject({ kind: 'trusted', checkedAt: 0, fallen: { kind: 'notary' } });
    expect(again.held).not.toHaveProperty('view');
    expect(again.held.kind === 'trusted' && [...again.held.fallen!.targets.keys()]).toEqual(['targets']);
  });
});

describe('a pin that does not cover what is stored', () => {
  const other: Anchor = { kind: 'keys', keyIds: ['ff'.repeat(32)] };

  test('is told once, and nothing is held', async () => {
    notary();
    await update(holding());
    const held = holding(other);
    await held.load();
    await held.load();
    expect(uncovered).toMatchObject([{ code: 'trust.pin', cause: { code: 'trust.pin' } }]);
    expect(held.held).toEqual({ kind: 'uncovered', generation: (await stored()).generation });
    expect([held.view, held.bytes]).toEqual([undefined, 0]);
  });

  test('begins trust anew in the next step', async () => {
    notary();
    await update(holding());
    const made = new NotaryRepository(GUN, NOW);
    made.of('root').keys = [rootKey(GUN, NOW)];
    made.sign('1', B, 1).publish();
    source.publisher = made;
    ctx = contextOf(GUN, { kind: 'keys', keyIds: [made.of('root').keys[0]!.keyId] });
    const held = holding();
    await held.load();
    await update(held);
    expect(uncovered.map(codeOf)).toEqual(['trust.pin']);
    expect((await stored()).roots.map(({ bytes }) => Buffer.from(bytes))).toEqual([Buffer.from(made.bytesOf('root'))]);
    expect(held.view?.targets.get('targets')?.file.bytes).toEqual(made.bytesOf('targets'));
  });

  test('is not what damage is taken for', async () => {
    notary();
    await update(holding());
    const loadTrust: TrustStore['loadTrust'] = async () => {
      const found = await stored();
      return { ...found, roots: found.roots.map((file) => ({ ...file, sha256: '00' })) };
    };
    const store = Object.create(state, { loadTrust: { value: loadTrust } }) as TrustStore;
    expect(await holding(ctx.anchor, store).load().catch(codeOf)).toBe('state.damaged');
    const broken = Object.create(state, {
      loadTrust: { value: () => Promise.resolve({ generation: 1 }) },
    }) as TrustStore;
    expect(await holding(ctx.anchor, broken).load().catch(codeOf)).toBe('internal');
    expect(uncovered).toEqual([]);
  });
});

describe('a delegated file of TUF 1.0', () => {
  test('is tracked while the very file lies on the shelf, and targets and Notary always are', async () => {
    const made = tuf();
    const held = holding();
    await update(held);
    const view = withOwner(held.view!, made);
    expect(holding().tracks(view, ['owner'])).toBe(false);
    expect([['targets'], ['targets', 'owner'], ['owner']].map((roles) => held.tracks(view, roles))).toEqual([
      true,
      false,
      false,
    ]);
    await held.shelve(held.view!, shelved(made));
    expect(held.tracks(view, ['targets', 'owner'])).toBe(true);
    made.put('app:2', one, 'owner').publish();
    expect(held.tracks(withOwner(held.view!, made), ['targets', 'owner'])).toBe(false);
    expect(holding().tracks({ ...view, kind: 'notary' }, ['owner'])).toBe(true);
    expect(held.tracks(view, ['nobody'])).toBe(true);
  });

  async function withView(
    made = tuf(),
    held = holding(),
  ): Promise<{ made: TufRepository; held: HeldTrust; view: View }> {
    return { made, held, view: await update(held) };
  }

  test('lies on the shelf, is stored, and counts among the bytes once', async () => {
    const { made, held, view } = await withView();
    const before = held.bytes;
    const { generation } = held.held;
    await held.shelve(view, shelved(made));
    expect(shelfOf(held)).toEqual(['owner']);
    expect((await stored()).floors.map(({ role }) => role)).toContain('owner');
    expect(held.held.generation).toBe(generation + 1);
    expect(held.bytes).toBe(before + made.at('owner').length);
    const again = holding();
    await again.load();
    expect([shelfOf(again), again.bytes]).toEqual([['owner'], held.bytes]);
  });

  test('is not kept for a view of the past', async () => {
    const { made, held, view } = await withView();
    made.touch('owner').publish();
    await update(held);
    await held.shelve(view, shelved(made));
    expect(shelfOf(held)).toEqual([]);
    expect((await stored()).floors.map(({ role }) => role)).not.toContain('owner');
  });

  test('is not kept while an update is beyond the view, nor before there is one', async () => {
    const { made, held, view } = await withView();
    made.touch('owner').publish();
    await walk(held);
    await held.shelve(view, shelved(made));
    expect(shelfOf(held)).toEqual([]);
    const next = await update(held);
    await held.shelve(next, shelved(made));
    expect(shelfOf(held)).toEqual(['owner']);
    const nothing = holding();
    await nothing.shelve(next, shelved(made));
    expect(nothing.held.kind).toBe('nothing');
  });

  test('is not kept before the first update has come to its end', async () => {
    const made = tuf();
    const held = holding();
    const view = await walk(held);
    await held.shelve(view, shelved(made));
    expect(shelfOf(held)).toEqual([]);
    await state.forgetTrust(NAME);
    source.instead.set('timestamp', down);
    const early = holding();
    expect(await walk(early).catch(codeOf)).toBe('trust.unreachable');
    await early.shelve(view, shelved(made));
    expect(shelfOf(early)).toEqual([]);
  });

  test('is not kept while what was accepted beyond the view is about to begin anew', async () => {
    const made = tuf();
    const [key, stolen] = [made.authority('timestamp').keys[0]!, made.newKey()];
    made.of('timestamp').signers = [key];
    made.authorize('timestamp', { keys: [key, stolen] }).publish();
    const { held, view } = await withView(made);
    made.of('timestamp').signers = [stolen];
    made.publish();
    await walk(held);
    made.of('timestamp').signers = [key];
    made.authorize('timestamp', { keys: [key] }).publish();
    source.instead.set('timestamp', down);
    expect(await walk(held).catch(codeOf)).toBe('trust.unreachable');
    expect(held.view?.snapshot).toBe(view.snapshot);
    await held.shelve(view, shelved(made));
    expect(shelfOf(held)).toEqual([]);
  });

  test('is on no shelf when the collection was forgotten while it was stored', async () => {
    const { made, view } = await withView();
    const advanceTrust: TrustStore['advanceTrust'] = async (...step) => {
      const result = await state.advanceTrust(...step);
      await state.forgetTrust(NAME);
      await held.load();
      return result;
    };
    const held = holding(ctx.anchor, Object.create(state, { advanceTrust: { value: advanceTrust } }) as TrustStore);
    await held.load();
    await held.shelve(view, shelved(made));
    expect(held.held).toEqual({ kind: 'nothing', generation: 0 });
  });

  test('is not kept for the newest snapshot while the view is still the one before', async () => {
    const { made, held } = await withView();
    made.touch('owner').publish();
    const next = await walk(held);
    await held.shelve(next, shelved(made));
    expect(shelfOf(held)).toEqual([]);
  });

  test('gives way to what another process stored meanwhile', async () => {
    const { made, held, view } = await withView();
    const other = holding();
    await other.load();
    await other.persist({ checkedAt: NOW + 5 });
    await held.shelve(view, shelved(made));
    expect([held.confirmed.checkedAt, shelfOf(held)]).toEqual([NOW + 5, []]);
    await held.shelve(view, shelved(made));
    expect(shelfOf(held)).toEqual(['owner']);
  });

  test('that cannot be stored is on no shelf, and the next step may be', async () => {
    const { made, held, view } = await withView();
    const broken = { on: true };
    const advanceTrust: TrustStore['advanceTrust'] = (...step) =>
      broken.on ? Promise.reject(new Error('disk')) : state.advanceTrust(...step);
    const failing = holding(ctx.anchor, Object.create(state, { advanceTrust: { value: advanceTrust } }) as TrustStore);
    await failing.load();
    await expect(failing.shelve(view, shelved(made))).rejects.toThrow('disk');
    expect(shelfOf(failing)).toEqual([]);
    broken.on = false;
    await failing.persist({ checkedAt: NOW + 1 });
    expect((await stored()).checkedAt).toBe(NOW + 1);
    expect(held.view).toBeDefined();
  });

  test('that a search has loaded goes into the view, as long as it is the same', async () => {
    const { made, held, view } = await withView();
    const loaded = withOwner(view, made);
    held.carry(loaded);
    expect(rolesOf(held)).toEqual(['targets', 'owner']);
    made.touch('targets').publish();
    await update(held);
    expect(rolesOf(held)).toEqual(['targets', 'owner']);
    made.touch('owner').publish();
    await update(held);
    expect(rolesOf(held)).toEqual(['targets']);
    held.carry({ ...loaded, targets: loaded.targets });
    expect(rolesOf(held)).toEqual(['targets']);
  });

  test('that was loaded before a recovery does not take the place of the one of that version after it', async () => {
    const { made, held, view } = await withView();
    const loaded = withOwner(view, made);
    made.rotate('timestamp').put('app:1', { digest: B, length: 1 }, 'owner').publish({ owner: 1 });
    await update(held);
    held.carry(loaded);
    expect(rolesOf(held)).toEqual(['targets']);
  });

  test('goes into no view where there is none', async () => {
    const made = tuf();
    const held = holding();
    held.carry(withOwner(await walk(held), made));
    expect(held.view).toBeUndefined();
  });

  test('those loaded first give way to more than can be held', async () => {
    const { held, view } = await withView(tuf().delegate('other').publish());
    const top = view.targets.get('targets')!;
    const large = (role: string) => ({ ...top, file: { ...top.file, version: 1, role, bytes: Buffer.alloc(9 << 20) } });
    const both = ['owner', 'other'].map((role) => [role, large(role)] as const);
    held.carry({ ...view, targets: new Map([['targets', top], ...both]) });
    expect(rolesOf(held)).toEqual(['targets', 'other']);
  });

  test('that was carried stays when what is stored is read back', async () => {
    const { made, held, view } = await withView();
    held.carry(withOwner(view, made));
    await held.load();
    expect(rolesOf(held)).toEqual(['targets', 'owner']);
  });

  describe('for which there is no room', () => {
    const sized = (role: string, version: number, bytes: number): TrustAdvance => {
      return { floors: [trustFile(role, version, Buffer.alloc(bytes, `${role} ${version}`))] };
    };
    const small = async (): ReturnType<typeof withView> => {
      const made = tuf();
      const options = { store: state, now: () => NOW, maxShelfBytes: 64_000 };
      return await withView(made, new HeldTrust(NAME, ctx, options, () => undefined));
    };

    test('is not kept, and takes the place of no other', async () => {
      const { made, held, view } = await small();
      await held.shelve(view, sized('one', 1, 40_000));
      const { bytes } = held;
      await held.shelve(view, sized('two', 1, 24_001));
      expect([shelfOf(held), held.bytes]).toEqual([['one'], bytes]);
      await held.shelve(view, sized('three', 1, 20_000));
      await held.shelve(view, shelved(made));
      expect(shelfOf(held)).toEqual(['one', 'three', 'owner']);
      expect((await stored()).floors.map(({ role }) => role)).not.toContain('two');
    });

    test('is only one that takes more than is left, without what it replaces', async () => {
      const { held, view } = await small();
      await held.shelve(view, sized('one', 1, 40_000));
      await held.shelve(view, sized('two', 1, 24_000));
      await held.shelve(view, sized('one', 2, 40_000));
      expect(shelfOf(held)).toEqual(['one', 'two']);
      expect((await stored()).floors.find(({ role }) => role === 'one')?.version).toBe(2);
    });

    test('is none that only goes', async () => {
      const { held, view } = await small();
      await held.shelve(view, sized('one', 1, 64_000));
      await held.shelve(view, { forget: ['one'] });
      expect(shelfOf(held)).toEqual([]);
    });

    test('leaves nothing of its role, and what that named has ended', async () => {
      const { held, view } = await small();
      await held.shelve(view, sized('one', 1, 40_000));
      await held.shelve(view, sized('two', 1, 24_000));
      const ended = [{ role: 'two', tag: 'b:1', digest: A as never, removed: true }];
      await held.shelve(view, sized('two', 2, 24_001), () => ({ forget: ['two'], ended }));
      expect(shelfOf(held)).toEqual(['one']);
      const { generation, floors } = await stored();
      expect(floors.map(({ role }) => role)).not.toContain('two');
      expect(held.held.generation).toBe(generation);
      expect([...(await state.removals(NAME, ['b:1'])).keys()]).toEqual(['b:1']);
    });
  });

  test('recovery takes the whole shelf, and what lay there counts as removed', async () => {
    const { made, held, view } = await withView();
    await held.shelve(view, shelved(made));
    made.rotate('timestamp').publish();
    await walk(held);
    expect(shelfOf(held)).toEqual([]);
    expect((await stored()).floors.map(({ role }) => role)).not.toContain('owner');
    expect([...(await state.removals(NAME, ['app:1', 'app:2']))]).toEqual([['app:1', NOW]]);
  });

  test.each([['timestamp'], ['snapshot']])('also of those that the step itself forgets: %s', async (role) => {
    const { made, held, view } = await withView();
    await held.shelve(view, shelved(made));
    const ended = [{ role: 'targets', tag: 'b:1', digest: A as never, removed: true }];
    await held.persist({ forget: [role, 'owner'], ended });
    const left = (await stored()).floors.map((floor) => floor.role);
    expect([left.includes('owner'), left.includes(role)]).toEqual([false, false]);
    expect([...(await state.removals(NAME, ['app:1', 'b:1'])).keys()].sort()).toEqual(['app:1', 'b:1']);
  });

  test('what of it ends with a step is asked when the step is stored, after what a search has put there meanwhile', async () => {
    const { made, held, view } = await withView();
    const shelving = held.shelve(view, shelved(made));
    const ended = (roles: Iterable<string>): EndedTag[] =>
      [...roles].map((role) => ({ role, tag: 'app:1', digest: A as never, removed: true }));
    await held.persist({ checkedAt: NOW }, undefined, (shelf) => ended(shelf.keys()));
    await shelving;
    expect([...(await state.removals(NAME, ['app:1']))]).toEqual([['app:1', NOW]]);
  });

  test('nothing of a shelf ends with the step that trusts the first root', async () => {
    tuf();
    const held = holding();
    const view = await walk(held, (shelf) =>
      [...shelf.keys()].map((role) => ({ role, tag: 'app:1', digest: A as never, removed: true })),
    );
    expect(held.held).toMatchObject({ kind: 'trusted', trusted: { snapshot: { file: view.snapshot.file } } });
    expect(await state.removals(NAME, ['app:1'])).toEqual(new Map());
  });

  test('a step that forgets something else, or nothing, leaves the shelf', async () => {
    const { made, held, view } = await withView();
    await held.shelve(view, shelved(made));
    await held.persist({ forget: ['targets'] });
    await held.persist({ checkedAt: NOW + 1 });
    expect((await stored()).floors.map(({ role }) => role)).toContain('owner');
    expect(shelfOf(held)).toEqual(['owner']);
  });
});

test('in Notary recovery is of the roles that it names', async () => {
  const made = notary().delegate('targets/qa').publish();
  const held = holding();
  await update(held);
  made.rotate('timestamp').rotate('targets/qa', [plainKey()]).publish();
  await update(held);
  expect((await stored()).floors.map(({ role }) => role).sort()).toEqual([
    'snapshot',
    'targets',
    'targets/qa',
    'timestamp',
  ]);
});
