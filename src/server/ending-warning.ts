import type { SourceVerdict } from '../policy/decision.ts';

const DAY_MS = 86_400_000;
const LAST_DAYS_MS = 7 * DAY_MS;
const MAX_NAME = 128;

/**
 * The `Warning` header of an answer whose approval or signatures end within a week (RFC 7234 5.5; distribution-spec "Warnings":
 * code 299, agent `-`): who pulls this today will be refused then, unless its publisher signs anew.
 *
 * Timestamp and snapshot do not count: where a server signs them it does so by itself, Notary's only once they ended.
 * @param now epoch milliseconds
 */
export function endingWarning(image: string, sources: readonly SourceVerdict[], now: number): string | undefined {
  const first = firstEnd(sources);
  if (first === undefined || first.at - now > LAST_DAYS_MS) return undefined;
  const { role, source, at } = first;
  const when = `ends ${new Date(at).toISOString().replace(/:\d\d\.\d+Z$/, 'Z')}, ${leftWords(at - now)}`;
  const text =
    role === undefined
      ? `the approval of ${image} (in ${source}) ${when}; ask those who approve images to approve it anew`
      : `the signature of ${image} (${role} in ${source}) ${when}; ask its publisher to sign it anew`;
  return `299 - "${plain(text)}"`;
}

interface End {
  /** Absent for the approval itself. */
  readonly role?: string;
  readonly source: string;
  readonly at: number;
}

/** Looked for once: a ruling that is given again has the same verdicts. */
const known = new WeakMap<readonly SourceVerdict[], { readonly first: End | undefined }>();

function firstEnd(sources: readonly SourceVerdict[]): End | undefined {
  const before = known.get(sources);
  if (before !== undefined) return before.first;
  const ends = sources.filter(({ outcome }) => outcome === 'signed').flatMap(endsOf);
  const [first] = ends.sort((a, b) => a.at - b.at);
  known.set(sources, { first });
  return first;
}

function endsOf({ source, expires, until }: SourceVerdict): End[] {
  const approval = until === undefined ? [] : [{ source, at: until }];
  const roles = [...expires].flatMap(([role, at]) =>
    role === 'timestamp' || role === 'snapshot' ? [] : [{ role: role.slice(0, MAX_NAME), source, at }],
  );
  return [...approval, ...roles];
}

function leftWords(ms: number): string {
  const days = Math.floor(ms / DAY_MS);
  return days < 1 ? 'within a day' : `in ${days} ${days === 1 ? 'day' : 'days'}`;
}

/** Roles are named by whoever signs: nothing but visible ASCII, and no end of the quoted string, gets into a header. */
function plain(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]|["\\]/gu, '?');
}
