import type Database from 'better-sqlite3';
import type { Digest } from '../../oci/digest.ts';
import type { Withdrawal } from '../store.ts';

/** What was taken back. Roles have names from outside: versions are a list of entries, never an object keyed by them. */
export class WithdrawalTable {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #withdraw: Database.Transaction<(withdrawal: Withdrawal) => boolean>;
  /** SQLite's own count of what other connections, of this process or another, have committed. */
  readonly #others: Database.Statement<[], number>;
  #seen: number | undefined;
  #moved = 0;

  constructor(db: Database.Database) {
    this.#sql = prepare(db);
    this.#others = db.prepare<[], number>('PRAGMA data_version').pluck();
    this.#withdraw = db.transaction((withdrawal: Withdrawal) => {
      const { repository, digest, source } = withdrawal;
      const known = this.#sql.one.get(repository, digest, source);
      if (known === undefined) this.#sql.insert.run(plain(withdrawal));
      else this.#sql.update.run(plain({ ...withdrawal, versions: highest(read(known).versions, withdrawal.versions) }));
      return known === undefined;
    });
  }

  /** A number that only goes up: two of them are the same while nobody has written anything that may be a withdrawal. */
  moved(): number {
    const others = this.#countOthers();
    if (others === undefined || others !== this.#seen) this.touch();
    this.#seen = others;
    return this.#moved;
  }

  /** What cannot be read now may be anything: whoever reads the withdrawals themselves will meet the reason. */
  #countOthers(): number | undefined {
    try {
      return this.#others.get();
    } catch {
      return undefined;
    }
  }

  /** This connection is about to write, or to delete, withdrawals. */
  touch(): void {
    this.#moved++;
  }

  withdraw(withdrawal: Withdrawal): boolean {
    this.touch();
    return this.#withdraw.immediate(withdrawal);
  }

  of(repository: string, digests: readonly Digest[]): readonly Withdrawal[] {
    return this.#sql.of.all(repository, JSON.stringify(digests)).map(read);
  }

  lift(withdrawal: Withdrawal): boolean {
    this.touch();
    return this.#sql.lift.run(key(withdrawal)).changes > 0;
  }

  pending(most: number): readonly Withdrawal[] {
    return this.#sql.pending.all(most).map(read);
  }

  carriedOut(withdrawal: Withdrawal): void {
    this.#sql.carriedOut.run({ ...key(withdrawal), seenAt: withdrawal.seenAt });
  }
}

interface Row extends Pick<Withdrawal, 'source' | 'repository' | 'digest' | 'at' | 'seenAt'> {
  readonly who: string | null;
  readonly reason: string | null;
  readonly versions: string;
}
type Named = Record<string, string | number | null>;

/** The attack: an old file that says the same, after a recovery, would lower what an approval must come after. */
function highest(one: Withdrawal['versions'], other: Withdrawal['versions']): Withdrawal['versions'] {
  const most = new Map(one);
  for (const [role, version] of other) most.set(role, Math.max(version, most.get(role) ?? 0));
  return most;
}

function written(versions: Withdrawal['versions']): string {
  return JSON.stringify([...versions].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function key({ repository, digest, source, versions }: Withdrawal): Named {
  return { repository, digest, source, versions: written(versions) };
}

function plain(withdrawal: Withdrawal): Named {
  const { at, by, reason, seenAt } = withdrawal;
  return { ...key(withdrawal), at, who: by ?? null, reason: reason ?? null, seenAt };
}

function read({ who, reason, versions, ...row }: Row): Withdrawal {
  const by = who === null ? {} : { by: who };
  const why = reason === null ? {} : { reason };
  return { ...row, ...by, ...why, versions: new Map(JSON.parse(versions) as [string, number][]) };
}

const COLUMNS = 'source, repository, digest, at, who, reason, seen_at AS seenAt, versions';
const THIS = 'repository = :repository AND digest = :digest AND source = :source';

function prepare(db: Database.Database) {
  return {
    one: db.prepare<[string, string, string], Row>(
      `SELECT ${COLUMNS} FROM withdrawal WHERE repository = ? AND digest = ? AND source = ?`,
    ),
    insert: db.prepare<[Named]>(
      `INSERT INTO withdrawal (repository, digest, source, at, who, reason, seen_at, versions, carried_out)
       VALUES (:repository, :digest, :source, :at, :who, :reason, :seenAt, :versions, 0)`,
    ),
    update: db.prepare<[Named]>(
      `UPDATE withdrawal SET at = :at, who = :who, reason = :reason, versions = :versions WHERE ${THIS}`,
    ),
    of: db.prepare<[string, string], Row>(
      `SELECT ${COLUMNS} FROM withdrawal
        WHERE repository = ? AND digest IN (SELECT value FROM json_each(?)) ORDER BY digest, source`,
    ),
    lift: db.prepare<[Named]>(`DELETE FROM withdrawal WHERE ${THIS} AND versions = :versions`),
    pending: db.prepare<[number], Row>(
      `SELECT ${COLUMNS} FROM withdrawal WHERE carried_out = 0 ORDER BY seen_at, repository, digest, source LIMIT ?`,
    ),
    carriedOut: db.prepare<[Named]>(`UPDATE withdrawal SET carried_out = 1 WHERE ${THIS} AND seen_at = :seenAt`),
  };
}
