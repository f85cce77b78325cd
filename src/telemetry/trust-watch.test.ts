import { expect, test } from 'vitest';
import { TufgateError } from '../errors.ts';
import type { Logger } from './logger.ts';
import { createMetrics } from './metrics.ts';
import { TrustWatch } from './trust-watch.ts';

const unreachable = new TufgateError('trust.unreachable', 'https://notary.example: refused');

function watching(): { lines: string[]; refreshed: (gun: string, failure?: TufgateError) => void } {
  const lines: string[] = [];
  const note = (level: string) => (_: object, message: string) => void lines.push(`${level} ${message}`);
  const log: Logger = {
    debug: () => undefined,
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
    child: () => log,
  };
  const watch = new TrustWatch({ log, metrics: createMetrics(), now: () => 0 });
  return {
    lines,
    refreshed(gun, failure) {
      const outcome = failure === undefined ? 'unchanged' : 'failed';
      const why = failure === undefined ? {} : { failure };
      watch.note({ kind: 'refreshed', collection: { source: 'vendor', gun }, outcome, ms: 1, ...why });
    },
  };
}

test('an outage is told when it begins and when it ends, not at each refresh', () => {
  const { lines, refreshed } = watching();
  for (const gun of ['a', 'a', 'b', 'a']) refreshed(gun, unreachable);
  expect(lines).toEqual([expect.stringContaining('warn the trust source cannot be reached')]);
  refreshed('b');
  refreshed('a');
  expect(lines.slice(1)).toEqual(['info the trust source can be reached again']);
  refreshed('a', unreachable);
  expect(lines).toHaveLength(3);
});

test('one collection that never answers beside others that do is told once', () => {
  const { lines, refreshed } = watching();
  for (let i = 0; i < 5; i++) {
    refreshed('broken', unreachable);
    refreshed('fine');
  }
  expect(lines).toHaveLength(2);
});

test('metadata that does not verify is no outage: its alarm tells', () => {
  const { lines, refreshed } = watching();
  refreshed('a', new TufgateError('trust.signature', 'wrong'));
  refreshed('a', new TufgateError('trust.unreachable', '401', { detail: { alarm: true } }));
  expect(lines).toEqual([]);
});
