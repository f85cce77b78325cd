import { expect, test } from 'vitest';
import { type Revoked, whyWithdrawn } from './revoked.ts';

const AT = Date.UTC(2026, 10, 27, 9, 16, 10);

test.each<[string, Omit<Revoked, 'at'>, string]>([
  ['when', {}, ''],
  ['by whom', { by: 'alice' }, ' by alice'],
  ['why', { reason: 'CVE-1' }, ': CVE-1'],
  ['by whom and why', { by: 'alice', reason: 'CVE-1' }, ' by alice: CVE-1'],
])('a withdrawal says %s', (_, words, said) => {
  expect(whyWithdrawn('app:1', { at: AT, ...words })).toBe(
    `app:1 was withdrawn 2026-11-27T09:16:10Z${said}; pull another version, or ask those who approve images`,
  );
});
