import { createHash } from 'node:crypto';
import type Database from 'better-sqlite3';
import { decisionKey, readDecision, storedBytes, writeDecision } from '../decision-key.ts';
import type { CountedDecision, DecisionFilter, StoredDecision } from '../store.ts';

/** Equal decisions within this many milliseconds of the first are one row. */
const FOLD_MS = 60_000;
const PRUNE_ROWS = 2_000;

/**
 * The decision log. Rows cover a minute at most, so that a count never hides when something happened.
 *
 * Over its size the log loses plain allows first, the oldest before the newer: denials, alarms and what would have been
 * denied are the evidence, and pulling allowed images in a loop must not wash it out.
 */
export class DecisionTable {
  readonly #sql: ReturnType<typeof prepare>;
  /** No plain allow that may go is older: pruning goes on from here instead of passing all the denials again. */
  #allowsFrom = 0;
  readonly #append: Database.Transaction<(batch: readonly CountedDecision[]) => void>;

  constructor(db: Database.Database) {
    this.#sql = prepare(db);
    this.#append = db.transaction((batch: readonly CountedDecision[]) => {
      for (const decision of batch) this.#appendOne(decision);
    });
  }

  append(batch: readonly CountedDecision[]): void {
    if (batch.length > 0) this.#append.immediate(batch);
  }

  #appendOne({ count = 1, firstAt, ...decision }: CountedDecision): void {
    const { at } = decision;
    const fold = createHash('sha256').update(decisionKey(decision)).digest('hex');
    const first = firstAt ?? at;
    this.#allowsFrom = Math.min(this.#allowsFrom, at);
    const body = writeDecision(decision);
    const twin = this.#sql.twin.get({ fold, from: first - FOLD_MS, to: first + FOLD_MS });
    if (twin !== undefined) {
      const { userAgent } = decision.client;
      return void this.#sql.foldInto.run({ id: twin.id, at, first, count, body, userAgent });
    }
    this.#sql.insert.run({
      at,
      first,
      count,
      event: decision.event,
      verdict: decision.verdict,
      wouldDeny: decision.wouldDeny ? 1 : 0,
      repository: decision.repository,
      tag: decision.tag ?? null,
      reason: decision.reason ?? null,
      client: decision.client.address,
      userAgent: decision.client.userAgent,
      rule: decision.rule ?? null,
      digest: decision.digest ?? null,
      body,
      fold,
      bytes: storedBytes(body),
    });
  }

  select(filter: DecisionFilter): readonly StoredDecision[] {
    const select = filter.digest === undefined ? this.#sql.select : this.#sql.selectDigest;
    const rows = select.all({
      since: filter.since ?? 0,
      verdict: filter.verdict ?? null,
      wouldDeny: filter.wouldDeny === undefined ? null : Number(filter.wouldDeny),
      event: filter.event ?? null,
      image: filter.image === undefined ? null : containing(filter.image),
      reason: filter.reason ?? null,
      client: filter.client === undefined ? null : containing(filter.client),
      ...(filter.digest === undefined ? {} : { digest: filter.digest }),
      limit: Math.max(0, Math.trunc(filter.limit)),
    });
    return rows.reverse().map(stored);
  }

  /** Deletes one portion. @returns false when nothing is left to delete */
  prunePortion(before: number, maxBytes: number): boolean {
    if (this.#sql.dropOld.run(before, PRUNE_ROWS).changes > 0) return true;
    const excess = (this.#sql.total.get()?.bytes ?? 0) - maxBytes;
    if (excess <= 0) return false;
    return this.#dropAllows(excess) || this.#sql.dropOldest.run(PRUNE_ROWS, excess).changes > 0;
  }

  #dropAllows(excess: number): boolean {
    const gone = this.#sql.dropAllows.all(this.#allowsFrom, PRUNE_ROWS, excess);
    this.#allowsFrom = gone.reduce((newest, { at }) => Math.max(newest, at), this.#allowsFrom);
    if (gone.length === 0) this.#allowsFrom = (this.#sql.newest.get()?.at ?? 0) + 1;
    return gone.length > 0;
  }
}

/** A LIKE pattern for "contains this text, taken literally". */
function containing(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
}

function stored(row: DecisionRow): StoredDecision {
  return { ...readDecision(row.body), id: row.id, at: row.at, count: row.count, firstAt: row.firstAt };
}

interface DecisionRow {
  readonly id: number;
  readonly at: number;
  readonly firstAt: number;
  readonly count: number;
  readonly body: string;
}
type Named = Record<string, string | number | null>;

function prepare(db: Database.Database) {
  return {
    twin: db.prepare<[{ fold: string; from: number; to: number }], { id: number }>(
      `SELECT id FROM decision WHERE fold = :fold AND first_at BETWEEN :from AND :to ORDER BY first_at DESC LIMIT 1`,
    ),
    // The body of the newest one stays: it tells when the sources were asked last.
    foldInto: db.prepare<[Named]>(
      `UPDATE decision SET count = count + :count, first_at = min(first_at, :first), at = max(at, :at),
              body = CASE WHEN :at >= at THEN :body ELSE body END,
              user_agent = CASE WHEN :at >= at THEN :userAgent ELSE user_agent END
        WHERE id = :id`,
    ),
    insert: db.prepare<[Named]>(
      `INSERT INTO decision (at, first_at, count, event, verdict, would_deny, repository, tag, reason, client,
                             user_agent, rule, digest, body, fold, bytes)
       VALUES (:at, :first, :count, :event, :verdict, :wouldDeny, :repository, :tag, :reason, :client,
               :userAgent, :rule, :digest, :body, :fold, :bytes)`,
    ),
    select: db.prepare<[Named], DecisionRow>(selecting('')),
    selectDigest: db.prepare<[Named], DecisionRow>(selecting('AND digest = :digest')),
    dropOld: db.prepare<[number, number]>(
      'DELETE FROM decision WHERE id IN (SELECT id FROM decision WHERE at < ? ORDER BY at LIMIT ?)',
    ),
    total: db.prepare<[], { bytes: number | null }>('SELECT sum(bytes) AS bytes FROM decision'),
    newest: db.prepare<[], { at: number | null }>('SELECT max(at) AS at FROM decision'),
    dropAllows: db.prepare<[number, number, number], { at: number }>(
      `DELETE FROM decision WHERE id IN (
         SELECT id FROM (SELECT id, bytes, sum(bytes) OVER (ORDER BY at, id) AS freed
                           FROM (SELECT id, at, bytes FROM decision
                                  WHERE at >= ? AND verdict = 'allow' AND event = 'pull' AND would_deny = 0
                                  ORDER BY at, id LIMIT ?))
          WHERE freed - bytes < ?) RETURNING at`,
    ),
    // Of the oldest ones as many as are needed: those before which less than the excess was freed.
    dropOldest: db.prepare<[number, number]>(
      `DELETE FROM decision WHERE id IN (
         SELECT id FROM (SELECT id, bytes, sum(bytes) OVER (ORDER BY at, id) AS freed
                           FROM (SELECT id, at, bytes FROM decision ORDER BY at, id LIMIT ?))
          WHERE freed - bytes < ?)`,
    ),
  };
}

/** @param narrower a condition that an index serves */
function selecting(narrower: string): string {
  return String.raw`SELECT id, at, first_at AS firstAt, count, body FROM decision
        WHERE at >= :since ${narrower}
          AND verdict = coalesce(:verdict, verdict)
          AND would_deny = coalesce(:wouldDeny, would_deny)
          AND event = coalesce(:event, event)
          AND (:image IS NULL OR repository || coalesce(':' || tag, '') LIKE :image ESCAPE '\')
          AND (:reason IS NULL OR reason = :reason)
          AND (:client IS NULL OR client LIKE :client ESCAPE '\' OR user_agent LIKE :client ESCAPE '\')
        ORDER BY at DESC, id DESC LIMIT :limit`;
}
