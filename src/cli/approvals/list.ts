import type { Entry } from '../../approvals/document/documents.ts';
import { instantText } from '../../approvals/document/instant-text.ts';
import { Draft } from '../../approvals/edit/draft.ts';
import { rolesThatPeopleSign } from '../../approvals/edit/renew.ts';
import { shown } from '../../approvals/proposal/explain-words.ts';
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

/** Everything that is approved or withdrawn; what has ended is shown, and is on no list. */
export async function listApprovals(context: CommandContext, options: ListOptions): Promise<number> {
  const the = ownContext(context, options);
  const draft = new Draft(await the.own.standing(), the.now(), the.own.source.publish.lifetimes);
  const found: (readonly [string, Entry, string])[] = [];
  for (const role of await rolesThatPeopleSign(draft))
    for (const [target, entry] of (await draft.read(role))?.targets ?? [])
      if (isWanted(options, target, entry, the.now())) found.push([target, entry, role]);
  found.sort(([a], [b]) => (a < b ? -1 : 1));
  if (context.out.json) context.out.document({ repository: the.own.source.name, targets: found.map(document) });
  else if (options.approved === true || options.withdrawn === true)
    for (const [target, { sha256 }] of found) context.out.fact(pinned(target, `sha256:${sha256}`));
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

function document([target, { sha256, length, mediaType, word }, role]: readonly [string, Entry, string]): object {
  const { kind, ...said } = word;
  return { target, digest: `sha256:${sha256}`, length, mediaType, role, kind, ...said };
}

function lines([target, { sha256, word }]: readonly [string, Entry, string], now: number): readonly string[] {
  switch (word.kind) {
    case 'approval': {
      const { by, reason, until, at } = word;
      const ends = until === undefined ? '' : `, ${until <= now ? 'ENDED' : 'until'} ${instantText(until)}`;
      const digest = target.includes('@') ? '' : `  sha256:${sha256}`;
      return [
        `${target}${digest}  approved ${instantText(at)} by ${shown(by)}${ends}${reason === undefined ? '' : `: ${shown(reason)}`}`,
      ];
    }
    case 'named':
      return [];
    case 'withdrawn':
      return [
        `${target}  WITHDRAWN ${instantText(word.at)} by ${shown(word.by)}${word.reason === undefined ? '' : `: ${shown(word.reason)}`}`,
      ];
  }
}
