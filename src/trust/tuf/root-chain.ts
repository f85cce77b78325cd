import { TufgateError } from '../../errors.ts';
import { refuseExpired } from './freshness.ts';
import { sameBytes } from './hex.ts';
import { MAX_ROOTS } from './limits.ts';
import type { Root, Signed } from './model.ts';
import { recoverFloors } from './recovery.ts';
import { countRootSigners } from './root-key.ts';
import { type Accepted, newestRoot, type TrustContext, type Trusted, trustFile } from './trusted.ts';
import type { SignedBy } from './threshold.ts';

/**
 * The chain of roots, each vouching for the next (TUF #update-root).
 *
 * The attacks: a root that its predecessor did not sign; one that skips a version, so that a revocation in between is
 * never seen (CVE-2025-2885; Notary's own client lets that pass); one that does not meet its own threshold
 * (CVE-2020-15163); a rotation away from the pin, which Notary's client does not check either.
 */

/**
 * The first root: signed by its own threshold, and covered by the anchor. For a root-file pin these must be the pinned
 * bytes themselves; for pinned keys and CAs, and for first use, any version may be the first, because the anchor
 * covers it directly: a mirror that kept only the newest root is no worse off.
 * @throws trust.*
 */
export function startChain(ctx: TrustContext, bytes: Uint8Array): Trusted {
  const { anchor } = ctx;
  if (anchor.kind === 'root-file' && !sameBytes(anchor.bytes, bytes))
    throw new TufgateError('trust.pin', `root of ${ctx.gun} is not the pinned root file`);
  const signed = ctx.format.root(ctx.gun, bytes, ctx.crypto);
  const root = accepted(bytes, signed, countRootSigners(ctx, named(ctx, signed), signed.model.root, signed));
  return { anchor: anchor.kind, roots: [root], targets: new Map(), shelf: new Map() };
}

/**
 * Exactly one version on, signed by the old and by the new threshold. Neither `expires` nor the certificates' dates are
 * judged: that is for the newest root, in `finishRoots`.
 * @throws trust.*
 */
export function acceptRoot(ctx: TrustContext, trusted: Trusted, bytes: Uint8Array): Trusted {
  const old = newestRoot(trusted).model;
  const signed = ctx.format.root(ctx.gun, bytes, ctx.crypto);
  const what = named(ctx, signed);
  if (signed.model.version !== old.version + 1)
    throw new TufgateError('trust.root-chain', `${what} does not follow version ${old.version}: the chain has a gap`);
  if (trusted.roots.length >= MAX_ROOTS)
    throw new TufgateError('trust.too-large', `the root chain of ${ctx.gun} is longer than ${MAX_ROOTS}`);
  countRootSigners(ctx, `${what}, by the keys of version ${old.version},`, old.root, signed);
  const root = accepted(bytes, signed, countRootSigners(ctx, what, signed.model.root, signed));
  return { ...trusted, progress: undefined, roots: [...trusted.roots, root] };
}

/**
 * Ends the root chain and begins the update: the newest root and its certificate must be valid at `now`. `forgotten`
 * names the stored floors that went (fast-forward recovery); they must be deleted from the store too.
 * @throws trust.expired and others
 */
export function finishRoots(
  ctx: TrustContext,
  trusted: Trusted,
  now: number,
): { readonly trusted: Trusted; readonly forgotten: readonly string[] } {
  const { model, file } = newestRoot(trusted);
  refuseExpired(ctx.gun, 'root', model, now);
  const signed = ctx.format.root(ctx.gun, file.bytes, ctx.crypto);
  countRootSigners(ctx, named(ctx, signed), model.root, signed, now);
  const recovered = recoverFloors(ctx, trusted);
  const progress = { targets: new Map(), unusable: new Map() };
  return { trusted: { ...recovered.trusted, progress }, forgotten: recovered.forgotten };
}

function accepted(bytes: Uint8Array, signed: Signed<Root>, by: SignedBy): Accepted<Root> {
  return { model: signed.model, file: trustFile('root', signed.model.version, bytes), ...by };
}

function named(ctx: TrustContext, signed: Signed<Root>): string {
  return `root version ${signed.model.version} of ${ctx.gun}`;
}
