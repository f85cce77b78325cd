import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TufgateError } from '../../errors.ts';
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
  /** It is known to have been published, not only signed. */
  readonly published: boolean;
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
    return new SignedBefore(file, anchor, parse(file, bytes));
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
      if (!known.published && again) continue;
      throw rollback(role, version, known);
    }
  }

  /** @param published what was signed is out now */
  async remember({ parts }: Proposal, published: boolean): Promise<void> {
    const mine = this.all.get(this.anchor) ?? new Map<string, Remembered>();
    for (const { role, version, sha256 } of parts) mine.set(role, { version, sha256, published });
    this.all.set(this.anchor, mine);
    await mkdir(dirname(this.file), { recursive: true });
    const next = `${this.file}.${process.pid}`;
    await writeFile(next, readableJson(canonicalJson(json(this.all))), { mode: 0o600 });
    await rename(next, this.file);
  }
}

function rollback(role: string, version: number, known: Remembered): TufgateError {
  const shows = `this proposal makes version ${version} of ${role}`;
  const why = known.published
    ? `${shows}, and you have signed and published version ${known.version}: somebody shows you an old state of the repository`
    : `${shows}, and you have signed another version ${known.version} before: if that was published, somebody shows you an old state`;
  const fix = known.published ? 'find out who, and sign nothing' : 'if it was not, sign with --again';
  return new TufgateError('trust.rollback', `${why}; ${fix}`);
}

function json(all: ReadonlyMap<string, ReadonlyMap<string, Remembered>>): Json {
  const roles = (mine: ReadonlyMap<string, Remembered>): Json =>
    new Map([...mine].map(([role, known]) => [role, new Map<string, Json>(Object.entries(known))]));
  return new Map([...all].map(([anchor, mine]) => [anchor, roles(mine)]));
}

function parse(file: string, bytes: Uint8Array): Map<string, Map<string, Remembered>> {
  const tree = readJsonAs('trust.malformed', file, bytes, LIMITS);
  const anchors = tree instanceof Map ? (tree as ReadonlyMap<string, Json>) : new Map<string, Json>();
  return new Map([...anchors].map(([anchor, mine]) => [anchor, new Map(readRoles(file, mine))]));
}

function readRoles(file: string, value: Json): readonly (readonly [string, Remembered])[] {
  const roles = new Members(file, value, []);
  return roles.names().map((role) => {
    const known = new Members(`${role} in ${file}`, roles.get(role), []);
    const published = known.get('published') === true;
    return [role, { version: known.integer('version', 1), sha256: known.string('sha256'), published }];
  });
}
