import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { APP, hex } from '../../../test/approvals.ts';
import { code } from '../../../test/thrown.ts';
import { readInstant } from './read-instant.ts';
import { instantText } from '../../text/instant-text.ts';
import { digestTarget, parseTarget, tagTarget } from './names.ts';
import { isRoleName } from './role-name.ts';

describe('names of targets', () => {
  test.each([APP, 'localhost:5000/a', 'docker.io/library/nginx'])('%s', (repository) => {
    expect(parseTarget(tagTarget(repository, '1.27'))).toEqual({ kind: 'tag', repository, tag: '1.27' });
    const digest = `sha256:${hex(1)}`;
    expect(parseTarget(digestTarget(repository, hex(1)))).toEqual({ kind: 'digest', repository, digest });
  });

  test.each([
    '',
    'a',
    ':1',
    'localhost:5000/a',
    `${APP}:`,
    `${APP}:-1`,
    `${APP}@sha256:1`,
    `@sha256:${hex(1)}`,
    `${APP}@sha256:${hex(1)}:1`,
  ])('%j is none', (name) =>
    expect(code(() => parseTarget(name))).toBe(name === ':1' ? 'accepted' : 'trust.malformed'),
  );
});

test('instants: there and back, and no other form', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
      const text = instantText(seconds * 1_000);
      expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(readInstant(text)).toBe(seconds * 1_000);
    }),
  );
  expect(instantText(999)).toBe('1970-01-01T00:00:00Z');
  for (const other of ['2030-01-01T00:00:00z', '2030-01-01 00:00:00Z', '2030-01-01T00:00:0Z', '+030-01-01T00:00:00Z'])
    expect(readInstant(other)).toBeUndefined();
});

test('names of roles are names of files', () => {
  for (const good of ['a', 'team', 'bulk-0f', 'a.b_c-d', 'x'.repeat(64)]) expect(isRoleName(good)).toBe(true);
  for (const bad of [
    '',
    'A',
    '-a',
    'a-',
    '.',
    'a/b',
    'a b',
    'ä',
    'root',
    'targets',
    'snapshot',
    'timestamp',
    'x'.repeat(65),
  ])
    expect(isRoleName(bad)).toBe(false);
});
