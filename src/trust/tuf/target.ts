import { isReason, TufgateError } from '../../errors.ts';
import { agreement, type Found, foundBy, type Signers } from './agreement.ts';
import { Inquiry } from './inquiry.ts';
import { type Edge, reach, type Search, search } from './search.ts';
import { named, type Reached, type Statement } from './statement.ts';
import type { TrustContext } from './trusted.ts';
import { refuseExpiredBase, type View } from './view.ts';

/** By the signer that the rule names: why a file on the way to it could not be loaded for this question. */
type Failed = ReadonlyMap<string, TufgateError>;

/** Whose word is wanted, when not the first in the order of priority. */
export interface AskedRoles {
  readonly signers?: Signers | undefined;
  readonly failed?: Failed;
  /** By signer, `''` when none is named: the same from step to step, so that no question costs more than one may. */
  readonly inquiries?: Map<string, Inquiry>;
}

/** What a question came to: an answer, or the file to load first; then ask again. */
export type Step =
  | { readonly kind: 'found'; readonly found: Found }
  /** `signer`: for whose word the file is wanted, when the rule names some. */
  | ({ readonly kind: 'wanted'; readonly signer?: string } & Edge);

/**
 * TUF 1.0: what is signed for a target, by the role that may speak for it, or by the roles that the rule names.
 * Expiry of all that the answer rests on is judged at `now`.
 *
 * @throws trust.unsigned, trust.expired, trust.signer-missing, trust.conflict, trust.malformed, trust.threshold,
 *   trust.signature, trust.too-large
 */
export function findTarget(ctx: TrustContext, view: View, name: string, now: number, asked: AskedRoles = {}): Step {
  refuseExpiredBase(view, now);
  const { signers, failed = new Map<string, TufgateError>(), inquiries = new Map<string, Inquiry>() } = asked;
  const inquiryFor = (signer: string): Inquiry => {
    const inquiry = inquiries.get(signer) ?? new Inquiry(ctx.gun, name);
    inquiries.set(signer, inquiry);
    return inquiry;
  };
  if (signers !== undefined) {
    const from = (role: string): Search => reach(ctx, view, role, now, inquiryFor(role));
    return bySigners(view, name, now, signers, failed, from);
  }
  const found = search(ctx, view, name, now, inquiryFor(''));
  if (found.kind === 'wanted') return found;
  const statement = found.kind === 'reached' ? said(view, found.reached, name, now) : undefined;
  if (statement?.kind === 'names') return { kind: 'found', found: foundBy([statement], statement) };
  if (statement !== undefined && 'error' in statement) throw statement.error;
  throw new TufgateError('trust.unsigned', `nobody trusted signed ${name} in ${view.gun}`);
}

/** A role that cannot be believed, or had, is one signer less: one expired role of three must not lock out the other two. */
function bySigners(
  view: View,
  name: string,
  now: number,
  signers: Signers,
  failed: Failed,
  from: (role: string) => Search,
): Step {
  const statements: Statement[] = [];
  for (const role of new Set(signers.of)) {
    const found = reachable(() => from(role));
    if (found instanceof TufgateError) statements.push({ kind: 'unusable', role, error: found });
    else if (found.kind === 'absent') statements.push({ kind: 'silent', role });
    else if (found.kind === 'reached') statements.push({ ...said(view, found.reached, name, now), role });
    else {
      const error = failed.get(role);
      if (error === undefined) return { ...found, signer: role };
      statements.push({ kind: 'unusable', role, error });
    }
  }
  return { kind: 'found', found: agreement(name, signers, statements) };
}

function reachable(work: () => Search): Search | TufgateError {
  try {
    return work();
  } catch (error) {
    if (error instanceof TufgateError && isReason(error.code)) return error;
    throw error;
  }
}

function said(view: View, reached: Reached, name: string, now: number): Statement {
  const entry = reached.accepted.model.targets.get(name);
  if (entry === undefined) return { kind: 'silent', role: reached.role };
  return named(`${reached.role} of ${view.gun}`, reached, name, entry, now);
}
