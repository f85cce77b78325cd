import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

const FILE = new URL('survivors.yaml', import.meta.url);

/** Why each survivor lives: file → change → reason. */
export function readReasons() {
  const lists = parse(readFileSync(FILE, 'utf8')) ?? {};
  return new Map(
    Object.entries(lists).map(([file, list]) => [file, new Map(list.map(({ mutant, why }) => [mutant, why]))]),
  );
}
