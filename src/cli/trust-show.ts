import { composeJudge } from '../compose.ts';
import { EXIT } from './exit-code.ts';
import type { CommandContext } from './context.ts';
import { storedOf } from './stored-collections.ts';
import { type CollectionReport, reportOn, type RoleReport } from './trust-report.ts';

/** One repository, in every source that knows it: roles, keys, thresholds, versions, expiry. */
export async function showTrust(
  { config, out }: CommandContext,
  _: unknown,
  [repository = '']: readonly string[],
): Promise<number> {
  const judge = await composeJudge(config());
  try {
    const stored = await storedOf(judge.state, judge.trust.sources, repository);
    const reports = await Promise.all(stored.map((each) => reportOn(judge.trust, each)));
    if (out.json) out.document(reports);
    else for (const report of reports) out.fact(page(report));
    return EXIT.done;
  } finally {
    await judge.close();
  }
}

function page(report: CollectionReport): string {
  const { gun, source, problem, anchor, checkedAt, roles } = report;
  const head = `${gun}  (${source})`;
  if (problem !== null) return `${head}\n  ${problem.code}: ${problem.message}`;
  const anchored =
    anchor === 'first-use'
      ? 'first use: nobody pinned it, the first root seen was believed'
      : `pinned by ${String(anchor)}`;
  return [head, `  anchor     ${anchored}`, `  confirmed  ${String(checkedAt)}`, ...roles.map(roleLines)].join('\n');
}

function roleLines(role: RoleReport): string {
  const depth = role.role.split('/').length;
  const indent = '  '.repeat(depth);
  const state =
    role.version === null
      ? 'no file'
      : `version ${role.version}, ends ${String(role.expires).slice(0, 10)} (${String(role.daysLeft)} d)`;
  const tags = role.tags === null ? '' : `, ${role.tags} ${role.tags === 1 ? 'tag' : 'tags'}`;
  const paths = role.paths === null ? '' : `, paths ${role.paths.map((path) => JSON.stringify(path)).join(' ')}`;
  const keys = role.keys.map((key) => `${indent}    ${role.signers.includes(key) ? 'signed ' : '       '}${key}`);
  const unusable = role.unusable === null ? [] : [`${indent}    unusable: ${role.unusable}`];
  return [
    `${indent}${role.role}: ${state}${tags}${paths}, threshold ${role.threshold} of ${role.keys.length}`,
    ...unusable,
    ...keys,
  ].join('\n');
}
