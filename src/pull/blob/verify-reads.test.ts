import { beforeEach, describe, expect, test } from 'vitest';
import { blob, Client, digestOf, full, settle, sizes, text, Upstream } from '../../../test/blob-world.ts';
import type { BlobReader } from '../../cache/blob-store.ts';
import { codeOf, TufgateError } from '../../errors.ts';
import type { Algorithm, Digest } from '../../oci/digest.ts';
import { MemoryBlobStore } from '../../simulator/memory-blob-store.ts';
import type { Hashing, RunningHash } from '../../verify/hashing.ts';
import { InlineHash, inlineHashing } from '../../verify/inline-hashing.ts';
import { BlobFlights, type BlobFlightsOptions, type DamageEvent } from './flights.ts';

/** Cached blobs are hashed again: those whose file has changed, or all. */
const DIGEST = digestOf(blob);
const whole = { start: 0, end: blob.length - 1 };

class Store extends MemoryBlobStore {
  vouched: Digest[] = [];
  opened: string[] = [];

  override vouch(digest: Digest): void {
    this.vouched.push(digest);
    super.vouch(digest);
  }

  override open(digest: Digest, purpose?: 'serve' | 'check'): Promise<BlobReader | undefined> {
    this.opened.push(purpose ?? 'serve');
    return super.open(digest, purpose);
  }
}

/** Hashes when it is let, and dies when it is told to. */
class HandHashing implements Hashing {
  held: (() => void)[] | undefined;
  dead = false;
  /** Updates that the next ones survive. */
  dieAfter = Infinity;

  memory(bytes: number): Buffer {
    return Buffer.alloc(bytes);
  }

  begin(algorithm: Algorithm): RunningHash {
    const hash = new InlineHash(algorithm);
    const lost = (): TufgateError => new TufgateError('internal', 'the thread has ended');
    let gone = false;
    return {
      update: async (bytes) => {
        if (this.dieAfter-- <= 0) gone = true;
        if (gone) throw lost();
        if (this.held !== undefined) await new Promise<void>((done) => this.held?.push(done));
        await hash.update(bytes);
      },
      finish: () => (gone ? Promise.reject(lost()) : hash.finish()),
      drop: () => hash.drop(),
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async letGo(): Promise<void> {
    this.held?.shift()?.();
    await settle();
  }
}

let upstream: Upstream;
let store: Store;
let damage: DamageEvent[];
let warnings: string[];

beforeEach(() => {
  upstream = new Upstream();
  store = new Store();
  damage = [];
  warnings = [];
});

function flightsOn(over: Partial<BlobFlightsOptions> = {}): BlobFlights {
  let now = 0;
  return new BlobFlights({
    store,
    now: () => (now += 200),
    delay: () => Promise.resolve(),
    onDamaged: (event) => damage.push(event),
    log: { warn: (_, message) => warnings.push(message) },
    sizes,
    ...over,
  });
}

function bad(at: number): Buffer {
  const copy = Buffer.from(blob);
  copy[at]! ^= 1;
  return copy;
}

/** In the cache; `changed`: not the file that was verified. */
function cached(bytes: Buffer, changed = true): void {
  store.put(DIGEST, bytes);
  if (changed) store.changed.add(DIGEST);
}

const request = () => ({ digest: DIGEST, size: blob.length, origin: 'reg/app', fetch: upstream.fetch });

function pull(flights: BlobFlights, range = whole, client = new Client()) {
  const abort = new AbortController();
  const run = async (): Promise<string> => {
    const reading = await flights.open(request(), abort.signal);
    await reading.copyTo(client, range, abort.signal).finally(() => reading.close());
    return reading.warm ? 'warm' : 'cold';
  };
  return { client, abort, result: run().catch(codeOf) };
}

/** What the upstream is asked for it sends, whole and right. */
async function serveUpstream(): Promise<void> {
  await settle();
  await (await upstream.wire.send(blob)).end();
}

describe('a file that has changed', () => {
  test('and is right is hashed whole before its first byte is sent, vouched for, and not hashed again', async () => {
    cached(blob);
    const hashing = new HandHashing();
    hashing.held = [];
    const flights = flightsOn({ hashing });
    const { client, result } = pull(flights);
    for (let block = 0; block < 13; block++) {
      await settle();
      expect(client.got).toBe('');
      await hashing.letGo();
    }
    expect(await result).toBe('warm');
    expect(client.got).toBe(text);
    expect(store.vouched).toEqual([DIGEST]);
    expect(await pull(flights).result).toBe('warm');
    expect(store.opened.filter((purpose) => purpose === 'check')).toHaveLength(1);
    expect([damage, upstream.wires]).toEqual([[], []]);
  });

  test.each([0, 50, 99])('and is wrong at byte %i is put aside and told; the client gets a fresh one', async (at) => {
    cached(bad(at));
    const flights = flightsOn();
    const { client, result } = pull(flights);
    await serveUpstream();
    expect(await result).toBe('cold');
    expect(client.got).toBe(text);
    expect(store.quarantined).toEqual([DIGEST]);
    expect(store.vouched).toEqual([]);
    expect(damage).toMatchObject([{ digest: DIGEST, size: 100, origin: 'reg/app' }]);
    expect(damage[0]!.message).toContain('the cached copy of');
    await settle();
    expect(await pull(flights).result).toBe('warm');
    expect(upstream.wires).toHaveLength(1);
  });

  test('is hashed once for all who ask for it meanwhile, and goes on when the first has left', async () => {
    cached(bad(7));
    const hashing = new HandHashing();
    hashing.held = [];
    const flights = flightsOn({ hashing });
    const [first, second, third] = [pull(flights), pull(flights), pull(flights, { start: 5, end: 9 })];
    await settle();
    first.abort.abort();
    await settle();
    hashing.held.splice(0).forEach((done) => done());
    hashing.held = undefined;
    await serveUpstream();
    expect(await first.result).not.toMatch(/warm|cold/);
    expect([await second.result, await third.result]).toEqual(['cold', 'cold']);
    expect(second.client.got).toBe(text);
    expect(third.client.got).toBe(text.slice(5, 10));
    expect(store.opened.filter((purpose) => purpose === 'check')).toHaveLength(1);
    expect(upstream.wires).toHaveLength(1);
    expect(damage).toHaveLength(1);
  });

  test('no more than two are hashed at a time', async () => {
    const blobs = ['one', 'two', 'three'].map((word) => Buffer.from(word.repeat(9)));
    const hashing = new HandHashing();
    hashing.held = [];
    const flights = flightsOn({ hashing });
    const opened = blobs.map((bytes) => {
      store.put(digestOf(bytes), bytes);
      store.changed.add(digestOf(bytes));
      return flights.open({ digest: digestOf(bytes), size: bytes.length, fetch: upstream.fetch });
    });
    await settle();
    expect(store.opened.filter((purpose) => purpose === 'check')).toHaveLength(2);
    hashing.held.splice(0).forEach((done) => done());
    hashing.held = undefined;
    for (const reading of await Promise.all(opened)) expect(reading.warm).toBe(true);
  });

  test('that nobody waits for any more is not hashed when its turn has not come; who comes back gets it hashed', async () => {
    const blobs = ['one', 'two', 'gone', 'back', 'last'].map((word) => Buffer.from(word.repeat(9)));
    const hashing = new HandHashing();
    hashing.held = [];
    const flights = flightsOn({ hashing });
    const checked: number[] = [];
    const openStored = store.open.bind(store);
    store.open = (digest, purpose) => {
      if (purpose === 'check') checked.push(blobs.findIndex((bytes) => digestOf(bytes) === digest));
      return openStored(digest, purpose);
    };
    const ask = (bytes: Buffer) => {
      const abort = new AbortController();
      store.put(digestOf(bytes), bytes);
      store.changed.add(digestOf(bytes));
      const wanted = { digest: digestOf(bytes), size: bytes.length, fetch: upstream.fetch };
      return {
        abort,
        opened: flights.open(wanted, abort.signal).then(
          ({ warm }) => warm,
          () => 'left',
        ),
      };
    };
    const asked = blobs.map(ask);
    const twice = [ask(blobs[0]!), ask(blobs[2]!), ask(blobs[3]!), ask(blobs[4]!)];
    await settle();
    for (const { abort } of [asked[0]!, twice[0]!, asked[2]!, twice[1]!, asked[3]!, twice[3]!]) abort.abort();
    await settle();
    twice[2]!.abort.abort();
    await settle();
    const back = ask(blobs[3]!);
    await settle();
    hashing.held.splice(0).forEach((done) => done());
    hashing.held = undefined;
    expect(await Promise.all([...asked, back].map(({ opened }) => opened))).toEqual([
      'left',
      true,
      'left',
      'left',
      true,
      true,
    ]);
    expect(checked).toEqual([0, 1, 4, 3]);
    expect(store.vouched).toHaveLength(4);
  });

  test('again while it was hashed is a miss: whoever changes it may go on with it', async () => {
    cached(blob);
    store.vouch = () => undefined;
    const { client, result } = pull(flightsOn());
    await serveUpstream();
    expect(await result).toBe('cold');
    expect(client.got).toBe(text);
    expect(store.opened.filter((purpose) => purpose === 'check')).toHaveLength(2);
  });

  test('that cannot be read is damaged', async () => {
    cached(blob);
    store.faults.read = (offset) => (offset >= 40 ? full() : undefined);
    const { result } = pull(flightsOn());
    await settle();
    store.faults = {};
    await serveUpstream();
    expect(await result).toBe('cold');
    expect(store.quarantined).toEqual([DIGEST]);
  });

  test('whose hash is lost is hashed once more; when that is lost too, nothing is known of it, and it is fetched', async () => {
    cached(blob);
    const hashing = new HandHashing();
    hashing.dieAfter = 3;
    const flights = flightsOn({ hashing });
    const lost = pull(flights);
    await serveUpstream();
    expect(await lost.result).toBe('cold');
    expect(store.opened.filter((purpose) => purpose === 'check')).toHaveLength(2);
    expect([store.quarantined, damage]).toEqual([[], []]);
    await settle();
    expect(store.vouched).toEqual([]);
  });

  test('is what it is under `never`, and under every other setting when nothing has changed', async () => {
    cached(bad(3));
    expect(await pull(flightsOn({ verifyReads: 'never' })).result).toBe('warm');
    cached(blob, false);
    store.changed.clear();
    expect(await pull(flightsOn({ verifyReads: 'changed' })).result).toBe('warm');
    expect(store.opened).not.toContain('check');
    expect(store.vouched).toEqual([]);
  });

  test('is let go of when everything stops', async () => {
    cached(blob);
    const hashing = new HandHashing();
    hashing.held = [];
    const flights = flightsOn({ hashing });
    const { result } = pull(flights);
    await settle();
    const closed = flights.close();
    hashing.held.splice(0).forEach((done) => done());
    hashing.held = undefined;
    await closed;
    expect(await result).toBe('upstream.unreachable');
    expect(store.vouched).toEqual([]);
  });
});

describe('when every read is verified', () => {
  const always = (over: Partial<BlobFlightsOptions> = {}) => flightsOn({ verifyReads: 'always', ...over });

  test('a whole blob is hashed while it is sent; its last bytes wait for the verdict', async () => {
    cached(blob, false);
    const hashing = new HandHashing();
    hashing.held = [];
    const { client, result } = pull(always({ hashing }));
    await settle();
    expect(client.got).toBe(text.slice(0, 16));
    for (let block = 0; block < 12; block++) {
      await hashing.letGo();
      expect(client.got.length).toBeLessThanOrEqual(90);
    }
    await hashing.letGo();
    expect(await result).toBe('warm');
    expect(client.got).toBe(text);
    expect(upstream.wires).toEqual([]);
  });

  test.each([
    ['the first byte', 0],
    ['the middle', 50],
    ['the last byte before the tail', 89],
    ['the last block', 99],
  ])('damage in %s breaks the answer off before its end, and the next one is fresh', async (_, at) => {
    cached(bad(at), false);
    const flights = always();
    const first = pull(flights);
    expect(await first.result).toBe('integrity.digest');
    expect(first.client.got.length).toBeLessThanOrEqual(90);
    expect(store.quarantined).toEqual([DIGEST]);
    expect(damage).toHaveLength(1);
    const next = pull(flights);
    await serveUpstream();
    expect(await next.result).toBe('cold');
    expect(next.client.got).toBe(text);
    expect(store.vouched).toEqual([]);
  });

  test.each([
    ['inside it', 15],
    ['far behind it', 99],
  ])('of a part, damage %s is found before a byte is sent, and the client gets a fresh one', async (_, at) => {
    cached(bad(at), false);
    const parts = always();
    const { client, result } = pull(parts, { start: 10, end: 29 });
    await serveUpstream();
    expect(await result).toBe('warm');
    expect(client.got).toBe(text.slice(10, 30));
    expect(store.quarantined).toEqual([DIGEST]);
    expect(upstream.wires).toHaveLength(1);
  });

  test('parts that are asked for at the same time share one hash of the whole, and vouch for nothing but it', async () => {
    cached(blob, false);
    const flights = always();
    const ranges = [0, 25, 50, 75].map((start) => ({ start, end: start + 24 }));
    const pulls = ranges.map((range) => pull(flights, range));
    expect(await Promise.all(pulls.map(({ result }) => result))).toEqual(['warm', 'warm', 'warm', 'warm']);
    expect(pulls.map(({ client }) => client.got).join('')).toBe(text);
    expect(store.opened.filter((purpose) => purpose === 'check')).toHaveLength(1);
  });

  test.each([
    ['a fresh one that landed while the check waited', false],
    ['unless it has changed since', true],
  ])('what is sent of a part is the file that was found right, %s', async (_, changes) => {
    cached(bad(15), false);
    const flights = always();
    const reading = await flights.open(request());
    store.put(DIGEST, Buffer.from(blob)); // the damaged file went into quarantine, and a fresh one landed
    store.vouch = () => {
      if (changes) store.changed.add(DIGEST);
    };
    const client = new Client();
    const copied = reading.copyTo(client, { start: 10, end: 29 }, new AbortController().signal);
    if (changes) await serveUpstream();
    await copied.finally(() => reading.close());
    expect(client.got).toBe(text.slice(10, 30));
    expect(upstream.wires).toHaveLength(changes ? 1 : 0);
    expect(store.opened.filter((purpose) => purpose === 'check')).toHaveLength(1); // a miss goes past the cache
  });

  test('a part alone never vouches for the whole: it is hashed to its end', async () => {
    cached(bad(99));
    store.changed.clear();
    const { result } = pull(always(), { start: 0, end: 9 });
    await serveUpstream();
    await result;
    expect(store.vouched).toEqual([]);
    expect(store.quarantined).toEqual([DIGEST]);
  });

  test.each([
    ['damage', whole, 0],
    ['damage in a small one', whole, 100],
    ['a disk that fails', whole, 0],
  ])(
    '%s that a slow reader meets takes no fresh copy away that has landed meanwhile',
    async (what, range, heldBytes) => {
      cached(bad(50), false);
      const fresh = (): void => {
        if (store.quarantined.length === 0 && store.opened.length === 1) cached(Buffer.from(blob), false);
      };
      store.faults.read = (offset) => {
        if (offset >= 40 || heldBytes > 0) fresh();
        return offset >= 40 && what === 'a disk that fails' ? full() : undefined;
      };
      const { result } = pull(always({ sizes: { ...sizes, heldBytes } }), range);
      await serveUpstream().catch(() => undefined);
      await result;
      store.faults = {};
      expect(store.quarantined).toEqual([]);
      expect(await store.stat(DIGEST)).toBe(100);
    },
  );

  test('a check that meets damage takes no fresh copy away that has landed meanwhile', async () => {
    cached(bad(50));
    store.faults.read = () => cached(Buffer.from(blob), false);
    const { result } = pull(flightsOn());
    await serveUpstream();
    expect(await result).toBe('cold');
    expect(damage).toHaveLength(1);
    expect(store.quarantined).toEqual([]);
  });

  test('who leaves in the middle is not waited for, and vouches for nothing', async () => {
    cached(blob, false);
    const client = new Client();
    client.slow = true;
    const { abort, result } = pull(always(), whole, client);
    await settle();
    abort.abort();
    expect(await result).toBe('warm');
    expect([store.vouched, store.quarantined, damage]).toEqual([[], [], []]);
  });

  test('a small blob is hashed before it is sent, out of memory: nobody meets a bad one', async () => {
    const flights = always({ sizes: { ...sizes, heldBytes: 100 } });
    cached(blob, false);
    const well = pull(flights, { start: 10, end: 19 });
    expect(await well.result).toBe('warm');
    expect(well.client.got).toBe(text.slice(10, 20));
    cached(bad(60), false);
    const { client, result } = pull(flights);
    await serveUpstream();
    expect(await result).toBe('cold');
    expect(client.got).toBe(text);
    expect(store.quarantined).toEqual([DIGEST]);
    expect(damage).toHaveLength(1);
  });

  test('small ones are held up to a bound: above it they are sent while they are hashed, until others are closed', async () => {
    const flights = always({ sizes: { ...sizes, heldBytes: 100, allHeldBytes: 250 } });
    cached(blob, false);
    const held = [await flights.open(request()), await flights.open(request())];
    cached(bad(99), false);
    const { client, result } = pull(flights);
    expect(await result).toBe('integrity.digest');
    expect(client.got).toBe(text.slice(0, 90));
    for (const reading of [...held, held[0]!]) await reading.close();
    for (const free of [true, true, false]) {
      cached(bad(99), false);
      const reading = flights.open(request());
      if (free) await serveUpstream();
      expect((await reading).warm).toBe(!free);
      if (!free) break;
      await (await reading).close();
      await settle();
      cached(blob, false);
      held.push(await flights.open(request()));
    }
    expect(damage).toHaveLength(3);
  });

  test('a small one that cannot be read is fetched', async () => {
    cached(blob, false);
    store.faults.read = full;
    const { result } = pull(always({ sizes: { ...sizes, heldBytes: 100 } }));
    await settle();
    store.faults = {};
    await serveUpstream();
    expect(await result).toBe('cold');
  });

  test('a hash that is lost in the middle breaks the answer off: no response completes unverified', async () => {
    cached(blob, false);
    const hashing = new HandHashing();
    hashing.dieAfter = 5;
    const { client, result } = pull(always({ hashing }));
    expect(await result).toBe('internal');
    expect(client.got.length).toBeLessThanOrEqual(90);
    expect([store.quarantined, damage]).toEqual([[], []]);
  });

  test('a disk that fails in the middle breaks the answer off too', async () => {
    cached(blob, false);
    store.faults.read = (offset) => (offset >= 40 ? full() : undefined);
    const { client, result } = pull(always());
    expect(await result).toBe('cache.failed');
    expect(client.got.length).toBeLessThanOrEqual(40);
  });

  test('a blob that is in the cache already when it was damaged serves nobody who waits for its fetch', async () => {
    cached(bad(1), false);
    const flights = always();
    const pulls = [pull(flights, { start: 0, end: 9 }), pull(flights, { start: 90, end: 99 })];
    await serveUpstream();
    for (const { result } of pulls) expect(await result).toBe('warm');
    expect(pulls.map(({ client }) => client.got)).toEqual([text.slice(0, 10), text.slice(90)]);
    expect(upstream.wires).toHaveLength(1);
    expect(damage).toHaveLength(1);
  });
});

describe('damage that cannot be put aside', () => {
  const part = { start: 10, end: 29 };
  beforeEach(() => {
    store.quarantine = full;
  });

  test.each([
    ['a part', 'always', part, 0],
    ['a small one', 'always', whole, 100],
    ['a file that has changed', 'changed', whole, 0],
  ] as const)(
    'of %s is told once; all who ask get a fresh copy, cached or not',
    async (_, verifyReads, range, heldBytes) => {
      cached(bad(15), verifyReads === 'changed');
      store.faults.create = full;
      const flights = flightsOn({ verifyReads, sizes: { ...sizes, heldBytes } });
      for (let pulls = 1; pulls <= 3; pulls++) {
        const { client, result } = pull(flights, range);
        await serveUpstream();
        expect(await result).not.toMatch(/\./);
        expect(client.got).toBe(text.slice(range.start, range.end + 1));
        expect(upstream.wires).toHaveLength(pulls);
      }
      expect(damage).toHaveLength(1);
      expect(warnings).toContain('a damaged blob could not be put aside');
    },
  );

  test('breaks off one whole answer, and no other; a fresh copy that lands ends it', async () => {
    cached(bad(50), false);
    const flights = flightsOn({ verifyReads: 'always' });
    expect(await pull(flights).result).toBe('integrity.digest');
    const next = pull(flights);
    await serveUpstream();
    expect([await next.result, next.client.got]).toEqual(['cold', text]);
    await settle();
    expect(await pull(flights).result).toBe('warm');
    expect(damage).toHaveLength(1);
  });

  test('of bad sectors is no reason to read them again', async () => {
    cached(blob, false);
    store.faults = { read: full, create: full };
    const flights = flightsOn();
    for (const warm of ['warm', 'cold']) {
      const { client, result } = pull(flights);
      await serveUpstream();
      expect([await result, client.got]).toEqual([warm, text]);
    }
  });
});

test('a fetch whose hash is lost ends well: the file is hashed again before anybody gets its end', async () => {
  const hashing = new HandHashing();
  hashing.dieAfter = 2;
  const flights = flightsOn({ hashing });
  const { client, result } = pull(flights);
  await serveUpstream();
  expect(await result).toBe('cold');
  expect(client.got).toBe(text);
  await settle();
  expect(await store.stat(DIGEST)).toBe(100);
  const worse = new BlobFlights({ store: new MemoryBlobStore(), now: () => 0, sizes, hashing });
  hashing.dieAfter = 2;
  const lied = pull(worse);
  await settle();
  await (await upstream.wire.send(bad(60))).end();
  expect(await lied.result).toBe('integrity.digest');
  expect(lied.client.got.length).toBeLessThanOrEqual(90);
});

test('a fetch that gets no hash, or no memory for it, leaves no temporary blob behind', async () => {
  const none = (): never => {
    throw new TufgateError('internal', 'no memory');
  };
  for (const over of [{ begin: none }, { memory: none }]) {
    const large = { digest: DIGEST, size: 64 * 1024 ** 2, fetch: upstream.fetch };
    const flights = flightsOn({ hashing: { ...inlineHashing, ...over }, sizes: { ...sizes, spoolBytes: 1024 ** 2 } });
    expect(await flights.open(large).catch(codeOf)).toBe('internal');
    await settle();
    expect(store.openWriters).toBe(0);
  }
});

test('the share of a blob that is worth finishing is the one that is configured', async () => {
  for (const [finishDownloads, finished] of [
    [0.5, false],
    [0.2, true],
  ] as const) {
    const flights = flightsOn({ finishDownloads, hashing: inlineHashing });
    const { abort, result } = pull(flights);
    await settle();
    await upstream.wire.send(blob.subarray(0, 30));
    abort.abort();
    await result;
    await settle();
    expect(upstream.wire.body.destroyed).toBe(!finished);
    await flights.close();
  }
});

test('who drops a hashed read again and again takes no more shared memory than one', async () => {
  const lent: number[] = [];
  const bytes = 256 * 1024;
  const large = Buffer.alloc(3 * bytes, 'large');
  store.put(digestOf(large), large);
  const hashing: Hashing = { ...inlineHashing, memory: (size) => (lent.push(size), Buffer.alloc(size)) };
  const flights = flightsOn({ hashing, verifyReads: 'always', sizes: { ...sizes, spoolBytes: bytes } });
  for (let i = 0; i < 5; i++) {
    const client = new Client();
    client.slow = true;
    const abort = new AbortController();
    const reading = await flights.open({ digest: digestOf(large), size: large.length, fetch: upstream.fetch });
    const copied = reading.copyTo(client, { start: 0, end: large.length - 1 }, abort.signal);
    await settle();
    abort.abort();
    await copied;
    await client.take();
    await client.take();
    await reading.close();
  }
  expect(lent).toEqual([bytes, bytes]);
});
