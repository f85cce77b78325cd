import { type Code, TufgateError } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { effectivePaths, permits } from './delegation-path.ts';
import { sha256FromHex } from './digest-of.ts';
import { expired } from './freshness.ts';
import type { TargetEntry, Targets } from './model.ts';
import { delegatorOf, pathTo } from './role-name.ts';
import { whyWithdrawn } from './revoked.ts';
import type { Accepted } from './trusted.ts';
import type { View } from './view.ts';

/** What one role says of one tag at one instant. */
export type Statement =
  | {
      readonly kind: 'names';
      readonly role: string;
      readonly digest: Digest;
      /** Bytes of the manifest. */
      readonly length: number;
      /** From `targets` to the role itself. */
      readonly path: readonly string[];
      /** Ids of the keys whose signatures on the role's file verified, and the identities of the public keys behind them. */
      readonly signers: readonly string[];
      readonly signerKeys: readonly string[];
      /** When this approval ends, epoch milliseconds; absent when it does not. */
      readonly until?: number;
    }
  | { readonly kind: 'silent'; readonly role: string }
  /** The role itself cannot be believed now, whatever it says. */
  | { readonly kind: 'unusable'; readonly role: string; readonly error: TufgateError }
  /** The role can be believed, but what it says of this tag cannot. */
  | { readonly kind: 'refused'; readonly role: string; readonly error: TufgateError };

/** A role's file, believed, and the way to it. */
export interface Reached {
  readonly role: string;
  readonly accepted: Accepted<Targets>;
  /** From `targets` to the role itself. */
  readonly path: readonly string[];
}

/** Notary. Expiry of the role and of every delegator above it is judged at `now`. Never throws for what the metadata says. */
export function statementOf(view: View, role: string, tag: string, now: number): Statement {
  const error = unusable(view, role, now);
  if (error !== undefined) return { kind: 'unusable', role, error };
  const accepted = view.targets.get(role);
  const entry = accepted?.model.targets.get(tag);
  if (accepted === undefined || entry === undefined) return { kind: 'silent', role };
  const name = `${role} of ${view.gun}`;
  if (!permits(effectivePaths(view, role), tag))
    return refused(
      role,
      'trust.role-path',
      `${name} signed the tag ${tag}, which is outside the paths delegated to it`,
    );
  return named(name, { role, accepted, path: pathTo(role) }, tag, entry, now);
}

/**
 * Whether an approval has ended is judged now: it was signed long before.
 * @param name of the role, for messages
 */
export function named(name: string, by: Reached, tag: string, entry: TargetEntry, now: number): Statement {
  const { role, path, accepted } = by;
  const { sha256, length, until, revoked, unreadable } = entry;
  if (revoked !== undefined) return refused(role, 'trust.withdrawn', whyWithdrawn(tag, revoked));
  if (unreadable !== undefined) return refused(role, 'trust.malformed', cannotBeRead(name, tag, unreadable));
  if (sha256 === undefined || length === undefined)
    return refused(role, 'trust.malformed', `${name} signed the tag ${tag} without a usable sha256 and length`);
  if (until !== undefined && until <= now) return { kind: 'refused', role, error: ended(role, tag, until) };
  const { signers, signerKeys } = accepted;
  const names = { kind: 'names', role, digest: sha256FromHex(sha256), length, path, signers, signerKeys } as const;
  return until === undefined ? names : { ...names, until };
}

/** No update mends it, as it may mend metadata that is too old: `isEnded` tells the two apart. */
function ended(role: string, tag: string, until: number): TufgateError {
  const when = new Date(until).toISOString().replace(/\.\d+Z$/, 'Z');
  const why = `the approval of ${tag} ended ${when}: ask those who approve images to approve it anew`;
  return new TufgateError('trust.expired', why, { detail: { role, ended: true } });
}

/** An approval has ended; not the file that it stands in. */
export function isEnded(error: unknown): boolean {
  return error instanceof TufgateError && error.code === 'trust.expired' && error.detail['ended'] === true;
}

export function cannotBeRead(name: string, tag: string, what: 'approval' | 'withdrawal'): string {
  const which = what === 'approval' ? 'the end of its approval' : 'its withdrawal';
  return `${name} signed ${tag} with words on ${which} that cannot be read; those who approve images must sign it anew`;
}

export function delegates(view: View, role: string): boolean {
  const parent = delegatorOf(role);
  const delegator = parent === undefined ? undefined : view.targets.get(parent);
  return delegator?.model.delegations.some((child) => child.role === role) ?? false;
}

/** The first thing that is wrong on the way from `targets` to the role. */
function unusable(view: View, role: string, now: number): TufgateError | undefined {
  for (const step of pathTo(role)) {
    const problem = view.unusable.get(step);
    if (problem !== undefined) return new TufgateError(problem.code, problem.message, { detail: { role: step } });
    const accepted = view.targets.get(step);
    if (accepted === undefined) return missing(view, step);
    const late = expired(view.gun, step, accepted.model, now);
    if (late !== undefined) return late;
  }
  return undefined;
}

function missing(view: View, role: string): TufgateError {
  const why = delegates(view, role) ? 'has published nothing that the snapshot lists' : 'is not delegated to';
  return new TufgateError('trust.signer-missing', `${role} of ${view.gun} ${why}`, { detail: { role } });
}

function refused(role: string, code: Code, message: string): Statement {
  return { kind: 'refused', role, error: new TufgateError(code, message, { detail: { role } }) };
}
