import { describe, expect, test } from 'vitest';
import { hex } from '../../../test/approvals.ts';
import type { Approval, Entry, TargetsDocument, Word } from '../document/documents.ts';
import { attributed, restsOn } from './attribution.ts';
import { restedOn } from './authorize.ts';

/** Whose word an approval was: what a thief writes there must not make him look innocent, nor others guilty. */
const said = (over: Partial<Approval> = {}): Approval => ({ kind: 'approval', at: 0, by: 'x', evidence: [], ...over });
const entry = (word: Word): Entry => ({ length: 1, sha256: hex('a'), word });
const file = (words: Readonly<Record<string, Word>>, ...signers: readonly string[]) => ({
  document: {
    type: 'targets',
    version: 1,
    expires: 1,
    targets: new Map(Object.entries(words).map(([name, word]) => [name, entry(word)])),
  } satisfies TargetsDocument,
  bytes: new Uint8Array(),
  signers,
});
const next = (word: Word, ...signers: readonly string[]): Word | undefined =>
  attributed(file({ t: word }, ...signers)).get('t')?.word;

describe('in the next version of a file it is written down', () => {
  test('who signed what was new, in an order of its own', () => {
    expect(next(said(), 'b', 'a')).toEqual(said({ keys: ['a', 'b'] }));
    const own = said({ keys: ['a'] });
    expect(next({ kind: 'named', tags: ['1'], own: said() }, 'a')).toEqual({ kind: 'named', tags: ['1'], own });
  });

  test.each<[string, Word]>([
    ['a withdrawal, which holds whoever signed it', { kind: 'withdrawn', at: 0, by: 'x' }],
    ['a digest that only tags stand for', { kind: 'named', tags: ['1'] }],
  ])('but not of %s', (_, word) => {
    expect(next(word, 'a')).toEqual(word);
  });

  test('who took it over, also where somebody wrote that nobody did: an empty set holds no key, and hides none', () => {
    const word = said({ keys: ['b'], carried: [[]] });
    expect(next(word, 'a')).toEqual({ ...word, carried: [[], ['a']] });
    expect(next(said({ keys: [] }), 'a')).toEqual(said({ keys: [], carried: [['a']] }));
  });
});

describe('it rests on stolen keys', () => {
  const STOLEN = new Set(['thief']);

  test.each<[string, Partial<Approval>, readonly string[], number, boolean]>([
    ['without them nobody signed it', { keys: ['thief'] }, ['a'], 1, true],
    ['too few others did', { keys: ['a', 'thief'] }, ['a'], 2, true],
    ['enough others did', { keys: ['a', 'b', 'thief'] }, ['a'], 2, false],
    ['fewer did than would have to now, and no thief', { keys: ['a'] }, ['a'], 2, false],
    ['it is new, and the file is the thief’s', {}, ['thief'], 1, true],
    ['others are named, and the file is the thief’s', { keys: ['a'] }, ['thief'], 1, true],
    ['the thief alone took it over', { keys: ['a'], carried: [['thief']] }, ['a'], 1, true],
    ['nobody is said to have taken it over', { keys: ['a'], carried: [[]] }, ['a'], 1, true],
    ['the thief took it over with another', { keys: ['a'], carried: [['b', 'thief']] }, ['a'], 1, false],
  ])('%s', (_, over, signers, threshold, rests) => {
    expect(restsOn(said(over), signers, STOLEN, threshold)).toBe(rests);
  });

  test.each<[Partial<Approval>]>([[{}], [{ keys: [] }], [{ keys: ['a'], carried: [[]] }], [{ keys: ['a'] }]])(
    'where none was stolen nothing does: %j',
    (over) => {
      expect(restsOn(said(over), ['a'], new Set(), 2)).toBe(false);
    },
  );

  test('of a file: approvals alone, of tags and of digests, judged by the keys that stand there', () => {
    const words: Record<string, Word> = {
      new: said(),
      older: said({ keys: ['b'] }),
      stolen: said({ keys: ['thief'] }),
      carried: said({ keys: ['b'], carried: [['thief']] }),
      named: { kind: 'named', tags: ['1'] },
      own: { kind: 'named', tags: ['1'], own: said({ keys: ['thief'] }) },
      withdrawn: { kind: 'withdrawn', at: 0, by: 'thief' },
    };
    const asked = new Set<string>();
    const stolen = (key: string): boolean => {
      asked.add(key);
      return STOLEN.has(key);
    };
    expect(restedOn(file(words, 'a'), stolen, 1)).toEqual(['stolen', 'carried', 'own']);
    expect([...asked].sort()).toEqual(['a', 'b', 'thief']);
    expect(restedOn(file(words, 'thief'), stolen, 1)).toEqual(['new', 'older', 'stolen', 'carried', 'own']);
  });
});
