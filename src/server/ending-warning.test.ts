import { expect, test } from 'vitest';
import type { SourceVerdict } from '../policy/decision.ts';
import { endingWarning } from './ending-warning.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-21T12:00:00Z');
const IMAGE = 'docker.io/library/nginx:1.27';

function signed(ends: Record<string, number>, over: Partial<SourceVerdict> = {}): SourceVerdict {
  const expires = new Map(Object.entries(ends).map(([role, days]) => [role, NOW + days * DAY]));
  const base = {
    source: 'vendor',
    kind: 'notary',
    outcome: 'signed',
    roles: [],
    signers: [],
    versions: new Map(),
  } as const;
  return { ...base, expires, ...over };
}

const warning = (...sources: SourceVerdict[]) => endingWarning(IMAGE, sources, NOW);

test('in the last week the first end is said, in plain words', () => {
  expect(warning(signed({ root: 300, targets: 6.5, 'targets/releases': 3 }))).toBe(
    '299 - "the signature of docker.io/library/nginx:1.27 (targets/releases in vendor) ends 2026-11-24T12:00Z, in 3 days; ask its publisher to sign it anew"',
  );
  expect(warning(signed({ targets: 0.5 }))).toContain('within a day');
  expect(warning(signed({ targets: 1 }))).toContain('in 1 day;');
});

test('so is the end of an approval, when it comes first', () => {
  const until = NOW + 2 * DAY;
  expect(warning(signed({ targets: 3 }, { source: 'approvals', until }))).toBe(
    '299 - "the approval of docker.io/library/nginx:1.27 (in approvals) ends 2026-11-23T12:00Z, in 2 days; ask those who approve images to approve it anew"',
  );
  expect(warning(signed({ targets: 1 }, { until }))).toContain('the signature of');
  expect(warning(signed({ targets: 300 }, { until: NOW + 8 * DAY }))).toBeUndefined();
});

test('sooner than that there is none, nor for images that nobody signed', () => {
  expect(warning(signed({ root: 300, targets: 7.01 }))).toBeUndefined();
  expect(warning()).toBeUndefined();
});

test('what a server signs by itself says nothing', () => {
  expect(warning(signed({ root: 300, timestamp: 0.1, snapshot: 1, targets: 300 }))).toBeUndefined();
});

test('the first of several sources counts, and one that refused does not', () => {
  expect(warning(signed({ targets: 5 }), signed({ targets: 2 }, { source: 'approvals' }))).toContain('in approvals');
  expect(warning(signed({ targets: 300 }), signed({ root: 2 }, { outcome: 'refused' }))).toBeUndefined();
});

test('a role may be called anything: no header ends early, and none is split', () => {
  const text = warning(signed({ ['tärgets/"\\\r\nSet-Cookie: a' + 'x'.repeat(500)]: 1 }));
  expect(text).toMatch(/^299 - "[^"\\]*"$/);
  expect(text).toMatch(/^[\x20-\x7e]{1,400}$/);
});
