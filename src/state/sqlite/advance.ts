import type Database from 'better-sqlite3';
import type { Collection, TrustAdvance, TrustFile } from '../store.ts';
import { refused } from './fault.ts';
import { sha256Hex, type TrustFiles } from './files.ts';
import type { CollectionRow, TrustReader } from './trust.ts';

/**
 * One step of trust: all of it or nothing, and only if nobody stepped in between (compare-and-set on `generation`).
 *
 * Defence in depth: the trust core has refused every rollback before it comes here. Should it err, roots still follow
 * one another without a gap, no floor goes back or changes its bytes under the same version, and no view lies below
 * its floors. The ways back are `forget` (fast-forward recovery, TUF client workflow 5.3.11) and `restart` (the operator
 * anchored the collection anew), which ends all that was said under the old chain: floors, view and past.
 */
export class TrustAdvancer {
  readonly #trust: TrustReader;
  readonly #files: TrustFiles;
  readonly #sql: ReturnType<typeof prepare>;
  readonly #advance: Database.Transaction<TrustAdvancer['run']>;
  readonly #forget: Database.Transaction<TrustAdvancer['drop']>;

  constructor(db: Database.Database, trust: TrustReader, files: TrustFiles) {
    this.#trust = trust;
    this.#files = files;
    this.#sql = prepare(db);
    this.#advance = db.transaction(this.run.bind(this));
    this.#forget = db.transaction(this.drop.bind(this));
  }

  /** What to store before `advance`, one transaction each. @throws state.failed for bytes under a hash not their own */
  staging(step: TrustAdvance): (() => void)[] {
    return filesOf(step).flatMap((file) => {
      if (sha256Hex(file.bytes) !== file.sha256)
        throw refused(`${file.role} metadata under a hash that is not its own`);
      return this.#files.staging(file);
    });
  }

  /** IMMEDIATE: two processes queue up for the lock instead of both reading the old generation. */
  advance(collection: Collection, from: number, step: TrustAdvance, at: number): Advanced {
    return this.#advance.immediate(collection, from, step, at);
  }

  /** @returns as `Advanced.sweep`; undefined when the collection is not known */
  forget(collection: Collection): readonly string[] | undefined {
    return this.#forget.immediate(collection);
  }

  private drop(collection: Collection): readonly string[] | undefined {
    const row = this.#trust.find(collection);
    if (row === undefined) return undefined;
    const hashes = this.#files.hashes(row.id);
    this.#sql.drop.run(row.id);
    this.#sql.dropWithdrawals.run(collection.source);
    return hashes;
  }

  private run(collection: Collection, from: number, step: TrustAdvance, at: number): Advanced {
    const row = this.#trust.find(collection);
    if ((row?.generation ?? 0) !== from) return { answer: 'conflict', sweep: hashesOf(step) };
    const id = row?.id ?? this.#begin(collection, step);
    if (step.restart === true) this.#restart(id);
    this.#appendRoots(id, step.roots ?? []);
    for (const role of step.forget ?? []) this.#sql.dropFloor.run(id, role);
    for (const file of step.floors ?? []) this.#raiseFloor(id, file);
    if (step.view !== undefined) this.#replaceView(id, step.view);
    for (const { role, tag, digest, removed } of step.ended ?? [])
      this.#sql.endTag.run({ id, role, tag, digest, at, removed: removed ? at : null });
    const sweep = this.#files.dropUnreferenced(id);
    if (row !== undefined) this.#update(row, step);
    return { answer: 'ok', sweep };
  }

  #begin({ source, gun }: Collection, step: TrustAdvance): number {
    if (step.anchor === undefined || (step.roots ?? []).length === 0)
      throw refused(`${source} ${gun} without an anchor and a first root`);
    const { anchor, checkedAt = 0, withdrawn = false, view } = step;
    const hasView = view === undefined ? 0 : 1;
    return Number(this.#sql.insert.run(source, gun, anchor, hasView, checkedAt, withdrawn ? 1 : 0).lastInsertRowid);
  }

  #update(row: CollectionRow, step: TrustAdvance): void {
    const keptView = step.restart === true ? 0 : row.has_view;
    this.#sql.update.run(
      step.anchor ?? row.anchor,
      step.view === undefined ? keptView : 1,
      step.checkedAt ?? row.checked_at,
      step.withdrawn === undefined ? row.withdrawn : Number(step.withdrawn),
      row.id,
    );
  }

  #restart(id: number): void {
    for (const drop of [this.#sql.dropRoots, this.#sql.dropFloors, this.#sql.dropView, this.#sql.dropEnded])
      drop.run(id);
  }

  #appendRoots(id: number, roots: readonly TrustFile[]): void {
    for (const root of roots) {
      if (root.role !== 'root') throw refused(`the role ${root.role} in a chain of roots`);
      const newest = this.#sql.newestRoot.get(id);
      if (newest !== undefined && root.version !== newest.version + 1)
        throw refused(`root version ${root.version} after version ${newest.version}`);
      this.#sql.insertRoot.run(id, root.version, this.#files.store(id, root));
    }
    if (this.#sql.newestRoot.get(id) === undefined) throw refused('a collection without a root');
  }

  #raiseFloor(id: number, file: TrustFile): void {
    this.#assertNotBelowFloor(id, file);
    this.#sql.setFloor.run(id, file.role, this.#files.store(id, file));
  }

  #replaceView(id: number, view: readonly TrustFile[]): void {
    this.#sql.dropView.run(id);
    for (const file of view) {
      this.#assertNotBelowFloor(id, file);
      this.#sql.insertView.run(id, file.role, this.#files.store(id, file));
    }
  }

  #assertNotBelowFloor(id: number, file: TrustFile): void {
    if (file.role === 'root') throw refused('a root outside the chain of roots');
    const floor = this.#sql.floor.get(id, file.role);
    if (floor === undefined || file.version > floor.version) return;
    if (file.version < floor.version)
      throw refused(`${file.role} version ${file.version}: version ${floor.version} was accepted before`);
    if (file.sha256 !== floor.sha256) throw refused(`other bytes as ${file.role} version ${file.version}`);
  }
}

export interface Advanced {
  readonly answer: 'ok' | 'conflict';
  /** Hashes of files that nothing may refer to any more. */
  readonly sweep: readonly string[];
}

function filesOf({ roots = [], floors = [], view = [] }: TrustAdvance): readonly TrustFile[] {
  return [...new Set([...roots, ...floors, ...view])];
}

function hashesOf(step: TrustAdvance): readonly string[] {
  return filesOf(step).map(({ sha256 }) => sha256);
}

interface VersionRow {
  readonly version: number;
  readonly sha256: string;
}

interface EndedRow {
  readonly id: number;
  readonly role: string;
  readonly tag: string;
  readonly digest: string;
  readonly at: number;
  readonly removed: number | null;
}

function prepare(db: Database.Database) {
  type Id = [collection: number];
  return {
    insert: db.prepare<[string, string, string, number, number, number]>(
      'INSERT INTO collection (source, gun, generation, anchor, has_view, checked_at, withdrawn) VALUES (?, ?, 1, ?, ?, ?, ?)',
    ),
    drop: db.prepare<Id>('DELETE FROM collection WHERE id = ?'),
    dropWithdrawals: db.prepare<[string]>('DELETE FROM withdrawal WHERE source = ?'),
    update: db.prepare<[string, number, number, number, number]>(
      'UPDATE collection SET generation = generation + 1, anchor = ?, has_view = ?, checked_at = ?, withdrawn = ? WHERE id = ?',
    ),
    newestRoot: db.prepare<Id, { version: number }>(
      'SELECT version FROM trust_root WHERE collection = ? ORDER BY version DESC LIMIT 1',
    ),
    insertRoot: db.prepare<[number, number, number]>(
      'INSERT INTO trust_root (collection, version, file) VALUES (?, ?, ?)',
    ),
    dropRoots: db.prepare<Id>('DELETE FROM trust_root WHERE collection = ?'),
    floor: db.prepare<[number, string], VersionRow>(
      `SELECT f.version, f.sha256 FROM trust_floor t JOIN trust_file f ON f.id = t.file
        WHERE t.collection = ? AND t.role = ?`,
    ),
    setFloor: db.prepare<[number, string, number]>(
      `INSERT INTO trust_floor (collection, role, file) VALUES (?, ?, ?)
         ON CONFLICT (collection, role) DO UPDATE SET file = excluded.file`,
    ),
    dropFloor: db.prepare<[number, string]>('DELETE FROM trust_floor WHERE collection = ? AND role = ?'),
    dropFloors: db.prepare<Id>('DELETE FROM trust_floor WHERE collection = ?'),
    insertView: db.prepare<[number, string, number]>(
      'INSERT INTO trust_view (collection, role, file) VALUES (?, ?, ?)',
    ),
    dropView: db.prepare<Id>('DELETE FROM trust_view WHERE collection = ?'),
    // One that ended before was begun again since; that it was removed once is never forgotten.
    endTag: db.prepare<[EndedRow]>(
      `INSERT INTO ended_tag (collection, role, tag, digest, until, removed_at)
         VALUES (:id, :role, :tag, :digest, :at, :removed)
         ON CONFLICT (collection, digest, tag, role) DO UPDATE SET
           until = max(until, excluded.until),
           removed_at = coalesce(max(removed_at, excluded.removed_at), removed_at, excluded.removed_at)`,
    ),
    dropEnded: db.prepare<Id>('DELETE FROM ended_tag WHERE collection = ?'),
  };
}
