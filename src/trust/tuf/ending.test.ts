import { expect, test } from 'vitest';
import { endingsIn } from './ending.ts';
import type { TargetEntry, Targets } from './model.ts';

const A = 'aa'.repeat(32);
const B = 'bb'.repeat(32);

const fileOf = (targets: Record<string, TargetEntry>): Targets => ({
  type: 'targets',
  version: 1,
  expires: 0,
  targets: new Map(Object.entries(targets)),
  delegations: [],
});

test('the approvals that have an end come in the order in which they end', () => {
  const file = fileOf({
    'app:2': { length: 1, sha256: A, until: 20 },
    'app:3': { length: 1, sha256: B, until: 30 },
    'app:1': { length: 1, sha256: A, until: 10 },
    'app:4': { length: 1, sha256: B },
  });
  expect(endingsIn(file)).toEqual([
    { name: 'app:1', until: 10 },
    { name: 'app:2', until: 20 },
    { name: 'app:3', until: 30 },
  ]);
});

test('what names no bytes that could be served is no approval', () => {
  expect(endingsIn(fileOf({ 'app:1': { length: 1, sha512: 'cc'.repeat(64), until: 10 } }))).toEqual([]);
});

test('a digest is named where no tag that ends too stands for its bytes', () => {
  const file = fileOf({
    [`app@sha256:${A}`]: { length: 1, sha256: A, until: 10 },
    [`app@sha256:${B}`]: { length: 1, sha256: B, until: 10 },
    'app:1': { length: 1, sha256: A, until: 10 },
    'app:2': { length: 1, sha256: B },
  });
  expect(endingsIn(file)).toEqual([
    { name: `app@sha256:${B}`, until: 10 },
    { name: 'app:1', until: 10 },
  ]);
});

test('a file is looked through once', () => {
  const file = fileOf({ 'app:1': { length: 1, sha256: A, until: 10 } });
  expect(endingsIn(file)).toBe(endingsIn(file));
});
