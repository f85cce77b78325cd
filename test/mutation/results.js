import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resultsOf, SHARDS } from './shards.js';

/**
 * One mutant as the report speaks of it. `change` names it without the number of its line, so that a reason given for it
 * outlives an edit above it.
 */
export function mutantsOf(shard) {
  if (!existsSync(resultsOf(shard))) throw new Error(`it was never run: npm run test:mutation -- ${shard}`);
  const { files } = JSON.parse(readFileSync(resultsOf(shard), 'utf8'));
  const known = SHARDS.get(shard).mutate.filter((file) => file in files);
  return known.flatMap((file) =>
    files[file].mutants
      .toSorted((a, b) => a.location.start.line - b.location.start.line)
      .map(({ mutatorName, replacement, status, statusReason, location }) => ({
        file,
        line: location.start.line,
        outcome: OUTCOMES.get(status) ?? 'unfit',
        because: statusReason ?? '',
        change: changeOf(files[file].source, { mutatorName, replacement, location }),
      })),
  );
}

/**
 * So that the next run tries them again: Stryker keeps the survivors whose code and tests are as they were, and for a
 * module-level constant it does not see that there are new tests.
 */
export function forgetSurvivors(shard) {
  if (!existsSync(resultsOf(shard))) return;
  const results = JSON.parse(readFileSync(resultsOf(shard), 'utf8'));
  for (const file of Object.values(results.files))
    file.mutants = file.mutants.filter(({ status }) => OUTCOMES.get(status) === 'killed');
  writeFileSync(resultsOf(shard), JSON.stringify(results));
}

/** An endless loop is noticed too. A mutant that nothing ran is a survivor like any other. */
const OUTCOMES = new Map([
  ['Killed', 'killed'],
  ['Timeout', 'killed'],
  ['Survived', 'survived'],
  ['NoCoverage', 'survived'],
  ['Ignored', 'ignored'],
]);

function changeOf(source, { mutatorName, replacement, location }) {
  const [text, line] = [textAt(source, location), source.split('\n')[location.start.line - 1]];
  const place = text === line.trim() ? '' : ` in ${short(line)}`;
  return `${mutatorName}: ${short(text)} → ${short(replacement)}${place}`;
}

function textAt(source, { start, end }) {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1);
  lines[0] = lines[0].slice(start.column - 1);
  return lines.join(' ');
}

function short(code) {
  const line = code.replace(/\s+/g, ' ').trim();
  return line.length > 90 ? `${line.slice(0, 60)} … ${line.slice(-27)}` : line;
}
