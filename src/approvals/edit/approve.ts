import { TufgateError } from '../../errors.ts';
import { approvalIn } from '../document/approval-in.ts';
import type { Approval, Entry, Named } from '../document/documents.ts';
import { instantText } from '../../text/instant-text.ts';
import { digestTarget, tagTarget } from '../document/names.ts';
import type { Approve } from './change.ts';
import type { Draft } from './draft.ts';

/**
 * An approval is two targets, of the tag and of the digest, so that a gate that never saw the tag decides a pull by digest with one
 * look-up. A digest that no tag stands for any more is approved no more: what may still be pulled of a tag's past is for each gate's
 * rule to say.
 * @throws trust.withdrawn for a digest that was withdrawn, unless it is to be reinstated
 */
export async function approve(draft: Draft, change: Approve): Promise<void> {
  const { repository, sha256, tag } = change;
  const name = digestTarget(repository, sha256);
  const before = await draft.entry(name);
  if (before?.word.kind === 'withdrawn' && !change.reinstate)
    throw withdrawnBefore(name, `at ${instantText(before.word.at)}`);
  const approval = approvalOf(change, draft.now);
  const entry = {
    length: change.length,
    sha256,
    ...(change.mediaType !== undefined && { mediaType: change.mediaType }),
  };
  if (tag === undefined) {
    const tags = before?.word.kind === 'named' ? before.word.tags : [];
    await draft.put(name, { ...entry, word: tags.length === 0 ? approval : { kind: 'named', tags, own: approval } });
  } else {
    await unname(draft, repository, tag, sha256);
    await draft.put(tagTarget(repository, tag), { ...entry, word: approval });
    await draft.put(name, { ...entry, word: namedBy(before, tag) });
  }
  await setUntil(draft, repository, sha256);
}

function approvalOf({ by, reason, until, evidence }: Approve, at: number): Approval {
  return {
    kind: 'approval',
    at,
    by,
    ...(reason !== undefined && { reason }),
    ...(until !== undefined && { until }),
    evidence,
  };
}

function namedBy(before: Entry | undefined, tag: string): Named {
  const word = before?.word;
  const own = approvalIn(word);
  const tags = new Set([...(word?.kind === 'named' ? word.tags : []), tag]);
  return { kind: 'named', tags: [...tags].sort(), ...(own !== undefined && { own }) };
}

/** The tag stands for another digest, or for none: the one before it loses the tag, and is approved no more if it was its last. */
export async function unname(draft: Draft, repository: string, tag: string, next?: string): Promise<void> {
  const before = await draft.entry(tagTarget(repository, tag));
  if (before === undefined || before.sha256 === next) return;
  const name = digestTarget(repository, before.sha256);
  const digest = await draft.entry(name);
  if (digest?.word.kind !== 'named') return;
  const tags = digest.word.tags.filter((each) => each !== tag);
  if (tags.length > 0) await draft.put(name, { ...digest, word: { ...digest.word, tags } });
  else if (digest.word.own !== undefined) await draft.put(name, { ...digest, word: digest.word.own });
  else await draft.remove(name);
  if (tags.length > 0) await setUntil(draft, repository, before.sha256);
}

/** A digest ends when the last of what it stands for ends; never, where one of them does not. */
export async function setUntil(draft: Draft, repository: string, sha256: string): Promise<void> {
  const name = digestTarget(repository, sha256);
  const digest = await draft.entry(name);
  if (digest?.word.kind !== 'named') return;
  const { tags, own } = digest.word;
  const ends: (number | undefined)[] = own === undefined ? [] : [own.until];
  for (const tag of tags) {
    const word = (await draft.entry(tagTarget(repository, tag)))?.word;
    ends.push(word?.kind === 'approval' ? word.until : undefined);
  }
  const until = ends.every((end) => end !== undefined) ? Math.max(...ends) : undefined;
  const word: Named = { kind: 'named', tags, ...(own && { own }), ...(until !== undefined && { until }) };
  await draft.put(name, { ...digest, word });
}

/** @param how when, and where there is room by whom and why */
export function withdrawnBefore(name: string, how: string): TufgateError {
  const why = `${name} was withdrawn ${how}`;
  return new TufgateError('trust.withdrawn', `${why}; if it is good after all, approve it with --reinstate`);
}
