import { beforeEach, expect, test } from 'vitest';
import { TufgateError } from '../errors.ts';
import { type Digest, parseDigest } from '../oci/digest.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { GivenOut, StateStore } from '../state/store.ts';
import { GivenOutMemory } from './give-out.ts';

const [A, B] = ['a', 'b'].map((hex) => parseDigest(`sha256:${hex.repeat(64)}`)) as [Digest, Digest];
const MINUTE = 60_000;

let state: StateStore;
let full: boolean;
let written: number;
let told: unknown[];
let memory: GivenOutMemory;

beforeEach(() => {
  [full, written, told] = [false, 0, []];
  state = openSqliteStore(':memory:');
  const write = async (work: () => Promise<void>): Promise<void> => {
    if (full) throw new TufgateError('state.failed', 'database or disk is full');
    written += 1;
    await work();
  };
  const disk = Object.assign(Object.create(state) as StateStore, {
    raiseClock: (now: number) => state.raiseClock(now),
    giveOut: (given: GivenOut) => write(() => state.giveOut(given)),
  });
  memory = new GivenOutMemory(disk, (error) => told.push(error));
});

function give(digest: Digest, at: number, verified = true): Promise<number> {
  return memory.remember({ repository: 'reg.example/app', tag: '1', digest, verified, basis: 'rule', at }, at);
}

test('what was noted less than a minute ago is not written again', async () => {
  expect(await give(A, 0)).toBe(MINUTE);
  expect(await give(A, MINUTE - 1)).toBe(MINUTE);
  expect(await give(A, MINUTE)).toBe(2 * MINUTE);
  expect(written).toBe(2);
});

test('on a full disk what cannot be noted anew is given out all the same, told, and tried again soon', async () => {
  await give(A, 0);
  full = true;
  expect(await give(A, MINUTE)).toBe(MINUTE + 5_000);
  expect(told).toHaveLength(1);
  expect(await state.givenOut('reg.example/app', [A])).toMatchObject([{ at: 0 }]);
  full = false;
  expect(await give(A, MINUTE + 5_000)).toBe(2 * MINUTE + 5_000);
  expect(await state.givenOut('reg.example/app', [A])).toMatchObject([{ at: MINUTE + 5_000 }]);
});

test('and what says anything new is not: the past of a tag would be another one than was given out', async () => {
  await give(A, 0);
  await give(B, 1);
  full = true;
  await expect(give(A, 2 * MINUTE)).rejects.toThrow('full');
  await expect(give(B, 2 * MINUTE, false)).rejects.toThrow('full');
  expect(told).toEqual([]);
  expect(await give(B, 2 * MINUTE)).toBe(2 * MINUTE + 5_000);
});
