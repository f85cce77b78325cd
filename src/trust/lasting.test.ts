import { expect, test } from 'vitest';
import { allHold, holdsOf, lasting } from './lasting.ts';

const yes = (): boolean => true;

test('nobody vouches for a copy, for what is put together, or for what somebody else vouched for before', () => {
  const answer = lasting({ kind: 'signed' }, yes);
  expect(holdsOf(answer)).toBe(yes);
  expect(answer).toEqual({ kind: 'signed' });
  expect(holdsOf({ ...answer })).toBeUndefined();
  expect(holdsOf(structuredClone(answer))).toBeUndefined();
  expect(holdsOf(lasting(answer, undefined))).toBeUndefined();
});

test('a constant that many hand out is vouched for by nobody', () => {
  const constant = { kind: 'silent' };
  const answer = lasting(constant, yes);
  expect(holdsOf(answer)).toBe(yes);
  expect(holdsOf(constant)).toBeUndefined();
});

test('what rests on many holds while all hold, and cannot be told when one cannot', () => {
  const all = { one: true, two: true };
  const both = allHold([() => all.one, () => all.two]);
  expect(both?.()).toBe(true);
  all.two = false;
  expect(both?.()).toBe(false);
  Object.assign(all, { one: false, two: true });
  expect(both?.()).toBe(false);
  expect(allHold([yes, undefined])).toBeUndefined();
  expect(allHold([])?.()).toBe(true);
});
