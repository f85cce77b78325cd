import type Database from 'better-sqlite3';
import type { Digest } from '../../oci/digest.ts';
import type { AnchorKind } from '../../policy/decision.ts';
import type { Collection, PastTag, StoredTrust, TrustFile } from '../store.ts';
import { damaged } from './fault.ts';
import { sha256Hex, type TrustFiles } from './files.ts';

/** Reading what is trusted. Bytes are hashed again on the way out: SQLite's own check does not cover them. */
export class TrustReader {
  readonly #db: Database.Database;
  readonly #contents: TrustFiles;
  readonly #collection: Database.Statement<[string, string], CollectionRow>;
  readonly #files: Database.Statement<[number], FileRow>;
  readonly #roots: Database.Statement<[number], number>;
  readonly #floors: Database.Statement<[number], number>;
  readonly #view: Database.Statement<[number], number>;
  readonly #all: Database.Statement<[], Collection>;
  readonly #ended: Database.Statement<[number, string], PastTag>;
  readonly #removals: Database.Statement<[number, string], { tag: string; at: number }>;

  constructor(db: Database.Database, files: TrustFiles) {
    this.#db = db;
    this.#contents = files;
    this.#collection = db.prepare(
      'SELECT id, generation, anchor, has_view, checked_at, withdrawn FROM collection WHERE source = ? AND gun = ?',
    );
    this.#files = db.prepare('SELECT id, role, version, sha256 FROM trust_file WHERE collection = ?');
    this.#roots = db
      .prepare<[number], number>('SELECT file FROM trust_root WHERE collection = ? ORDER BY version')
      .pluck();
    this.#floors = db
      .prepare<[number], number>('SELECT file FROM trust_floor WHERE collection = ? ORDER BY role')
      .pluck();
    this.#view = db.prepare<[number], number>('SELECT file FROM trust_view WHERE collection = ? ORDER BY role').pluck();
    this.#all = db.prepare('SELECT source, gun FROM collection ORDER BY source, gun');
    this.#ended = db.prepare(
      `SELECT role, tag, digest, until FROM ended_tag
        WHERE collection = ? AND digest IN (SELECT value FROM json_each(?)) ORDER BY until DESC, tag, role`,
    );
    this.#removals = db.prepare(
      `SELECT tag, max(removed_at) AS at FROM ended_tag
        WHERE collection = ? AND removed_at IS NOT NULL AND tag IN (SELECT value FROM json_each(?)) GROUP BY tag`,
    );
  }

  removals(collection: Collection, tags: readonly string[]): ReadonlyMap<string, number> {
    const row = this.find(collection);
    if (row === undefined) return new Map();
    return new Map(this.#removals.all(row.id, JSON.stringify(tags)).map(({ tag, at }) => [tag, at]));
  }

  find(collection: Collection): CollectionRow | undefined {
    return this.#collection.get(collection.source, collection.gun);
  }

  /** One read transaction: never half of another process's advance. */
  load(collection: Collection): StoredTrust | undefined {
    return this.#db.transaction(() => {
      const row = this.find(collection);
      return row === undefined ? undefined : this.#stored(row);
    })();
  }

  /** A file that is both a floor and in the view is read, hashed and handed out once: it may be 20 MB. */
  #stored(row: CollectionRow): StoredTrust {
    const files = new Map(this.#files.all(row.id).map(({ id, ...file }) => [id, this.#whole(file)]));
    const read = (list: Database.Statement<[number], number>): TrustFile[] =>
      list.all(row.id).flatMap((id) => files.get(id) ?? []);
    return {
      generation: row.generation,
      anchor: row.anchor,
      roots: read(this.#roots),
      floors: read(this.#floors),
      ...(row.has_view === 1 ? { view: read(this.#view) } : {}),
      checkedAt: row.checked_at,
      withdrawn: row.withdrawn === 1,
    };
  }

  #whole(file: Omit<TrustFile, 'bytes'>): TrustFile {
    const bytes = this.#contents.read(file.sha256);
    if (sha256Hex(bytes) === file.sha256) return { ...file, bytes };
    throw damaged(this.#db.name, `the stored ${file.role} metadata, version ${file.version}, was changed`);
  }

  bytes(collection: Collection): number {
    const row = this.find(collection);
    return row === undefined ? 0 : this.#contents.bytes(row.id);
  }

  list(): readonly Collection[] {
    return this.#all.all();
  }

  endedTags(collection: Collection, digests: readonly Digest[]): readonly PastTag[] {
    const row = this.find(collection);
    return row === undefined ? [] : this.#ended.all(row.id, JSON.stringify(digests));
  }
}

interface FileRow extends Omit<TrustFile, 'bytes'> {
  readonly id: number;
}

export interface CollectionRow {
  readonly id: number;
  readonly generation: number;
  readonly anchor: AnchorKind;
  readonly has_view: 0 | 1;
  readonly checked_at: number;
  readonly withdrawn: 0 | 1;
}
