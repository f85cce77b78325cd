import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { blob, Client, digestOf, full, pieces, settle, sizes, text, Upstream } from '../../../test/blob-world.ts';
import { bodyOf } from '../../../test/readable-body.ts';
import type { BlobReader, BlobStore } from '../../cache/blob-store.ts';
import { openFsBlobStore } from '../../cache/fs/fs-blob-store.ts';
import { codeOf, TufgateError } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { MemoryBlobStore } from '../../simulator/memory-blob-store.ts';
import {
  BlobFlights,
  type BlobFlightsOptions,
  type BlobReading,
  type ByteRange,
  type IntegrityEvent,
} from './flights.ts';

let upstream: Upstream;
let store: MemoryBlobStore;
let events: IntegrityEvent[];
let now: number;

beforeEach(() => {
  upstream = new Upstream();
  store = new MemoryBlobStore();
  events = [];
  now = 0;
});

/** `now` moves at every look, so that nothing waits for a full buffer. */
function flightsOn(over: Partial<BlobFlightsOptions> = {}): BlobFlights {
  const tick = (): number => (now += 200);
  const onIntegrity = (event: IntegrityEvent): void => void events.push(event);
  return new BlobFlights({ store, now: tick, delay: () => Promise.resolve(), onIntegrity, sizes, ...over });
}

const request = (over = {}) => ({ digest: digestOf(blob), size: blob.length, fetch: upstream.fetch, ...over });
const whole = { start: 0, end: blob.length - 1 };
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'ok',
    (error: unknown) => codeOf(error),
  );

interface Pull {
  readonly client: Client;
  readonly abort: AbortController;
  readonly result: Promise<string>;
}

/** What the server does: open, copy, close. */
function pull(flights: BlobFlights, range = whole, client = new Client(), over = {}): Pull {
  const abort = new AbortController();
  const run = async (): Promise<void> => {
    const reading = await flights.open(request(over), abort.signal);
    await reading.copyTo(client, range, abort.signal).finally(() => reading.close());
  };
  return { client, abort, result: outcome(run()) };
}

async function kept(): Promise<boolean> {
  await settle();
  return (await store.stat(digestOf(blob))) !== undefined;
}

describe('a cold pull', () => {
  test('streams while it is fetched, without the tail, which goes out with the verdict; then it is cached', async () => {
    const { client, result } = pull(flightsOn());
    await settle();
    await upstream.wire.send(blob.subarray(0, 40));
    expect(client.got).toBe(text.slice(0, 40));
    await upstream.wire.send(blob.subarray(40));
    expect(client.got).toBe(text.slice(0, 90));
    await upstream.wire.end();
    expect(await result).toBe('ok');
    expect(client.got).toBe(text);
    expect(await kept()).toBe(true);
    expect(store.openWriters).toBe(0);
  });

  test('does not wait for a second byte to pass on the first, with a file or without one', async () => {
    for (const create of [undefined, full]) {
      if (create !== undefined) store.faults.create = create;
      const { client, result } = pull(flightsOn({ now: () => 0, sizes: { ...sizes, spoolBytes: 50 } }));
      await settle();
      await upstream.wire.send(blob.subarray(0, 11));
      expect(client.got.length).toBeGreaterThan(0);
      await (await upstream.wire.send(blob.subarray(11))).end();
      expect(await result).toBe('ok');
    }
  });

  test('is the last one: the next is warm and does not touch the upstream', async () => {
    const flights = flightsOn();
    const { result } = pull(flights);
    await settle();
    await (await upstream.wire.send(blob)).end();
    await result;
    const reading = await flights.open(request());
    expect(reading.warm).toBe(true);
    await reading.close();
    const again = pull(flights, { start: 10, end: 19 });
    expect(await again.result).toBe('ok');
    expect(again.client.got).toBe(text.slice(10, 20));
    expect(upstream.wires).toHaveLength(1);
  });

  test('of a zero-byte blob is verified too', async () => {
    const empty = { digest: digestOf(Buffer.of()), size: 0 };
    const { result, client } = pull(flightsOn(), { start: 0, end: -1 }, new Client(), empty);
    await settle();
    await upstream.wire.end();
    expect(await result).toBe('ok');
    expect(client.got).toBe('');
    const lied = pull(flightsOn(), { start: 0, end: -1 }, new Client(), { ...empty, digest: digestOf(blob) });
    await settle();
    await upstream.wire.end();
    expect(await lied.result).toBe('integrity.digest');
  });

  test('nobody waits for the disk after the verdict, and who comes meanwhile reads the same file', async () => {
    let synced = (): void => undefined;
    store.faults.commit = () => new Promise((resolve) => (synced = resolve));
    const flights = flightsOn();
    const first = pull(flights);
    await settle();
    await (await upstream.wire.send(blob)).end();
    expect(await first.result).toBe('ok');
    expect(await kept()).toBe(false);
    const second = pull(flights);
    expect(await second.result).toBe('ok');
    expect(second.client.got).toBe(text);
    synced();
    expect(await kept()).toBe(true);
    expect(upstream.wires).toHaveLength(1);
  });

  test('resolves `open` only when a byte can be sent, so that a refusal is still a status', async () => {
    upstream.refuse = () => new TufgateError('upstream.not-found', 'gone');
    expect(await outcome(flightsOn().open(request()))).toBe('upstream.not-found');
    upstream.refuse = undefined;
    const small = Buffer.from('tiny');
    const opened = outcome(flightsOn().open(request({ digest: digestOf(small), size: 4 })));
    await settle();
    await (await upstream.wire.send(Buffer.from('tinY'))).end();
    expect(await opened).toBe('integrity.digest');
  });
});

describe('an upstream that lies', () => {
  const flip = (at: number): Buffer => {
    const copy = Buffer.from(blob);
    copy[at]! ^= 1;
    return copy;
  };

  test.each([
    ['its first byte', 0],
    ['a byte in the middle', 50],
    ['the last byte before the tail', 89],
    ['the first byte of the tail', 90],
    ['the last byte', 99],
  ])('about %s: no response completes, nothing is kept', async (_, at) => {
    const { client, result } = pull(flightsOn());
    await settle();
    await (await upstream.wire.send(flip(at))).end();
    expect(await result).toBe('integrity.digest');
    expect(client.got.length).toBeLessThanOrEqual(90);
    expect(await kept()).toBe(false);
    expect(store.openWriters).toBe(0);
    expect(events.map(({ reason, digest }) => [reason, digest])).toEqual([['integrity.digest', digestOf(blob)]]);
  });

  test.each([
    ['in the same piece', [Buffer.concat([blob, Buffer.from('x')])]],
    ['after the last byte', [blob, Buffer.from('x')]],
  ])('with a byte too many, %s: refused at once', async (_, sent) => {
    const { client, result } = pull(flightsOn());
    await settle();
    for (const piece of sent) await upstream.wire.send(piece);
    expect(await result).toBe('integrity.length');
    expect(client.got.length).toBeLessThanOrEqual(90);
    expect(upstream.wire.body.destroyed).toBe(true);
    expect(await kept()).toBe(false);
  });

  test('with a Content-Length too large: refused before its body is read', async () => {
    const fetch = async (offset: number) => ({ ...(await upstream.fetch(offset)), length: 101 });
    expect(await outcome(flightsOn().open(request({ fetch })))).toBe('integrity.length');
    expect(upstream.wire.body.destroyed).toBe(true);
  });

  test('with a byte too few, again and again: resumed five times, then integrity.length', async () => {
    const { result } = pull(flightsOn());
    await settle();
    await (await upstream.wire.send(blob.subarray(0, 99))).end();
    for (let i = 0; i < 5; i += 1) await upstream.wire.end();
    expect(await result).toBe('integrity.length');
    expect(upstream.offsets).toEqual([0, 99, 99, 99, 99, 99]);
    expect(await kept()).toBe(false);
  });

  test('is asked again only after some seconds, whoever resumes meanwhile', async () => {
    let clock = 1_000;
    const flights = flightsOn({ now: () => clock, rememberBadMs: 30_000 });
    const { result } = pull(flights);
    await settle();
    await (await upstream.wire.send(flip(99))).end();
    expect(await result).toBe('integrity.digest');
    clock += 29_999;
    expect(await outcome(flights.open(request()))).toBe('integrity.digest');
    expect(upstream.wires).toHaveLength(1);
    clock += 1;
    const again = pull(flights);
    await settle();
    await (await upstream.wire.send(blob)).end();
    expect(await again.result).toBe('ok');
    expect(events).toHaveLength(1);
  });

  test('is asked again at once when the clock was set back meanwhile', async () => {
    let clock = 365 * 86_400_000;
    const flights = flightsOn({ now: () => clock, rememberBadMs: 30_000 });
    const { result } = pull(flights);
    await settle();
    await (await upstream.wire.send(flip(99))).end();
    expect(await result).toBe('integrity.digest');
    clock = 0;
    const again = pull(flights);
    await settle();
    await (await upstream.wire.send(blob)).end();
    expect(await again.result).toBe('ok');
  });

  test('fails all who follow, but not those who name another origin', async () => {
    const flights = flightsOn();
    const honest = new Upstream();
    const first = pull(flights, whole, new Client(), { origin: 'a' });
    const same = pull(flights, whole, new Client(), { origin: 'a' });
    await settle();
    const other = pull(flights, whole, new Client(), { origin: 'b', fetch: honest.fetch });
    await settle();
    upstream.wire.body.push(Buffer.alloc(101));
    expect(await first.result).toBe('integrity.length');
    expect(await same.result).toBe('integrity.length');
    await settle();
    await (await honest.wire.send(blob)).end();
    expect(await other.result).toBe('ok');
    expect(other.client.got).toBe(text);
  });

  test('chunking never changes the verdict', async () => {
    const cases = fc.record({
      at: fc.option(fc.nat({ max: 99 })),
      cuts: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 30 }),
      spoolBytes: fc.integer({ min: 1, max: 120 }),
      tailBytes: fc.integer({ min: 1, max: 120 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ at, cuts, spoolBytes, tailBytes }) => {
        store = new MemoryBlobStore();
        const sent = at === null ? blob : flip(at);
        const list: Buffer[] = [];
        for (let i = 0, from = 0; from < 100; i += 1) {
          const to = from + cuts[i % cuts.length]!;
          list.push(sent.subarray(from, to));
          from = to;
        }
        const fetch = () => Promise.resolve({ body: bodyOf(Readable.from(list)) });
        const flights = flightsOn({ sizes: { ...sizes, spoolBytes, tailBytes } });
        const { client, result } = pull(flights, whole, new Client(), { fetch });
        expect(await result).toBe(at === null ? 'ok' : 'integrity.digest');
        if (at === null) expect(client.got).toBe(text);
        else expect(client.got.length).toBeLessThanOrEqual(Math.max(0, 100 - tailBytes));
        await flights.close();
        expect(await store.stat(digestOf(blob))).toBe(at === null ? 100 : undefined);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a broken upstream connection', () => {
  test('is resumed where it broke, and the client notices nothing', async () => {
    const { client, result } = pull(flightsOn());
    await settle();
    await upstream.wire.send(blob.subarray(0, 33));
    await upstream.wire.cut();
    await upstream.wire.send(blob.subarray(33, 71));
    await upstream.wire.cut();
    await (await upstream.wire.send(blob.subarray(71))).end();
    expect(await result).toBe('ok');
    expect(client.got).toBe(text);
    expect(upstream.offsets).toEqual([0, 33, 71]);
  });

  test('that goes on with other bytes fails the hash', async () => {
    const { client, result } = pull(flightsOn());
    await settle();
    await upstream.wire.send(blob.subarray(0, 33));
    await upstream.wire.cut();
    await (await upstream.wire.send(Buffer.alloc(67, 'x'))).end();
    expect(await result).toBe('integrity.digest');
    expect(client.got.length).toBeLessThanOrEqual(90);
    expect(await kept()).toBe(false);
  });

  test('is given up after five tries, and is not held against the blob', async () => {
    const flights = flightsOn();
    const { result } = pull(flights);
    await settle();
    await upstream.wire.send(blob.subarray(0, 33));
    for (let i = 0; i < 6; i += 1) await upstream.wire.cut();
    expect(await result).toBe('upstream.unreachable');
    expect(upstream.wires).toHaveLength(6);
    expect(events).toEqual([]);
    const again = pull(flights);
    await settle();
    await (await upstream.wire.send(blob)).end();
    expect(await again.result).toBe('ok');
  });

  describe('is left alone before each try', () => {
    let waits: number[];
    const delay = (ms: number): Promise<void> => {
      waits.push(ms);
      return Promise.resolve();
    };
    beforeEach(() => (waits = []));

    test('for a time that doubles and that half is chance', async () => {
      for (const chance of [0, 0.999_999]) {
        const { result } = pull(flightsOn({ delay, random: () => chance }));
        await settle();
        for (let i = 0; i < 6; i += 1) await upstream.wire.cut();
        expect(await result).toBe('upstream.unreachable');
      }
      expect(waits).toEqual([100, 200, 400, 800, 1_600, 200, 400, 800, 1_600, 3_200]);
    });

    test.each(['upstream.rate-limited', 'upstream.unreachable'] as const)('for as long as %s says', async (code) => {
      const { client, result } = pull(flightsOn({ delay, random: () => 0 }));
      await settle();
      await upstream.wire.send(blob.subarray(0, 33));
      const refusals = [new TufgateError(code, 'not now', { detail: { retryAfter: 30 } })];
      upstream.refuse = () => refusals.pop();
      await upstream.wire.cut();
      await (await upstream.wire.send(blob.subarray(33))).end();
      expect(await result).toBe('ok');
      expect(client.got).toBe(text);
      expect(waits).toEqual([100, 30_200]);
    });

    test('but no longer than clients wait: then it ends at once, with what the upstream said', async () => {
      const { result } = pull(flightsOn({ delay }));
      await settle();
      await upstream.wire.send(blob.subarray(0, 33));
      upstream.refuse = () => new TufgateError('upstream.rate-limited', 'later', { detail: { retryAfter: 31 } });
      await upstream.wire.cut();
      expect(await result).toBe('upstream.rate-limited');
      expect(waits).toHaveLength(1);
    });
  });

  test('to an upstream that cannot resume starts over, skips what is known, and never hashes twice', async () => {
    upstream.refuse = (offset) => (offset > 0 ? new TufgateError('upstream.protocol', 'no ranges') : undefined);
    const { client, result } = pull(flightsOn());
    await settle();
    await upstream.wire.send(blob.subarray(0, 33));
    await upstream.wire.cut();
    await upstream.wire.send(blob.subarray(0, 20));
    await (await upstream.wire.send(blob.subarray(20))).end();
    expect(await result).toBe('ok');
    expect(client.got).toBe(text);
    expect(upstream.offsets).toEqual([0, 0]);
  });

  test('that drips a byte a second is broken off and resumed, and given up when it goes on so', async () => {
    let clock = 0;
    const { client, result } = pull(flightsOn({ now: () => clock, sizes: { ...sizes, spoolBytes: 1 } }));
    const other = new Upstream();
    const drip = async (bytes: Buffer): Promise<void> => {
      for (const byte of bytes) {
        clock += 1_000;
        await upstream.wire.send(Buffer.of(byte));
      }
    };
    await settle();
    await drip(blob.subarray(0, 60));
    expect(client.got).toBe(text.slice(0, 59));
    expect(upstream.offsets).toEqual([0, 59]);
    const small = Buffer.from('another blob, meanwhile');
    const over = { digest: digestOf(small), size: small.length, fetch: other.fetch };
    const meanwhile = pull(flightsOn(), { start: 0, end: small.length - 1 }, new Client(), over);
    await settle();
    await (await other.wire.send(small)).end();
    expect(await meanwhile.result).toBe('ok');
    // Each connection now brings a byte in a quarter of a minute; the one that makes the minute full is not taken.
    for (let n = 0; n < 5; n += 1) {
      expect(client.got).toHaveLength(59 + n * 3);
      for (let byte = 0; byte < 4; byte += 1) {
        clock += 15_000;
        await upstream.wire.send(blob.subarray(59 + n * 3 + byte, 60 + n * 3 + byte));
      }
    }
    expect(await result).toBe('upstream.unreachable');
    expect(upstream.offsets).toEqual([0, 59, 62, 65, 68, 71]);
  });

  test('to an upstream whose blob has another size now ends it at once', async () => {
    for (const total of [99, 101]) {
      const fetch = async (offset: number) => ({
        ...(await upstream.fetch(offset)),
        ...(offset > 0 && { length: total - offset > 67 ? 67 : total - offset, total }),
      });
      const { result } = pull(flightsOn(), whole, new Client(), { fetch, origin: String(total) });
      await settle();
      await upstream.wire.send(blob.subarray(0, 33));
      await upstream.wire.cut();
      expect(await result).toBe('integrity.length');
      expect(upstream.wire.body.destroyed).toBe(true);
    }
  });

  test('ends at once when the upstream now refuses', async () => {
    const { result } = pull(flightsOn());
    await settle();
    await upstream.wire.send(blob.subarray(0, 33));
    upstream.refuse = () => new TufgateError('upstream.unauthorized', 'no');
    await upstream.wire.cut();
    expect(await result).toBe('upstream.unauthorized');
  });
});

describe('many clients of one cold blob', () => {
  test('share one fetch; who comes late starts at byte 0 and ends with the rest', async () => {
    const flights = flightsOn();
    const early = [pull(flights), pull(flights)];
    await settle();
    await upstream.wire.send(blob.subarray(0, 60));
    const late = pull(flights);
    await settle();
    expect(late.client.got).toBe(text.slice(0, 60));
    await (await upstream.wire.send(blob.subarray(60))).end();
    for (const { client, result } of [...early, late]) {
      expect(await result).toBe('ok');
      expect(client.got).toBe(text);
    }
    expect(upstream.wires).toHaveLength(1);
  });

  test('of two origins never wait for each other, and what one has brought serves both', async () => {
    const flights = flightsOn();
    const other = new Upstream();
    const stalled = pull(flights, whole, new Client(), { origin: 'a' });
    await settle();
    await upstream.wire.send(blob.subarray(0, 50));
    const lively = pull(flights, whole, new Client(), { origin: 'b', fetch: other.fetch });
    await settle();
    await (await other.wire.send(blob)).end();
    expect(await lively.result).toBe('ok');
    expect(await kept()).toBe(true);
    const later = pull(flights, whole, new Client(), { origin: 'c' });
    expect(await later.result).toBe('ok');
    expect(upstream.wires).toHaveLength(1);
    await (await upstream.wire.send(blob.subarray(50))).end();
    expect(await stalled.result).toBe('ok');
    await settle();
    expect(store.usedBytes).toBe(100);
    expect(store.openWriters).toBe(0);
  });

  test('are not slowed by a slow one, and neither is the fetch', async () => {
    const flights = flightsOn();
    const snail = new Client();
    snail.slow = true;
    const slow = pull(flights, whole, snail);
    const fast = pull(flights);
    await settle();
    await (await upstream.wire.send(blob)).end();
    expect(await fast.result).toBe('ok');
    expect(await kept()).toBe(true);
    expect(snail.got).toBe('');
    expect(snail.writableLength).toBeLessThanOrEqual(2 * sizes.readBytes);
    for (let i = 0; i < 20; i += 1) await snail.take();
    expect(await slow.result).toBe('ok');
    expect(snail.got).toBe(text);
  });

  test('one of them vanishing ends its own copy, quietly, and nobody else’s', async () => {
    const flights = flightsOn();
    const [gone, aborted, stays] = [pull(flights), pull(flights), pull(flights)];
    await settle();
    await upstream.wire.send(blob.subarray(0, 30));
    gone.client.destroy();
    aborted.abort.abort();
    expect(await gone.result).toBe('ok');
    expect(await aborted.result).toBe('ok');
    await (await upstream.wire.send(blob.subarray(30))).end();
    expect(await stays.result).toBe('ok');
    expect(stays.client.got).toBe(text);
  });

  test('all leaving early ends the fetch, and the next one starts afresh', async () => {
    const flights = flightsOn({ sizes: { ...sizes, tailBytes: 91 } });
    const first = pull(flights);
    await settle();
    await upstream.wire.send(blob.subarray(0, 10));
    first.abort.abort();
    await first.result;
    await settle();
    expect(upstream.wire.body.destroyed).toBe(true);
    expect(store.openWriters).toBe(0);
    expect(events).toEqual([]);
    const next = pull(flights);
    await settle();
    await (await upstream.wire.send(blob)).end();
    expect(await next.result).toBe('ok');
    expect(upstream.offsets).toEqual([0, 0]);
  });

  test.each([
    ['more than a tenth is here', sizes, 11],
    ['the blob is small', { ...sizes, smallBytes: 100 }, 1],
  ])('all leaving does not end it when %s', async (_, tuned, received) => {
    const first = pull(flightsOn({ sizes: tuned }));
    await settle();
    await upstream.wire.send(blob.subarray(0, received));
    first.abort.abort();
    await first.result;
    await (await upstream.wire.send(blob.subarray(received))).end();
    expect(await kept()).toBe(true);
  });

  test('a client that leaves while it waits for the first byte is not waited for', async () => {
    const first = pull(flightsOn());
    await settle();
    first.abort.abort();
    expect(await first.result).not.toBe('ok');
    expect(upstream.wire.body.destroyed).toBe(true);
  });

  test('are never fetched for twice, however the look-ups and the landing fall', async () => {
    const opens: (() => void)[] = [];
    class Slow extends MemoryBlobStore {
      override async open(digest: Digest): Promise<BlobReader | undefined> {
        const answer = await super.open(digest);
        await new Promise<void>((resolve) => opens.push(resolve));
        return answer;
      }
    }
    store = new Slow();
    const flights = flightsOn();
    const first = pull(flights);
    await settle();
    const second = pull(flights);
    await settle();
    opens[0]!();
    await settle();
    await (await upstream.wire.send(blob)).end();
    expect(await first.result).toBe('ok');
    expect(await kept()).toBe(true);
    opens[1]!();
    await settle();
    opens[2]!();
    expect(await second.result).toBe('ok');
    expect(second.client.got).toBe(text);
    expect(upstream.wires).toHaveLength(1);
  });
});

describe('a range of a cold blob', () => {
  test.each([
    ['at the start', { start: 0, end: 29 }, 20],
    ['shorter than the tail', { start: 40, end: 44 }, 0],
    ['at the very end', { start: 80, end: 99 }, 10],
    ['of the last byte', { start: 99, end: 99 }, 0],
  ])('%s holds its own last bytes back until the whole blob is verified', async (_, range, early) => {
    const { client, result } = pull(flightsOn(), range);
    await settle();
    await upstream.wire.send(blob);
    expect(client.got).toBe(text.slice(range.start, range.start + early));
    await upstream.wire.end();
    expect(await result).toBe('ok');
    expect(client.got).toBe(text.slice(range.start, range.end + 1));
  });

  test('fails when the blob turns out bad far behind the range', async () => {
    const bad = Buffer.from(blob);
    bad[99]! ^= 1;
    const { client, result } = pull(flightsOn(), { start: 0, end: 9 });
    await settle();
    await (await upstream.wire.send(bad)).end();
    expect(await result).toBe('integrity.digest');
    expect(client.got).toBe('');
  });
});

describe('a disk that fails', () => {
  const expectDirect = async (flights: BlobFlights, range = whole): Promise<void> => {
    const { client, result } = pull(flights, range);
    await settle();
    await upstream.wire.send(blob);
    expect(client.got.length).toBeLessThanOrEqual(range.end + 1 - range.start - 10);
    await upstream.wire.end();
    expect(await result).toBe('ok');
    expect(client.got).toBe(text.slice(range.start, range.end + 1));
    expect(await kept()).toBe(false);
  };

  test('at the start costs the cache, not the pull, and not the verification', async () => {
    store.faults.create = full;
    await expectDirect(flightsOn());
    await expectDirect(flightsOn(), { start: 20, end: 59 });
    const flights = flightsOn();
    const lied = pull(flights);
    await settle();
    await (await upstream.wire.send(Buffer.alloc(100, 'x'))).end();
    expect(await lied.result).toBe('integrity.digest');
    expect(lied.client.got.length).toBeLessThanOrEqual(90);
    expect(await outcome(flights.open(request()))).toBe('integrity.digest');
    expect(events).toHaveLength(1);
  });

  test('and a blob larger than the cache pass verified and uncached', async () => {
    store = new MemoryBlobStore({ maxBytes: 99, lowWaterBytes: 50 });
    await expectDirect(flightsOn());
  });

  test('a range that meets bad bytes elsewhere fails there too', async () => {
    store.faults.create = full;
    const bad = Buffer.from(blob);
    bad[99]! ^= 1;
    const { client, result } = pull(flightsOn(), { start: 0, end: 4 });
    await settle();
    await (await upstream.wire.send(bad)).end();
    expect(await result).toBe('integrity.digest');
    expect(client.got).toBe('');
  });

  test.each([8, 40, 96])('full at byte %i: each reader goes on alone from there, nothing is sent twice', async (at) => {
    store.faults.write = (offset) => (offset >= at ? full() : undefined);
    const flights = flightsOn();
    const readers = [pull(flights), pull(flights, { start: 5, end: 44 })];
    await settle();
    for (let from = 0; from < 100 && upstream.wires.length === 1; from += 8) {
      await upstream.wires[0]!.send(blob.subarray(from, from + 8));
    }
    await upstream.wires[0]!.end();
    await settle();
    expect(upstream.offsets).toEqual([0, at, at]);
    expect(upstream.wires[0]!.body.destroyed).toBe(true);
    for (const wire of upstream.wires.slice(1)) await (await wire.send(blob.subarray(at))).end();
    expect(await readers[0]!.result).toBe('ok');
    expect(await readers[1]!.result).toBe('ok');
    expect(readers[0]!.client.got).toBe(text);
    expect(readers[1]!.client.got).toBe(text.slice(5, 45));
    expect(await kept()).toBe(false);
    expect(store.openWriters).toBe(0);
  });

  test('going on alone, the whole blob is hashed: what was sent from the file, and what comes after', async () => {
    store.faults.write = (offset) => (offset >= 40 ? full() : undefined);
    const { client, result } = pull(flightsOn());
    await settle();
    for (let from = 0; from < 56; from += 8) await upstream.wires[0]!.send(Buffer.alloc(8, 'x'));
    expect(client.got).toBe('x'.repeat(40));
    await (await upstream.wire.send(blob.subarray(40))).end();
    expect(await result).toBe('integrity.digest');
    expect(client.got.length).toBeLessThanOrEqual(90);
  });

  test('that cannot read back: from the upstream when nothing was sent yet, else broken off', async () => {
    const flights = flightsOn();
    store.put(digestOf(blob), blob);
    store.faults.read = full;
    const early = pull(flights);
    await settle();
    await (await upstream.wire.send(blob)).end();
    expect(await early.result).toBe('ok');
    expect(early.client.got).toBe(text);
    expect(await kept()).toBe(false);
    store.put(digestOf(blob), blob);
    store.faults.read = (offset) => (offset >= 16 ? full() : undefined);
    expect(await pull(flights).result).toBe('cache.failed');
    expect(await kept()).toBe(false);
  });

  test('at commit costs the cache only', async () => {
    store.faults.commit = full;
    const { client, result } = pull(flightsOn());
    await settle();
    await (await upstream.wire.send(blob)).end();
    expect(await result).toBe('ok');
    expect(client.got).toBe(text);
    expect(await kept()).toBe(false);
  });
});

test('a cached blob of another size than the signed one is a miss, and the verified one takes its place', async () => {
  store.put(digestOf(blob), blob.subarray(0, 50));
  const { client, result } = pull(flightsOn());
  await settle();
  await (await upstream.wire.send(blob)).end();
  expect(await result).toBe('ok');
  expect(client.got).toBe(text);
  await settle();
  expect(await store.stat(digestOf(blob))).toBe(100);
});

test('a manifest that gives a digest a wrong size neither joins nor breaks the right one', async () => {
  const flights = flightsOn();
  const right = pull(flights);
  await settle();
  const wrong = pull(flights, { start: 0, end: 49 }, new Client(), { size: 50 });
  await settle();
  expect(upstream.wires).toHaveLength(2);
  await upstream.wires[1]!.send(blob);
  expect(await wrong.result).toBe('integrity.length');
  await (await upstream.wires[0]!.send(blob)).end();
  expect(await right.result).toBe('ok');
});

test('closing breaks off what is under way, waits for it, and takes nothing new', async () => {
  const flights = flightsOn();
  const { result } = pull(flights);
  await settle();
  await upstream.wire.send(blob.subarray(0, 50));
  await flights.close();
  expect(await result).toBe('upstream.unreachable');
  expect(store.openWriters).toBe(0);
  expect(await outcome(flights.open(request()))).toBe('upstream.unreachable');
});

test('ending a fetch breaks off all who follow it, with the reason, and nothing of it stays', async () => {
  const flights = flightsOn();
  const [first, second] = [pull(flights), pull(flights)];
  const other = new Upstream();
  const spared = Buffer.from('spared');
  const third = flights.open({ digest: digestOf(spared), size: spared.length, fetch: other.fetch });
  await settle();
  await upstream.wire.send(blob.subarray(0, 50));
  await flights.end(new Set([digestOf(blob)]), new TufgateError('trust.withdrawn', 'taken back'));
  expect(await Promise.all([first.result, second.result])).toEqual(['trust.withdrawn', 'trust.withdrawn']);
  expect(await kept()).toBe(false);
  await other.wire.send(spared);
  await other.wire.end();
  expect((await third).size).toBe(spared.length);
  // Whoever may have it is not kept from a fetch of his own.
  const again = pull(flights);
  await settle();
  await (await upstream.wire.send(blob)).end();
  expect(await again.result).toBe('ok');
});

test('one that is about to land is waited for, so that it can be deleted after', async () => {
  let synced = (): void => undefined;
  store.faults.commit = () => new Promise((resolve) => (synced = resolve));
  const flights = flightsOn();
  const { result } = pull(flights);
  await settle();
  await (await upstream.wire.send(blob)).end();
  expect(await result).toBe('ok');
  let ended = false;
  const ending = flights
    .end(new Set([digestOf(blob)]), new TufgateError('trust.withdrawn', 'x'))
    .then(() => (ended = true));
  await settle();
  expect(ended).toBe(false);
  synced();
  await ending;
  expect(await kept()).toBe(true);
});

test('a crash between the last byte and the commit leaves a temporary file, which is never served', async () => {
  const directory = join(await mkdtemp(join(tmpdir(), 'flights-')), 'cache');
  const open = () => openFsBlobStore({ directory, maxBytes: 1e6, lowWaterBytes: 1e6, now: () => now });
  const files = await open();
  let crashed = (): void => undefined;
  const crashing: BlobStore = Object.create(files, {
    create: {
      value: async (digest: Digest, size: number) => {
        const writer = (await files.create(digest, size))!;
        return Object.assign(Object.create(writer) as object, {
          write: (chunk: Buffer) => writer.write(chunk),
          reader: () => writer.reader(),
          commit: () => new Promise<void>(() => crashed()),
        });
      },
    },
    open: { value: (digest: Digest) => files.open(digest) },
  }) as BlobStore;
  const crash = new Promise<void>((resolve) => (crashed = resolve));
  const fetch = () => Promise.resolve({ body: bodyOf(Readable.from([blob])) });
  const before = pull(flightsOn({ store: crashing }), whole, new Client(), { fetch });
  expect(await before.result).toBe('ok');
  await crash;
  expect(await readdir(join(directory, 'v1/tmp'))).toHaveLength(1);
  const restarted = await open();
  expect(await readdir(join(directory, 'v1/tmp'))).toEqual([]);
  expect(await restarted.stat(digestOf(blob))).toBeUndefined();
  const flights = flightsOn({ store: restarted });
  const after = pull(flights, whole, new Client(), { fetch });
  expect(await after.result).toBe('ok');
  expect(after.client.got).toBe(text);
  await flights.close();
  expect(await restarted.stat(digestOf(blob))).toBe(100);
  await rm(join(directory, '..'), { recursive: true });
});

test('with real sizes, files and several readers, every byte arrives once and in order', async () => {
  const directory = join(await mkdtemp(join(tmpdir(), 'flights-')), 'cache');
  const files = await openFsBlobStore({ directory, maxBytes: 1e8, lowWaterBytes: 1e8, now: () => 1_000 });
  const large = Buffer.alloc(5_000_000);
  for (let i = 0; i < large.length; i += 4) large.writeUInt32LE(i, i);
  const fetch = () => Promise.resolve({ body: bodyOf(Readable.from(pieces(large, 65_537))) });
  const flights = flightsOn({ store: files, sizes: {}, now: () => 0 });
  const read = async (range: ByteRange): Promise<string> => {
    const hash = createHash('sha256');
    const reading = await flights.open(request({ digest: digestOf(large), size: large.length, fetch }));
    await reading.copyTo(
      new Writable({ write: (chunk: Buffer, _, done) => void setImmediate(done, void hash.update(chunk)) }),
      range,
      new AbortController().signal,
    );
    await reading.close();
    return hash.digest('hex');
  };
  const all = { start: 0, end: large.length - 1 };
  const part = { start: 1_000_001, end: 3_999_999 };
  const wanted = [large, large, large.subarray(part.start, part.end + 1)].map((bytes) => digestOf(bytes).slice(7));
  expect(await Promise.all([all, all, part].map(read))).toEqual(wanted);
  await flights.close();
  const warm = flightsOn({ store: files, sizes: {} });
  const reading = await warm.open(request({ digest: digestOf(large), size: large.length }));
  expect(reading.warm).toBe(true);
  await reading.close();
  await rm(join(directory, '..'), { recursive: true });
});

test('a client whose connection fails does not crash anything', async () => {
  const client = new Client();
  client._write = (_chunk, _encoding, done) => done(new Error('EPIPE'));
  store.put(digestOf(blob), blob);
  const reading: BlobReading = await flightsOn().open(request());
  const closed = once(client, 'close').catch(() => undefined);
  await reading.copyTo(client, whole, new AbortController().signal);
  await reading.close();
  await closed;
  expect(client.destroyed).toBe(true);
});
