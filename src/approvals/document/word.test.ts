import { describe, expect, test } from 'vitest';
import { hex, person } from '../../../test/approvals.ts';
import { code, message } from '../../../test/thrown.ts';
import { canonicalJson } from '../../json/canonical.ts';
import { type Json, readJson } from '../../json/read.ts';
import { JSON_LIMITS } from '../../trust/tuf/limits.ts';
import type { Word } from './documents.ts';
import { readWord, wordJson } from './word.ts';

/** What is said of an image, byte for byte: the next signer comes to the same bytes, or signs something else. */
const [ANNA, BEN, CARLA] = [person('a').keyId, person('b').keyId, person('c').keyId] as const;
const AT = Date.UTC(2026, 10, 21, 12);
const END = Date.UTC(2027, 0, 1);
const text = (json: Json): string => Buffer.from(canonicalJson(json)).toString();
const parsed = (json: unknown): Json => readJson(Buffer.from(JSON.stringify(json)), JSON_LIMITS);
const read = (json: unknown): Word => readWord('it', parsed(json));
const refusal = (json: unknown): string => message(() => read(json));

const bare = { kind: 'approval', at: AT, by: 'anna', evidence: [] } as const;
const APPROVED = '"approved":"2026-11-21T12:00:00Z","by":"anna"';
const UNTIL = '"until":"2027-01-01T00:00:00Z"';

describe('written and read again', () => {
  test.each<[string, Word, string]>([
    ['an approval: what is not said is not there', bare, `{${APPROVED}}`],
    ['why', { ...bare, reason: 'TICKET-1' }, `{${APPROVED},"reason":"TICKET-1"}`],
    ['a reason that is empty was given', { ...bare, reason: '' }, `{${APPROVED},"reason":""}`],
    ['until when', { ...bare, until: END }, `{${APPROVED},${UNTIL}}`],
    ['who signed', { ...bare, keys: [ANNA, BEN] }, `{${APPROVED},"keys":["${ANNA}","${BEN}"]}`],
    ['that nobody is known to have', { ...bare, keys: [] }, `{${APPROVED},"keys":[]}`],
    [
      'who took it over, set by set and in their order',
      { ...bare, keys: [ANNA], carried: [[CARLA, BEN], [BEN]] },
      `{${APPROVED},"carried":[["${CARLA}","${BEN}"],["${BEN}"]],"keys":["${ANNA}"]}`,
    ],
    ['that nobody did', { ...bare, keys: [ANNA], carried: [] }, `{${APPROVED},"carried":[],"keys":["${ANNA}"]}`],
    [
      'what was seen',
      { ...bare, evidence: [new Map([['kind', 'sbom']])] },
      `{${APPROVED},"evidence":[{"kind":"sbom"}]}`,
    ],
    ['a digest that tags stand for', { kind: 'named', tags: ['1', 'latest'] }, '{"tags":["1","latest"]}'],
    ['and when it ends', { kind: 'named', tags: ['1'], until: END }, `{"tags":["1"],${UNTIL}}`],
    [
      'and was approved itself',
      { kind: 'named', tags: ['1'], own: { ...bare, carried: [[ANNA]] } },
      `{"own":{${APPROVED},"carried":[["${ANNA}"]]},"tags":["1"]}`,
    ],
    ['a withdrawal', { kind: 'withdrawn', at: AT, by: 'anna' }, '{"by":"anna","revoked":"2026-11-21T12:00:00Z"}'],
    [
      'and why',
      { kind: 'withdrawn', at: AT, by: 'anna', reason: 'CVE-1' },
      '{"by":"anna","reason":"CVE-1","revoked":"2026-11-21T12:00:00Z"}',
    ],
  ])('%s', (_, word, written) => {
    expect(text(wordJson(word))).toBe(written);
    // Strictly: a member that is there and undefined is not one that is absent.
    expect(readWord('it', readJson(Buffer.from(written), JSON_LIMITS))).toStrictEqual(word);
  });
});

describe('who took an approval over', () => {
  const approved = { approved: '2026-11-21T12:00:00Z', by: 'anna', keys: [ANNA] };

  test.each([[null], [ANNA], [1], [{}], [false]])('%j is no list', (carried) => {
    expect(refusal({ ...approved, carried })).toContain('has no list carried');
  });

  test.each([[ANNA], [null], [1], [{}], [[ANNA, null]], [[ANNA, 1]], [[[ANNA]]]])('nor is one of %j', (set) => {
    expect(refusal({ ...approved, carried: [[BEN], set] })).toContain('in carried that is no list of keys');
  });

  test('is said of approvals, and in no other case than small', () => {
    expect(code(() => read({ tags: ['1'], carried: [[ANNA]] }))).toBe('trust.malformed');
    expect(code(() => read({ revoked: approved.approved, by: 'anna', carried: [[ANNA]] }))).toBe('trust.malformed');
    expect(code(() => read({ ...approved, Carried: [[ANNA]] }))).toBe('trust.malformed');
  });
});

describe('a list that is there and null was not written by tufgate, and must not be signed again as an empty one', () => {
  const approved = { approved: '2026-11-21T12:00:00Z', by: 'anna' };
  test.each([
    ['keys: nobody would have signed it', { ...approved, keys: null }],
    ['carried', { ...approved, carried: null }],
    ['evidence', { ...approved, evidence: null }],
    ['tags: an approval would be none', { tags: null }],
    ['keys of its own approval', { tags: ['1'], own: { ...approved, keys: null } }],
  ])('%s', (_, json) => {
    expect(code(() => read(json))).toBe('trust.malformed');
  });
});

test('what stands within is read as strictly', () => {
  const own = { approved: '2026-11-21T12:00:00Z', by: 'anna', until: 'never' };
  expect(refusal({ tags: ['1'], own })).toContain('has no instant until');
  expect(refusal({ tags: ['1'], own: [] })).toContain('is not a JSON object');
  expect(refusal({ tags: ['1'], own: { revoked: own.approved, by: 'anna' } })).toContain('"revoked"');
  expect(refusal({ tags: ['1'], own: { ...own, until: undefined, digest: hex(1) } })).toContain('"digest"');
});

test.each<[Json | undefined]>([[undefined], [null], ['revoked'], [['tags']], [1]])('%j is no word at all', (value) => {
  expect(message(() => readWord('it', value))).toContain('it is not a JSON object');
});
