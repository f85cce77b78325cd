/**
 * What is mutated, in parts that each run in minutes on one core. A part is killed by its own unit tests only: a check
 * that nothing but a long story notices has no test where people look for it.
 */
export const SHARDS = new Map([
  ['policy', shard('src/policy')],
  ['verify', shard('src/verify')],
  ['trust', shard('src/trust', ['src/trust/*.test.ts'])],
  ['tuf', shard('src/trust/tuf', ['src/trust/**/*.test.ts'])],
  ['format', shard('src/trust/tuf/format', ['src/trust/tuf/**/*.test.ts'])],
  ['json', shard('src/json')],
]);

function shard(folder, tests = [`${folder}/*.test.ts`]) {
  return { folder, mutate: [`${folder}/*.ts`, `!${folder}/*.test.ts`], tests };
}

export function shardOf(file) {
  const folder = file.slice(0, file.lastIndexOf('/'));
  return [...SHARDS.keys()].find((name) => SHARDS.get(name).folder === folder);
}

/** Stryker's own incremental file: all that is known of the shard, and what the next run need not do again. */
export function resultsOf(name) {
  return `coverage/mutation/${name}.json`;
}
