import type { Entry } from '../../approvals/document/documents.ts';
import { instantText } from '../../approvals/document/instant-text.ts';
import { Draft } from '../../approvals/edit/draft.ts';
import { rolesThatPeopleSign } from '../../approvals/edit/renew.ts';
import { shown } from '../../approvals/proposal/explain-words.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { ownContext, type OwnOptions } from './own-context.ts';

interface ListOptions extends OwnOptions {
  readonly image?: string;
}

/** Everything that is approved or withdrawn. */
export async function listApprovals(context: CommandContext, options: ListOptions): Promise<number> {
  const the = ownContext(context, options);
  const draft = new Draft(await the.own.standing(), the.now(), the.own.source.publish.lifetimes);
  const found: (readonly [string, Entry, string])[] = [];
  for (const role of await rolesThatPeopleSign(draft))
    for (const [target, entry] of (await draft.read(role))?.targets ?? [])
      if (options.image === undefined || target.includes(options.image)) found.push([target, entry, role]);
  found.sort(([a], [b]) => (a < b ? -1 : 1));
  if (context.out.json) context.out.document({ repository: the.own.source.name, targets: found.map(document) });
  else for (const each of found) for (const line of lines(each, the.now())) context.out.fact(line);
  return EXIT.done;
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
