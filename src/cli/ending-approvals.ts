import { nodeCrypto } from '../trust/crypto.ts';
import { type Ending, endingsIn, type TrustFile, type View } from '../trust/tuf/collection.ts';
import { tufFormat } from '../trust/tuf/format/tuf.ts';
import { daysLeft } from './role-report.ts';

/** An approval that was given for a time, and ends soon. */
export interface EndingApproval {
  /** The target as it is signed: registry/repository:tag. */
  readonly name: string;
  /** ISO text. */
  readonly at: string;
  readonly daysLeft: number;
}

const SOON_MS = 30 * 86_400_000;
/** Lines of a list that is about more than this. */
const MAX_LINES = 10;
/** Characters of a target's name. */
const MAX_NAME = 300;

/**
 * In the files that are held: `targets`, and the delegated ones that a search has come by. Those were verified when they were
 * accepted; here they only tell what to look at.
 */
export function endingApprovals(
  view: View,
  shelf: ReadonlyMap<string, TrustFile>,
  now: number,
): readonly EndingApproval[] {
  if (view.kind === 'notary') return [];
  const loaded = [...view.targets.values()].flatMap(({ model }) => endingsIn(model));
  const shelved = [...shelf.values()].filter(({ role }) => !view.targets.has(role)).flatMap(endingsOn);
  const soon = [...loaded, ...shelved].filter(({ until }) => until > now && until - now <= SOON_MS);
  return soon
    .sort((a, b) => a.until - b.until)
    .map(({ name, until }) => ({ name, at: new Date(until).toISOString(), daysLeft: daysLeft(until, now) }));
}

function endingsOn({ role, bytes }: TrustFile): readonly Ending[] {
  try {
    return endingsIn(tufFormat.targets('', role, bytes, nodeCrypto).model);
  } catch {
    return []; // said by whoever verifies it
  }
}

/** Each on a line of its own, begun with a line break; names come from whoever signs. */
export function approvalLines(approvals: readonly EndingApproval[], indent: string, most = MAX_LINES): string {
  const lines = approvals
    .slice(0, most)
    .map(
      ({ name, at, daysLeft: days }) =>
        `approval of ${JSON.stringify(name.slice(0, MAX_NAME))} ends in ${days} d (${at.slice(0, 10)})`,
    );
  const more = approvals.length - lines.length;
  return [...lines, ...(more > 0 ? [`${more} more approvals end within 30 days`] : [])]
    .map((line) => `\n${indent}${line}`)
    .join('');
}
