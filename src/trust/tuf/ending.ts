import type { Targets } from './model.ts';

/** An approval with an end: the name of its target, and the instant, epoch milliseconds. */
export interface Ending {
  readonly name: string;
  readonly until: number;
}

/**
 * The approvals in this file that have an end, the first to end first. Digests have the end of their tags: they are named only
 * where no tag stands for the same bytes.
 */
export function endingsIn(targets: Targets): readonly Ending[] {
  const found = known.get(targets) ?? collect(targets);
  known.set(targets, found);
  return found;
}

/** Looked for once in each file: most have none, and some have a hundred thousand names. */
const known = new WeakMap<Targets, readonly Ending[]>();

function collect({ targets }: Targets): readonly Ending[] {
  const ending = [...targets].filter(([, { until, sha256 }]) => until !== undefined && sha256 !== undefined);
  const tagged = new Set(ending.flatMap(([name, { sha256 }]) => (isDigest(name) ? [] : [sha256])));
  const named = ending.filter(([name, { sha256 }]) => !isDigest(name) || !tagged.has(sha256));
  return named.map(([name, { until = 0 }]) => ({ name, until })).sort((a, b) => a.until - b.until);
}

function isDigest(name: string): boolean {
  return name.includes('@');
}
