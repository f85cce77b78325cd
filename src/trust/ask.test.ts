import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codeOf, TufgateError } from '../errors.ts';
import { contextOf } from '../simulator/notary-refresh.ts';
import { NotaryRepository } from '../simulator/notary-repository.ts';
import { answering, down, gone, SimulatedSource } from '../simulator/simulated-source.ts';
import { TufRepository } from '../simulator/tuf-repository.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { StateStore } from '../state/store.ts';
import { ask, reasonOf } from './ask.ts';
import { Collection } from './collection.ts';
import { nodeCrypto } from './crypto.ts';
import type { Answer, Question } from './question.ts';
import type { TrustContext, View } from './tuf/collection.ts';
import { tufFormat } from './tuf/format/tuf.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const GUN = 'docker.io/library/alpine';
const A = `sha256:${'aa'.repeat(32)}`;
const one = { digest: A, length: 7 };

let source: SimulatedSource;
let state: StateStore;
let clock: number;
beforeEach(() => {
  state = openSqliteStore(':memory:');
  clock = NOW;
});
afterEach(async () => await state.close());

async function open(ctx: TrustContext): Promise<Collection> {
  return await Collection.open(
    { source: 'vendor', gun: GUN, ctx, metadata: source },
    {
      store: state,
      checkEveryMs: 100 * DAY,
      staleIfUnreachableMs: 'until_expiry',
      maxBytes: 64 << 20,
      now: () => clock,
      on: () => undefined,
    },
  );
}

async function notary(made: NotaryRepository): Promise<Collection> {
  source = new SimulatedSource(made);
  return await open(contextOf(GUN, { kind: 'keys', keyIds: [made.of('root').keys[0]!.keyId] }));
}

async function tuf(made: TufRepository): Promise<Collection> {
  source = new SimulatedSource(made.publish());
  return await open({
    format: tufFormat,
    gun: 'approvals',
    anchor: { kind: 'root-file', bytes: made.at('root', 1) },
    crypto: nodeCrypto,
  });
}

const alpine = (): NotaryRepository => new NotaryRepository(GUN, NOW).sign('1', A, 7).publish();
const tag = (name = '1', signers?: Question['signers']): Question => ({
  kind: 'tag',
  tag: name,
  releases: 'strict',
  ...(signers && { signers }),
});
const target = (name = 'app:1', signers?: Question['signers']): Question => ({
  kind: 'target',
  target: name,
  ...(signers && { signers }),
});

function reason({ verdict }: Answer): string {
  return verdict.outcome === 'signed' ? 'signed' : verdict.reason;
}

const message = ({ verdict }: Answer): string => (verdict.outcome === 'signed' ? '' : verdict.message);
const updates = (): number => source.take().filter((name) => name === 'timestamp').length;

describe('an answer', () => {
  test('of Notary says what it rests on', async () => {
    const made = alpine();
    const { verdict, basis } = await ask(await notary(made), tag());
    expect(verdict).toEqual({
      outcome: 'signed',
      digest: A,
      length: 7,
      roles: ['targets'],
      signers: [made.of('targets').keys[0]?.keyId],
    });
    expect(basis?.root).toMatchObject({ version: 1, anchor: 'keys' });
    expect([...basis!.versions]).toEqual([
      ['root', 1],
      ['timestamp', 1],
      ['snapshot', 1],
      ['targets', 1],
    ]);
    expect(basis?.expires.get('timestamp')).toBe(made.of('timestamp').expires);
    expect(basis?.checkedAt).toBe(NOW);
  });

  test('that rests on a delegated file which another process kept from being stored says so', async () => {
    const made = new TufRepository(NOW).delegate('org', { paths: ['app:*'] }).put('app:1', one, 'org');
    const advanceTrust = state.advanceTrust.bind(state);
    state.advanceTrust = async (name, from, step, at) =>
      step.floors?.some(({ role }) => role === 'org') === true ? 'conflict' : advanceTrust(name, from, step, at);
    const collection = await tuf(made);
    expect(await ask(collection, target())).toMatchObject({
      verdict: { outcome: 'signed' },
      basis: { untracked: true },
    });
  });

  test('of TUF 1.0 rests on the delegated files too, which the search loads one by one', async () => {
    const made = new TufRepository(NOW).delegate('org', { paths: ['app:*'] });
    made.delegate('team', { by: 'org', paths: ['app:*'] }).put('app:1', one, 'team');
    const collection = await tuf(made);
    const { verdict, basis } = await ask(collection, target());
    expect(verdict).toMatchObject({ outcome: 'signed', digest: A, length: 7, roles: ['team'] });
    expect([...basis!.versions.keys()]).toEqual(expect.arrayContaining(['timestamp', 'team']));
    expect(basis).not.toHaveProperty('untracked');
    expect(source.take().slice(-2)).toEqual(['1.org', '1.team']);
    expect(reason(await ask(collection, target()))).toBe('signed');
    expect(source.asked).toEqual([]);
  });

  test('that refuses has its reason, and what it rests on as far as anything was verified', async () => {
    const { verdict, basis } = await ask(await notary(alpine()), tag('2'));
    expect(verdict).toMatchObject({ outcome: 'refused', reason: 'trust.unsigned' });
    expect([...basis!.versions.keys()]).toEqual(['root', 'timestamp', 'snapshot']);
    expect(updates()).toBe(1);
  });

  test('by the last view says why the source could not confirm it, unless the fault is ours', async () => {
    const collection = await notary(alpine());
    expect((await ask(collection, tag())).basis).not.toHaveProperty('failure');
    source.instead.set('*', down);
    clock += 10_000;
    await collection.again();
    const failure = { reason: 'trust.unreachable', message: 'connect ECONNREFUSED' };
    expect(await ask(collection, tag())).toMatchObject({ verdict: { outcome: 'signed' }, basis: { failure } });
    source.instead.set('*', () => Promise.reject(new Error('a bug')));
    clock += 10_000;
    await collection.again();
    const answer = await ask(collection, tag());
    expect(answer.verdict.outcome).toBe('signed');
    expect(answer.basis).not.toHaveProperty('failure');
  });

  test('without any view has nothing to rest on', async () => {
    const collection = await notary(alpine());
    source.instead.set('*', gone);
    const answer = await ask(collection, tag());
    expect([reason(answer), 'basis' in answer]).toEqual(['trust.unsigned', false]);
  });

  test('is none when the fault is ours', async () => {
    const collection = await notary(alpine());
    source.instead.set('*', () => Promise.reject(new Error('a fault')));
    await expect(ask(collection, tag())).rejects.toMatchObject({ code: 'internal' });
    expect(() => reasonOf(new TufgateError('state.failed', 'disk'))).toThrow('disk');
    expect(reasonOf(new TufgateError('trust.hash', 'other bytes'))).toBe('trust.hash');
  });

  test('asks for as many signers as the question does', async () => {
    const made = alpine().delegate('targets/qa').publish();
    const signers = { atLeast: 2, of: ['targets/qa', 'targets'] };
    const collection = await notary(made);
    expect(reason(await ask(collection, tag('1', signers)))).toBe('trust.signer-missing');
    expect(reason(await ask(collection, tag()))).toBe('signed');
  });
});

describe('what has expired is asked for once more', () => {
  test('because a lazy server signs a new timestamp only then', async () => {
    const made = alpine();
    const collection = await notary(made);
    await ask(collection, tag());
    clock = made.of('timestamp').expires;
    made.of('timestamp').expires += 14 * DAY;
    made.resign('timestamp');
    updates();
    expect(reason(await ask(collection, tag()))).toBe('signed');
    expect(updates()).toBe(1);
  });

  test('and is refused when the source says the same again', async () => {
    const made = alpine();
    const collection = await notary(made);
    await ask(collection, tag());
    clock = made.of('timestamp').expires;
    updates();
    const answer = await ask(collection, tag());
    expect(reason(answer)).toBe('trust.expired');
    expect(answer.basis?.versions.get('timestamp')).toBe(1);
    expect(updates()).toBeGreaterThan(0);
  });

  test('and where the source is away that is the reason', async () => {
    const made = alpine();
    const collection = await notary(made);
    await ask(collection, tag());
    clock = made.of('timestamp').expires;
    source.instead.set('*', down);
    const answer = await ask(collection, tag());
    expect([reason(answer), message(answer)]).toEqual(['trust.unreachable', 'connect ECONNREFUSED']);
  });

  test('and where it offers only what is refused, that is, told once', async () => {
    const made = alpine();
    const collection = await notary(made);
    await ask(collection, tag());
    clock = made.of('timestamp').expires;
    source.instead.set('timestamp', answering(new NotaryRepository(GUN, NOW).publish().bytesOf('timestamp')));
    const answer = await ask(collection, tag());
    expect(reason(answer)).toBe('trust.signature');
    expect(message(answer)).not.toContain('newer trust data');
  });

  test('and where it is there no more, that is', async () => {
    const made = alpine();
    const collection = await notary(made);
    await ask(collection, tag());
    clock = made.of('timestamp').expires;
    source.instead.set('*', gone);
    const answer = await ask(collection, tag());
    expect([reason(answer), 'basis' in answer]).toEqual(['trust.withdrawn', false]);
  });

  test('and what is refused by the newer view is refused', async () => {
    const made = alpine();
    const collection = await notary(made);
    await ask(collection, tag());
    clock = made.of('timestamp').expires;
    made.of('timestamp').expires += 14 * DAY;
    made.revoke('1').publish();
    const answer = await ask(collection, tag());
    expect(reason(answer)).toBe('trust.unsigned');
    expect(answer.basis?.versions.get('timestamp')).toBe(2);
  });
});

describe('a delegated file of TUF 1.0 that does not fit the snapshot', () => {
  const layout = (): TufRepository =>
    new TufRepository(NOW, { consistent: false }).delegate('owner', { paths: ['app:*'] }).put('app:1', one, 'owner');

  test('is searched for once more in a newer view: without consistent snapshots files change under a search', async () => {
    const made = layout();
    const collection = await tuf(made);
    await ask(collection, target('other:1'));
    made.touch('owner').publish();
    clock += 10_000;
    expect(reason(await ask(collection, target()))).toBe('signed');
    expect(updates()).toBe(2);
  });

  test('ends the search when there is no newer view', async () => {
    const made = layout();
    const collection = await tuf(made);
    await ask(collection, target('other:1'));
    clock += 10_000;
    source.instead.set('owner', gone);
    source.instead.set('timestamp', () => ((clock += 10_000), Promise.resolve(made.at('timestamp'))));
    const answer = await ask(collection, target());
    expect([reason(answer), [...answer.basis!.versions.keys()]]).toEqual([
      'trust.hash',
      ['root', 'timestamp', 'snapshot'],
    ]);
    expect(source.take().filter((name) => name === 'owner')).toHaveLength(1);
  });

  test('is the reason, also when the source is away by the time it is asked for a newer view', async () => {
    const collection = await tuf(layout());
    await ask(collection, target('other:1'));
    clock += 10_000;
    source.instead.set('owner', gone);
    source.instead.set('timestamp', down);
    expect(reason(await ask(collection, target()))).toBe('trust.hash');
  });

  test.each(['trust.hash', 'trust.signature', 'trust.threshold', 'trust.expired'] as const)(
    '%s may pass',
    async (code) => {
      const collection = await tuf(layout());
      await ask(collection, target('other:1'));
      clock += 10_000;
      source.instead.set('owner', () => Promise.reject(new TufgateError(code, 'for now')));
      updates();
      expect(reason(await ask(collection, target()))).toBe(code);
      expect(updates()).toBe(1);
    },
  );

  test.each(['trust.malformed', 'trust.rollback'] as const)('%s does not', async (code) => {
    const collection = await tuf(layout());
    await ask(collection, target('other:1'));
    clock += 10_000;
    source.instead.set('owner', () => Promise.reject(new TufgateError(code, 'for good')));
    updates();
    expect(reason(await ask(collection, target()))).toBe(code);
    expect(updates()).toBe(0);
  });
});

describe('signers of a target', () => {
  const signers = (atLeast: number): Question['signers'] => ({ atLeast, of: ['qa', 'security'] });
  const layout = (): TufRepository =>
    new TufRepository(NOW)
      .delegate('qa', { paths: ['app:*'] })
      .delegate('security', { paths: ['app:*'] })
      .put('app:1', one, 'qa')
      .put('app:1', one, 'security');

  test('one whose file cannot be had is one less', async () => {
    const collection = await tuf(layout());
    source.instead.set('1.qa', down);
    const { verdict } = await ask(collection, target('app:1', signers(1)));
    expect(verdict).toMatchObject({ outcome: 'signed', roles: ['security'] });
    expect(reason(await ask(collection, target('app:1', signers(2))))).toBe('trust.unreachable');
  });

  test('in a search without them nobody of lower priority is asked instead', async () => {
    const collection = await tuf(layout());
    source.instead.set('1.qa', down);
    expect(reason(await ask(collection, target()))).toBe('trust.unreachable');
    expect(source.asked).not.toContain('1.security');
  });

  test('a fault of our own is no missing signer', async () => {
    const collection = await tuf(layout());
    source.instead.set('1.qa', () => Promise.reject(new TufgateError('state.failed', 'disk')));
    expect(await ask(collection, target('app:1', signers(1))).catch(codeOf)).toBe('state.failed');
    clock += 10_000;
    source.instead.set('1.qa', () => Promise.reject(new Error('a fault')));
    expect(await ask(collection, target('app:1', signers(1))).catch(codeOf)).toBe('internal');
  });
});

test('no question loads more than 512 files', async () => {
  const collection = await tuf(new TufRepository(NOW).delegate('owner', { paths: ['app:*'] }));
  let loads = 0;
  const forgetful = (view: View): Promise<View> => ((loads += 1), Promise.resolve(view));
  Object.defineProperty(collection, 'withDelegated', { value: forgetful });
  expect(reason(await ask(collection, target()))).toBe('trust.too-large');
  expect(loads).toBe(512);
});

describe('a tag that is missing from the last view', () => {
  test('is told beside newer trust data that was refused, and not beside an outage', async () => {
    const made = alpine();
    const collection = await notary(made);
    await ask(collection, tag());
    clock += DAY;
    source.instead.set('timestamp', answering(made.bytesOf('targets')));
    await collection.again();
    const refused = await ask(collection, tag('2'));
    expect(reason(refused)).toBe('trust.unsigned');
    expect(message(refused)).toContain('newer trust data was refused');
    clock += 10_000;
    source.instead.set('timestamp', down);
    await collection.again();
    expect(message(await ask(collection, tag('2')))).not.toContain('newer trust data');
  });
});

describe('an approval that has ended', () => {
  const until = (at: number) => ({ tufgate: { until: new Date(at).toISOString().replace('.000Z', 'Z') } });

  test('is refused as that without another update, and tells its end before', async () => {
    const collection = await tuf(new TufRepository(NOW).put('app:1', { ...one, custom: until(NOW + 60_000) }));
    expect((await ask(collection, target())).verdict).toMatchObject({ outcome: 'signed', until: NOW + 60_000 });
    source.take();
    clock += 60_000;
    const answer = await ask(collection, target());
    expect(reason(answer)).toBe('trust.expired');
    expect(message(answer)).toContain('the approval of app:1 ended');
    expect(updates()).toBe(0);
  });

  test('of several signers is the first one that ends', async () => {
    const repository = new TufRepository(NOW)
      .delegate('qa', { paths: ['app:*'] })
      .delegate('sec', { paths: ['app:*'] });
    repository.put('app:1', { ...one, custom: until(NOW + 2_000) }, 'qa');
    repository.put('app:1', { ...one, custom: until(NOW + 1_000) }, 'sec');
    const answer = await ask(await tuf(repository), target('app:1', { atLeast: 2, of: ['qa', 'sec'] }));
    expect(answer.verdict).toMatchObject({ outcome: 'signed', until: NOW + 1_000 });
  });

  test('under metadata that is too old is asked for once more all the same, and its end is told then', async () => {
    const repository = new TufRepository(NOW).put('app:1', { ...one, custom: until(NOW + DAY) });
    const collection = await tuf(repository);
    await ask(collection, target());
    clock += 2 * DAY;
    repository.of('timestamp').expires = clock + DAY;
    repository.publish();
    source.take();
    expect(message(await ask(collection, target()))).toContain('the approval of app:1 ended');
    expect(updates()).toBe(1);
  });
});
