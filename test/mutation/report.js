import { writeFileSync } from 'node:fs';
import { complaintsAbout, folderOf, judged, staleReasons, tallies } from './judge.js';
import { page, score } from './page.js';
import { SHARDS } from './shards.js';

const REPORT = new URL('../../docs/mutation.md', import.meta.url);

/** Judges these shards; docs/mutation.md is written when they are all there are. @returns is everything in order? */
export function report(shards) {
  const mutants = shards.flatMap(judged);
  const complaints = complaintsAbout(mutants);
  if (shards.length === SHARDS.size) {
    complaints.push(...staleReasons(mutants));
    writeFileSync(REPORT, page(mutants));
  }
  for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
  for (const [folder, tally] of tallies(mutants, folderOf)) process.stdout.write(`${folder}: ${score(tally)}\n`);
  return complaints.length === 0;
}
