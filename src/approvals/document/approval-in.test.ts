import { expect, test } from 'vitest';
import { approvalIn } from './approval-in.ts';
import type { Approval } from './documents.ts';

const approval: Approval = { kind: 'approval', at: 0, by: 'anna', evidence: [] };

test('what is approved in its own right', () => {
  expect(approvalIn(approval)).toBe(approval);
  expect(approvalIn({ kind: 'named', tags: ['1.0'], own: approval })).toBe(approval);
});

test('nothing, where a digest follows its tags, was withdrawn, or is not named at all', () => {
  expect(approvalIn({ kind: 'named', tags: ['1.0'] })).toBeUndefined();
  expect(approvalIn({ kind: 'withdrawn', at: 0, by: 'anna' })).toBeUndefined();
  expect(approvalIn(undefined)).toBeUndefined();
});
