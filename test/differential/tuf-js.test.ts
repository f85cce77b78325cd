import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TUF_DAMAGES } from '../../src/simulator/tuf-damage.ts';
import { TUF_JS_FAULT_TARGET, TUF_JS_FAULTS } from '../../src/simulator/tuf-js-fault.ts';
import { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { Client, NOW } from '../conformance/client.ts';
import { agree, compare, type Comparison } from './compare.ts';
import { KNOWN } from './known.ts';

/**
 * Two clients, one repository: what we and tuf-js 6 say of each name must be the same, or differ for a reason that is
 * known and counted. One story in four is valid to its end, the others have one damage each in turn.
 *
 * `TUF_STORIES=10000 npx vitest run --config test/vitest.config.ts test/differential` is the long run.
 */
const STORIES = Number(process.env['TUF_STORIES'] ?? 200);
const AT_ONCE = 20;
const blocks = Array.from({ length: Math.ceil(STORIES / AT_ONCE) }, (_, block) => block * AT_ONCE);
const counts = new Map<string, number>();

beforeEach(() => vi.useFakeTimers({ now: NOW, toFake: ['Date'] }));
afterEach(() => vi.useRealTimers());

const damageOf = (seed: number) => (seed % 4 === 0 ? undefined : TUF_DAMAGES[seed % TUF_DAMAGES.length]);

function count(comparison: Comparison): void {
  const known = KNOWN.find((each) => each.explains(comparison));
  if (!agree(comparison) && known === undefined) {
    const damage = damageOf(comparison.seed)?.name;
    expect.fail(`no known reason explains this difference: ${JSON.stringify({ damage, ...comparison })}`);
  }
  const what = agree(comparison) ? `both: ${comparison.ours.kind}` : `differs: ${known?.reason ?? ''}`;
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

describe('generated stories', () => {
  test.each(blocks)('from seed %i on: the same verdicts', { timeout: 300_000 }, async (first) => {
    for (let seed = first; seed < first + AT_ONCE; seed++)
      for (const comparison of await compare(seed, damageOf(seed))) count(comparison);
  });

  test('found, not found and refused are all among them, and hardly a difference', () => {
    const all = [...counts.values()].reduce((sum, each) => sum + each, 0);
    for (const kind of ['found', 'none', 'refused']) expect(counts.get(`both: ${kind}`)).toBeGreaterThan(all / 10);
    const differing = [...counts].filter(([what]) => what.startsWith('differs')).map(([, times]) => times);
    expect(Math.max(0, ...differing)).toBeLessThan(all / 50);
  });

  afterAll(() => {
    if (STORIES <= 1_000) return;
    for (const [what, times] of [...counts].sort()) process.stdout.write(`${String(times).padStart(7)} ${what}\n`);
  });
});

describe('where tuf-js is known to be wrong, we are not', () => {
  test.each(TUF_JS_FAULTS)('$name', async (fault) => {
    const target = { length: 1, digest: `sha256:${'a'.repeat(64)}` };
    const repository = new TufRepository(NOW).put(TUF_JS_FAULT_TARGET, target);
    fault.apply(repository);
    const client = new Client(repository.publish());
    const [said] = await client.judge(TUF_JS_FAULT_TARGET);
    await client.close();
    expect(said?.kind).toBe(fault.verdict);
  });
});
