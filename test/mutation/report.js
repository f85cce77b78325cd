import { writeFileSync } from 'node:fs';
import { complaintsAbout, judge, staleReasons } from './judge.js';
import { page, score } from './page.js';
import { SHARDS } from './shards.js';

const REPORT = new URL('../../docs/mutation.md', import.meta.url);

/** Judges these shards; docs/mutation.md is written when they are all there are. @returns is everything in order? */
export function report(names) {
  const shards = names.map(judge);
  const complaints = shards.flatMap(complaintsAbout);
  for (const shard of shards) process.stdout.write(`${shard.folder}: ${score(shard)}\n`);
  if (names.length === SHARDS.size) {
    complaints.push(...staleReasons(shards));
    writeFileSync(REPORT, page(shards));
  }
  for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
  return complaints.length === 0;
}
