import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Requirement, SourceRequirement } from '../config/config.ts';
import type { Reason } from '../errors.ts';
import { parseDigest } from '../oci/digest.ts';
import type { SourceVerdict } from './decision.ts';
import { judge, type Judgement, sourcesOf } from './requirement.ts';

const A = parseDigest(`sha256:${'a'.repeat(64)}`);
const B = parseDigest(`sha256:${'b'.repeat(64)}`);
const nothing = { kind: 'notary', roles: [], signers: [], versions: new Map(), expires: new Map() } as const;

type Answer = { digest: typeof A; length?: number } | Reason;

/** `say` holds what each source answers; a requirement is written with source names. */
type Short = string | { all: Short[] } | { any: Short[] };

function build(short: Short): Requirement {
  if (typeof short === 'string') return { kind: 'source', source: short };
  return 'all' in short ? { kind: 'all', of: short.all.map(build) } : { kind: 'any', of: short.any.map(build) };
}

function judged(short: Short, say: Readonly<Record<string, Answer>>): Judgement {
  const requirement = build(short);
  const verdicts = new Map<SourceRequirement, SourceVerdict>();
  for (const leaf of sourcesOf(requirement)) {
    const answer = say[leaf.source];
    if (answer === undefined) continue;
    const base = { ...nothing, source: leaf.source };
    verdicts.set(
      leaf,
      typeof answer === 'string'
        ? { ...base, outcome: 'refused', reason: answer, message: `${leaf.source} refused` }
        : { ...base, outcome: 'signed', ...answer },
    );
  }
  return judge(requirement, verdicts);
}

const reasonOf = (judgement: Judgement): string => (judgement.ok ? 'ok' : judgement.reason);

describe('all of', () => {
  it('is satisfied when every source names the same digest', () => {
    expect(judged({ all: ['x', 'y'] }, { x: { digest: A, length: 7 }, y: { digest: A } })).toEqual({
      ok: true,
      digest: A,
      length: 7,
    });
  });

  it('is refused when one of them refuses, with the reason that tells most', () => {
    expect(reasonOf(judged({ all: ['x', 'y'] }, { x: { digest: A }, y: 'trust.unsigned' }))).toBe('trust.unsigned');
    const three = judged(
      { all: ['x', 'y', 'z'] },
      { x: 'trust.unsigned', y: 'trust.threshold', z: 'trust.unreachable' },
    );
    expect(three).toEqual({
      ok: false,
      reason: 'trust.threshold',
      message: 'y refused (also x: trust.unsigned, z: trust.unreachable)',
    });
  });

  it('is refused when a source gave no answer or no digest', () => {
    expect(reasonOf(judged({ all: ['x', 'y'] }, { x: { digest: A } }))).toBe('trust.unreachable');
    const leaf: SourceRequirement = { kind: 'source', source: 'x' };
    expect(reasonOf(judge(leaf, new Map([[leaf, { ...nothing, source: 'x', outcome: 'signed' }]])))).toBe(
      'trust.malformed',
    );
  });
});

describe('any of', () => {
  it('is satisfied by one', () => {
    expect(reasonOf(judged({ any: ['x', 'y'] }, { x: 'trust.unreachable', y: { digest: A } }))).toBe('ok');
  });

  it('gives the outage as the reason only when there is no other', () => {
    const pair = (x: Reason, y: Reason): string => reasonOf(judged({ any: ['x', 'y'] }, { x, y }));
    expect(pair('trust.unreachable', 'trust.unreachable')).toBe('trust.unreachable');
    expect(pair('trust.unreachable', 'trust.unsigned')).toBe('trust.unsigned');
    expect(pair('trust.unsigned', 'trust.expired')).toBe('trust.expired');
  });

  it('is a conflict when two answer differently, though one would do', () => {
    expect(reasonOf(judged({ any: ['x', 'y'] }, { x: { digest: A }, y: { digest: B } }))).toBe('trust.conflict');
    expect(reasonOf(judged({ any: ['x', 'y'] }, { x: { digest: A, length: 1 }, y: { digest: A, length: 2 } }))).toBe(
      'trust.conflict',
    );
  });
});

describe('nested requirements', () => {
  it('see a conflict across branches, also in one that is satisfied already', () => {
    const short = { all: ['x', { any: ['y', 'z'] }] };
    expect(reasonOf(judged(short, { x: { digest: A }, y: { digest: A }, z: { digest: B } }))).toBe('trust.conflict');
    expect(reasonOf(judged(short, { x: { digest: A }, y: 'trust.unsigned', z: { digest: A } }))).toBe('ok');
  });

  it('are never satisfied when they name nobody', () => {
    expect(judged({ all: [] }, {}).ok).toBe(false);
    expect(judged({ any: [] }, {}).ok).toBe(false);
    expect(judged({ all: ['x', { all: [] }] }, { x: { digest: A } }).ok).toBe(false);
  });

  it('judge the same in every order, reason and words included', () => {
    const answer = fc.constantFrom<Answer>(
      { digest: A },
      { digest: A, length: 3 },
      { digest: B },
      'trust.unsigned',
      'trust.unreachable',
      'trust.expired',
      'trust.no-root',
    );
    const tree = fc.letrec<{ tree: Short }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom<Short>('v', 'w', 'x', 'y', 'z'),
        fc.record({ all: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
        fc.record({ any: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
      ),
    })).tree;
    const say = fc.record({ v: answer, w: answer, x: answer, y: answer, z: answer });
    fc.assert(
      fc.property(tree, say, (short, answers) => {
        expect(judged(reversed(short), answers)).toEqual(judged(short, answers));
      }),
      { numRuns: 500 },
    );
  });

  it('never allow a digest that no source signed, nor one where another was signed too', () => {
    const answer = fc.constantFrom<Answer>({ digest: A }, { digest: B }, 'trust.unsigned');
    fc.assert(
      fc.property(answer, answer, answer, (x, y, z) => {
        const verdict = judged({ any: ['x', { all: ['y', 'z'] }] }, { x, y, z });
        const digests = new Set([x, y, z].flatMap((each) => (typeof each === 'string' ? [] : [each.digest])));
        if (verdict.ok) expect([...digests]).toEqual([verdict.digest]);
      }),
    );
  });
});

function reversed(short: Short): Short {
  if (typeof short === 'string') return short;
  return 'all' in short ? { all: short.all.map(reversed).reverse() } : { any: short.any.map(reversed).reverse() };
}
