import { expect, test } from 'vitest';
import { clockAhead } from './clock-ahead.ts';

const NOW = Date.UTC(2026, 10, 21);

test('a clock that once ran ahead is spoken of, with what to do', () => {
  const said = clockAhead(NOW + 30 * 86_400_000, NOW);
  expect(said).toContain('720 h ahead of this machine');
  expect(said).toContain('2026-12-21T00:00:00.000Z');
  expect(said).toContain('tufgate trust clock --reset');
  expect(clockAhead(NOW + 90_000, NOW)).toContain('2 min ahead');
  expect(clockAhead(NOW + 3_600_000, NOW)).toContain('1 h ahead');
  expect(clockAhead(NOW + 3_600_000, NOW)).toContain('1 h ahead');
});

test('a minute, or a machine that is ahead itself, is nothing to speak of', () => {
  expect(clockAhead(NOW + 60_000, NOW)).toBeUndefined();
  expect(clockAhead(NOW - 86_400_000, NOW)).toBeUndefined();
});
