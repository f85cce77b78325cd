import { expect, test } from 'vitest';
import { readJson } from '../../../json/read.ts';
import { readTargetEntry } from './tuf-entry.ts';

const LIMITS = { depth: 32, values: 1_000, integersOnly: true };
const SHA256 = 'ab'.repeat(32);
const UNTIL = '2026-11-27T09:16:10Z';

function read(custom?: unknown) {
  const target = { length: 7, hashes: { sha256: SHA256 }, custom };
  return readTargetEntry('targets', 'app:1', readJson(Buffer.from(JSON.stringify(target)), LIMITS));
}

test('a target of which nothing more is said has no end', () => {
  expect(read()).toStrictEqual({ length: 7, sha256: SHA256 });
  expect(read({ tufgate: { by: 'alice' } })).toStrictEqual({ length: 7, sha256: SHA256 });
});

test('an approval that ends keeps its hashes', () => {
  expect(read({ tufgate: { until: UNTIL } })).toStrictEqual({
    length: 7,
    sha256: SHA256,
    until: Date.parse(UNTIL),
  });
});

test('what was withdrawn has no hashes', () => {
  expect(read({ tufgate: { revoked: UNTIL } })).toStrictEqual({ length: 7, revoked: { at: Date.parse(UNTIL) } });
});

test.each([
  ['approval', { until: 'x' }],
  ['withdrawal', { revoked: 'x' }],
])('what is said of the %s and cannot be read leaves no hashes', (unreadable, tufgate) => {
  expect(read({ tufgate })).toStrictEqual({ length: 7, unreadable });
});
