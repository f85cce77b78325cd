import { canonicalJson } from '../../../json/canonical.ts';
import { readJsonAs } from '../../../json/read.ts';
import { TufgateError } from '../../../errors.ts';
import { JSON_LIMITS, MAX_SIGNATURES } from '../limits.ts';
import type { Model, Signature, Signed } from '../model.ts';
import { decodeHex } from './hex.ts';
import { parseInstant } from './instant.ts';
import { malformed, Members } from './member.ts';

const COMMON = ['_type', 'spec_version', 'version', 'expires'];
/** SPEC 4.3: the same major version is compatible. In use are "1.0", "1.0.0" and "1.0.31". */
const SPEC_VERSION = /^1\.\d{1,9}(?:\.\d{1,9})?$/;
/** The one form: fractions and offsets, which clients read differently, are longer. */
const EXPIRES_LENGTH = '2030-01-01T00:00:00Z'.length;

/**
 * `{signed, signatures}` of every TUF 1.0 file. What was signed is the canonical form of the tree as received, unknown
 * members included, never that of the model.
 *
 * @param known members of `signed` beyond those of every file
 */
export function readEnvelope<T extends Model>(
  what: string,
  bytes: Uint8Array,
  type: T['type'],
  known: readonly string[],
  model: (signed: Members, common: { readonly version: number; readonly expires: number }) => T,
): Signed<T> {
  const tree = readJsonAs('trust.malformed', what, bytes, JSON_LIMITS);
  const outer = new Members(what, tree, ['signed', 'signatures']);
  const signatures = readSignatures(what, outer);
  const content = outer.record('signed');
  const signed = new Members(what, content, [...COMMON, ...known]);
  if (signed.string('_type') !== type) throw malformed(what, `is not of the type ${type}`);
  if (!SPEC_VERSION.test(signed.string('spec_version'))) throw malformed(what, 'is not written for TUF 1');
  const common = { version: signed.integer('version', 1), expires: readExpires(what, signed.string('expires')) };
  return { model: model(signed, common), signatures, message: canonicalJson(content) };
}

function readExpires(what: string, text: string): number {
  const expires = text.length === EXPIRES_LENGTH ? parseInstant(text) : undefined;
  if (expires === undefined) throw malformed(what, 'has an expiry that is not an instant as 2030-01-01T00:00:00Z');
  return expires;
}

/**
 * A signature that cannot be one does not spoil the others: it just never verifies, and publishers leave `""` for a
 * signer who is absent. Two of one key id spoil the file (SPEC 4.2.1): which one counts would be each client's choice.
 */
function readSignatures(what: string, outer: Members): readonly Signature[] {
  const list = outer.array('signatures');
  if (list.length > MAX_SIGNATURES)
    throw new TufgateError('trust.too-large', `${what} has more than ${MAX_SIGNATURES} signatures`);
  const signatures = list.map((value) => {
    const signature = new Members(`a signature of ${what}`, value, ['keyid', 'sig']);
    const bytes = decodeHex(signature.string('sig')) ?? new Uint8Array();
    return { keyId: signature.string('keyid'), method: '', bytes };
  });
  if (new Set(signatures.map(({ keyId }) => keyId)).size < signatures.length)
    throw malformed(what, 'has two signatures of one key id');
  return signatures;
}
