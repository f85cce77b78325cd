import type Database from 'better-sqlite3';
import type { Digest } from '../../oci/digest.ts';
import type { Child } from '../../oci/manifest.ts';
import type { Ancestor, Given, GivenOut, TagAbove } from '../store.ts';
import { refused } from './fault.ts';

/** The graph of manifests, and what was given out. One graph for all: a digest means the same bytes everywhere. */
export class Closure {
  readonly #db: Database.Database;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: Database.Database) {
    this.#db = db;
    this.#sql = prepare(db);
  }

  record(parent: Digest, children: readonly Child[]): void {
    if (this.#alreadyKnown(parent, children)) return;
    const store = this.#db.transaction(() => {
      if (this.#alreadyKnown(parent, children)) return;
      this.#sql.insertManifest.run(parent);
      for (const child of distinct(children))
        this.#sql.insertEdge.run(parent, child.digest, child.size, child.mediaType, child.kind);
    });
    store.immediate();
  }

  #alreadyKnown(parent: Digest, children: readonly Child[]): boolean {
    if (this.#sql.manifest.get(parent) === undefined) return false;
    const stored = this.#sql.children.all(parent);
    const given = distinct(children);
    if (stored.length === given.length && stored.every((child, at) => sameEdge(child, given[at]))) return true;
    throw refused(`other children of ${parent} than are known: a digest never changes, so the state may be damaged`);
  }

  ancestors(digest: Digest, depth: number, except: readonly Digest[] = []): readonly Ancestor[] {
    const above = this.#sql.ancestors.all({ digest, depth, except: JSON.stringify(except) }).map(ancestor);
    return [...(except.includes(digest) ? [] : [{ digest }]), ...above];
  }

  descendants(digest: Digest, depth: number): readonly Below[] {
    return [{ digest, kind: 'manifest' }, ...this.#sql.descendants.all({ digest, depth })];
  }

  manifestsBelow(digest: Digest, most: number): readonly Digest[] {
    return this.#sql.manifestsBelow.all({ digest, most }).map((row) => row.digest);
  }

  /**
   * The latest word counts: a verified row must not live on because the same digest was let through unverified later,
   * and of two at the same instant the unverified one holds.
   */
  giveOut({ repository, digest, tag, verified, basis, at }: GivenOut): void {
    this.#sql.giveOut.run(repository, digest, tag, verified ? 1 : 0, basis, at);
  }

  givenOut(repository: string, digests: readonly Digest[]): readonly GivenOut[] {
    return this.#sql.givenOut
      .all(repository, JSON.stringify(digests))
      .map((row) => ({ ...row, verified: row.verified === 1 }));
  }

  givenOutAnywhere(digests: readonly Digest[]): readonly Given[] {
    return this.#sql.anywhere.all(JSON.stringify(digests));
  }

  tagsAbove(digest: Digest, depth: number, which: 'all' | 'verified', most: number): readonly TagAbove[] {
    return this.#sql.tagsAbove.all({ digest, depth, verified: which === 'verified' ? 1 : 0, most });
  }

  lastGivenOut(repository: string, tag: string): Digest | undefined {
    return this.#sql.lastGivenOut.get(repository, tag);
  }

  givenOutAfter(after: Given | undefined, most: number): readonly Given[] {
    const { repository, digest } = after ?? { repository: '', digest: '' };
    return this.#sql.after.all({ repository, digest, most });
  }
}

function distinct(children: readonly Child[]): readonly Child[] {
  const known = new Map<Digest, Child>();
  for (const child of children) {
    const twin = known.get(child.digest);
    if (twin !== undefined && !sameEdge(twin, child))
      throw refused(`two descriptors of ${child.digest} in one manifest`);
    known.set(child.digest, child);
  }
  return [...known.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

function sameEdge(a: Child, b: Child | undefined): boolean {
  return a.digest === b?.digest && a.size === b.size && a.mediaType === b.mediaType && a.kind === b.kind;
}

function ancestor({ ancestor: digest, ...edge }: AncestorRow): Ancestor {
  return { digest, edge: { digest: edge.digest, size: edge.size, mediaType: edge.mediaType, kind: edge.kind } };
}

type Below = Pick<Child, 'digest' | 'kind'>;
type AncestorRow = Child & { readonly ancestor: Digest };
type GivenOutRow = Omit<GivenOut, 'verified'> & { readonly verified: 0 | 1 };

function prepare(db: Database.Database) {
  return {
    manifest: db.prepare<[string]>('SELECT 1 FROM manifest WHERE digest = ?'),
    insertManifest: db.prepare<[string]>('INSERT INTO manifest (digest) VALUES (?)'),
    insertEdge: db.prepare<[string, string, number, string, string]>(
      'INSERT INTO edge (parent, child, size, media_type, kind) VALUES (?, ?, ?, ?, ?)',
    ),
    children: db.prepare<[string], Child>(
      'SELECT child AS digest, size, media_type AS mediaType, kind FROM edge WHERE parent = ? ORDER BY child',
    ),
    // The edge that a path starts with travels up with it: it tells size and type of what was asked for. Grouped by
    // that edge and not by path, so that a base layer under thousands of images costs its ancestors once.
    ancestors: db.prepare<[{ digest: string; depth: number; except: string }], AncestorRow>(
      `WITH RECURSIVE up (ancestor, hops, size, mediaType, kind) AS (
         SELECT parent, 1, size, media_type, kind FROM edge
          WHERE child = :digest AND :depth >= 1 AND parent NOT IN (SELECT value FROM json_each(:except))
         UNION
         SELECT edge.parent, up.hops + 1, up.size, up.mediaType, up.kind
           FROM up JOIN edge ON edge.child = up.ancestor AND edge.kind = 'manifest'
          WHERE up.hops < :depth AND edge.parent NOT IN (SELECT value FROM json_each(:except))
       )
       SELECT ancestor, :digest AS digest, size, mediaType, kind FROM up WHERE ancestor <> :digest
        GROUP BY ancestor, size, mediaType, kind ORDER BY min(hops), ancestor`,
    ),
    descendants: db.prepare<[{ digest: string; depth: number }], Below>(
      `WITH RECURSIVE down (child, kind, hops) AS (
         SELECT child, kind, 1 FROM edge WHERE parent = :digest AND :depth >= 1
         UNION
         SELECT edge.child, edge.kind, down.hops + 1
           FROM down JOIN edge ON edge.parent = down.child WHERE down.kind = 'manifest' AND down.hops < :depth
       )
       SELECT DISTINCT child AS digest, kind FROM down WHERE child <> :digest ORDER BY hops, child`,
    ),
    // The limit is inside: SQLite goes no further down once there are enough.
    manifestsBelow: db.prepare<[{ digest: string; most: number }], { readonly digest: Digest }>(
      `WITH RECURSIVE down (digest) AS (
         SELECT :digest
         UNION
         SELECT edge.child FROM down JOIN edge ON edge.parent = down.digest AND edge.kind = 'manifest'
         LIMIT :most
       )
       SELECT digest FROM down`,
    ),
    anywhere: db.prepare<[string], Given>(
      `SELECT DISTINCT repository, digest FROM given_out
        WHERE digest IN (SELECT value FROM json_each(?)) ORDER BY digest, repository`,
    ),
    // The tables in this order: few manifests are above one, and of each only its own tags are looked at. What was given out by digest has
    // no tag that could name another one tomorrow.
    tagsAbove: db.prepare<[{ digest: string; depth: number; verified: number; most: number }], TagAbove>(
      `WITH RECURSIVE up (ancestor, hops) AS (
         SELECT :digest, 0
         UNION
         SELECT edge.parent, up.hops + 1
           FROM up JOIN edge ON edge.child = up.ancestor AND (up.hops = 0 OR edge.kind = 'manifest')
          WHERE up.hops < :depth
       )
       SELECT DISTINCT g.repository, g.tag FROM up CROSS JOIN given_out g ON g.digest = up.ancestor
        WHERE g.tag <> '' AND g.verified >= :verified AND NOT EXISTS (
          SELECT 1 FROM given_out n WHERE n.repository = g.repository AND n.tag = g.tag AND n.at > g.at)
        LIMIT :most`,
    ),
    lastGivenOut: db
      .prepare<[string, string], Digest>(
        'SELECT digest FROM given_out WHERE repository = ? AND tag = ? ORDER BY at DESC, digest LIMIT 1',
      )
      .pluck(),
    after: db.prepare<[{ repository: string; digest: string; most: number }], Given>(
      `SELECT DISTINCT repository, digest FROM given_out
        WHERE (repository, digest) > (:repository, :digest) ORDER BY repository, digest LIMIT :most`,
    ),
    giveOut: db.prepare<[string, string, string, number, string, number]>(
      `INSERT INTO given_out (repository, digest, tag, verified, basis, at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (repository, digest, tag) DO UPDATE SET
           verified = CASE WHEN excluded.at = at THEN min(verified, excluded.verified) ELSE excluded.verified END,
           basis = excluded.basis,
           at = excluded.at
         WHERE excluded.at >= at`,
    ),
    givenOut: db.prepare<[string, string], GivenOutRow>(
      `SELECT repository, tag, digest, verified, basis, at FROM given_out
        WHERE repository = ? AND digest IN (SELECT value FROM json_each(?)) ORDER BY at DESC, tag, digest LIMIT 1000`,
    ),
  };
}
