import { WORDS } from './message-text.js';
import { readReasons } from './reasons.js';
import { mutantsOf } from './results.js';

export const LEAST = 95;
const REASONS = readReasons();

export function judged(shard) {
  return mutantsOf(shard).map((mutant) => ({ ...mutant, why: REASONS.get(mutant.file)?.get(mutant.change) }));
}

export function tally(mutants) {
  const killed = mutants.filter(({ outcome }) => outcome === 'killed').length;
  const survived = mutants.filter(isSurvivor).length;
  const words = mutants.filter(({ because }) => because === WORDS).length;
  const commented = mutants.filter(isCommented).length;
  return { killed, survived, words, commented, percent: (100 * killed) / (killed + survived || 1) };
}

export function isSurvivor({ outcome }) {
  return outcome === 'survived';
}

export function isCommented({ outcome, because }) {
  return outcome === 'ignored' && because !== WORDS;
}

export function placeOf({ file, line }) {
  return `${file}:${line}`;
}

export function complaintsAbout(mutants) {
  const low = tallies(mutants, folderOf).filter(([, { percent }]) => percent < LEAST);
  const silent = mutants.filter(
    (mutant) => (isSurvivor(mutant) && mutant.why === undefined) || isSilentComment(mutant),
  );
  return [
    ...silent.map((mutant) => `${placeOf(mutant)}: no reason is given for ${mutant.change}`),
    ...low.map(([folder]) => `${folder}: fewer than ${LEAST} % were killed`),
  ];
}

export function tallies(mutants, keyOf) {
  const keys = [...new Set(mutants.map(keyOf))].sort();
  return keys.map((key) => [key, tally(mutants.filter((mutant) => keyOf(mutant) === key))]);
}

export function folderOf({ file }) {
  return file.slice(0, file.lastIndexOf('/'));
}

/** Stryker's own words for a comment without a reason. */
function isSilentComment({ because }) {
  return because === 'Ignored using a comment';
}

/** A reason for what is killed by now, or is no more, would excuse the next mutant that looks like it. */
export function staleReasons(mutants) {
  const needed = new Set(mutants.filter(isSurvivor).map(({ file, change }) => `${file}: ${change}`));
  const given = [...REASONS].flatMap(([file, reasons]) => [...reasons.keys()].map((change) => `${file}: ${change}`));
  return given.filter((key) => !needed.has(key)).map((key) => `survivors.yaml has a reason for no survivor: ${key}`);
}
