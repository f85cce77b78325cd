import { TufgateError } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { distinctSigners } from './signer-match.ts';
import type { Statement } from './statement.ts';

/** At least this many of these roles, each by a key of its own, must have signed this tag with this digest. */
export interface Signers {
  readonly atLeast: number;
  readonly of: readonly string[];
}

/** What is signed for a tag, and by whom. */
export interface Found {
  readonly digest: Digest;
  /** Bytes of the manifest. */
  readonly length: number;
  /** The roles whose word is believed. */
  readonly roles: readonly string[];
  /** These roles and all that delegate to them: what the answer rests on, beside root, timestamp and snapshot. */
  readonly behind: readonly string[];
  /** Ids of the keys whose signatures on them verified. */
  readonly signers: readonly string[];
  /** When the first of these approvals ends, epoch milliseconds; absent when none does. */
  readonly until?: number;
}

export type Named = Extract<Statement, { kind: 'names' }>;

/**
 * Do the statements of the required roles make an approval? All that name the tag must name one digest and one length,
 * and enough of them must be signed by keys of their own.
 *
 * @param image for messages: "docker.io/library/alpine:3.20"
 * @throws trust.signer-missing, trust.conflict, or why one of the roles cannot be believed
 */
export function agreement(image: string, signers: Signers, statements: readonly Statement[]): Found {
  const named = statements.filter((statement) => statement.kind === 'names');
  const [first] = named;
  if (first === undefined || signers.atLeast < 1) throw tooFew(image, signers, statements);
  const other = named.find(({ digest, length }) => digest !== first.digest || length !== first.length);
  if (other !== undefined) throw conflict(image, first, other);
  const count = distinctSigners(new Map(named.map(({ role, signerKeys }) => [role, signerKeys])));
  if (count < signers.atLeast) throw tooFew(image, signers, statements);
  return foundBy(named, first);
}

/** @param first one of them; all say the same */
export function foundBy(named: readonly Named[], { digest, length }: Named): Found {
  const behind = new Set(named.flatMap(({ path }) => path));
  const signers = new Set(named.flatMap((statement) => statement.signers));
  const found = { digest, length, roles: named.map(({ role }) => role), behind: [...behind], signers: [...signers] };
  const ends = named.flatMap(({ until }) => until ?? []);
  return ends.length === 0 ? found : { ...found, until: Math.min(...ends) };
}

/** A role that cannot be believed gives its own reason, because that is what must be mended. */
function tooFew(image: string, { atLeast, of }: Signers, statements: readonly Statement[]): TufgateError {
  const errors = statements.flatMap((statement) => ('error' in statement ? [statement.error] : []));
  const broken = errors.find(({ code }) => code !== 'trust.signer-missing');
  if (broken !== undefined) return broken;
  const without = statements.filter(({ kind }) => kind !== 'names');
  const who = without.length > 0 ? without.map(whyNot).join(', ') : 'the roles share their keys';
  const why = `${image} must be signed by ${atLeast} of ${of.join(', ')}, each by a key of its own; ${who}`;
  const detail = { missing: without.map(({ role }) => role).join(' ') };
  const advice = 'ask its publisher, or change the signers of the rule';
  return new TufgateError('trust.signer-missing', `${why}; ${advice}`, { detail });
}

function whyNot(statement: Statement): string {
  return 'error' in statement ? statement.error.message : `not signed by ${statement.role}`;
}

function conflict(image: string, a: Named, b: Named): TufgateError {
  const why = `the required signers of ${image} disagree: ${a.role} names ${a.digest}, ${b.role} ${b.digest}`;
  return new TufgateError('trust.conflict', why);
}
