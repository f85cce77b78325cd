import { composeJudge } from '../compose.ts';
import { TufgateError } from '../errors.ts';
import { audit, auditCsv, type AuditRow, type Gap } from './audit.ts';
import type { CommandContext } from './context.ts';
import { approvalLines } from './ending-approvals.ts';
import { EXIT } from './exit-code.ts';
import { requireState } from './stored-state.ts';
import { endWords, failingWords, warnOfClock } from './trust-list.ts';
import { reportingFrom, reportOn } from './trust-report.ts';

/** Every stored collection with its anchor and root keys, and what is missing. Exits 3 when something is. */
export async function auditTrust(
  { config, out }: CommandContext,
  { csv }: { readonly csv?: boolean },
): Promise<number> {
  if (csv === true && out.json) throw new TufgateError('usage', '--csv and --json exclude each other');
  const configured = config();
  requireState(configured);
  const judge = await composeJudge(configured);
  try {
    warnOfClock(out, judge);
    const rows: AuditRow[] = [];
    const reporting = await reportingFrom(judge);
    const collections = await judge.state.listTrust();
    for (const collection of collections) {
      rows.push(audit(await reportOn(reporting, collection)));
      out.progress(`${rows.length} of ${collections.length} collections`);
    }
    rows.sort(bySource);
    if (out.json) out.document(rows);
    else out.fact(csv === true ? auditCsv(rows) : page(rows));
    return rows.some(({ gaps }) => gaps.length > 0) ? EXIT.refused : EXIT.done;
  } finally {
    await judge.close();
  }
}

function bySource(a: AuditRow, b: AuditRow): number {
  if (a.source !== b.source) return a.source < b.source ? -1 : 1;
  return a.gun < b.gun ? -1 : 1;
}

function page(rows: readonly AuditRow[]): string {
  const gaps = rows.filter((row) => row.gaps.length > 0).length;
  const total = `${rows.length} ${rows.length === 1 ? 'collection' : 'collections'}, ${gaps} with gaps`;
  return [...rows.map(entry), total].join('\n');
}

function entry(row: AuditRow): string {
  const { source, gun, pin, root, expires, approvals, gaps, problem } = row;
  const keys = root === null ? 'no root' : `root ${root.version}, keys ${root.keys.join(' ')}`;
  return [
    `${gaps.length === 0 ? 'ok ' : 'GAP'}  ${gun}  (${source})`,
    `     ${keys}; pin ${pin ?? 'none'}${endWords(expires)}${approvalLines(approvals, '     ')}`,
    ...(problem === null ? [] : [`     ${problem.code}: ${problem.message}`]),
    ...gaps.map((gap) => `     ${gap}: ${adviceOn(gap, row)}`),
  ].join('\n');
}

function adviceOn(gap: Gap, { source, gun, root, failing }: AuditRow): string {
  switch (gap) {
    case 'first-use':
      return `nobody pinned it; if these keys are the publisher's: tufgate trust pin ${source} ${gun} --keys ${root?.keys.join(',') ?? 'ID'}`;
    case 'no-pin':
      return 'nothing of it is believed; add a pin, or forget it';
    case 'not-covered':
      return 'trust begins anew at the pin with the next pull; see that the pin is meant';
    case 'expired':
      return 'what its people signed has ended: they must sign it anew';
    case 'failing':
      return `its last update did not verify, what was confirmed before still serves: ${failing === null ? '' : failingWords(failing)}`;
    case 'withdrawn':
      return `ask its publisher whether it was deleted on purpose; if it was made anew, tufgate trust forget ${gun} --source ${source}`;
    case 'not-configured':
      return `no source is called ${source} any more; tufgate trust forget ${gun} --source ${source}`;
    case 'nothing-verified':
      return 'a root is stored, but no update has verified as a whole';
    case 'damaged':
      return 'it cannot be read as it was stored; restore the database, or forget it';
  }
}
