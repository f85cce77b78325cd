import { messageOf, TufgateError } from '../../errors.ts';
import { sha256FromHex } from './digest-of.ts';
import type { Targets } from './model.ts';
import type { Accepted, TrustContext, TrustFile } from './trusted.ts';
import type { Said, SignedTag } from './view.ts';

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
    targets.set(file.role, unjudged(ctx, file));
  }
  return { kind: ctx.format.kind, targets };
}

/** One file, whoever signed it. @throws state.damaged */
export function unjudged(ctx: TrustContext, file: TrustFile): Accepted<Targets> {
  try {
    const { model } = ctx.format.targets(ctx.gun, file.role, file.bytes, ctx.crypto);
    return { model, file, signers: [], signerKeys: [] };
  } catch (cause) {
    const hint = `restore the database from a backup, or drop this collection with "tufgate trust forget ${ctx.gun}"`;
    const what = `the stored trust of ${ctx.gun} is damaged: ${messageOf(cause)}; ${hint}`;
    throw new TufgateError('state.damaged', what, { cause });
  }
}

export interface EndedTag extends SignedTag {
  /** The role names nothing for the tag any more: removed or revoked, not moved. */
  readonly removed: boolean;
}

/** What one file names, also beyond what its role may speak for. */
export function signedIn({ model, file: { role } }: Accepted<Targets>): readonly SignedTag[] {
  return [...model.targets].flatMap(([tag, { sha256 }]) =>
    sha256 === undefined ? [] : [{ role, tag, digest: sha256FromHex(sha256) }],
  );
}
