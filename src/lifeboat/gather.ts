import { codeOf, isReason, messageOf, TufgateError } from '../errors.ts';
import { nodeCrypto } from '../trust/crypto.ts';
import type { MetadataName } from '../trust/metadata-source.ts';
import { fileName } from '../trust/notary-source.ts';
import { notaryFormat } from '../trust/tuf/format/notary.ts';
import { MAX_ROLES, MAX_ROOT_BYTES, MAX_ROOTS } from '../trust/tuf/limits.ts';
import type { MetaEntry } from '../trust/tuf/model.ts';
import { isDelegationName } from '../trust/tuf/role-name.ts';
import type { ArchivedFile, Missing } from './capture-file.ts';
import { isDown } from './down.ts';
import type { RecordingSource } from './recording-source.ts';
import { chainBehind } from './old-roots.ts';
import { hexOf } from './stored-capture.ts';

/** Every file of a collection that the server has, whether anybody believes it or not. */
export interface Gathered {
  readonly files: readonly ArchivedFile[];
  readonly bytes: ReadonlyMap<string, Uint8Array>;
  readonly missing: readonly Missing[];
  readonly rootsFrom: number;
}

const TIMESTAMP_BYTES = 1 << 20;

/**
 * Beside what an update needs: the roots from 1 on, and every role that the snapshot lists, also those that no believed
 * role delegates to. What the server does not have, or sends with other bytes than were named, is noted and left out.
 *
 * @param newest the newest root
 * @throws trust.unreachable when the server is down; trust.malformed when a base role cannot be read · trust.too-large
 */
export async function gather(
  gun: string,
  recorded: RecordingSource,
  newest: Uint8Array,
  maxBytes: number,
): Promise<Gathered> {
  const gathering = new Gathering(gun, recorded, maxBytes);
  await gathering.roots(newest);
  await gathering.roles();
  return gathering;
}

class Gathering implements Gathered {
  readonly files: ArchivedFile[] = [];
  readonly bytes = new Map<string, Uint8Array>();
  readonly missing: Missing[] = [];
  rootsFrom = 0;
  private readonly gun: string;
  private readonly recorded: RecordingSource;
  private readonly maxBytes: number;

  constructor(gun: string, recorded: RecordingSource, maxBytes: number) {
    this.gun = gun;
    this.recorded = recorded;
    this.maxBytes = maxBytes;
  }

  async roots(newest: Uint8Array): Promise<void> {
    const { version } = notaryFormat.root(this.gun, newest, nodeCrypto).model;
    if (version > MAX_ROOTS)
      throw new TufgateError('trust.too-large', `root version ${version} of ${this.gun} is above ${MAX_ROOTS}`);
    const chain = new Map<number, Uint8Array>();
    for (let each = 1; each <= version; each++) {
      const bytes = await this.get({ kind: 'root', version: each }, MAX_ROOT_BYTES);
      if (bytes !== undefined && this.isRoot(each, bytes)) chain.set(each, bytes);
    }
    for (const [each, bytes] of chain) this.keep(`${each}.root.json`, 'root', each, bytes);
    this.keep('root.json', 'root', version, newest);
    const { from, breaks } = chainBehind(this.gun, chain.set(version, newest), version);
    this.rootsFrom = from;
    this.missing.push(...breaks);
  }

  async roles(): Promise<void> {
    const timestamp = await this.get({ kind: 'timestamp' }, TIMESTAMP_BYTES);
    if (timestamp === undefined) return;
    const { model } = notaryFormat.timestamp(this.gun, timestamp, nodeCrypto);
    this.keep('timestamp.json', 'timestamp', model.version, timestamp);
    const snapshot = await this.named('snapshot', model.snapshot);
    if (snapshot === undefined) return;
    const listed = notaryFormat.snapshot(this.gun, snapshot, nodeCrypto).model;
    this.keep(nameOf('snapshot', model.snapshot), 'snapshot', listed.version, snapshot);
    const roles = [...listed.meta].filter(([role]) => role !== 'root');
    if (roles.length > MAX_ROLES) throw new TufgateError('trust.too-large', `more than ${MAX_ROLES} roles are listed`);
    for (const [role, entry] of roles) await this.role(role, entry);
  }

  private async role(role: string, entry: MetaEntry): Promise<void> {
    // The attack: a role called `../../x`, which would be asked for, and written, somewhere else.
    if (role !== 'targets' && !isDelegationName(role)) {
      this.missing.push({ name: JSON.stringify(role.slice(0, 80)), why: 'it is no name of a role' });
      return;
    }
    const bytes = await this.named(role, entry);
    if (bytes !== undefined) this.keep(nameOf(role, entry), role, this.versionOf(role, bytes), bytes);
  }

  private async named(role: string, entry: MetaEntry): Promise<Uint8Array | undefined> {
    const sha256 = entry.hashes.sha256 ?? '';
    const most = Math.min(entry.length ?? this.maxBytes, this.maxBytes);
    const bytes = await this.get({ kind: 'by-hash', role, sha256 }, most);
    if (bytes === undefined || hexOf(bytes) === sha256) return bytes;
    this.missing.push({ name: nameOf(role, entry), why: 'the server sent other bytes than those that are listed' });
    return undefined;
  }

  /** Undefined, and noted, when the server says that it cannot give it. @throws trust.unreachable when it is down */
  private async get(file: MetadataName, most: number): Promise<Uint8Array | undefined> {
    const name = fileName(file);
    try {
      const bytes = await this.recorded.get(file, most);
      if (bytes === undefined) this.missing.push({ name, why: 'the server does not have it' });
      return bytes;
    } catch (error) {
      if (isDown(error) || !isReason(codeOf(error))) throw error;
      this.missing.push({ name, why: messageOf(error) });
      return undefined;
    }
  }

  private isRoot(version: number, bytes: Uint8Array): boolean {
    const found = readVersion(() => notaryFormat.root(this.gun, bytes, nodeCrypto).model.version);
    if (found !== version) {
      const why = found === 0 ? 'what the server sent cannot be read' : `what the server sent is version ${found}`;
      this.missing.push({ name: `${version}.root.json`, why });
    }
    return found === version;
  }

  private versionOf(role: string, bytes: Uint8Array): number {
    return readVersion(() => notaryFormat.targets(this.gun, role, bytes, nodeCrypto).model.version);
  }

  private keep(name: string, role: string, version: number, bytes: Uint8Array): void {
    this.files.push({ name, role, version, length: bytes.length, sha256: hexOf(bytes) });
    this.bytes.set(name, bytes);
  }
}

function nameOf(role: string, { hashes }: MetaEntry): string {
  return fileName({ kind: 'by-hash', role, sha256: hashes.sha256 ?? '' });
}

/** 0 for what cannot be read. */
function readVersion(read: () => number): number {
  try {
    return read();
  } catch (error) {
    if (isReason(codeOf(error))) return 0;
    throw error;
  }
}
