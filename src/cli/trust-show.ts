import { composeJudge } from '../compose.ts';
import { EXIT } from './exit-code.ts';
import type { CommandContext } from './context.ts';
import type { RoleReport } from './role-report.ts';
import { requireState } from './stored-state.ts';
import { storedOf } from './stored-collections.ts';
import { approvalLines } from './ending-approvals.ts';
import { failingWords } from './trust-list.ts';
import { type CollectionReport, reportingFrom, reportOn } from './trust-report.ts';

/** One repository, in every source that knows it: roles, keys, thresholds, versions, expiry. */
export async function showTrust(
  { config, out }: CommandContext,
  _: unknown,
  [repository = '']: readonly string[],
): Promise<number> {
  const configured = config();
  requireState(configured);
  const judge = await composeJudge(configured);
  try {
    const reporting = await reportingFrom(judge);
    const stored = await storedOf(judge.state, judge.trust.sources, repository);
    const reports = await Promise.all(stored.map((each) => reportOn(reporting, each)));
    if (out.json) out.document(reports);
    else for (const report of reports) out.fact(page(report));
    return EXIT.done;
  } finally {
    await judge.close();
  }
}

function page({ gun, source, problem, anchor, pin, checkedAt, failing, approvals, roles }: CollectionReport): string {
  const anchored =
    anchor === 'first-use'
      ? 'first use: nobody pinned it, the first root seen was believed'
      : `pinned by ${String(anchor)}`;
  return [
    `${gun}  (${source})`,
    ...(problem === null ? [] : [`  problem    ${problem.code}: ${problem.message}`]),
    `  anchor     ${anchored}`,
    `  pin        ${pin ?? 'none'}`,
    `  confirmed  ${checkedAt ?? 'never'}`,
    ...(failing === null ? [] : [`  failing    ${failingWords(failing)}`]),
    ...roles.flatMap(roleLines),
  ]
    .join('\n')
    .concat(approvalLines(approvals, '  ', Infinity));
}

function roleLines(role: RoleReport): readonly string[] {
  const indent = '  '.repeat(role.depth + 1);
  const { keys, keyTypes, signers, threshold, unusable } = role;
  const listed = keys.map((key, i) => {
    const type = keyTypes[i] ?? 'unusable key';
    return `${indent}    ${signers.includes(key) ? 'signed ' : '       '}${key}  ${type}`;
  });
  return [
    `${indent}${role.role}: ${stateWords(role)}${pathWords(role)}, ${threshold} of ${keys.length} keys`,
    ...(unusable === null ? [] : [`${indent}    unusable: ${unusable}`]),
    ...listed,
  ];
}

function stateWords({ version, expires, daysLeft, people, tags }: RoleReport): string {
  if (version === null) return 'no file';
  const ends = `ends ${String(expires).slice(0, 10)} (${String(daysLeft)} d${people ? '' : ', signed anew by the server'})`;
  return `version ${version}, ${ends}${tags === null ? '' : `, ${tags} ${tags === 1 ? 'tag' : 'tags'}`}`;
}

function pathWords({ paths, pathKind }: RoleReport): string {
  if (paths === null) return '';
  if (pathKind === 'bins') return `, ${paths.join()}`;
  return `, ${pathKind === 'hash-prefixes' ? 'hashes' : 'paths'} ${paths.map((path) => JSON.stringify(path)).join(' ')}`;
}
