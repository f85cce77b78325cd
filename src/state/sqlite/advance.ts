import type Database from 'better-sqlite3';
import type { Collection, TrustAdvance, TrustFile } from '../store.ts';
import { refused } from './fault.ts';
import { type CollectionRow, sha256Hex, type TrustReader } from './trust.ts';

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
  readonly #sql: ReturnType<typeof prepare>;
  readonly #advance: Database.Transaction<TrustAdvancer['run']>;

  constructor(db: Database.Database, trust: TrustReader) {
    this.#trust = trust;
    this.#sql = prepare(db);
    this.#advance = db.transaction(this.run.bind(this));
  }

  /**
   * IMMEDIATE: two processes queue up for the lock instead of both reading the old generation. Bytes are hashed before,
   * so that a large file holds the lock no longer than it takes to write it.
   */
  advance(collection: Collection, from: number, step: TrustAdvance, at: number): 'ok' | 'conflict' {
    for (const file of [...(step.roots ?? []), ...(step.floors ?? []), ...(step.view ?? [])]) assertOwnHash(file);
    return this.#advance.immediate(collection, from, step, at);
  }

  private run(collection: Collection, from: number, step: TrustAdvance, at: number): 'ok' | 'conflict' {
    const row = this.#trust.find(collection);
    if ((row?.generation ?? 0) !== from) return 'conflict';
    const id = row?.id ?? this.#begin(collection, step);
    if (step.restart === true) this.#restart(id);
    this.#appendRoots(id, step.roots ?? []);
    for (const role of step.forget ?? []) this.#sql.dropFloor.run(id, role);
    for (const file of step.floors ?? []) this.#raiseFloor(id, file);
    if (step.view !== undefined) this.#replaceView(id, step.view);
    for (const { role, tag, digest, removed } of step.ended ?? [])
      this.#sql.endTag.run({ id, role, tag, digest, at, removed: removed ? at : null });
    this.#sql.dropUnreferenced.run(id);
    if (row !== undefined) this.#update(row, step);
    return 'ok';
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
      this.#sql.insertRoot.run(id, root.version, this.#file(id, root));
    }
    if (this.#sql.newestRoot.get(id) === undefined) throw refused('a collection without a root');
  }

  #raiseFloor(id: number, file: TrustFile): void {
    this.#assertNotBelowFloor(id, file);
    this.#sql.setFloor.run(id, file.role, this.#file(id, file));
  }

  #replaceView(id: number, view: readonly TrustFile[]): void {
    this.#sql.dropView.run(id);
    for (const file of view) {
      this.#assertNotBelowFloor(id, file);
      this.#sql.insertView.run(id, file.role, this.#file(id, file));
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

  /** The id of the stored file, stored now if it was not. */
  #file(id: number, file: TrustFile): number {
    const known = this.#sql.file.get(id, file.role, file.sha256);
    if (known === undefined)
      return Number(this.#sql.insertFile.run(id, file.role, file.version, file.sha256, file.bytes).lastInsertRowid);
    if (known.version !== file.version) throw refused(`the same ${file.role} bytes as two versions`);
    return known.id;
  }
}

function assertOwnHash({ role, bytes, sha256 }: TrustFile): void {
  if (sha256Hex(bytes) !== sha256) throw refused(`${role} metadata under a hash that is not its own`);
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
    update: db.prepare<[string, number, number, number, number]>(
      'UPDATE collection SET generation = generation + 1, anchor = ?, has_view = ?, checked_at = ?, withdrawn = ? WHERE id = ?',
    ),
    file: db.prepare<[number, string, string], { id: number; version: number }>(
      'SELECT id, version FROM trust_file WHERE collection = ? AND role = ? AND sha256 = ?',
    ),
    insertFile: db.prepare<[number, string, number, string, Uint8Array]>(
      'INSERT INTO trust_file (collection, role, version, sha256, bytes) VALUES (?, ?, ?, ?, ?)',
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
    dropUnreferenced: db.prepare<Id>(
      `DELETE FROM trust_file WHERE collection = ?
          AND NOT EXISTS (SELECT 1 FROM trust_root WHERE file = trust_file.id)
          AND NOT EXISTS (SELECT 1 FROM trust_floor WHERE file = trust_file.id)
          AND NOT EXISTS (SELECT 1 FROM trust_view WHERE file = trust_file.id)`,
    ),
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
