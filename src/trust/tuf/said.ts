import { messageOf, TufgateError } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Accepted, TrustContext, TrustFile } from './trusted.ts';
import { readOnce } from './format/read-once.ts';
import type { Authority, Targets } from './model.ts';
import { mightName } from './permission.ts';
import { targetsUnder } from './recovery.ts';
import { sha256FromHex } from './digest-of.ts';
import { type Said, type SignedTag, type View, viewSignedTags } from './view.ts';

/**
 * What a stored view said that stands no more: its keys were rotated away, or the pin was narrowed. Nothing may rest on
 * it, because nobody verified it today; but what the next view no longer says was removed or revoked, and that must be
 * known however the view was lost.
 * @throws state.damaged
 */
export function saidBefore(ctx: TrustContext, files: readonly TrustFile[]): Said {
  const targets = new Map<string, Accepted<Targets>>();
  for (const file of files) {
    if (file.role === 'timestamp' || file.role === 'snapshot') continue;
    targets.set(file.role, { model: readAgain(ctx, file), file, signers: [], signerKeys: [] });
  }
  return { kind: ctx.format.kind, targets };
}

function readAgain(ctx: TrustContext, { role, bytes }: TrustFile): Targets {
  try {
    return ctx.format.targets(ctx.gun, role, bytes, ctx.crypto).model;
  } catch (cause) {
    const hint = `restore the database from a backup, or drop this collection with "tufgate trust forget ${ctx.gun}"`;
    const what = `the stored trust of ${ctx.gun} is damaged: ${messageOf(cause)}; ${hint}`;
    throw new TufgateError('state.damaged', what, { cause });
  }
}

/** What changed from one view to the next. */
export interface Difference {
  readonly began: readonly SignedTag[];
  readonly ended: readonly EndedTag[];
}

export interface EndedTag extends SignedTag {
  /** The role names nothing for the tag any more: removed or revoked, not moved. */
  readonly removed: boolean;
}

/**
 * In Notary a tag that moved is never taken for one that was revoked in a version in between and signed again: publishers
 * there write a version for each tag, so that most would be.
 *
 * @param before undefined when nothing was said yet
 */
export function difference(before: Said | undefined, after: Said): Difference {
  const was = byRoleAndTag(before);
  const is = byRoleAndTag(after);
  const broken = (role: string): boolean => after.kind === 'tuf' && !follows(before, after, role);
  const began = [...is].filter(([key, { digest }]) => was.get(key)?.digest !== digest);
  const ended = [...was].filter(([key, { digest }]) => is.get(key)?.digest !== digest);
  return {
    began: began.map(([, tag]) => tag),
    ended: ended.map(([key, tag]) => ({ ...tag, removed: broken(tag.role) || !is.has(key) })),
  };
}

/** Its file is the same, or the next; what stands between them nobody read. */
function follows(before: Said | undefined, after: Said, role: string): boolean {
  const [was = 0, is = 0] = [before, after].map((said) => said?.targets.get(role)?.file.version);
  return is === was || is === was + 1;
}

function byRoleAndTag(said: Said | undefined): ReadonlyMap<string, SignedTag> {
  const tags = said === undefined ? [] : [...viewSignedTags(said)];
  return new Map(tags.map((signed) => [`${signed.role}\n${signed.tag}`, signed]));
}

/**
 * TUF 1.0: what a delegated role named before, and does not name any more. A role that went on by more than one version
 * may have revoked a tag in one that nobody read, and signed it again in the next: what it says no longer counts as
 * removed then. So it does when the file before is not signed for the delegation of today: its keys were taken away from
 * it, or another delegator's file stood in the place of the one that revoked. What it named beyond its delegation never
 * counted.
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
  const known = saidBefore(ctx, [before]).targets.get(role) ?? { model, file, signers: [], signerKeys: [] };
  const broken = file.version > before.version + 1 || targetsUnder(ctx, known, authority) === undefined;
  const loaded = new Map(view.targets).set(role, known);
  const might = mightName(loaded, shelf, role);
  return signedIn(known).flatMap((was): EndedTag[] => {
    const now = model.targets.get(was.tag)?.sha256;
    if (now !== undefined && sha256FromHex(now) === was.digest) return [];
    return might(was.tag) ? [{ ...was, removed: broken || now === undefined }] : [];
  });
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

/** What one file names, also beyond what its role may speak for. */
function signedIn({ model, file: { role } }: Accepted<Targets>): readonly SignedTag[] {
  return [...model.targets].flatMap(([tag, { sha256 }]) =>
    sha256 === undefined ? [] : [{ role, tag, digest: sha256FromHex(sha256) }],
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
  for (const signed of viewSignedTags(said)) {
    const known = index.get(signed.digest);
    if (known === undefined) index.set(signed.digest, [signed]);
    else known.push(signed);
  }
  return index;
}
