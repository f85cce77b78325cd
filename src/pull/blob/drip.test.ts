import { expect, test } from 'vitest';
import { Drip } from './drip.ts';

test('the attack: a byte a second is given up after a minute', () => {
  const drip = new Drip();
  const verdicts = Array.from({ length: 60 }, () => drip.arrived(1, 1_000));
  expect(verdicts.indexOf(true)).toBe(59);
});

test('a slow line that brings 64 KiB a minute goes on for hours', () => {
  const drip = new Drip();
  for (let second = 0; second < 7_200; second += 1) expect(drip.arrived(1_093, 1_000)).toBe(false);
});

test('each minute is judged alone: what came fast at first does not excuse the rest', () => {
  const drip = new Drip();
  drip.arrived(1 << 30, 1);
  const verdicts = Array.from({ length: 120 }, () => drip.arrived(1, 1_000));
  expect(verdicts.filter(Boolean)).toHaveLength(1);
});

test('time that is not the upstream’s does not count: a clock that jumps, either way, is no slow upstream', () => {
  const drip = new Drip();
  expect(drip.arrived(1, 365 * 86_400_000)).toBe(false);
  expect(drip.arrived(1, -365 * 86_400_000)).toBe(false);
  for (let n = 0; n < 10_000; n += 1) expect(drip.arrived(1, 0)).toBe(false);
});
