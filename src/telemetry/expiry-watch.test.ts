import { expect, test } from 'vitest';
import { ExpiryWatch } from './expiry-watch.ts';
import type { Logger } from './logger.ts';

const DAY = 86_400_000;
const START = Date.parse('2026-11-21T12:00:00Z');
const APP = { source: 'vendor', gun: 'reg.example/acme/app' };

function watching() {
  const lines: string[] = [];
  const note = (level: string) => (_: object, message: string) => void lines.push(`${level} ${message}`);
  const log: Logger = {
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
    child: () => log,
  };
  const clock = { now: START };
  const watch = new ExpiryWatch(log, () => clock.now);
  const said = (ends: Record<string, number>, gun = APP.gun): string[] => {
    lines.length = 0;
    watch.note({ ...APP, gun }, new Map(Object.entries(ends)));
    return [...lines];
  };
  return { clock, said };
}

test('30 days before a role ends it is said, and not sooner', () => {
  const { said } = watching();
  expect(said({ root: START + 31 * DAY })).toEqual([]);
  expect(said({ root: START + 30 * DAY })).toEqual([
    'warn root of reg.example/acme/app ends in 30 d (2026-12-21T12:00:00.000Z): its publisher must sign it anew before pulls of it are refused',
  ]);
});

test('once a day and role, however often the source is asked', () => {
  const { clock, said } = watching();
  const ends = { root: START + 20 * DAY, targets: START + 10 * DAY };
  expect(said(ends)).toHaveLength(2);
  expect(said(ends)).toEqual([]);
  expect(said(ends, 'reg.example/acme/web')).toHaveLength(2);
  clock.now += DAY;
  expect(said(ends)).toHaveLength(2);
});

test('in the last days, and after the end, it is an error', () => {
  const { said } = watching();
  expect(said({ targets: START + 7 * DAY })[0]).toMatch(/^error targets .* ends in 7 d/);
  expect(said({ root: START })[0]).toMatch(/^error root .* has ended .*: pulls that rest on it are refused/);
});
