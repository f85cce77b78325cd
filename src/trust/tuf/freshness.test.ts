import { describe, expect, test } from 'vitest';
import { TufgateError } from '../../errors.ts';
import { expired, refuseExpired, refuseRollback } from './freshness.ts';
import type { Timestamp } from './model.ts';

const END = Date.UTC(2026, 10, 21);
const timestamp = (version: number): Timestamp => ({
  type: 'timestamp',
  version,
  expires: END,
  snapshot: { hashes: {} },
});

function thrown(work: () => void): TufgateError | undefined {
  try {
    work();
  } catch (error) {
    if (error instanceof TufgateError) return error;
    throw error;
  }
  return undefined;
}

describe('a file', () => {
  test('is expired from the instant that it names', () => {
    expect(expired('app', 'timestamp', timestamp(3), END - 1)).toBeUndefined();
    const error = expired('app', 'timestamp', timestamp(3), END);
    expect(error).toMatchObject({ code: 'trust.expired', detail: { role: 'timestamp' } });
    expect(error?.message).toContain('timestamp version 3 of app expired at 2026-11-21T00:00:00.000Z');
  });

  test('that is expired is refused, and no other', () => {
    expect(thrown(() => refuseExpired('app', 'timestamp', timestamp(3), END - 1))).toBeUndefined();
    expect(thrown(() => refuseExpired('app', 'timestamp', timestamp(3), END))?.code).toBe('trust.expired');
  });
});

describe('what was accepted before is the floor', () => {
  const seen = Buffer.from('seen');
  const floor = {
    model: timestamp(3),
    file: { role: 'timestamp', version: 3, sha256: '', bytes: seen },
    signers: [],
    signerKeys: [],
  };
  const offered = (version: number, bytes: Uint8Array): TufgateError | undefined =>
    thrown(() => refuseRollback('app', 'timestamp', floor, timestamp(version), bytes));

  test('for a lower version, which is a rollback', () => {
    expect(offered(2, seen)).toMatchObject({
      code: 'trust.rollback',
      detail: { role: 'timestamp', floor: 3, version: 2 },
    });
  });

  test('for the same version in other bytes', () => {
    expect(offered(3, seen)).toBeUndefined();
    expect(offered(3, Buffer.from('else'))).toMatchObject({
      code: 'trust.equal-version',
      detail: { role: 'timestamp', floor: 3, version: 3 },
    });
  });

  test('and not for a higher one, nor where nothing was seen', () => {
    expect(offered(4, Buffer.from('else'))).toBeUndefined();
    expect(thrown(() => refuseRollback('app', 'timestamp', undefined, timestamp(1), seen))).toBeUndefined();
  });
});
