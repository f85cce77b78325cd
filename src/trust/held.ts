import type { StoredTrust } from '../state/store.ts';
import {
  newestRoot,
  restore,
  type Said,
  saidBefore,
  type TrustContext,
  type Trusted,
  type View,
  viewUnder,
} from './tuf/collection.ts';

/** What is held of a collection, as it is stored. */
export type Held =
  | { readonly kind: 'nothing'; readonly generation: 0 }
  /** The configured pin does not cover what is stored: the next update begins a new chain at the pin. */
  | { readonly kind: 'uncovered'; readonly generation: number }
  | Trusting;

export interface Trusting extends Confirmed {
  readonly kind: 'trusted';
  readonly generation: number;
  readonly trusted: Trusted;
  readonly view?: View;
  /** What a view said that is stored, but does not stand any more. */
  readonly fallen?: Said;
}

export interface Confirmed {
  /** When the source last confirmed the view; 0 = never. */
  readonly checkedAt: number;
  readonly withdrawn: boolean;
}

/** From what is stored, verified again. @throws trust.pin: the configured pin does not cover it · state.damaged */
export function revived(ctx: TrustContext, stored: StoredTrust): Trusting {
  const { generation, checkedAt, withdrawn } = stored;
  const { trusted, view } = restore(ctx, stored);
  if (view !== undefined) return { kind: 'trusted', generation, trusted, withdrawn, view, checkedAt };
  const fallen = stored.view && saidBefore(ctx, stored.view);
  return { kind: 'trusted', generation, trusted, withdrawn, checkedAt: 0, ...(fallen && { fallen }) };
}

/**
 * After a step of an update was stored. Whoever does not wait for that update must not be served what a new root no
 * longer covers. The shelf moves on its own, with the searches that run meanwhile; only what recovery forgot goes.
 */
export function moved(ctx: TrustContext, held: Trusting, after: Trusted, forgotten: readonly string[]): Trusting {
  const shelf = new Map([...held.trusted.shelf].filter(([role]) => !forgotten.includes(role)));
  const trusted = { ...after, progress: undefined, shelf };
  const { view, ...rest } = held;
  if (view === undefined || view.root === newestRoot(trusted)) return { ...held, trusted };
  const standing = viewUnder(ctx, trusted, view);
  return { ...rest, trusted, ...(standing === undefined ? { fallen: view, checkedAt: 0 } : { view: standing }) };
}

/** Of files, each counted once. */
export function bytesOf(held: Held): number {
  if (held.kind !== 'trusted') return 0;
  const { roots, timestamp, snapshot, targets, shelf } = held.trusted;
  const accepted = [...roots, timestamp, snapshot, ...targets.values(), held.view?.timestamp, held.view?.snapshot];
  const said = [...((held.view ?? held.fallen)?.targets.values() ?? [])];
  const files = [...accepted, ...said].flatMap((each) => (each === undefined ? [] : [each.file]));
  const distinct = new Set([...files, ...shelf.values()].map(({ bytes }) => bytes));
  return [...distinct].reduce((sum, { length }) => sum + length, 0);
}
