import { describe, expect, it } from 'vitest';
import type { SourceRequirement } from '../config/config.ts';
import type { Reason } from '../errors.ts';
import { parseDigest } from '../oci/digest.ts';
import type { SourceVerdict } from './decision.ts';
import { judge, type Judgement } from './requirement.ts';

const A = parseDigest(`sha256:${'a'.repeat(64)}`);
const B = parseDigest(`sha256:${'b'.repeat(64)}`);
const base = { kind: 'notary', roles: [], signers: [], versions: new Map(), expires: new Map() } as const;

const refused = (source: string, reason?: Reason, message?: string): SourceVerdict => ({
  ...base,
  source,
  outcome: 'refused',
  ...(reason === undefined ? {} : { reason }),
  ...(message === undefined ? {} : { message }),
});

const signed = (source: string, digest: typeof A, length?: number): SourceVerdict => ({
  ...base,
  source,
  outcome: 'signed',
  digest,
  ...(length === undefined ? {} : { length }),
});

/** One leaf a verdict, in this order. */
function all(...given: readonly SourceVerdict[]): Judgement {
  const leaves = given.map(({ source }): SourceRequirement => ({ kind: 'source', source }));
  return judge({ kind: 'all', of: leaves }, new Map(given.map((verdict, i) => [leaves[i]!, verdict])));
}

const messageOf = (judgement: Judgement): string => (judgement.ok ? '' : judgement.message);

describe('an approval', () => {
  it('has a length only when a source gave one', () => {
    expect(all(signed('x', A))).toStrictEqual({ ok: true, digest: A });
    expect(all(signed('x', A), signed('y', A, 3))).toStrictEqual({ ok: true, digest: A, length: 3 });
  });
});

describe('the words of a refusal', () => {
  it('name the source that gave no answer, no digest or no reason', () => {
    const leaf: SourceRequirement = { kind: 'source', source: 'x' };
    expect(messageOf(judge(leaf, new Map()))).toBe('trust source x gave no answer');
    expect(messageOf(all({ ...base, source: 'x', outcome: 'signed' }))).toBe('trust source x named no digest');
    expect(all(refused('x'))).toEqual({
      ok: false,
      reason: 'trust.unsigned',
      message: 'trust source x did not vouch for it',
    });
  });

  it('say that a rule names nobody', () => {
    const nobody = { ok: false, reason: 'trust.unsigned', message: 'the rule names no trust source' };
    expect(judge({ kind: 'all', of: [] }, new Map())).toEqual(nobody);
    const acme: SourceRequirement = { kind: 'source', source: 'Acme' };
    const within = judge({ kind: 'all', of: [acme, { kind: 'any', of: [] }] }, new Map([[acme, refused('Acme')]]));
    expect(within).toEqual({ ...nobody, message: 'the rule names no trust source (also Acme: trust.unsigned)' });
  });

  it('mention every other refusal once, and not the one they give', () => {
    const said = messageOf(
      all(
        refused('x', 'trust.expired', 'x is old'),
        refused('x', 'trust.unsigned', 'not in x'),
        refused('y', 'trust.expired', 'y is old'),
        refused('y', 'trust.expired', 'y is old'),
        refused('x', 'trust.expired', 'x is old'),
        signed('z', A),
      ),
    );
    expect(said).toBe('x is old (also x: trust.unsigned, y: trust.expired)');
  });

  it('are the same in every order, also among refusals of one kind', () => {
    const pairs = [
      [refused('x', 'trust.expired', '1'), refused('y', 'trust.expired', '0')],
      [refused('x', 'trust.expired', '1'), refused('x', 'trust.expired', '2')],
      [refused('y', 'trust.signature', '1'), refused('x', 'trust.expired', '2')],
    ] as const;
    for (const [first, second] of pairs) {
      expect(messageOf(all(first, second))).toMatch(/^1/);
      expect(messageOf(all(second, first))).toMatch(/^1/);
    }
  });

  it('of a conflict say who named what', () => {
    expect(all(signed('y', B, 2), signed('x', A))).toEqual({
      ok: false,
      reason: 'trust.conflict',
      message:
        `trust sources disagree (x: ${A}; y: ${B}, 2 bytes): ` +
        'sign the same manifest in each of them, or revoke the wrong one',
    });
  });
});
