import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { APP, DAY, hex, NOW } from '../../../test/approvals.ts';
import type { Evidence } from '../document/evidence.ts';
import type { Explanation, Placed } from './explain.ts';
import { explanationLines, shown } from './explain-words.ts';

/** The words alone, for what no small repository comes to. */
const told = (over: Partial<Explanation>): readonly string[] =>
  explanationLines({ targets: [], quorums: [], bins: undefined, files: filesOf('targets'), ...over });
const filesOf = (...roles: readonly string[]): ReadonlyMap<string, number> =>
  new Map(roles.map((role) => [role, NOW + DAY]));
const approved = (content: string, ...evidence: readonly Evidence[]): Placed => ({
  role: 'bulk-0',
  entry: { length: 7, sha256: hex(content), word: { kind: 'approval', at: NOW, by: 'anna', evidence } },
});

describe('what is signed', () => {
  test('one file', () => {
    expect(told({})).toEqual(['1 file is to be signed (targets), to count until 2026-11-22T12:00:00Z.']);
  });

  test('six by their names, of seven the first five', () => {
    expect(told({ files: filesOf('a', 'b', 'c', 'd', 'e', 'f') })[0]).toContain('signed (a, b, c, d, e, f), to');
    expect(told({ files: filesOf('a', 'b', 'c', 'd', 'e', 'f', 'g') })[0]).toContain(
      'signed (a, b, c, d, e and 2 more), to',
    );
  });
});

describe('new tags', () => {
  const news = (count: number): Explanation['targets'] =>
    Array.from({ length: count }, (_, at) => ({ target: `${APP}:t${at}`, after: approved(`c${at}`) }));

  test('two hundred are told each with all that is said of it, one more by what is said of all', () => {
    expect(told({ targets: news(200) }).filter((line) => line.startsWith('Approve: '))).toHaveLength(200);
    const many = told({ targets: news(201) });
    expect(many.filter((line) => line.startsWith('Approve: '))).toEqual([
      `Approve: 201 new tags of ${APP}, without an end, by anna`,
    ]);
    expect(many).toContain(`  t200 is sha256:${hex('c200')}`);
  });
});

describe('what was seen', () => {
  const seen = (members: Readonly<Record<string, string | number>>): string | undefined => {
    const after = approved('a', new Map(Object.entries(members)));
    return told({ targets: [{ target: `${APP}:1`, after }] }).find((line) => line.startsWith('  seen: '));
  };

  test('of another digest says which', () => {
    const digest = `sha256:${hex('b')}`;
    expect(seen({ kind: 'sbom', digest })).toBe(`  seen: sbom, digest ${digest}`);
  });

  test('names the image’s own digest only where that is more than what it is about', () => {
    const digest = `sha256:${hex('a')}`;
    expect(seen({ kind: 'sbom', digest, of: digest })).toBe(`  seen: sbom, of ${digest}`);
  });

  test('without a kind', () => {
    expect(seen({ size: 7, by: 'x' })).toBe('  seen: size 7, by x');
  });
});

describe('text from outside', () => {
  const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ue000]/;

  test('a character that would move a cursor is seen to have been there', () => {
    expect(shown('ab\u001b[2J\u202ec')).toBe('ab?[2J?c');
  });

  test('whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(shown(text)).not.toMatch(UNSAFE);
        expect(shown(shown(text))).toBe(shown(text));
      }),
    );
    expect(shown('Ärger über 名前 – “x” 100 €')).toBe('Ärger über 名前 – “x” 100 €');
  });

  test('what is too long says how much of it is not there', () => {
    expect(shown('x'.repeat(600))).toBe('x'.repeat(600));
    expect(shown('x'.repeat(700))).toBe(`${'x'.repeat(600)}… (100 characters more)`);
  });
});
