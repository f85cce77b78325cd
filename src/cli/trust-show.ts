import { composeJudge, type Judge } from '../compose.ts';
import { TufgateError } from '../errors.ts';
import { parseImageName, repositoryName } from '../oci/reference.ts';
import { gunOf } from '../trust/collection-name.ts';
import { EXIT } from './exit-code.ts';
import type { CommandContext } from './context.ts';
import { type CollectionReport, reportOn, type RoleReport } from './trust-report.ts';

/** One repository, in every source that knows it: roles, keys, thresholds, versions, expiry. */
export async function showTrust(
  { config, out }: CommandContext,
  _: unknown,
  [repository = '']: readonly string[],
): Promise<number> {
  const judge = await composeJudge(config());
  try {
    const reports = await reportsOn(judge, repository);
    if (out.json) out.document(reports);
    else for (const report of reports) out.fact(page(report));
    return EXIT.done;
  } finally {
    await judge.close();
  }
}

/** `repository` is an image name without tag, or a GUN as `trust list` shows it. */
async function reportsOn(judge: Judge, repository: string): Promise<CollectionReport[]> {
  const name = repositoryName(parseImageName(repository));
  const stored = await judge.state.listTrust();
  const mine = stored.filter(({ source, gun }) => {
    const config = judge.trust.sources.get(source);
    return gun === repository || (config !== undefined && gun === gunOf(config, parseImageName(repository)));
  });
  if (mine.length > 0) return await Promise.all(mine.map((each) => reportOn(judge.trust, each)));
  throw new TufgateError(
    'upstream.not-found',
    `no trust data of ${name} is stored: resolve one of its tags first, or see "tufgate trust list"`,
  );
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
