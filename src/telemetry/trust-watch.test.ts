import { expect, test } from 'vitest';
import { TufgateError } from '../errors.ts';
import type { Logger } from './logger.ts';
import { createMetrics } from './metrics.ts';
import { TrustWatch } from './trust-watch.ts';

const unreachable = new TufgateError('trust.unreachable', 'https://notary.example: refused');

function watching(metrics = createMetrics()): {
  lines: string[];
  watch: TrustWatch;
  refreshed: (gun: string, failure?: TufgateError) => void;
} {
  const lines: string[] = [];
  const note = (level: string) => (_: object, message: string) => void lines.push(`${level} ${message}`);
  const log: Logger = {
    debug: () => undefined,
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
    child: () => log,
  };
  const watch = new TrustWatch({ log, metrics, now: () => 0 });
  return {
    lines,
    watch,
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

test('unexpected signing is seen: who may sign now and could not, new roots, tags that are new, moved or gone', async () => {
  const metrics = createMetrics();
  const { lines, watch } = watching(metrics);
  const collection = { source: 'vendor', gun: 'a' };
  const tags = { new: 3, moved: 2, removed: 1 };
  const first = { kind: 'changed', collection, tags, newSigners: [], rootVersion: 1, rootChanged: false } as const;
  watch.note(first);
  expect(lines).toEqual(['info new trust data verified']);
  watch.note({ ...first, newSigners: ['k1', 'k2'], rootVersion: 2, rootChanged: true });
  expect(lines.slice(1, 3)).toEqual([
    expect.stringMatching(/^warn a new root was accepted/),
    expect.stringMatching(/^warn keys may sign now that could not before/),
  ]);
  const text = await metrics.text();
  const count = (change: string) =>
    text.split(`tufgate_trust_changes_total{source="vendor",change="${change}"} `)[1]?.[0];
  expect(['new', 'moved', 'removed', 'signer', 'root'].map(count)).toEqual(['6', '4', '2', '2', '1']);
});

test('what ends soon is said and shown, and forgotten with what is no longer believed', async () => {
  const metrics = createMetrics(() => 0);
  const { lines, watch } = watching(metrics);
  const event = { kind: 'refreshed', collection: { source: 'vendor', gun: 'a' }, outcome: 'unchanged', ms: 1 } as const;
  watch.note({
    ...event,
    ends: new Map([
      ['root', 20 * 86_400_000],
      ['targets', 3 * 86_400_000],
    ]),
  });
  expect(lines).toHaveLength(2);
  expect(await metrics.text()).toContain('tufgate_trust_collection_expires_days{source="vendor",gun="a"} 3\n');
  watch.note({ ...event, outcome: 'withdrawn' });
  expect(await metrics.text()).not.toContain('gun="a"');
});
