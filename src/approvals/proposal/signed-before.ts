import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, TufgateError } from '../../errors.ts';
import { type Json, readJsonAs } from '../../json/read.ts';
import { canonicalJson, readableJson } from '../../json/canonical.ts';
import { Members } from '../../trust/tuf/format/member.ts';
import type { Proposal } from './proposal.ts';

/**
 * What a signer has signed before, kept where he signs.
 *
 * The attack: who holds the server shows an older state of the repository, in which an image is approved that was withdrawn since, and
 * has that signed again as the newest. No signature tells old from new; the signer's own memory does: of any two quorums that overlap,
 * somebody has seen the newer one.
 */
const LIMITS = { depth: 6, values: 2_000_000, integersOnly: true } as const;

interface Remembered {
  readonly version: number;
  readonly sha256: string;
  /** The newest version that is known to be out, not only signed; 0 for none. */
  readonly published: number;
}

export class SignedBefore {
  private readonly file: string;
  /** The pinned root, by its sha256: two repositories may have one name. */
  private readonly anchor: string;
  private readonly all: Map<string, Map<string, Remembered>>;

  private constructor(file: string, anchor: string, all: Map<string, Map<string, Remembered>>) {
    this.file = file;
    this.anchor = anchor;
    this.all = all;
  }

  static async open(file: string, anchor: string): Promise<SignedBefore> {
    let bytes: Uint8Array;
    try {
      bytes = await readFile(file);
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOENT') return new SignedBefore(file, anchor, new Map());
      throw error;
    }
    return new SignedBefore(file, anchor, readSignedBefore(file, bytes));
  }

  /**
   * @param again the signer says that what he signed before was never published
   * @throws trust.rollback
   */
  check({ parts }: Proposal, again: boolean): void {
    const mine = this.all.get(this.anchor);
    for (const { role, version, sha256 } of parts) {
      const known = mine?.get(role);
      if (known === undefined || version > known.version || (version === known.version && sha256 === known.sha256))
        continue;
      if (again && version > known.published) continue;
      throw rollback(role, version, known);
    }
  }

  /** The repository came back from a backup, and goes on from there: what was signed later is no measure any more. */
  forget({ parts }: Proposal): void {
    for (const { role } of parts) this.all.get(this.anchor)?.delete(role);
  }

  /** @param published what was signed is out now */
  async remember({ parts }: Proposal, published: boolean): Promise<void> {
    const mine = this.all.get(this.anchor) ?? new Map<string, Remembered>();
    for (const { role, version, sha256 } of parts) {
      const before = mine.get(role)?.published ?? 0;
      mine.set(role, { version, sha256, published: published ? Math.max(before, version) : before });
    }
    this.all.set(this.anchor, mine);
    await mkdir(dirname(this.file), { recursive: true });
    const next = `${this.file}.${process.pid}`;
    await writeFile(next, readableJson(canonicalJson(json(this.all))), { mode: 0o600, flush: true });
    await rename(next, this.file);
  }
}

function rollback(role: string, version: number, known: Remembered): TufgateError {
  const shows = `this proposal makes version ${version} of ${role}`;
  if (version <= known.published) {
    const why = `${shows}, and version ${known.published} that you signed was published: somebody shows you an old state of the repository`;
    const fix =
      'find out who, and sign nothing; if it was restored from a backup, as others tell you too, sign with --restored';
    return new TufgateError('trust.rollback', `${why}; ${fix}`);
  }
  const why = `${shows}, and you have signed another version ${known.version} before: if that was published, somebody shows you an old state`;
  return new TufgateError('trust.rollback', `${why}; if it was not, sign with --again`);
}

function json(all: ReadonlyMap<string, ReadonlyMap<string, Remembered>>): Json {
  const roles = (mine: ReadonlyMap<string, Remembered>): Json =>
    new Map([...mine].map(([role, known]) => [role, new Map<string, Json>(Object.entries(known))]));
  return new Map([...all].map(([anchor, mine]) => [anchor, roles(mine)]));
}

/** What cannot be read is not forgotten: an empty memory lets everything pass. */
export function readSignedBefore(file: string, bytes: Uint8Array): Map<string, Map<string, Remembered>> {
  try {
    const tree = new Members(file, readJsonAs('trust.malformed', file, bytes, LIMITS), []);
    return new Map(tree.names().map((anchor) => [anchor, new Map(readRoles(file, tree.get(anchor)))]));
  } catch (cause) {
    const fix = 'restore it from a backup; without it nobody notices when you are shown an old state of the repository';
    throw new TufgateError('trust.malformed', `${messageOf(cause)}. It is what you have signed before: ${fix}`, {
      cause,
    });
  }
}

function readRoles(file: string, value: Json | undefined): readonly (readonly [string, Remembered])[] {
  const roles = new Members(file, value, []);
  return roles.names().map((role) => {
    const known = new Members(`${role} in ${file}`, roles.get(role), []);
    const [version, published] = [known.integer('version', 1), known.integer('published', 0)];
    return [role, { version, sha256: known.string('sha256'), published }];
  });
}
