import { TufgateError } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { distinctSigners } from './signer-match.ts';
import { delegates, type Statement, statementOf } from './statement.ts';
import { refuseExpiredBase, type View } from './view.ts';

/** At least this many of these roles, each by a key of its own, must have signed this tag with this digest. */
export interface Signers {
  readonly atLeast: number;
  readonly of: readonly string[];
}

export interface Want {
  readonly releases: 'strict' | 'docker';
  /** Replaces the releases rule. */
  readonly signers?: Signers;
}

/** What is signed for a tag, and by whom. */
export interface Found {
  readonly digest: Digest;
  /** Bytes of the manifest. */
  readonly length: number;
  /** The roles whose word is believed. */
  readonly roles: readonly string[];
  /** Ids of the keys whose signatures on them verified. */
  readonly signers: readonly string[];
}

const RELEASES = 'targets/releases';
type Named = Extract<Statement, { kind: 'names' }>;

/**
 * Which digest the tag stands for, by the roles that the caller believes, and by exactly these: a hit in a nested or
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
  if (want.signers !== undefined) return bySigners(view, tag, want.signers, now);
  const statement = believed(view, tag, want.releases, now);
  if (statement.kind === 'names') return found(view, [statement], statement);
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

function bySigners(view: View, tag: string, signers: Signers, now: number): Found {
  const statements = [...new Set(signers.of)].map((role) => statementOf(view, role, tag, now));
  const named = statements.filter((statement) => statement.kind === 'names');
  const [first] = named;
  if (first === undefined || signers.atLeast < 1) throw tooFew(view, tag, signers, statements);
  const other = named.find(({ digest, length }) => digest !== first.digest || length !== first.length);
  if (other !== undefined) throw conflict(view, tag, first, other);
  const keys = new Map(named.map(({ role }) => [role, view.targets.get(role)?.signerKeys ?? []]));
  const count = distinctSigners(keys);
  if (count < signers.atLeast) throw tooFew(view, tag, signers, statements);
  return found(view, named, first);
}

/** A role that cannot be believed gives its own reason, because that is what must be mended. */
function tooFew(view: View, tag: string, { atLeast, of }: Signers, statements: readonly Statement[]): TufgateError {
  const errors = statements.flatMap((statement) => ('error' in statement ? [statement.error] : []));
  const broken = errors.find(({ code }) => code !== 'trust.signer-missing');
  if (broken !== undefined) return broken;
  const without = statements.filter(({ kind }) => kind !== 'names').map(({ role }) => role);
  const who = without.length > 0 ? `not signed by ${without.join(', ')}` : 'the roles share their keys';
  const why = `${view.gun}:${tag} must be signed by ${atLeast} of ${of.join(', ')}, each by a key of its own; ${who}`;
  return new TufgateError('trust.signer-missing', why, { detail: { missing: without.join(' ') } });
}

function conflict(view: View, tag: string, a: Named, b: Named): TufgateError {
  const why = `the required signers of ${view.gun}:${tag} disagree: ${a.role} names ${a.digest}, ${b.role} ${b.digest}`;
  return new TufgateError('trust.conflict', why);
}

function unsigned(view: View, tag: string, believedRole: string): TufgateError {
  const others = [...view.targets].filter(([, { model }]) => model.targets.has(tag)).map(([role]) => role);
  const but = others.length > 0 ? `; ${others.join(', ')} signed it, but only ${believedRole} is believed here` : '';
  return new TufgateError('trust.unsigned', `nobody trusted signed the tag ${tag} of ${view.gun}${but}`);
}

function found(view: View, statements: readonly Named[], { digest, length }: Named): Found {
  const roles = statements.map(({ role }) => role);
  const signers = new Set(roles.flatMap((role) => view.targets.get(role)?.signers ?? []));
  return { digest, length, roles, signers: [...signers] };
}
