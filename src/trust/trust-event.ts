import type { TufgateError } from '../errors.ts';
import type { Collection } from '../state/store.ts';
import { type Difference, keyOf, newSigners, type View } from './tuf/collection.ts';

/** What happens to a collection, for those who watch: counts and key ids, never lists of tags. */
export type TrustEvent =
  | {
      readonly kind: 'refreshed';
      readonly collection: Collection;
      readonly outcome: 'changed' | 'unchanged' | 'failed' | 'withdrawn';
      readonly ms: number;
      /** When what a person must sign anew ends, by role; absent when nothing is believed now. */
      readonly ends?: ReadonlyMap<string, number>;
      /** When approvals end that are held and have an end, epoch milliseconds, the first so many that have not ended yet. */
      readonly approvalsEnd?: readonly number[];
      /** Which view is believed now: sha256 of its snapshot. */
      readonly snapshot?: string;
      readonly failure?: TufgateError;
    }
  /** Somebody should look: bytes that do not verify, credentials refused, a withdrawn collection, another pin. */
  | { readonly kind: 'alarm'; readonly collection: Collection; readonly error: TufgateError }
  | { readonly kind: 'first-use'; readonly collection: Collection; readonly keys: readonly string[] }
  | {
      readonly kind: 'changed';
      readonly collection: Collection;
      /** Counts of tags; a collection may have a hundred thousand. */
      readonly tags: { readonly new: number; readonly moved: number; readonly removed: number };
      /** Key ids that may sign now, and could not before; empty for a collection that was not known. */
      readonly newSigners: readonly string[];
      readonly rootVersion: number;
      readonly rootChanged: boolean;
    };

/**
 * A tag that moved is told as that, also where its past ends with it.
 * @param before undefined for a collection that was not known
 */
export function changeOf(
  before: View | undefined,
  view: View,
  { began, ended }: Difference,
): Omit<Extract<TrustEvent, { kind: 'changed' }>, 'kind' | 'collection'> {
  const named = new Set(began.map(keyOf));
  const moved = ended.filter((tag) => named.has(keyOf(tag))).length;
  const removed = ended.length - moved;
  const { version } = view.root.file;
  return {
    tags: { new: began.length - moved, moved, removed },
    newSigners: before === undefined ? [] : newSigners(before, view),
    rootVersion: version,
    rootChanged: before !== undefined && before.root.file.version !== version,
  };
}
