import { beforeEach, describe, expect, test } from 'vitest';
import { type Code, codeOf, TufgateError } from '../errors.ts';
import { plainKey } from '../simulator/notary-key.ts';
import { contextOf } from '../simulator/notary-refresh.ts';
import { NotaryRepository } from '../simulator/notary-repository.ts';
import { answering, gone, SimulatedSource } from '../simulator/simulated-source.ts';
import { tufKey } from '../simulator/tuf-key.ts';
import { TufRepository } from '../simulator/tuf-repository.ts';
import type { TrustAdvance } from '../state/store.ts';
import { nodeCrypto } from './crypto.ts';
import { fetchRole, refresh, type Refresh } from './refresh.ts';
import type { Trusted, TrustContext, View } from './tuf/collection.ts';
import { tufFormat } from './tuf/format/tuf.ts';

const NOW = Date.UTC(2026, 10, 21);
const GUN = 'docker.io/library/alpine';
const A = `sha256:${'aa'.repeat(32)}`;
const B = `sha256:${'bb'.repeat(32)}`;
const MIB = 1 << 20;

let source: SimulatedSource;
let ctx: TrustContext;
/** What was stored, and what is trusted after it. */
let steps: TrustAdvance[];
let trusted: Trusted | undefined;
let alarms: Code[];
beforeEach(() => {
  steps = [];
  trusted = undefined;
  alarms = [];
});

/** A collection of Notary, with a pin. */
function notary(): NotaryRepository {
  const made = new NotaryRepository(GUN, NOW).sign('1', A, 1).publish();
  source = new SimulatedSource(made);
  ctx = contextOf(GUN, { kind: 'keys', keyIds: [made.of('root').keys[0]!.keyId] });
  return made;
}

function tuf(made = new TufRepository(NOW)): TufRepository {
  made.put('app:1', { digest: A, length: 1 }).publish();
  source = new SimulatedSource(made);
  ctx = {
    format: tufFormat,
    gun: 'approvals',
    anchor: { kind: 'root-file', bytes: made.at('root') },
    crypto: nodeCrypto,
  };
  return made;
}

function update(over: Partial<Refresh> = {}): Promise<View | undefined> {
  const persist = (step: TrustAdvance, after: Trusted): Promise<void> => {
    steps.push(step);
    trusted = after;
    source.asked.push('stored');
    return Promise.resolve();
  };
  const alarm = ({ code }: TufgateError): void => void alarms.push(code);
  return refresh({ ctx, source, trusted, now: NOW, maxBytes: 64 * MIB, persist, alarm, ...over });
}

/** The next update goes on from what this one left, as after a start. */
async function updated(): Promise<View> {
  const view = await update();
  trusted = { ...trusted!, progress: undefined };
  steps = [];
  source.take();
  return view!;
}

const floors = (): (string | undefined)[] => steps.flatMap(({ floors: files = [] }) => files.map(({ role }) => role));

describe('what is asked for', () => {
  test('one file after the other, each stored before the next', async () => {
    notary();
    expect((await update())?.targets.get('targets')?.model.targets.size).toBe(1);
    const files = ['root', 'stored', '2.root', 'timestamp', 'stored', 'snapshot', 'stored', 'targets', 'stored'];
    expect(source.take()).toEqual(files);
    expect(steps[0]).toMatchObject({ anchor: 'keys', roots: [{ role: 'root', version: 1 }] });
    expect(floors()).toEqual(['timestamp', 'snapshot', 'targets']);
  });

  test('roots and timestamp to a bound of their own, the rest as long as its signed length', async () => {
    const made = notary();
    await update();
    const lengths = ['snapshot', 'targets'].map((role) => made.bytesOf(role).length);
    expect(source.bounds).toEqual([MIB, MIB, MIB, ...lengths]);
    tuf();
    trusted = undefined;
    await update();
    expect(source.bounds).toEqual([MIB, MIB, 64 * MIB, 64 * MIB]);
  });

  test('nothing longer than metadata may be', async () => {
    notary();
    await update({ maxBytes: 5_000 });
    expect(Math.max(...source.bounds)).toBe(5_000);
  });

  test('of a collection that did not change only the next root and the timestamp', async () => {
    for (const make of [notary, tuf]) {
      make();
      trusted = undefined;
      await updated();
      await update();
      expect(source.take()).toEqual(['2.root', 'timestamp']);
      expect(steps).toEqual([]);
    }
  });

  test('of one that did, what changed', async () => {
    const made = notary().delegate('targets/qa').publish();
    await updated();
    made.sign('2', A, 1, 'targets/qa').publish();
    await update();
    expect(source.take().filter((name) => name !== 'stored')).toEqual([
      '2.root',
      'timestamp',
      'snapshot',
      'targets/qa',
    ]);
    expect(floors()).toEqual(['timestamp', 'snapshot', 'targets/qa']);
  });

  test('by version or without one, as the repository says', async () => {
    tuf();
    await update();
    expect(source.take()).toContain('1.snapshot');
    trusted = undefined;
    tuf(new TufRepository(NOW, { consistent: false }));
    await update();
    expect(source.take().filter((name) => name !== 'stored')).toEqual(['2.root', 'timestamp', 'snapshot', 'targets']);
  });

  test('nothing after the deadline, which the source is told of too', async () => {
    notary();
    const { signal } = new AbortController();
    await update({ signal });
    expect(new Set(source.signals)).toEqual(new Set([signal]));
    source.take();
    const late = new TufgateError('trust.unreachable', 'late');
    await expect(update({ signal: AbortSignal.abort(late) })).rejects.toBe(late);
    expect(source.take()).toEqual([]);
  });
});

describe('the root chain', () => {
  test('is walked one by one, and each root is stored', async () => {
    const made = notary();
    await updated();
    made.touch('root').publish().touch('root').publish();
    const view = await update();
    expect(source.take().slice(0, 5)).toEqual(['2.root', 'stored', '3.root', 'stored', '4.root']);
    expect(steps.slice(0, 2).map(({ roots }) => roots?.map(({ version }) => version))).toEqual([[2], [3]]);
    expect(view?.root.file.version).toBe(3);
  });

  test('is walked 256 roots at a time', async () => {
    const made = tuf(new TufRepository(NOW).authorize('root', { keys: [tufKey('p256', 'quick')] }));
    for (let more = 0; more < 258; more++) made.resign('root');
    expect((await update())?.root.file.version).toBe(257);
    expect(source.asked.filter((name) => name.endsWith('.root'))).toHaveLength(256);
  });

  test('any answer but "there is none" fails the update', async () => {
    const made = notary();
    await updated();
    source.instead.set('2.root', answering(made.bytesOf('targets')));
    await expect(update()).rejects.toBeInstanceOf(TufgateError);
    expect(source.take()).toEqual(['2.root']);
  });

  test('new keys of the online roles forget their floors, which is stored', async () => {
    const made = notary();
    await updated();
    made.rotate('timestamp').rotate('snapshot').publish();
    await update();
    expect(steps.flatMap(({ forget = [] }) => forget)).toEqual(expect.arrayContaining(['timestamp', 'snapshot']));
    expect(steps.filter(({ forget }) => forget?.length === 0)).toHaveLength(floors().length);
  });
});

test('a delegation under new keys forgets its floor in the step that stores its delegator', async () => {
  const made = notary().delegate('targets/qa').publish();
  await updated();
  made.rotate('targets/qa', [plainKey()]).publish();
  await update();
  expect(steps.map(({ forget }) => forget)).toContainEqual(['targets/qa']);
});

test('a delegation that nobody of its own signed is no floor, and keeps nobody from the rest', async () => {
  const made = notary().delegate('targets/qa');
  made.of('targets/qa').signers = [plainKey()];
  made.publish();
  expect((await update())?.unusable.get('targets/qa')?.code).toBe('trust.signature');
  expect(floors()).toEqual(['timestamp', 'snapshot', 'targets']);
});

describe('a source without the collection', () => {
  test('has no root, or no timestamp', async () => {
    notary();
    source.instead.set('root', gone);
    expect(await update()).toBeUndefined();
    expect(steps).toEqual([]);
    source.instead.clear();
    source.instead.set('timestamp', gone);
    expect(await update()).toBeUndefined();
    expect(steps).toHaveLength(1);
  });

  test('leaves nothing behind on first use', async () => {
    notary();
    ctx = contextOf(GUN);
    source.instead.set('timestamp', gone);
    expect(await update()).toBeUndefined();
    expect(steps).toEqual([]);
  });
});

describe('first use', () => {
  test('stores all steps, in order, once everything verified', async () => {
    notary();
    ctx = contextOf(GUN);
    await update();
    expect(source.take()).toEqual([
      'root',
      '2.root',
      'timestamp',
      'snapshot',
      'targets',
      ...Array<string>(4).fill('stored'),
    ]);
    expect(steps[0]).toMatchObject({ anchor: 'first-use', roots: [{ version: 1 }] });
    expect(floors()).toEqual(['timestamp', 'snapshot', 'targets']);
  });

  test('is over once something is trusted: then each step is stored at once', async () => {
    const made = notary();
    ctx = contextOf(GUN);
    await updated();
    made.sign('1', B, 1).publish();
    source.instead.set('targets', gone);
    await expect(update()).rejects.toMatchObject({ code: 'trust.hash' });
    expect(floors()).toContain('timestamp');
  });
});

describe('what two requests between which something was published look like', () => {
  const once = (code: Code): void => {
    let times = 0;
    const { publisher } = source;
    const [name, bytes] =
      publisher instanceof NotaryRepository
        ? ['snapshot', publisher.bytesOf('snapshot')]
        : ['1.snapshot', publisher.at('snapshot')];
    source.instead.set(name, () =>
      times++ === 0 ? Promise.reject(new TufgateError(code, 'x')) : Promise.resolve(bytes),
    );
  };

  test.each<Code>(['trust.hash', 'trust.expired', 'trust.threshold', 'trust.signature'])(
    '%s is tried once more, root chain and all, from where the first try came to',
    async (code) => {
      notary();
      await update({ persist: () => Promise.resolve() });
      source.take();
      once(code);
      expect(await update()).toBeDefined();
      const asked = source.take().filter((name) => name !== 'stored');
      expect(asked).toEqual(['root', '2.root', 'timestamp', 'snapshot', '2.root', 'timestamp', 'snapshot', 'targets']);
      expect(floors()).toEqual(['timestamp', 'snapshot', 'targets']);
    },
  );

  test('twice is no accident', async () => {
    notary();
    source.instead.set('snapshot', gone);
    expect(await update().catch(codeOf)).toBe('trust.hash');
    expect(source.asked.filter((name) => name === 'snapshot')).toHaveLength(2);
  });

  test.each<Code>(['trust.rollback', 'trust.malformed', 'trust.unreachable', 'internal'])(
    '%s is final',
    async (code) => {
      notary();
      once(code);
      expect(await update().catch(codeOf)).toBe(code);
    },
  );

  test('TUF 1.0 has consistent snapshots for that', async () => {
    tuf();
    once('trust.hash');
    expect(await update().catch(codeOf)).toBe('trust.hash');
  });
});

describe('a timestamp of the same version', () => {
  test('with other bytes does not replace the one seen first, and somebody should look', async () => {
    const made = tuf();
    await updated();
    const before = trusted?.timestamp?.file.bytes;
    made.forge('timestamp', { edit: (signed) => (signed['expires'] = '2030-01-01T00:00:00Z') });
    expect((await update())?.timestamp.file.bytes).toBe(before);
    expect([alarms, steps]).toEqual([['trust.equal-version'], []]);
  });

  test('with the same bytes is what a server gives most of the time', async () => {
    const made = tuf();
    await updated();
    source.instead.set('timestamp', answering(new Uint8Array(made.at('timestamp'))));
    await update();
    expect(alarms).toEqual([]);
  });
});

describe('a file that verified metadata names', () => {
  const wanted = (entry: object, versioned = false) => ({
    role: 'targets',
    entry: { hashes: {}, ...entry },
    versioned,
  });
  const fetched = async (entry: object, maxBytes = 10): Promise<unknown> =>
    fetchRole({ ctx, source, maxBytes }, wanted(entry)).catch((error: unknown) => error);

  test('is not asked for when it is longer than metadata may be', async () => {
    notary();
    expect(await fetched({ length: 11, hashes: { sha256: 'aa' } })).toMatchObject({ code: 'trust.too-large' });
    expect(source.asked).toEqual([]);
    source.instead.set('*', answering(Buffer.from('ten  bytes')));
    expect(await fetched({ length: 10, hashes: { sha256: 'aa' } })).toEqual(Buffer.from('ten  bytes'));
    expect(source.bounds).toEqual([10]);
  });

  test('is refused when the source has no such file: the message names it', async () => {
    notary();
    const byHash = await fetched({ hashes: { sha256: 'ab'.repeat(32) } });
    expect(byHash).toMatchObject({ code: 'trust.hash', message: expect.stringContaining('abab') as string });
    tuf();
    const byVersion = await fetched({ version: 7 });
    expect(byVersion).toMatchObject({ code: 'trust.hash', message: expect.stringContaining('version 7') as string });
  });

  test('must be named by something', async () => {
    notary();
    expect(await fetched({})).toMatchObject({
      code: 'internal',
      message: expect.stringContaining('neither') as string,
    });
  });
});
