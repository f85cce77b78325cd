import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyQuorum, Change } from '../../src/approvals/edit/change.ts';
import type { Document } from '../../src/approvals/document/documents.ts';
import { fileBytes, signedBytes } from '../../src/approvals/document/write-document.ts';
import { signProposal, type Signs } from '../../src/approvals/proposal/signatures.ts';
import { OwnRepository, type OwnSource } from '../../src/approvals/publish/own-repository.ts';
import { TufFiles } from '../../src/simulator/tuf-files.ts';
import { type TufKey, tufKey } from '../../src/simulator/tuf-key.ts';
import { lockFile } from '../../src/state/sqlite/lock.ts';

const DAY = 86_400_000;
export const LIFETIMES = { root: 365 * DAY, approvals: 90 * DAY, snapshot: 7 * DAY, timestamp: DAY };

/** A repository of approvals as its people keep it: its root and its approvals are signed by two of three. */
export class ApprovalsWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'tufgate-approvals-'));
  readonly people = ['alice', 'bob', 'carol'].map((name) => tufKey('ed25519', `approvals ${name}`));
  readonly online = tufKey('ed25519', 'approvals online');
  readonly own: OwnRepository;
  /** Of who publishes. */
  clock: number;

  private constructor(clock: number) {
    this.clock = clock;
    const path = join(this.folder, 'approvals');
    const source: OwnSource = {
      kind: 'tuf',
      name: 'approvals',
      location: { kind: 'folder', path },
      root: { kind: 'root-file', file: join(path, 'root.json'), bytes: new Uint8Array() },
      target: '{registry}/{repository}:{tag}',
      targetDigest: '{registry}/{repository}@{digest}',
      publish: { folder: path, keys: join(this.folder, 'keys'), lifetimes: LIFETIMES },
    };
    const online = (): Promise<Signs> => Promise.resolve(signs(this.online));
    this.own = new OwnRepository({ source, now: () => this.clock, online, lock: lockFile });
  }

  static async open(clock: number): Promise<ApprovalsWorld> {
    const world = new ApprovalsWorld(clock);
    const [people, gate] = [quorum(world.people, 2), quorum([world.online], 1)];
    await world.publish([
      { kind: 'create', root: people, targets: people, bulk: people, timestamp: gate, snapshot: gate },
    ]);
    return world;
  }

  /** Two of them sign. */
  async publish(changes: readonly Change[], by: readonly TufKey[] = this.people.slice(0, 2)): Promise<void> {
    let made = await this.own.propose(changes);
    for (const key of by) made = { ...made, proposal: (await signProposal(made, signs(key))).proposal };
    await this.own.publish(made);
  }

  async approve(
    repository: string,
    tag: string,
    { digest, size }: { readonly digest: string; readonly size: number },
  ): Promise<void> {
    const sha256 = digest.slice('sha256:'.length);
    await this.publish([
      { kind: 'approve', repository, tag, sha256, length: size, by: 'alice', evidence: [], reinstate: false },
    ]);
  }

  async withdraw(repository: string, digest: string): Promise<void> {
    await this.publish([{ kind: 'withdraw', repository, sha256: digest.slice('sha256:'.length), by: 'alice' }]);
  }

  get pinned(): Uint8Array {
    return readFileSync(join(this.folder, 'approvals', 'root.json'));
  }

  /** What is published now, for a server of whoever has it. */
  files(): TufFiles {
    const folder = join(this.folder, 'approvals');
    return new TufFiles(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))] as const));
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** A file as somebody with these keys would sign it, whether or not they may. */
export function forged(document: Document, ...keys: readonly TufKey[]): Uint8Array {
  const message = signedBytes(document);
  return fileBytes(
    message,
    keys.map((key) => ({ keyId: key.keyId, bytes: key.sign(message) })),
  );
}

export function quorum(keys: readonly TufKey[], threshold: number): KeyQuorum {
  return { keys: keys.map(({ entry }) => entry as unknown as KeyQuorum['keys'][number]), threshold };
}

function signs(key: TufKey): Signs {
  return { keyId: key.keyId, sign: (message) => Promise.resolve(key.sign(message)) };
}
