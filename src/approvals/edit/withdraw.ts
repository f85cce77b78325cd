import { digestTarget, tagTarget } from '../document/names.ts';
import { unname } from './approve.ts';
import type { RemoveTag, Withdraw } from './change.ts';
import type { Draft } from './draft.ts';

/**
 * The digest is refused from now on, whatever other rule would let it in, and its tags go. It stays in the repository, marked: what is
 * merely missing could still be served as what a tag stood for before.
 */
export async function withdraw(draft: Draft, { repository, sha256, by, reason }: Withdraw): Promise<void> {
  const name = digestTarget(repository, sha256);
  const before = await draft.entry(name);
  for (const tag of before?.word.kind === 'named' ? before.word.tags : []) {
    const target = tagTarget(repository, tag);
    if ((await draft.entry(target))?.sha256 === sha256) await draft.remove(target);
  }
  await draft.put(name, {
    length: before?.length ?? 0,
    sha256,
    ...(before?.mediaType !== undefined && { mediaType: before.mediaType }),
    word: { kind: 'withdrawn', at: draft.now, by, ...(reason !== undefined && { reason }) },
  });
}

export async function removeTag(draft: Draft, { repository, tag }: RemoveTag): Promise<void> {
  await unname(draft, repository, tag);
  await draft.remove(tagTarget(repository, tag));
}
