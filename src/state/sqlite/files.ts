import { createHash } from 'node:crypto';
import type Database from 'better-sqlite3';
import type { TrustFile } from '../store.ts';
import { refused } from './fault.ts';

/** What one transaction may write or delete of a file: the lock is held for some milliseconds. */
const PART_BYTES = 256 * 1024;

/**
 * The bytes of metadata files, stored by their hash in parts. A large file is staged part by part before the step that
 * refers to it, and swept part by part after the step that refers to it no more; between the parts others may write.
 * Whatever a crash leaves behind between them, nothing refers to, and the next start sweeps it.
 */
export class TrustFiles {
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: Database.Database) {
    this.#sql = prepare(db);
  }

  /** Store these first, one transaction each; none for a file that is small or already there. */
  staging(file: TrustFile): (() => void)[] {
    const parts = partsOf(file);
    if (parts.length === 1 || this.#isWhole(file, parts.length)) return [];
    return parts.map((bytes, part) => () => void this.#sql.insertPart.run(file.sha256, part, bytes));
  }

  /** The id of the stored file, stored now if it was not. Within a transaction. */
  store(collection: number, file: TrustFile): number {
    const { role, version, sha256 } = file;
    const known = this.#sql.file.get(collection, role, sha256);
    if (known !== undefined && known.version !== version) throw refused(`the same ${role} bytes as two versions`);
    if (known !== undefined) return known.id;
    const parts = partsOf(file);
    if (!this.#isWhole(file, parts.length))
      for (const [part, bytes] of parts.entries()) this.#sql.insertPart.run(sha256, part, bytes);
    return Number(this.#sql.insertFile.run(collection, role, version, sha256).lastInsertRowid);
  }

  /** Within a transaction. @returns the hashes of files that may have gone for good: sweep these */
  dropUnreferenced(collection: number): readonly string[] {
    const gone = this.#sql.dropUnreferenced.all(collection).map(({ sha256 }) => sha256);
    for (const sha256 of gone) this.#sql.dropSmall.run({ sha256 });
    return gone;
  }

  /** Of this collection, which is about to be forgotten. */
  hashes(collection: number): readonly string[] {
    return this.#sql.hashes.all(collection);
  }

  /** Deletes one part that no file refers to. @returns false when there is none */
  sweep(sha256: string): boolean {
    return this.#sql.dropPart.run({ sha256 }).changes > 0;
  }

  /** What a crash has left, once at the start. */
  sweepAll(): void {
    this.#sql.dropOrphans.run();
  }

  read(sha256: string): Buffer {
    const parts = this.#sql.parts.all(sha256);
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  bytes(collection: number): number {
    return this.#sql.bytes.get(collection) ?? 0;
  }

  #isWhole({ sha256 }: TrustFile, parts: number): boolean {
    return this.#sql.countParts.get(sha256) === parts;
  }
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** At least one, so that an empty file is one that is there. */
function partsOf({ bytes }: TrustFile): Uint8Array[] {
  const count = Math.max(1, Math.ceil(bytes.length / PART_BYTES));
  return Array.from({ length: count }, (_, part) => bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES));
}

const UNREFERENCED = 'NOT EXISTS (SELECT 1 FROM trust_file f WHERE f.sha256 = trust_part.sha256)';

function prepare(db: Database.Database) {
  type Sha256 = { sha256: string };
  return {
    file: db.prepare<[number, string, string], { id: number; version: number }>(
      'SELECT id, version FROM trust_file WHERE collection = ? AND role = ? AND sha256 = ?',
    ),
    insertFile: db.prepare<[number, string, number, string]>(
      'INSERT INTO trust_file (collection, role, version, sha256) VALUES (?, ?, ?, ?)',
    ),
    insertPart: db.prepare<[string, number, Uint8Array]>(
      'INSERT INTO trust_part (sha256, part, bytes) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    ),
    hashes: db.prepare<[number], string>('SELECT sha256 FROM trust_file WHERE collection = ?').pluck(),
    countParts: db.prepare<[string], number>('SELECT count(*) FROM trust_part WHERE sha256 = ?').pluck(),
    parts: db.prepare<[string], Buffer>('SELECT bytes FROM trust_part WHERE sha256 = ? ORDER BY part').pluck(),
    // SQLite tells the length of a blob without reading it.
    bytes: db
      .prepare<[number], number>(
        `SELECT coalesce(sum(length(p.bytes)), 0) FROM trust_file f JOIN trust_part p ON p.sha256 = f.sha256
          WHERE f.collection = ?`,
      )
      .pluck(),
    dropUnreferenced: db.prepare<[number], Sha256>(
      `DELETE FROM trust_file WHERE collection = ?
          AND NOT EXISTS (SELECT 1 FROM trust_root WHERE file = trust_file.id)
          AND NOT EXISTS (SELECT 1 FROM trust_floor WHERE file = trust_file.id)
          AND NOT EXISTS (SELECT 1 FROM trust_view WHERE file = trust_file.id) RETURNING sha256`,
    ),
    dropSmall: db.prepare<[Sha256]>(
      `DELETE FROM trust_part WHERE sha256 = :sha256 AND ${UNREFERENCED}
          AND (SELECT count(*) FROM trust_part WHERE sha256 = :sha256) = 1`,
    ),
    dropPart: db.prepare<[Sha256]>(
      `DELETE FROM trust_part WHERE sha256 = :sha256 AND ${UNREFERENCED}
          AND part = (SELECT max(part) FROM trust_part WHERE sha256 = :sha256)`,
    ),
    dropOrphans: db.prepare<[]>(`DELETE FROM trust_part WHERE ${UNREFERENCED}`),
  };
}
