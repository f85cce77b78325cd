import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { BlobWriter } from '../cache/blob-store.ts';
import { TufgateError } from '../errors.ts';
import { type Digest, parseDigest } from '../oci/digest.ts';
import { MemoryBlobStore } from '../simulator/memory-blob-store.ts';
import { BlobVerifier, TAIL_BYTES } from './blob-verifier.ts';
import type { RunningHash } from './hashing.ts';
import { inlineHashing } from './inline-hashing.ts';
import { Pace } from './pace.ts';
import { verifyBytes } from './verify-bytes.ts';
import { verifying } from './verifying.ts';
import { VerifyingSpool } from './verifying-spool.ts';

const digestOf = (bytes: Uint8Array): Digest =>
  parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
const hello = Buffer.from('hello, world');
const always = () => new Pace(() => 0, 0);
const never = () => new Pace(() => 0);

function thrown(work: () => unknown): TufgateError {
  try {
    work();
  } catch (error) {
    if (error instanceof TufgateError) return error;
  }
  throw new Error('nothing of ours was thrown');
}

describe('a mismatch', () => {
  test('of the length tells both lengths, and that more may have followed', () => {
    const digest = digestOf(hello);
    const short = thrown(() => verifyBytes(digest, 12, hello.subarray(1)));
    expect(short.detail).toEqual({ digest, expected: 12, received: 11 });
    expect(short.message).toContain('with 11 bytes. Nothing of it was kept. Pull again');
    expect(thrown(() => verifyBytes(digest, 11, hello)).message).toContain('with 12 bytes or more. Nothing');
  });

  test('of the digest tells both digests', () => {
    const other = Buffer.from('hello, World');
    const error = thrown(() => verifyBytes(digestOf(hello), 12, other));
    expect(error.detail).toEqual({ digest: digestOf(hello), actual: digestOf(other) });
  });
});

describe('the pace', () => {
  test('is due once its time is over, and again only after that', () => {
    let now = 5_000;
    const pace = new Pace(() => now);
    now = 5_099;
    expect(pace.due()).toBe(false);
    now = 5_100;
    expect([pace.due(), pace.due()]).toEqual([true, false]);
  });

  test('is due when the clock was set back: a slow blob must not wait until it has caught up', () => {
    let now = 5_000;
    const pace = new Pace(() => now);
    now = 1_000;
    expect(pace.due()).toBe(true);
  });
});

describe('the verifying stream', () => {
  async function blocksOf(pieces: readonly Buffer[], pace: Pace, tailBytes?: number): Promise<number[]> {
    const blob = Buffer.concat(pieces);
    const blocks: number[] = [];
    const options = { pace, ...(tailBytes === undefined ? {} : { tailBytes }) };
    for await (const block of verifying(upstream(pieces), new BlobVerifier(digestOf(blob), blob.length), options))
      blocks.push(block.length);
    return blocks;
  }

  test('yields blocks of 256 KiB and holds back as much', async () => {
    expect(TAIL_BYTES).toBe(262_144);
    expect(await blocksOf([Buffer.alloc(600_000)], never())).toEqual([262_144, 337_856]);
  });

  test('yields no empty block: not for an empty blob, not while only the tail is there', async () => {
    expect(await blocksOf([], always())).toEqual([]);
    expect(await blocksOf([Buffer.from('ab'), Buffer.from('cd')], always(), 2)).toEqual([2, 2]);
  });
});

describe('the verifying spool', () => {
  function spoolInto(writer: BlobWriter, blob: Buffer, pace = never()): VerifyingSpool {
    const options = {
      tailBytes: 1,
      buffers: [Buffer.alloc(4), Buffer.alloc(4)] as const,
      pace,
      onProgress: () => undefined,
    };
    return new VerifyingSpool(writer, { digest: digestOf(blob), size: blob.length }, options);
  }

  /** Writes what `log` says, one write at a time, each when it is let. */
  function recorder() {
    const log: string[] = [];
    const lets: (() => void)[] = [];
    const writer: BlobWriter = {
      write: (chunk) => {
        log.push(`write ${chunk.length}`);
        return new Promise((done) => lets.push(done));
      },
      reader: () => Promise.reject(new Error('nothing to read')),
      commit: () => Promise.resolve(void log.push('commit')),
      abort: () => Promise.resolve(void log.push('abort')),
    };
    return { log, lets, writer };
  }

  test('writes nothing for an empty blob', async () => {
    const { log, writer } = recorder();
    await spoolInto(writer, Buffer.of()).finish();
    expect(log).toEqual([]);
  });

  test('is aborted after the write under way has ended: nothing is written into what is gone', async () => {
    const { log, lets, writer } = recorder();
    const spool = spoolInto(writer, hello);
    (await spool.room()).set(hello.subarray(0, 4));
    spool.take(4);
    const aborted = spool.abort();
    await new Promise(setImmediate);
    expect(log).toEqual(['write 4']);
    lets[0]!();
    await aborted;
    expect(log).toEqual(['write 4', 'abort']);
  });

  test('sends the first bytes on at once, whatever the pace: somebody waits for them', () => {
    const spool = spoolInto(
      recorder().writer,
      hello,
      Pace.firstAtOnce(() => 0),
    );
    expect([spool.enough(), spool.enough(), spool.enough()]).toEqual([true, false, false]);
  });

  test('fills no buffer that is still being hashed, though it was written long ago', async () => {
    const store = new MemoryBlobStore();
    const lets: (() => void)[] = [];
    const hash = inlineHashing.begin('sha256', hello.length);
    const late: RunningHash = {
      update: (bytes) => new Promise<void>((done) => lets.push(() => void hash.update(bytes).then(done))),
      finish: () => hash.finish(),
      drop: () => hash.drop(),
    };
    const spool = new VerifyingSpool(
      (await store.create(digestOf(hello), hello.length))!,
      { digest: digestOf(hello), size: hello.length },
      {
        tailBytes: 1,
        buffers: [Buffer.alloc(4), Buffer.alloc(4)],
        pace: never(),
        onProgress: () => undefined,
        hashing: { ...inlineHashing, begin: () => late },
      },
    );
    for (const from of [0, 4]) spool.take(hello.copy(await spool.room(), 0, from, from + 4));
    let given = false;
    const third = spool.room().then((room) => {
      given = true;
      return room;
    });
    await new Promise(setImmediate);
    expect([lets.length, spool.written, given]).toEqual([2, 8, false]);
    lets[0]!();
    spool.take(hello.copy(await third, 0, 8));
    for (const done of lets.slice(1)) done();
    await spool.finish();
    expect(spool.safe).toBe(hello.length);
  });

  test('can be read while it grows', async () => {
    const store = new MemoryBlobStore();
    const spool = spoolInto((await store.create(digestOf(hello), hello.length))!, hello);
    (await spool.room()).set(hello.subarray(0, 4));
    spool.take(4);
    await new Promise(setImmediate);
    const into = Buffer.alloc(4);
    expect(await (await spool.reader()).read(into, 0)).toBe(4);
    expect(String(into)).toBe('hell');
    await spool.abort();
    expect(store.openWriters).toBe(0);
  });
});

// eslint-disable-next-line @typescript-eslint/require-await -- stands for an upstream
async function* upstream(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces;
}
