import { TufgateError } from '../../errors.ts';
import { sha256Hex, sha512Hex } from './hex.ts';
import type { TargetEntry } from './model.ts';
import { type Edge, search } from './search.ts';
import type { TrustContext } from './trusted.ts';
import { refuseExpiredBase, type View } from './view.ts';

/** The entry of a target, or the file to load first; then ask again. */
export type EntryStep = { readonly kind: 'found'; readonly entry: TargetEntry } | ({ readonly kind: 'wanted' } & Edge);

/**
 * TUF 1.0 targets that are files and not images: what the role that may speak for the name says of it. `findTarget`
 * wants a sha256, because that is what an image is called by; a file may be listed with a sha512 alone.
 *
 * @throws as `findTarget`
 */
export function findEntry(ctx: TrustContext, view: View, name: string, now: number): EntryStep {
  refuseExpiredBase(view, now);
  const found = search(ctx, view, name, now);
  if (found.kind === 'wanted') return found;
  const entry = found.kind === 'reached' ? found.reached.accepted.model.targets.get(name) : undefined;
  if (entry !== undefined) return { kind: 'found', entry };
  throw new TufgateError('trust.unsigned', `nobody trusted signed ${name} in ${view.gun}`);
}

/**
 * Are these the very bytes that were signed (5.7.2)? The length to the byte, and every hash that we know; an entry with
 * unknown hashes alone verifies nothing.
 *
 * @throws trust.malformed, integrity.length, integrity.digest
 */
export function refuseOtherTarget(name: string, { length, sha256, sha512 }: TargetEntry, bytes: Uint8Array): void {
  if (length === undefined || (sha256 ?? sha512) === undefined)
    throw new TufgateError('trust.malformed', `${name} is signed without a usable length and hash`);
  if (bytes.length !== length)
    throw new TufgateError('integrity.length', `${name} has ${bytes.length} bytes, ${length} were signed`);
  const same =
    (sha256 === undefined || sha256 === sha256Hex(bytes)) && (sha512 === undefined || sha512 === sha512Hex(bytes));
  if (!same) throw new TufgateError('integrity.digest', `${name} is not the file that was signed`);
}
