import type { Transferable } from 'node:worker_threads';
import { beforeEach, expect, test } from 'vitest';
import { TufgateError } from '../../errors.ts';
import type { MetadataName, MetadataSource, Pieces } from '../metadata-source.ts';
import { Fetches } from './fetches.ts';
import type { ToWorker } from './messages.ts';

const timestamp = { kind: 'timestamp' } as const;
const wanted = { kind: 'fetch', id: 7, collection: 'a', file: timestamp, maxBytes: 9 } as const;

let posted: { message: ToWorker; moved: readonly Transferable[] }[];
let asked: [MetadataName, number][];
let signals: AbortSignal[];
beforeEach(() => {
  posted = [];
  asked = [];
  signals = [];
});

function fetches(answer: (signal: AbortSignal) => Promise<Pieces | undefined>): Fetches {
  const source: MetadataSource = {
    fetch(file, maxBytes, signal) {
      asked.push([file, maxBytes]);
      signals.push(signal!);
      return answer(signal!);
    },
  };
  return new Fetches(
    new Map([['a', source]]),
    (message, moved) => posted.push({ message, moved }),
    () => 5,
  );
}

function waiting(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('broken off'))));
}

test('the bytes of a file are handed over, not copied', async () => {
  const pieces = [3, 4].map((byte) => new Uint8Array(new ArrayBuffer(4)).fill(byte));
  const memory = pieces.map(({ buffer }) => buffer);
  await fetches(() => Promise.resolve(pieces)).fetch(wanted);
  expect(asked).toEqual([[timestamp, 9]]);
  expect(posted).toEqual([{ message: { kind: 'file', id: 7, now: 5, pieces }, moved: memory }]);
  for (const [i, moved] of (posted[0]?.moved ?? []).entries()) expect(moved).toBe(memory[i]);
});

test('what shares its memory with others is copied, and the others keep theirs', async () => {
  for (const memory of [new ArrayBuffer(8), new SharedArrayBuffer(4)]) {
    posted = [];
    const shared = new Uint8Array(memory, 0, 4).fill(3);
    await fetches(() => Promise.resolve([shared])).fetch(wanted);
    const { message, moved } = posted[0]!;
    expect(message).toMatchObject({ pieces: [new Uint8Array([3, 3, 3, 3])] });
    expect(moved).toHaveLength(1);
    expect(moved[0]).not.toBe(memory);
    expect((moved[0] as ArrayBuffer).byteLength).toBe(4);
  }
});

test('that there is no such file is an answer too', async () => {
  await fetches(() => Promise.resolve(undefined)).fetch(wanted);
  await fetches(() => Promise.resolve(undefined)).fetch({ ...wanted, collection: 'unknown' });
  const nothing = { message: { kind: 'file', id: 7, now: 5, pieces: undefined }, moved: [] };
  expect(posted).toEqual([nothing, nothing]);
});

test('an error travels as plain values', async () => {
  const detail = { alarm: true };
  await fetches(() => Promise.reject(new TufgateError('trust.unreachable', 'down', { detail }))).fetch(wanted);
  const error = { code: 'trust.unreachable', message: 'down', detail };
  expect(posted).toEqual([{ message: { kind: 'no-file', id: 7, now: 5, error }, moved: [] }]);
});

test('one that is abandoned is broken off, the others go on', async () => {
  const running = fetches(waiting);
  const both = [running.fetch(wanted), running.fetch({ ...wanted, id: 8 })];
  running.abandon(7);
  running.abandon(99);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  running.abandonAll();
  await Promise.all(both);
  expect(posted.map(({ message }) => message.kind)).toEqual(['no-file', 'no-file']);
});

test('what has ended is not abandoned any more', async () => {
  const running = fetches(() => Promise.resolve(undefined));
  await running.fetch(wanted);
  running.abandonAll();
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
});
