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
  readonly #clamp: readonly Database.Statement<[{ to: number }]>[];
  readonly #lowerAll: Database.Transaction<(to: number) => void>;
  #seen = 0;
  #lowered = 0;

  constructor(db: Database.Database) {
    this.#read = db.prepare('SELECT highest, lowered FROM clock WHERE id = 1');
    this.#raise = db.prepare(
      `INSERT INTO clock (id, highest, lowered) VALUES (1, ?, ?)
         ON CONFLICT (id) DO UPDATE SET highest = max(highest, excluded.highest) WHERE lowered = excluded.lowered`,
    );
    this.#lower = db.prepare('UPDATE clock SET highest = min(highest, ?), lowered = lowered + 1 WHERE id = 1');
    this.#clamp = CLAMPED.map((sql) => db.prepare(sql));
    this.#lowerAll = db.transaction((to: number) => {
      this.#lower.run(to);
      for (const clamp of this.#clamp) clamp.run({ to });
    });
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
    this.#lowerAll.immediate(to);
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

/**
 * What was seen while the clock was ahead lies in the future now: a view that was confirmed then would not grow old, and
 * what was given out then would outlive its revocation. The order of things stays: what was not later is not later now.
 */
const CLAMPED = [
  'UPDATE collection SET checked_at = :to WHERE checked_at > :to',
  'UPDATE given_out SET at = :to WHERE at > :to',
  'UPDATE ended_tag SET until = :to WHERE until > :to',
  'UPDATE withdrawal SET seen_at = :to WHERE seen_at > :to',
  'UPDATE ended_tag SET removed_at = :to WHERE removed_at > :to',
];

interface ClockRow {
  readonly highest: number;
  readonly lowered: number;
}
