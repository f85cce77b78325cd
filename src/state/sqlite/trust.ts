import { createHash } from 'node:crypto';
import type Database from 'better-sqlite3';
import type { Digest } from '../../oci/digest.ts';
import type { AnchorKind } from '../../policy/decision.ts';
import type { Collection, PastTag, StoredTrust, TrustFile } from '../store.ts';
import { damaged } from './fault.ts';

/** Reading what is trusted. Bytes are hashed again on the way out: SQLite's own check does not cover them. */
export class TrustReader {
  readonly #db: Database.Database;
  readonly #collection: Database.Statement<[string, string], CollectionRow>;
  readonly #roots: Database.Statement<[number], TrustFile>;
  readonly #floors: Database.Statement<[number], TrustFile>;
  readonly #view: Database.Statement<[number], TrustFile>;
  readonly #all: Database.Statement<[], Collection>;
  readonly #ended: Database.Statement<[number, string], PastTag>;
  readonly #removals: Database.Statement<[number, string], { tag: string; at: number }>;

  constructor(db: Database.Database) {
    this.#db = db;
    this.#collection = db.prepare(
      'SELECT id, generation, anchor, has_view, checked_at, withdrawn FROM collection WHERE source = ? AND gun = ?',
    );
    this.#roots = db.prepare(filesOf('trust_root', 'f.version'));
    this.#floors = db.prepare(filesOf('trust_floor', 'f.role'));
    this.#view = db.prepare(filesOf('trust_view', 'f.role'));
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

  #stored(row: CollectionRow): StoredTrust {
    const read = (files: Database.Statement<[number], TrustFile>) =>
      files.all(row.id).map((file) => this.#checked(file));
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

  #checked(file: TrustFile): TrustFile {
    if (sha256Hex(file.bytes) === file.sha256) return file;
    throw damaged(this.#db.name, `the stored ${file.role} metadata, version ${file.version}, was changed`);
  }

  list(): readonly Collection[] {
    return this.#all.all();
  }

  endedTags(collection: Collection, digests: readonly Digest[]): readonly PastTag[] {
    const row = this.find(collection);
    return row === undefined ? [] : this.#ended.all(row.id, JSON.stringify(digests));
  }
}

export interface CollectionRow {
  readonly id: number;
  readonly generation: number;
  readonly anchor: AnchorKind;
  readonly has_view: 0 | 1;
  readonly checked_at: number;
  readonly withdrawn: 0 | 1;
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @param table, order names from this file, never values */
function filesOf(table: 'trust_root' | 'trust_floor' | 'trust_view', order: 'f.version' | 'f.role'): string {
  return `SELECT f.role, f.version, f.sha256, f.bytes FROM ${table} t JOIN trust_file f ON f.id = t.file
           WHERE t.collection = ? ORDER BY ${order}`;
}
