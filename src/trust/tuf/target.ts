import { TufgateError } from '../../errors.ts';
import { agreement, type Found, foundBy, type Signers } from './agreement.ts';
import { type Edge, reach, search } from './search.ts';
import { named, type Reached, type Statement } from './statement.ts';
import type { TrustContext } from './trusted.ts';
import { refuseExpiredBase, type View } from './view.ts';

/** What a question came to: an answer, or the file to load first; then ask again. */
export type Step = { readonly kind: 'found'; readonly found: Found } | ({ readonly kind: 'wanted' } & Edge);

/**
 * TUF 1.0: what is signed for a target, by the role that may speak for it, or by the roles that the rule names.
 * Expiry of all that the answer rests on is judged at `now`.
 *
 * @throws trust.unsigned, trust.expired, trust.signer-missing, trust.conflict, trust.malformed, trust.threshold,
 *   trust.signature, trust.too-large
 */
export function findTarget(ctx: TrustContext, view: View, name: string, now: number, signers?: Signers): Step {
  refuseExpiredBase(view, now);
  if (signers !== undefined) return bySigners(ctx, view, name, now, signers);
  const found = search(ctx, view, name, now);
  if (found.kind === 'wanted') return found;
  const statement = found.kind === 'reached' ? said(view, found.reached, name) : undefined;
  if (statement?.kind === 'names') return { kind: 'found', found: foundBy([statement], statement) };
  if (statement !== undefined && 'error' in statement) throw statement.error;
  throw new TufgateError('trust.unsigned', `nobody trusted signed ${name} in ${view.gun}`);
}

function bySigners(ctx: TrustContext, view: View, name: string, now: number, signers: Signers): Step {
  const statements: Statement[] = [];
  for (const role of new Set(signers.of)) {
    const found = reach(ctx, view, role, name, now);
    if (found.kind === 'wanted') return found;
    statements.push(found.kind === 'reached' ? said(view, found.reached, name) : { kind: 'silent', role });
  }
  return { kind: 'found', found: agreement(name, signers, statements) };
}

function said(view: View, reached: Reached, name: string): Statement {
  const entry = reached.accepted.model.targets.get(name);
  if (entry === undefined) return { kind: 'silent', role: reached.role };
  return named(`${reached.role} of ${view.gun}`, reached, name, entry);
}
