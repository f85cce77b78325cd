import type Database from 'better-sqlite3';

/** Milliseconds the stored instant may lag behind: a write per pull would cost a disk sync each. */
const STEP_MS = 1_000;

/**
 * The highest instant ever seen. A crash forgets at most the last second; a clean close forgets nothing, except what an
 * operator has set back meanwhile: a server that still runs, or shuts down, must not undo that with what it remembers.
 */
export class HighestClock {
  readonly #read: Database.Statement<[], ClockRow>;
  readonly #raise: Database.Statement<[number, number]>;
  readonly #lower: Database.Statement<[number]>;
  #seen = 0;
  #lowered = 0;

  constructor(db: Database.Database) {
    this.#read = db.prepare('SELECT highest, lowered FROM clock WHERE id = 1');
    this.#raise = db.prepare(
      `INSERT INTO clock (id, highest, lowered) VALUES (1, ?, ?)
         ON CONFLICT (id) DO UPDATE SET highest = max(highest, excluded.highest) WHERE lowered = excluded.lowered`,
    );
    this.#lower = db.prepare('UPDATE clock SET highest = min(highest, ?), lowered = lowered + 1 WHERE id = 1');
  }

  /** @param now epoch milliseconds */
  raise(now: number): number {
    const stored = this.#recall();
    this.#seen = Math.max(this.#seen, now);
    if (stored === undefined || this.#seen >= stored.highest + STEP_MS) this.keep();
    return this.#seen;
  }

  highest(): number {
    this.#recall();
    return this.#seen;
  }

  lower(to: number): void {
    this.#recall();
    this.keep();
    this.#lower.run(to);
    this.#recall();
  }

  keep(): void {
    if (this.#seen > 0) this.#raise.run(this.#seen, this.#lowered);
  }

  #recall(): ClockRow | undefined {
    const stored = this.#read.get();
    const { highest, lowered } = stored ?? { highest: 0, lowered: 0 };
    this.#seen = lowered === this.#lowered ? Math.max(this.#seen, highest) : highest;
    this.#lowered = lowered;
    return stored;
  }
}

interface ClockRow {
  readonly highest: number;
  readonly lowered: number;
}
