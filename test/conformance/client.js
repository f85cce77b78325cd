import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Collection } from '../../dist/trust/collection.js';
import { EVERYTHING } from '../../dist/trust/collection-name.js';
import { nodeCrypto } from '../../dist/trust/crypto.js';
import { tufFormat } from '../../dist/trust/tuf/format/tuf.js';
import { tufSource } from '../../dist/trust/tuf-source.js';
import { openSqliteStore } from '../../dist/state/sqlite/store.js';
import { createPeer } from '../../dist/upstream/peer.js';
import { writeFolder } from './metadata-folder.js';
import { downloadTarget } from './target-download.js';

/**
 * The built engine as a TUF client with files: the same collection, state store and peers as in the gate. Nothing is
 * verified here.
 */
const SOURCE = 'the repository under test';
const NEVER_AGAIN = 3_600_000;

/** What is not received metadata lies one folder down: the suite reads every `*.json` above as metadata. */
const stateOf = (folder) => join(folder, 'state');
const pinOf = (folder) => join(stateOf(folder), 'pinned-root');

export function pin(folder, rootFile) {
  const bytes = readFileSync(rootFile);
  mkdirSync(stateOf(folder));
  writeFileSync(pinOf(folder), bytes);
  writeFileSync(join(folder, 'root.json'), bytes);
}

export class TufClient {
  #collection;
  #store;
  #peers;

  static async open(folder, metadataUrl) {
    const client = new TufClient();
    client.#store = openSqliteStore(join(stateOf(folder), 'tufgate.db'));
    client.#peers = [peerOf(metadataUrl)];
    const anchor = { kind: 'root-file', bytes: readFileSync(pinOf(folder)) };
    client.#collection = await Collection.open(
      {
        source: SOURCE,
        gun: EVERYTHING,
        ctx: { format: tufFormat, gun: SOURCE, anchor, crypto: nodeCrypto },
        metadata: tufSource(client.#peers),
      },
      {
        store: writeFolder(client.#store, folder),
        checkEveryMs: NEVER_AGAIN,
        staleIfUnreachableMs: 'until_expiry',
        maxBytes: 64 << 20,
        now: Date.now,
        on: tell,
      },
    );
    return client;
  }

  /** The gate would go on with the last view where an update fails; a client of files says so. */
  async refresh() {
    const { failure } = await this.#collection.again();
    if (failure !== undefined) throw failure;
  }

  async download(name, { folder, url }) {
    const peer = peerOf(url);
    this.#peers.push(peer);
    await downloadTarget(this.#collection, name, { folder, peer });
  }

  async close() {
    for (const peer of this.#peers) await peer.close();
    await this.#store.close();
  }
}

function peerOf(url) {
  return createPeer({ name: SOURCE, url: new URL(url), config: {}, connections: 1, clock: Date.now });
}

function tell({ kind, error }) {
  if (kind === 'alarm') process.stderr.write(`alarm: ${error.code} ${error.message}\n`);
}
