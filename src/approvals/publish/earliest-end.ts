import type { ReadFile } from '../standing/standing.ts';
import { fileName } from '../standing/file-name.ts';
import { readInstant } from '../document/read-instant.ts';

/** What ends first of all that people have to sign anew. */
export interface EarliestEnd {
  readonly role: string;
  /** Epoch milliseconds. */
  readonly expires: number;
}

/** Members are in the order of their names: in a root its keys come next. */
const EXPIRES = /"expires":"([^"]{1,40})","(?:spec_version|keys)"/;

/**
 * A reminder, not a judgement: bins that nobody asks for are loaded by no gate, and would end unseen. So the files are only looked
 * through, where tufgate writes their end; verifying two thousand of them would take the gate a while.
 */
export async function earliestEnd(
  read: ReadFile,
  versions: Iterable<readonly [string, number]>,
): Promise<EarliestEnd | undefined> {
  let first: EarliestEnd | undefined;
  for (const [role, version] of versions) {
    const bytes = await read(fileName(role, version));
    const expires = readInstant(EXPIRES.exec(Buffer.from(bytes ?? []).toString('latin1'))?.[1]);
    if (expires !== undefined && (first === undefined || expires < first.expires)) first = { role, expires };
  }
  return first;
}
