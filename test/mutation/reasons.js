import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

const FILE = new URL('survivors.yaml', import.meta.url);

/** Why each survivor lives: file → change → reason. */
export function readReasons() {
  const files = Object.entries(parse(readFileSync(FILE, 'utf8')));
  return new Map(
    files.map(([file, groups]) => [
      file,
      new Map(groups.flatMap(({ why, mutants }) => mutants.map((mutant) => [mutant, why]))),
    ]),
  );
}
