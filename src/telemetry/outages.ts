import type { Collection } from '../state/store.ts';
import { collectionKey } from '../trust/collection-name.ts';

/** Of the collections that could not be asked; beyond it some outage is told twice. */
const MAX_FAILING = 1_000;

/**
 * Tells the beginning and the end of an outage, not each refresh within it. A source is back when any of its collections
 * could be asked; one that still cannot be is remembered, so that it does not begin a new outage with each try.
 */
export class Outages {
  readonly #down = new Set<string>();
  readonly #failing = new Set<string>();

  /** A refresh that did not reach the source. @returns true when this is news */
  failed(collection: Collection): boolean {
    const { source } = collection;
    const key = collectionKey(collection);
    const news = !this.#down.has(source) && !this.#failing.has(key);
    if (this.#failing.size >= MAX_FAILING) this.#failing.clear();
    this.#failing.add(key);
    if (news) this.#down.add(source);
    return news;
  }

  /** A refresh that reached it, whatever came of it. @returns true when this is news */
  reached(collection: Collection): boolean {
    this.#failing.delete(collectionKey(collection));
    return this.#down.delete(collection.source);
  }
}
