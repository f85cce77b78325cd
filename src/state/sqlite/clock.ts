import type Database from 'better-sqlite3';

/** Milliseconds the stored instant may lag behind: a write per pull would cost a disk sync each. */
const STEP_MS = 1_000;

/** The highest instant ever seen. A crash forgets at most the last second; a clean close forgets nothing. */
export class HighestClock {
  readonly #read: Database.Statement<[], { highest: number }>;
  readonly #raise: Database.Statement<[number]>;
  #seen = 0;

  constructor(db: Database.Database) {
    this.#read = db.prepare('SELECT highest FROM clock WHERE id = 1');
    this.#raise = db.prepare(
      `INSERT INTO clock (id, highest) VALUES (1, ?)
         ON CONFLICT (id) DO UPDATE SET highest = max(highest, excluded.highest)`,
    );
  }

  /** @param now epoch milliseconds */
  raise(now: number): number {
    const stored = this.#read.get()?.highest;
    this.#seen = Math.max(this.#seen, stored ?? 0, now);
    if (stored === undefined || this.#seen >= stored + STEP_MS) this.#raise.run(this.#seen);
    return this.#seen;
  }

  keep(): void {
    if (this.#seen > 0) this.#raise.run(this.#seen);
  }
}
