import { Stryker } from '@stryker-mutator/core';
import { report } from './report.js';
import { forgetSurvivors } from './results.js';
import { resultsOf, SHARDS, shardOf } from './shards.js';

/**
 * `npm run test:mutation` runs every shard and writes docs/mutation.md. With names of shards, or of mutated files, only
 * those run and their survivors are printed. Only survivors and
 * what changed since the last run are run again; `--force` runs all.
 */
const words = process.argv.slice(2);
const force = words.includes('--force');
const wanted = words.filter((word) => word !== '--force');

const jobs = selection();
for (const [name, mutate] of jobs) await test(name, mutate);
process.exitCode = report([...jobs.keys()]) ? 0 : 1;

/** Shard → what of it is mutated. */
function selection() {
  const found = new Map();
  for (const word of wanted.length === 0 ? SHARDS.keys() : wanted) {
    const name = SHARDS.has(word) ? word : shardOf(word);
    if (name === undefined) throw new Error(`${word} is no shard and in none: ${[...SHARDS.keys()].join(', ')}`);
    found.set(name, name === word ? SHARDS.get(name).mutate : [...(found.get(name) ?? []), word]);
  }
  return found;
}

async function test(name, mutate) {
  process.env.MUTATION_SHARD = name;
  forgetSurvivors(name);
  await new Stryker({
    mutate,
    force,
    testRunner: 'vitest-loaded',
    vitest: { configFile: 'test/mutation/vitest.config.js', related: false },
    plugins: [
      '@stryker-mutator/vitest-runner',
      ...['./vitest-runner.js', './message-text.js'].map(import.meta.resolve),
    ],
    ignorers: ['message-text'],
    incremental: true,
    incrementalFile: resultsOf(name),
    concurrency: 1,
    timeoutMS: 10_000,
    reporters: ['progress-append-only', 'clear-text'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: false },
    tempDirName: 'coverage/mutation/sandbox',
    ignorePatterns: ['coverage', 'dist', 'data'],
    allowConsoleColors: false,
  }).runMutationTest();
}
