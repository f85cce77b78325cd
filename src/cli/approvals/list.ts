import type { Approval, Entry } from '../../approvals/document/documents.ts';
import { instantText } from '../../text/instant-text.ts';
import { Draft } from '../../approvals/edit/draft.ts';
import { rolesThatPeopleSign } from '../../approvals/edit/renew.ts';
import { shown } from '../../approvals/proposal/explain-words.ts';
import { visible } from '../../text/visible.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { pinned } from './affected.ts';
import { ownContext, type OwnOptions } from './own-context.ts';

interface ListOptions extends OwnOptions {
  readonly image?: string;
  /** As names with digests, for `approve --from-file`. */
  readonly approved?: boolean;
  /** As digests, for `revoke`. */
  readonly withdrawn?: boolean;
}

/** Target, what it says, and the role that says it. */
type Found = readonly [string, Entry, string];

/** Everything that is approved or withdrawn; what has ended is shown, and is on no list. */
export async function listApprovals(context: CommandContext, options: ListOptions): Promise<number> {
  const the = ownContext(context, options);
  const draft = new Draft(await the.own.standing(), the.now(), the.own.source.publish.lifetimes);
  const found: Found[] = [];
  for (const role of await rolesThatPeopleSign(draft))
    for (const [target, entry] of (await draft.read(role))?.targets ?? [])
      if (isWanted(options, target, entry, the.now())) found.push([target, entry, role]);
  found.sort(([a], [b]) => (a < b ? -1 : 1));
  if (context.out.json) context.out.document({ repository: the.own.source.name, targets: found.map(document) });
  else if (options.approved === true || options.withdrawn === true)
    for (const [target, { sha256 }] of found) context.out.fact(pinned(target, `sha256:${sha256}`));
  else if (found.length === 0) context.out.fact(emptyWords(options));
  else for (const each of found) for (const line of lines(each, the.now())) context.out.fact(line);
  return EXIT.done;
}

function isWanted({ image, approved, withdrawn }: ListOptions, target: string, { word }: Entry, now: number): boolean {
  if (image !== undefined && !target.includes(image)) return false;
  if (approved !== true && withdrawn !== true) return true;
  const approval = word.kind === 'named' ? word.own : word;
  if (approval?.kind === 'withdrawn') return withdrawn === true;
  return approved === true && approval !== undefined && (approval.until === undefined || approval.until > now);
}

/** Instants as text, as every other document of tufgate has them. */
function document([target, { sha256, length, mediaType, word }, role]: Found): object {
  const entry = { target, digest: `sha256:${sha256}`, length, mediaType, role, kind: word.kind };
  switch (word.kind) {
    case 'approval':
      return { ...entry, ...approvalFacts(word) };
    case 'named': {
      const { tags, until, own } = word;
      return { ...entry, tags, ...untilFact(until), ...(own !== undefined && { own: approvalFacts(own) }) };
    }
    case 'withdrawn':
      return { ...entry, at: instantText(word.at), by: word.by, reason: word.reason };
  }
}

function approvalFacts({ at, by, reason, until, keys, evidence }: Approval): object {
  return { at: instantText(at), by, reason, ...untilFact(until), keys, evidence };
}

function untilFact(until: number | undefined): { readonly until?: string } {
  return until === undefined ? {} : { until: instantText(until) };
}

function lines([target, { sha256, word }]: Found, now: number): readonly string[] {
  const name = visible(target);
  switch (word.kind) {
    case 'approval':
      return [`${name}${target.includes('@') ? '' : `  sha256:${sha256}`}  ${approvalWords(word, now)}`];
    case 'named':
      return word.own === undefined ? [] : [`${name}  also without a tag: ${approvalWords(word.own, now)}`];
    case 'withdrawn':
      return [`${name}  WITHDRAWN ${instantText(word.at)} by ${shown(word.by)}${reasonWords(word.reason)}`];
  }
}

function approvalWords({ by, reason, until, at }: Approval, now: number): string {
  const ends = until === undefined ? '' : `, ${until <= now ? 'ENDED' : 'until'} ${instantText(until)}`;
  return `approved ${instantText(at)} by ${shown(by)}${ends}${reasonWords(reason)}`;
}

function reasonWords(reason: string | undefined): string {
  return reason === undefined ? '' : `: ${shown(reason)}`;
}

function emptyWords({ image }: ListOptions): string {
  return image === undefined ? 'Nothing is approved or withdrawn yet: tufgate approve IMAGE' : 'Nothing of that name.';
}
