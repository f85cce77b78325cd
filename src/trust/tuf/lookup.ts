import { TufgateError } from '../../errors.ts';
import { agreement, type Found, foundBy, type Signers } from './agreement.ts';
import { delegates, type Statement, statementOf } from './statement.ts';
import { refuseExpiredBase, type View } from './view.ts';

export interface Want {
  readonly releases: 'strict' | 'docker';
  /** Replaces the releases rule. */
  readonly signers?: Signers;
}

const RELEASES = 'targets/releases';

/**
 * Notary: which digest the tag stands for, by the roles that the caller believes, and by exactly these: a hit in a nested or
 * sibling delegation is none. Expiry of all that the answer rests on is judged at `now`, not when it was loaded.
 *
 * The attack: with the snapshot key alone, leave `targets/releases` out of the snapshot, or let it expire; Docker's
 * client then silently believes `targets`, where the tag may name an older image. `strict` refuses; `docker` is for
 * publishers who depend on it. Even then a tag that is signed outside its role's paths, or without a usable hash, is
 * refused rather than looked up elsewhere.
 *
 * @throws trust.unsigned, trust.expired, trust.signer-missing, trust.conflict, trust.role-path, trust.malformed,
 *   trust.signature, trust.threshold
 */
export function lookup(view: View, tag: string, want: Want, now: number): Found {
  refuseExpiredBase(view, now);
  if (want.signers !== undefined) {
    const statements = [...new Set(want.signers.of)].map((role) => statementOf(view, role, tag, now));
    return agreement(`${view.gun}:${tag}`, want.signers, statements);
  }
  const statement = believed(view, tag, want.releases, now);
  if (statement.kind === 'names') return foundBy([statement], statement);
  if (statement.kind === 'silent') throw unsigned(view, tag, statement.role);
  throw statement.error;
}

function believed(view: View, tag: string, releases: Want['releases'], now: number): Statement {
  if (!delegates(view, RELEASES)) return statementOf(view, 'targets', tag, now);
  const released = statementOf(view, RELEASES, tag, now);
  if (releases === 'strict' || released.kind === 'names' || released.kind === 'refused') return released;
  const nested = [...view.targets.keys()].filter((role) => role.startsWith(`${RELEASES}/`));
  // Docker finds the tag below releases first, and then refuses it: it does not go on to `targets` either.
  if (nested.some((role) => statementOf(view, role, tag, now).kind === 'names'))
    return { kind: 'silent', role: RELEASES };
  return statementOf(view, 'targets', tag, now);
}

function unsigned(view: View, tag: string, believedRole: string): TufgateError {
  const others = [...view.targets].filter(([, { model }]) => model.targets.has(tag)).map(([role]) => role);
  const but = others.length > 0 ? `; ${others.join(', ')} signed it, but only ${believedRole} is believed here` : '';
  return new TufgateError('trust.unsigned', `nobody trusted signed the tag ${tag} of ${view.gun}${but}`);
}
