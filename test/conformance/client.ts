import { type Code, codeOf, messageOf, TufgateError } from '../../src/errors.ts';
import type { ServedFiles } from '../../src/simulator/tuf-files.ts';
import type { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { openSqliteStore } from '../../src/state/sqlite/store.ts';
import { Collection } from '../../src/trust/collection.ts';
import { EVERYTHING } from '../../src/trust/collection-name.ts';
import { nodeCrypto } from '../../src/trust/crypto.ts';
import type { MetadataSource, Pieces } from '../../src/trust/metadata-source.ts';
import { tufFileName } from '../../src/trust/tuf-file-name.ts';
import { tufFormat } from '../../src/trust/tuf/format/tuf.ts';
import type { TargetEntry } from '../../src/trust/tuf/model.ts';
import { findEntry } from '../../src/trust/tuf/target-file.ts';

export const NOW = Date.UTC(2026, 10, 21);
export const DAY = 86_400_000;

/** How it ended, as an exit code would tell it, and why. */
export type Outcome = 'done' | Code;

/** What is said of one name. */
export type Said =
  | ({ readonly kind: 'found' } & TargetEntry)
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly code: Code; readonly role: unknown; readonly message: string };

/**
 * The engine as the public suite's client: each call is a new process over the same disk, and what is observed is what
 * the suite observes, which is how it ended, what it asked for and what it kept.
 */
export class Client {
  now = NOW;
  /** What is served; may be set to a mirror's. */
  files: ServedFiles;
  /** In the place of the files, for those who need a web server. */
  source: MetadataSource = { fetch: (file, maxBytes) => this.read(tufFileName(file), maxBytes) };
  /** Codes of what somebody should look at. */
  readonly alarms: Code[] = [];
  private readonly requests: string[] = [];
  private readonly store = openSqliteStore(':memory:');
  private readonly root: Uint8Array;

  constructor({ files }: Pick<TufRepository, 'files'>, root: Uint8Array | undefined = files.get('1.root.json')) {
    if (root === undefined) throw new Error('there is no root to begin with');
    this.files = files;
    this.root = root;
  }

  async refresh(): Promise<Outcome> {
    return await ended(() => this.start());
  }

  /** An update, then one search after the other in the same process, up to the first that fails. */
  async find(...names: readonly string[]): Promise<{ outcome: Outcome; entries: readonly TargetEntry[] }> {
    const entries: TargetEntry[] = [];
    const outcome = await ended(async () => {
      const collection = await this.start();
      for (const name of names) entries.push(await search(collection, name));
    });
    return { outcome, entries };
  }

  /** An update, and what is said of each name then, whatever becomes of the others. */
  async judge(...names: readonly string[]): Promise<readonly Said[]> {
    let collection: Collection;
    try {
      collection = await this.start();
    } catch (error) {
      return names.map(() => said(error));
    }
    const answers: Said[] = [];
    for (const name of names) answers.push(await search(collection, name).then(found, said));
    return answers;
  }

  /** What was asked for since the last time, in order. */
  asked(): readonly string[] {
    return this.requests.splice(0);
  }

  /** What is kept, by role; of roots the newest. */
  async kept(): Promise<ReadonlyMap<string, Uint8Array>> {
    const { roots = [], floors = [] } = (await this.store.loadTrust(NAME)) ?? {};
    return new Map([...roots.slice(-1), ...floors].map(({ role, bytes }) => [role, bytes]));
  }

  /** The versions of what is kept: each must be what was published under it, to the byte. */
  async keptOf(repository: TufRepository): Promise<Readonly<Record<string, number | string>>> {
    const versions = [...(await this.kept())].map(([role, bytes]) => {
      const same = repository
        .versions(role)
        .find((version) => Buffer.compare(repository.at(role, version), bytes) === 0);
      return [role, same ?? 'bytes that were never published'] as const;
    });
    return Object.fromEntries(versions);
  }

  async close(): Promise<void> {
    await this.store.close();
  }

  private async start(): Promise<Collection> {
    const ctx = {
      format: tufFormat,
      gun: NAME.source,
      anchor: { kind: 'root-file', bytes: this.root },
      crypto: nodeCrypto,
    } as const;
    const collection = await Collection.open(
      { ...NAME, ctx, metadata: this.source },
      {
        store: this.store,
        checkEveryMs: DAY,
        staleIfUnreachableMs: 'until_expiry',
        maxBytes: 1 << 20,
        now: () => this.now,
        on: (event) => {
          if (event.kind === 'alarm') this.alarms.push(event.error.code);
        },
      },
    );
    const { failure } = await collection.again();
    if (failure !== undefined) throw failure;
    return collection;
  }

  private read(path: string, maxBytes: number): Promise<Pieces | undefined> {
    this.requests.push(path);
    const bytes = this.files.get(path);
    if (bytes !== undefined && bytes.length > maxBytes)
      return Promise.reject(new TufgateError('trust.too-large', `${path} is longer than ${maxBytes} bytes`));
    return Promise.resolve(bytes && [bytes]);
  }
}

const NAME = { source: 'vendor', gun: EVERYTHING };

async function ended(work: () => Promise<unknown>): Promise<Outcome> {
  try {
    await work();
    return 'done';
  } catch (error) {
    return codeOf(error);
  }
}

function found(entry: TargetEntry): Said {
  return { kind: 'found', ...entry };
}

function said(error: unknown): Said {
  const code = codeOf(error);
  if (code === 'trust.unsigned') return { kind: 'none' };
  const role = error instanceof TufgateError ? error.detail['role'] : undefined;
  return { kind: 'refused', code, role, message: messageOf(error) };
}

async function search(collection: Collection, name: string): Promise<TargetEntry> {
  let view = collection.known()?.view;
  if (view === undefined) throw new Error('an update that was done left no view');
  for (;;) {
    const step = findEntry(collection.ctx, view, name, collection.now());
    if (step.kind === 'found') return step.entry;
    view = await collection.withDelegated(view, step);
  }
}
