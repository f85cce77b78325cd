import type { Digest } from '../../oci/digest.ts';
import type { Accepted, TrustContext, TrustFile } from './trusted.ts';
import { append } from './append.ts';
import { readOnce } from './format/read-once.ts';
import type { Authority, Targets } from './model.ts';
import { mightName } from './permission.ts';
import { authorityFor } from './progress.ts';
import { targetsUnder } from './recovery.ts';
import { sha256FromHex } from './digest-of.ts';
import { type EndedTag, saidBefore, signedIn, unjudged } from './said-before.ts';
import { takenAway } from './taken-away.ts';
import { keyOf, type Said, type SignedTag, type View, viewSignedTags } from './view.ts';

/** What changed from one view to the next. */
export interface Difference {
  readonly began: readonly SignedTag[];
  readonly ended: readonly EndedTag[];
}

/**
 * The attack: a key is stolen, signs, and is taken away; what it signed goes on as the past of its tags. So what a role
 * names no more counts as removed where its file before is not signed by those who may sign it today.
 *
 * In Notary a tag that moved is never taken for one that was revoked in a version in between and signed again: publishers
 * there write a version for each tag, so that most would be.
 *
 * @param before undefined when nothing was said yet
 */
export function difference(context: TrustContext, before: Said | undefined, after: View): Difference {
  const ctx = { ...context, format: readOnce(context.format) };
  const was = byRoleAndTag(before);
  const is = byRoleAndTag(after);
  const began = [...is].filter(([key, { digest }]) => was.get(key)?.digest !== digest);
  const ended = [...was].filter(([key, { digest }]) => is.get(key)?.digest !== digest);
  const roles = new Set(ended.map(([, { role }]) => role));
  const broken = new Set(
    [...roles].filter((role) => !follows(before, after, role) || !stands(ctx, before, after, role)),
  );
  return {
    began: began.map(([, tag]) => tag),
    ended: ended.map(([key, tag]) => ({ ...tag, removed: broken.has(tag.role) || !is.has(key) })),
  };
}

/** The file before is signed by those who may sign it today. */
function stands(ctx: TrustContext, before: Said | undefined, after: View, role: string): boolean {
  const file = before?.targets.get(role);
  if (file === undefined || !after.targets.has(role)) return false;
  return targetsUnder(ctx, file, authorityFor(after.root.model, after, role)) !== undefined;
}

/** In TUF 1.0: its file is the same, or the next; what stands between them nobody read. */
function follows(before: Said | undefined, after: Said, role: string): boolean {
  if (after.kind === 'notary') return true;
  const [was = 0, is = 0] = [before, after].map((said) => said?.targets.get(role)?.file.version);
  return is === was || is === was + 1;
}

function byRoleAndTag(said: Said | undefined): ReadonlyMap<string, SignedTag> {
  const tags = said === undefined ? [] : [...viewSignedTags(said)];
  return new Map(tags.map((signed) => [keyOf(signed), signed]));
}

/**
 * TUF 1.0: what a delegated role named before, and does not name any more. A role that went on by more than one version
 * may have revoked a tag in one that nobody read, and signed it again in the next: what it says no longer counts as
 * removed then. So it does when the file before is not signed for the delegation of today: its keys were taken away from
 * it, or another delegator's file stood in the place of the one that revoked. What it named beyond its delegation never
 * counted. What it let others say, and lets them say no more, ended with it.
 *
 * @param shelf the files that were accepted before
 */
export function endedBy(
  context: TrustContext,
  view: View,
  shelf: ReadonlyMap<string, TrustFile>,
  { accepted: { model, file }, authority }: Replacement,
): readonly EndedTag[] {
  const { role } = file;
  const before = shelf.get(role);
  if (before === undefined) return [];
  const ctx = { ...context, format: readOnce(context.format) };
  const known = unjudged(ctx, before);
  const broken = file.version > before.version + 1 || targetsUnder(ctx, known, authority) === undefined;
  const loaded = new Map(view.targets).set(role, known);
  const may = mightName(loaded, shelf, role);
  const own = signedIn(known).flatMap((was): EndedTag[] => {
    const now = model.targets.get(was.tag)?.sha256;
    if (now !== undefined && sha256FromHex(now) === was.digest) return [];
    return may(was.tag) ? [{ ...was, removed: broken || now === undefined }] : [];
  });
  return [...own, ...takenAway(ctx, { role, before: known.model, after: model, may }, shelf)];
}

/** TUF 1.0: what delegated roles could say by the `targets` of the view before, and cannot by this one's. */
export function endedBelow(
  ctx: TrustContext,
  before: Said | undefined,
  view: View,
  shelf: ReadonlyMap<string, TrustFile>,
): readonly EndedTag[] {
  const role = 'targets';
  const [was, is] = [before?.targets.get(role), view.targets.get(role)];
  if (view.kind === 'notary' || was === undefined || is === undefined) return [];
  return takenAway(ctx, { role, before: was.model, after: is.model, may: () => true }, shelf);
}

/** The file of a role that comes after another, and who may sign it. */
interface Replacement {
  readonly accepted: Accepted<Targets>;
  readonly authority: Authority;
}

/** TUF 1.0: recovery begins anew, so all that was said before counts as removed. */
export function allEnded(ctx: TrustContext, files: readonly TrustFile[]): readonly EndedTag[] {
  return [...saidBefore(ctx, files).targets.values()].flatMap((accepted) =>
    signedIn(accepted).map((signed) => ({ ...signed, removed: true })),
  );
}

/** Who names one of these digests, for which tag. */
export function naming(said: Said, digests: readonly Digest[]): readonly SignedTag[] {
  const index = indexes.get(said.targets) ?? indexOf(said);
  indexes.set(said.targets, index);
  return digests.flatMap((digest) => index.get(digest) ?? []);
}

/** Made when first asked for: most collections are only ever asked for tags. */
const indexes = new WeakMap<Said['targets'], ReadonlyMap<Digest, readonly SignedTag[]>>();

function indexOf(said: Said): ReadonlyMap<Digest, readonly SignedTag[]> {
  const index = new Map<Digest, SignedTag[]>();
  for (const signed of viewSignedTags(said)) append(index, signed.digest, signed);
  return index;
}
