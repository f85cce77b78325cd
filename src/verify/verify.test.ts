import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BlobWriter } from '../cache/blob-store.ts';
import { codeOf, TufgateError } from '../errors.ts';
import { type Digest, parseDigest } from '../oci/digest.ts';
import { MemoryBlobStore } from '../simulator/memory-blob-store.ts';
import { BlobVerifier, heldBack, TAIL_BYTES } from './blob-verifier.ts';
import { Pace } from './pace.ts';
import { verifyBytes } from './verify-bytes.ts';
import { verifying } from './verifying.ts';
import { VerifyingSpool } from './verifying-spool.ts';

const digestOf = (bytes: Uint8Array, algorithm = 'sha256'): Digest =>
  parseDigest(`${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`);
const hello = Buffer.from('hello, world');
const never = () => new Pace(() => 0);

function codeThrown(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

describe('verifyBytes', () => {
  test('takes bytes with the digest and the length, or with the digest alone', () => {
    for (const algorithm of ['sha256', 'sha512']) {
      verifyBytes(digestOf(hello, algorithm), hello.length, hello);
      verifyBytes(digestOf(hello, algorithm), undefined, hello);
    }
    verifyBytes(digestOf(Buffer.of()), 0, Buffer.of());
  });

  test('refuses another length, also when the digest is right, and another digest', () => {
    expect(codeThrown(() => verifyBytes(digestOf(hello), 11, hello))).toBe('integrity.length');
    expect(codeThrown(() => verifyBytes(digestOf(hello), 12, Buffer.from('hello, World')))).toBe('integrity.digest');
    expect(codeThrown(() => verifyBytes(digestOf(hello, 'sha512'), undefined, hello.subarray(1)))).toBe(
      'integrity.digest',
    );
  });
});

describe('what is held back', () => {
  test('is at least a byte and at most the answer', () => {
    expect([0, 1, TAIL_BYTES, TAIL_BYTES + 1].map((length) => heldBack(length))).toEqual([
      0,
      1,
      TAIL_BYTES,
      TAIL_BYTES,
    ]);
    expect(heldBack(10, 0)).toBe(1);
  });
});

type Change = 'none' | 'flip' | 'short' | 'long';

/** A blob, what the upstream sends instead, and how it is cut into pieces. */
const deliveries = fc
  .record({
    blob: fc.uint8Array({ maxLength: 60 }),
    change: fc.constantFrom<Change[]>('none', 'flip', 'short', 'long'),
    at: fc.nat(),
    cuts: fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 40 }),
    tail: fc.integer({ min: 1, max: 20 }),
  })
  .map(({ blob, change, at, cuts, tail }) => {
    const sent = changed(Buffer.from(blob), blob.length === 0 && change !== 'long' ? 'none' : change, at);
    return { blob: Buffer.from(blob), sent, pieces: pieces(sent, cuts), tail };
  });

function changed(blob: Buffer, change: Change, at: number): Buffer {
  const place = blob.length === 0 ? 0 : at % blob.length;
  if (change === 'short') return blob.subarray(0, place);
  if (change === 'long') return Buffer.concat([blob, Buffer.alloc(1 + (at % 5))]);
  const copy = Buffer.from(blob);
  if (change === 'flip') copy[place]! ^= 1 << (at % 8);
  return copy;
}

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const out: Buffer[] = [];
  let rest = bytes;
  for (const cut of cuts) {
    out.push(rest.subarray(0, cut));
    rest = rest.subarray(cut);
  }
  return [...out, rest];
}

function verdictOn(blob: Buffer, sent: Buffer): string {
  if (sent.length !== blob.length) return 'integrity.length';
  return sent.equals(blob) ? 'verified' : 'integrity.digest';
}

// eslint-disable-next-line @typescript-eslint/require-await -- stands for an upstream
async function* chunks(list: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* list;
}

describe('the verifying stream', () => {
  test('chunking never changes the verdict, and before it the tail stays here', async () => {
    await fc.assert(
      fc.asyncProperty(deliveries, async ({ blob, sent, pieces: list, tail }) => {
        const verifier = new BlobVerifier(digestOf(blob), blob.length);
        let now = 0;
        const pace = new Pace(() => (now += 50));
        const got: Buffer[] = [];
        let before = 0;
        let verdict = 'verified';
        try {
          for await (const block of verifying(chunks(list), verifier, { tailBytes: tail, pace })) {
            got.push(Buffer.from(block));
            if (!verifier.verified) before += block.length;
          }
        } catch (error) {
          verdict = codeOf(error);
        }
        expect(verdict).toBe(verdictOn(blob, sent));
        expect(before).toBeLessThanOrEqual(blob.length - heldBack(blob.length, tail));
        if (verdict === 'verified') expect(Buffer.concat(got)).toEqual(blob);
        else expect(Buffer.concat(got)).toEqual(sent.subarray(0, before));
      }),
    );
  });

  test('passes large content through a window of fixed size', async () => {
    const blob = Buffer.alloc(3_000_000, 'abcdefg');
    const verifier = new BlobVerifier(digestOf(blob), blob.length);
    const hash = createHash('sha256');
    const blocks: number[] = [];
    for await (const block of verifying(chunks([blob]), verifier, { pace: never() })) {
      hash.update(block);
      blocks.push(block.length);
    }
    expect(hash.digest('hex')).toBe(digestOf(blob).slice(7));
    expect(Math.max(...blocks)).toBeLessThanOrEqual(2 * TAIL_BYTES);
  });

  test('sends on what a slow upstream brought, without waiting for a full block', async () => {
    const blob = Buffer.from('0123456789');
    let now = 0;
    const verifier = new BlobVerifier(digestOf(blob), blob.length);
    const stream = verifying(chunks(pieces(blob, [5])), verifier, {
      tailBytes: 2,
      pace: new Pace(() => (now += 1000)),
    });
    const first = await stream.next();
    expect(String(first.value)).toBe('012');
  });
});

describe('the verifying spool', () => {
  async function spoolOf(blob: Buffer, tail: number, over: Partial<BlobWriter> = {}) {
    const store = new MemoryBlobStore();
    const writer = (await store.create(digestOf(blob), blob.length))!;
    const wrapped: BlobWriter = {
      write: (chunk) => writer.write(chunk),
      reader: () => writer.reader(),
      commit: () => writer.commit(),
      abort: () => writer.abort(),
      ...over,
    };
    const options = {
      tailBytes: tail,
      buffers: [Buffer.alloc(7), Buffer.alloc(7), Buffer.alloc(7)] as const,
      pace: never(),
      onProgress: () => undefined,
    };
    return { store, spool: new VerifyingSpool(wrapped, { digest: digestOf(blob), size: blob.length }, options) };
  }

  async function write(spool: VerifyingSpool, bytes: Buffer): Promise<void> {
    for (let rest = bytes; rest.length > 0;) {
      const room = await spool.room();
      const count = rest.copy(room);
      spool.take(count);
      rest = rest.subarray(count);
    }
  }

  test('chunking never changes the verdict, and only a good one can be committed', async () => {
    await fc.assert(
      fc.asyncProperty(deliveries, async ({ blob, sent, pieces: list, tail }) => {
        const { store, spool } = await spoolOf(blob, tail);
        let verdict = 'verified';
        try {
          for (const piece of list) {
            await write(spool, piece);
            expect(spool.safe).toBeLessThanOrEqual(blob.length - heldBack(blob.length, tail));
          }
          await spool.finish();
          expect(spool.safe).toBe(blob.length);
        } catch (error) {
          verdict = codeOf(error);
          expect(spool.safe).toBeLessThanOrEqual(blob.length - heldBack(blob.length, tail));
        }
        expect(verdict).toBe(verdictOn(blob, sent));
        const committed = await spool.commit().then(
          () => true,
          (error: unknown) => codeOf(error),
        );
        expect(committed).toBe(verdict === 'verified' ? true : 'internal');
        expect(store.usedBytes).toBe(verdict === 'verified' ? blob.length : 0);
      }),
    );
  });

  test('writes block by block, one at a time, in order, and does not touch one under way', async () => {
    const blob = Buffer.from('abcdefghijklmnopqrstuvwxyz');
    const underWay: { block: Uint8Array; done: () => void }[] = [];
    const slow = (block: Uint8Array) => new Promise<void>((done) => underWay.push({ block, done }));
    const { spool } = await spoolOf(blob, 1, { write: slow });
    await write(spool, blob.subarray(0, 7));
    await write(spool, blob.subarray(7, 13));
    await write(spool, blob.subarray(13, 20));
    let given = false;
    const blocked = spool.room().then(() => (given = true));
    await new Promise(setImmediate);
    expect(given).toBe(false);
    expect(underWay.map(({ block }) => String(Buffer.from(block)))).toEqual(['abcdefg']);
    expect(spool.written).toBe(0);
    underWay[0]!.done();
    await blocked;
    expect(spool.written).toBe(7);
    await new Promise(setImmediate);
    expect(String(Buffer.from(underWay[1]!.block))).toBe('hijklm');
  });

  test('a write that fails is met by the next step, as cache.failed', async () => {
    const refused = () => Promise.reject(new TufgateError('cache.failed', 'disk full'));
    const { spool } = await spoolOf(hello, 1, { write: refused });
    spool.take(hello.copy(await spool.room()));
    expect(await spool.finish().catch(codeOf)).toBe('cache.failed');
    expect(await spool.room().catch(codeOf)).toBe('cache.failed');
    expect(spool.safe).toBe(0);
    await spool.abort();
  });
});
