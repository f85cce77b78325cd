import type { Collection } from '../state/store.ts';

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
  failed({ source, gun }: Collection): boolean {
    const key = `${source}\n${gun}`;
    const news = !this.#down.has(source) && !this.#failing.has(key);
    if (this.#failing.size >= MAX_FAILING) this.#failing.clear();
    this.#failing.add(key);
    if (news) this.#down.add(source);
    return news;
  }

  /** A refresh that reached it, whatever came of it. @returns true when this is news */
  reached({ source, gun }: Collection): boolean {
    this.#failing.delete(`${source}\n${gun}`);
    return this.#down.delete(source);
  }
}
