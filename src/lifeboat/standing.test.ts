import { describe, expect, test } from 'vitest';
import { baseOf, type CollectionFolder } from './collection-folder.ts';
import { type IndexEntry, indexLine, parseIndex } from './index-file.ts';
import { type Standing, standings } from './standing.ts';

const entry = (gun: string, generation = 1, digit = 'a'): IndexEntry => ({
  gun,
  base: baseOf(gun),
  generation,
  sha256: digit.repeat(64),
});
const [ONE, TWO, THREE] = ['docker.io/x/one', 'docker.io/x/two', 'docker.io/x/six'].map((gun) => entry(gun)) as [
  IndexEntry,
  IndexEntry,
  IndexEntry,
];

function standing(index: Uint8Array, onDisk: readonly CollectionFolder[]): readonly Standing[] {
  return standings(parseIndex(index), onDisk);
}

/** What has a meaning in JSON, in names and in numbers, and what is no text at all. */
const OTHERS = Buffer.from('\0\t\n\r "\\,:{}[]-._/019afgx\x7f\xc3\xff', 'latin1');

const index = (...entries: readonly IndexEntry[]): Buffer => Buffer.concat(entries.map(indexLine));
const same = (a: IndexEntry, b: IndexEntry): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The entries that hold are the honest ones, all but one at most, and where one is missing something is said to be wrong. */
function expectOneLost(bytes: Uint8Array, honest: readonly IndexEntry[], onDisk: readonly CollectionFolder[]): void {
  const found = standing(bytes, onDisk);
  const held = found.flatMap((each) => (each.kind === 'entry' ? [each.entry] : []));
  // The hash of a capture is compared with the capture itself; all else must be as it was.
  const right = held.filter((each) => honest.some((other) => same(each, other)));
  const noticed = held.filter((each) => honest.some((other) => same({ ...each, sha256: other.sha256 }, other)));
  expect(noticed).toHaveLength(held.length);
  expect(right.length).toBeGreaterThanOrEqual(honest.length - 1);
  if (held.length < honest.length) expect(found.some(({ kind }) => kind !== 'entry')).toBe(true);
}

describe('three collections, of whose index one byte', () => {
  const honest = [ONE, TWO, THREE];
  const bytes = index(...honest);

  test('is any other', () => {
    for (let i = 0; i < bytes.length; i++)
      for (const other of OTHERS) {
        const changed = Buffer.from(bytes);
        changed[i] = other;
        expectOneLost(changed, honest, honest);
      }
  });

  test('is missing, or too many', () => {
    for (let i = 0; i < bytes.length; i++)
      for (const more of ['', '\n', '"', '{', 'x', ' ']) {
        expectOneLost(Buffer.concat([bytes.subarray(0, i), Buffer.from(more), bytes.subarray(i)]), honest, honest);
        expectOneLost(Buffer.concat([bytes.subarray(0, i), Buffer.from(more), bytes.subarray(i + 1)]), honest, honest);
      }
  });

  test('was the last that was written: a crash', () => {
    for (let end = bytes.indexOf('\n', 5) + 1; end < bytes.length; end++)
      expect(standing(bytes.subarray(0, end), [ONE])[0]).toMatchObject({ kind: 'entry', entry: ONE });
  });
});

test('a collection that was captured again: no damage brings the first capture back', () => {
  const again = entry(ONE.gun, 2, 'b');
  const bytes = index(ONE, TWO, again);
  const from = bytes.lastIndexOf('{') - 1;
  for (let i = from; i < bytes.length; i++)
    for (const other of OTHERS) {
      const changed = Buffer.from(bytes);
      changed[i] = other;
      const found = standing(changed, [ONE, TWO, again]);
      const held = found.find((each) => each.kind === 'entry' && each.entry.base === ONE.base);
      if (held?.kind === 'entry') expect(held.entry.generation).not.toBe(1);
    }
});

test('the last line holds; the order is that of the first', () => {
  const again = entry(ONE.gun, 2, 'b');
  expect(standing(index(ONE, TWO, again), [ONE, TWO, again])).toMatchObject([{ entry: again }, { entry: TWO }]);
});

test('a complete capture without a line is told of, by its collection where another line names it', () => {
  expect(standing(index(TWO), [ONE, TWO])).toMatchObject([
    { kind: 'entry', entry: TWO },
    { kind: 'unlisted', gun: baseOf(ONE.gun), base: ONE.base },
  ]);
  expect(standing(index(ONE), [ONE, { ...ONE, generation: 2 }])).toMatchObject([{ kind: 'unlisted', gun: ONE.gun }]);
});

test('a damaged line is forgotten once a later one speaks of its collection', () => {
  const broken = Buffer.from(index(ONE).toString().replace('"sha256"', '"sha265"'));
  expect(standing(broken, [ONE])).toMatchObject([{ kind: 'damaged', gun: ONE.gun, base: ONE.base }]);
  const again = entry(ONE.gun, 2, 'b');
  expect(standing(Buffer.concat([broken, index(again)]), [ONE, again])).toMatchObject([{ entry: again }]);
});

test('of a line that says nothing any more its number is told', () => {
  expect(standing(Buffer.from('\n????\n'), [])).toMatchObject([{ kind: 'damaged', gun: 'line 2 of index.jsonl' }]);
});

test('a line that names one collection and the folder of another speaks of the folder', () => {
  const mixed = Buffer.from(index(ONE).toString().replace(ONE.gun, TWO.gun));
  expect(standing(mixed, [])).toMatchObject([{ kind: 'damaged', base: ONE.base }]);
});
