import { defineConfig } from 'vitest/config';
import { SHARDS } from './shards.js';

/**
 * The tests of one shard, which the environment names. Stryker 9.6 has an option for this, `testFiles`; with it, it
 * activates mutants in module-level constants after the module was loaded, and every one of them survives.
 */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: { include: SHARDS.get(process.env.MUTATION_SHARD)?.tests ?? [], testTimeout: 20_000 },
});
