import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Document, KeyEntry, TargetsDocument } from '../src/approvals/document/documents.ts';
import { fileBytes, signedBytes } from '../src/approvals/document/write-document.ts';
import type { Approve, Authorize, Change, Create, KeyQuorum, Withdraw } from '../src/approvals/edit/change.ts';
import { type Made, propose } from '../src/approvals/proposal/make-proposal.ts';
import { signProposal, type Signs } from '../src/approvals/proposal/signatures.ts';
import { publishProposal, type Publishing } from '../src/approvals/publish/publish.ts';
import { readFrom } from '../src/approvals/publish/tree.ts';
import { fileName } from '../src/approvals/standing/file-name.ts';
import { Standing } from '../src/approvals/standing/standing.ts';
import type { Lifetimes } from '../src/config/config.ts';
import type { ServedFiles } from '../src/simulator/tuf-files.ts';
import { tufKey } from '../src/simulator/tuf-key.ts';
import { sha256Hex } from '../src/trust/tuf/hex.ts';

/** A repository of approvals in a temporary folder, people with keys, and a clock that stands still. */
export const NOW = Date.UTC(2026, 10, 21, 12);
export const SECOND = 1_000;
export const DAY = 86_400_000;
export const LIFETIMES: Lifetimes = { root: 365 * DAY, approvals: 90 * DAY, snapshot: 7 * DAY, timestamp: DAY };
export const NAME = 'approvals';
export const APP = 'reg.example/acme/app';

/** Somebody with a key. */
export interface Person extends Signs {
  readonly entry: KeyEntry;
}

/** The same name is the same key in every run. */
export function person(name: string, kind: 'ed25519' | 'p256' = 'ed25519'): Person {
  const key = tufKey(kind, name);
  return {
    keyId: key.keyId,
    entry: key.entry as unknown as KeyEntry,
    sign: (message) => Promise.resolve(key.sign(message)),
  };
}

export function quorum(threshold: number, ...people: readonly Person[]): KeyQuorum {
  return { keys: people.map(({ entry }) => entry), threshold };
}

export const ROOT = person('root');
export const ANNA = person('anna');
export const BEN = person('ben', 'p256');
export const CARLA = person('carla');
export const ONLINE = person('online');

export interface Setting {
  readonly root: KeyQuorum;
  readonly targets: KeyQuorum;
  readonly bulk: KeyQuorum;
  /** Who signs when nobody is named; as many as it takes. */
  readonly signers: readonly Person[];
}

/** One holds the root, one approves. */
export const ALONE: Setting = {
  root: quorum(1, ROOT),
  targets: quorum(1, ANNA),
  bulk: quorum(1, ANNA),
  signers: [ROOT, ANNA],
};

/** Two of three, for everything that people sign. */
export const TWO_OF_THREE: Setting = {
  root: quorum(2, ANNA, BEN, CARLA),
  targets: quorum(2, ANNA, BEN, CARLA),
  bulk: quorum(2, ANNA, BEN, CARLA),
  signers: [ANNA, BEN],
};

export function creation({ root, targets, bulk }: Setting): Create {
  const gate = quorum(1, ONLINE);
  return { kind: 'create', root, targets, bulk, snapshot: gate, timestamp: gate };
}

/** 64 hex digits that stand for content of this name. */
export function hex(name: string | number): string {
  return Buffer.from(String(name)).toString('hex').padStart(64, '0').slice(-64);
}

export function approval(tag: string | undefined, content: string, over: Partial<Approve> = {}): Approve {
  const rest = { sha256: hex(content), length: 1_000 + content.length, by: 'anna', evidence: [], reinstate: false };
  return { kind: 'approve', repository: APP, ...(tag !== undefined && { tag }), ...rest, ...over };
}

export function withdrawal(content: string, over: Partial<Withdraw> = {}): Withdraw {
  return { kind: 'withdraw', repository: APP, sha256: hex(content), by: 'anna', reason: 'CVE-1', ...over };
}

export function authorization(role: string, keys: KeyQuorum, ...distrust: readonly Person[]): Authorize {
  return { kind: 'authorize', role, ...keys, distrust: distrust.map(({ keyId }) => keyId) };
}

export class ApprovalsWorld {
  now = NOW;
  lifetimes = LIFETIMES;
  online: Signs = ONLINE;
  /** Who signs when nobody is named. */
  signers: readonly Person[];
  readonly path = mkdtempSync(join(tmpdir(), 'tufgate-approvals-'));
  readonly folder = join(this.path, 'approvals');
  pinned: Uint8Array | undefined;

  constructor({ signers }: Pick<Setting, 'signers'> = ALONE) {
    this.signers = signers;
  }

  static async make(setting = ALONE): Promise<ApprovalsWorld> {
    const world = new ApprovalsWorld(setting);
    await world.change(creation(setting));
    return world;
  }

  /** As things stand; from a folder that is not there, what is to be made. */
  propose(...changes: readonly Change[]): Promise<Made> {
    const { pinned } = this;
    const on = pinned && { repository: NAME, pinned, read: readFrom(this.folder) };
    return propose(NAME, on, changes, this.now, this.lifetimes);
  }

  async publish(made: Made): Promise<void> {
    this.pinned = await publishProposal(this.publishing(), made);
  }

  publishing(): Publishing {
    const { folder, pinned, online, lifetimes, now } = this;
    return { repository: NAME, folder, pinned, online, lifetimes, now };
  }

  /** Proposed, signed and published; a second later it is. */
  async change(...changes: readonly Change[]): Promise<Made> {
    return await this.changeAs(this.signers, ...changes);
  }

  async changeAs(people: readonly Person[], ...changes: readonly Change[]): Promise<Made> {
    this.now += SECOND;
    const made = await signedBy(await this.propose(...changes), ...people);
    await this.publish(made);
    return made;
  }

  standing(): Promise<Standing> {
    return Standing.open(NAME, this.pinned!, readFrom(this.folder));
  }

  /** Who has the server with its online key, and a key of the role, publishes a file of his own making. */
  async forge(role: string, who: Signs, edit: Forgery): Promise<void> {
    const standing = await this.standing();
    const { snapshot: listed, timestamp: newest } = standing;
    const { document } = (await standing.role(role))!;
    const version = document.version + 1;
    this.write(fileName(role, version), await signedFile({ ...document, ...edit(document), version }, who));
    const meta = new Map(listed.meta).set(role, version);
    const snapshot = await signedFile({ ...listed, version: listed.version + 1, meta }, ONLINE);
    this.write(fileName('snapshot', listed.version + 1), snapshot);
    const named = { version: listed.version + 1, length: snapshot.length, sha256: sha256Hex(snapshot) };
    this.write('timestamp.json', await signedFile({ ...newest, version: newest.version + 1, snapshot: named }, ONLINE));
  }

  private write(name: string, bytes: Uint8Array): void {
    writeFileSync(join(this.folder, name), bytes);
  }

  /** As a web server has them. */
  get served(): ServedFiles {
    return {
      get: (path) => {
        const file = join(this.folder, decodeURIComponent(path));
        return existsSync(file) ? readFileSync(file) : undefined;
      },
    };
  }

  /** All files by name. */
  files(): Map<string, Uint8Array> {
    return new Map(readdirSync(this.folder).map((name) => [name, readFileSync(join(this.folder, name))]));
  }

  dispose(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** What is other than in the file that stands. */
export type Forgery = (said: TargetsDocument) => Partial<TargetsDocument>;

async function signedFile(document: Document, who: Signs): Promise<Uint8Array> {
  const message = signedBytes(document);
  return fileBytes(message, [{ keyId: who.keyId, bytes: await who.sign(message) }]);
}

/** Each signs what he may; who may sign nothing of it is passed over. */
export async function signedBy(made: Made, ...people: readonly Person[]): Promise<Made> {
  let signed = made;
  for (const each of people) {
    const { proposal } = await signProposal(signed, each).catch(() => signed);
    signed = { ...signed, proposal };
  }
  return signed;
}
