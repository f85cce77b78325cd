import { composeJudge } from '../compose.ts';
import { EXIT } from './exit-code.ts';
import type { CommandContext } from './context.ts';
import { type CollectionReport, reportOn } from './trust-report.ts';

/** Every collection that trust data is stored of. */
export async function listTrust({ config, out }: CommandContext): Promise<number> {
  const judge = await composeJudge(config());
  try {
    const collections = await judge.state.listTrust();
    const reports: CollectionReport[] = [];
    for (const collection of collections) reports.push(await reportOn(judge.trust, collection));
    if (out.json) out.document(reports);
    else if (reports.length === 0)
      out.fact('No trust data yet: it is fetched when the first tag is pulled or resolved.');
    else for (const report of reports) out.fact(line(report));
    return EXIT.done;
  } finally {
    await judge.close();
  }
}

function line({ source, gun, problem, anchor, root, expires, checkedAt }: CollectionReport): string {
  if (problem !== null) return `${gun}  (${source})\n    ${problem.code}: ${problem.message}`;
  const ends = expires === null ? '' : `, ${expires.role} ends in ${expires.daysLeft} d (${expires.at.slice(0, 10)})`;
  const anchored = anchor === 'first-use' ? 'trusted on first use' : `pinned by ${String(anchor)}`;
  return `${gun}  (${source})\n    root ${root?.version ?? '?'}, ${anchored}${ends}; confirmed ${String(checkedAt)}`;
}
