import { composeJudge, type Judge } from '../compose.ts';
import { clockAhead } from '../trust/clock-ahead.ts';
import { EXIT } from './exit-code.ts';
import type { CommandContext } from './context.ts';
import { requireState } from './stored-state.ts';
import { approvalLines } from './ending-approvals.ts';
import { type CollectionReport, reportingFrom, reportOn } from './trust-report.ts';

/** Every collection that trust data is stored of. */
export async function listTrust({ config, out }: CommandContext): Promise<number> {
  const configured = config();
  requireState(configured);
  const judge = await composeJudge(configured);
  try {
    warnOfClock(out, judge);
    const reporting = await reportingFrom(judge);
    const collections = await judge.state.listTrust();
    const reports: CollectionReport[] = [];
    for (const collection of collections) reports.push(await reportOn(reporting, collection));
    if (out.json) out.document(reports);
    else if (reports.length === 0)
      out.fact('No trust data yet: it is fetched when the first tag is pulled or resolved.');
    else for (const report of reports) out.fact(line(report));
    return EXIT.done;
  } finally {
    await judge.close();
  }
}

export function warnOfClock(out: CommandContext['out'], { deps }: Judge): void {
  const ahead = clockAhead(deps.now(), Date.now());
  if (ahead !== undefined) out.message(`tufgate: ${ahead}`);
}

function line({
  source,
  gun,
  problem,
  anchor,
  root,
  expires,
  approvals,
  checkedAt,
  failing,
}: CollectionReport): string {
  const head = `${gun}  (${source})`;
  if (problem !== null) return `${head}\n    ${problem.code}: ${problem.message}`;
  const anchored = anchor === 'first-use' ? 'trusted on first use' : `pinned by ${String(anchor)}`;
  return `${head}\n    root ${root?.version ?? '?'}, ${anchored}${endWords(expires)}; confirmed ${String(checkedAt)}${approvalLines(approvals, '    ')}${failing === null ? '' : `\n    FAILING ${failingWords(failing)}`}`;
}

export function failingWords({ at, code, message }: NonNullable<CollectionReport['failing']>): string {
  return `${at}, ${code}: ${message}`;
}

export function endWords(expires: CollectionReport['expires']): string {
  if (expires === null) return '';
  const { role, at, daysLeft } = expires;
  const day = at.slice(0, 10);
  return daysLeft < 0 ? `, ${role} ENDED ${day}` : `, ${role} ends in ${daysLeft} d (${day})`;
}
