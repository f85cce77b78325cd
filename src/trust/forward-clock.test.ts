import { beforeEach, expect, test } from 'vitest';
import { forwardClock } from './forward-clock.ts';

const NOW = Date.UTC(2026, 10, 21);
const HOUR = 3_600_000;

let machine: number;
let elapsed: number;
beforeEach(() => {
  machine = NOW;
  elapsed = 7;
});

const opened = (highest = 0) => forwardClock(highest, () => machine, () => elapsed); // prettier-ignore

function pass(ms: number): void {
  machine += ms;
  elapsed += ms;
}

test('it is the time of the machine', () => {
  const now = opened();
  expect(now()).toBe(NOW);
  pass(HOUR);
  expect(now()).toBe(NOW + HOUR);
  machine += 5 * HOUR;
  expect(now()).toBe(NOW + 6 * HOUR);
});

test('the attack: a clock that is set back revives nothing, and does not stop things from growing old', () => {
  const now = opened();
  pass(HOUR);
  now();
  machine -= 10 * HOUR;
  expect(now()).toBe(NOW + HOUR);
  pass(2 * HOUR);
  expect(now()).toBe(NOW + 2 * HOUR);
  expect(now()).toBe(NOW + 2 * HOUR);
});

test('the highest instant of earlier runs binds, until the machine has caught up', () => {
  const now = opened(NOW + 4 * HOUR);
  expect(now()).toBe(NOW + 4 * HOUR);
  for (const hours of [5, 6, 7, 8]) {
    pass(2 * HOUR);
    expect(now()).toBe(NOW + hours * HOUR);
  }
  pass(HOUR);
  expect(now()).toBe(NOW + 9 * HOUR);
});

test('instants are whole milliseconds, and nothing of the halves is lost', () => {
  const now = opened(NOW + HOUR);
  for (let i = 0; i < 10; i++) {
    pass(1);
    expect(Number.isInteger(now())).toBe(true);
  }
  expect(now()).toBe(NOW + HOUR + 5);
});
