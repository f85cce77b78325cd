import { expect, test } from 'vitest';
import { TufgateError } from '../errors.ts';
import type { MetadataName, MetadataSource, Pieces } from './metadata-source.ts';
import { Outgrown, smallFilesOnly } from './outgrown.ts';

const timestamp = { kind: 'timestamp' } as const;
const pieces = [Buffer.from('metadata')];

/** At most ten bytes. */
function small(answer: () => Promise<Pieces | undefined> = () => Promise.resolve(pieces)) {
  const asked: [MetadataName, number, AbortSignal | undefined][] = [];
  const fetch: MetadataSource['fetch'] = (file, maxBytes, signal) => {
    asked.push([file, maxBytes, signal]);
    return answer();
  };
  return { asked, source: smallFilesOnly({ fetch }, 10) };
}

test('what is small enough, or need not be longer, is fetched as it would be', async () => {
  const { source, asked } = small();
  const { signal } = new AbortController();
  const byHash = { kind: 'by-hash', role: 'targets', sha256: 'aa' } as const;
  expect(await source.fetch(byHash, 10, signal)).toBe(pieces);
  expect(await source.fetch(timestamp, 11, signal)).toBe(pieces);
  expect(asked).toEqual([
    [byHash, 10, signal],
    [timestamp, 10, signal],
  ]);
});

test('a file whose signed length is larger is not asked for', async () => {
  const { source, asked } = small();
  const refused = source.fetch({ kind: 'by-hash', role: 'targets', sha256: 'aa' }, 11);
  await expect(refused).rejects.toThrow(new Outgrown('targets is 11 bytes long'));
  expect(asked).toEqual([]);
});

test('one that turns out longer is for another thread, when it might be that long', async () => {
  const cause = new TufgateError('trust.too-large', 'more than ten bytes');
  const { source } = small(() => Promise.reject(cause));
  const error = await source.fetch(timestamp, 11).catch((thrown: unknown) => thrown as Outgrown);
  expect(error).toBeInstanceOf(Outgrown);
  expect(error).toMatchObject({ name: 'Outgrown', message: 'timestamp is longer than 10 bytes', cause });
  await expect(source.fetch(timestamp, 10)).rejects.toBe(cause);
});

test('an outage stays one', async () => {
  const down = new TufgateError('trust.unreachable', 'down');
  await expect(small(() => Promise.reject(down)).source.fetch(timestamp, 11)).rejects.toBe(down);
});
