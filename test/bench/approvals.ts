import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Approve } from '../../src/approvals/edit/change.ts';
import { openSigner } from '../../src/approvals/keys/open-signer.ts';
import { signProposal } from '../../src/approvals/proposal/signatures.ts';
import { makeRepository } from '../../src/approvals/publish/make-repository.ts';
import type { OwnRepository } from '../../src/approvals/publish/own-repository.ts';
import { type Approvals, composeApprovals } from '../../src/compose/approvals.ts';
import { loadConfig } from '../../src/config/load.ts';
import { Archive } from '../../src/lifeboat/archive.ts';
import { captureCollection } from '../../src/lifeboat/capture-collection.ts';
import { parseDigest } from '../../src/oci/digest.ts';
import { NotaryRepository } from '../../src/simulator/notary-repository.ts';
import { RegistrySimulator } from '../../src/simulator/registry.ts';
import { SimulatedSource } from '../../src/simulator/simulated-source.ts';
import { openSqliteStore } from '../../src/state/sqlite/store.ts';
import { Collections } from '../../src/trust/collections.ts';
import { nodeCrypto } from '../../src/trust/crypto.ts';
import { folderSource } from '../../src/trust/folder-source.ts';
import { createTrustService } from '../../src/trust/service.ts';
import { tufFileName } from '../../src/trust/tuf-file-name.ts';

/**
 * A repository of 100,000 approvals: what a look-up transfers, cold and after a change, by tag and by digest; how long one more approval
 * takes with the real command; and how long 1,000 captured collections of 20 tags take to import.
 */
const APPROVALS = Number(process.env['APPROVALS'] ?? 100_000);
const COLLECTIONS = Number(process.env['COLLECTIONS'] ?? 1_000);
const TAGS = 20;
const MOST = { coldBytes: 1_000_000, warmBytes: 200_000, approveMs: 3_000, importMs: 300_000 };
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const PASSPHRASE = 'correct horse battery';

type Print = (line: string) => void;

export async function bench(print: Print): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'tufgate-bench-'));
  const registry = await RegistrySimulator.start();
  try {
    const file = join(folder, 'tufgate.yaml');
    await writeFile(file, yaml(registry.url));
    const approvals = composeApprovals(
      loadConfig(file, {}),
      { env: { TUFGATE_PASSPHRASE: PASSPHRASE }, keyboard: Readable.from([]), say: print },
      Date.now,
    );
    const own = approvals.own[0];
    if (own === undefined) throw new Error('the configuration keeps no repository');
    await makeRepository(own, approvals);
    const built = await timed(() => fill(own, approvals));
    const standing = await own.standing();
    print(`${APPROVALS} approvals in ${standing.snapshot.meta.size} files, made in ${seconds(built)}`);
    const small = await lookups(print, folder, own, async () => approveOne(print, file, registry));
    const imported = await importAll(print, folder, file);
    return [small, imported].every(Boolean);
  } finally {
    await registry.close();
    await rm(folder, { recursive: true });
  }
}

/** One batch, as a large import is. */
async function fill(own: OwnRepository, approvals: Approvals): Promise<void> {
  const changes = Array.from({ length: APPROVALS }, (_, i) =>
    approveChange(`reg.example/team-${i % 500}/app-${i % 5_000}`, `1.${Math.floor(i / 5_000)}`, i),
  );
  const made = await own.propose(changes);
  const { proposal } = await signProposal(
    made,
    await openSigner(join(own.source.publish.keys, 'signer.pem'), approvals),
  );
  await own.publish({ ...made, proposal });
}

function approveChange(repository: string, tag: string, i: number): Approve {
  return {
    kind: 'approve',
    repository,
    tag,
    sha256: hex(i),
    length: 1_000 + i,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    by: 'release engineering',
    reason: `TICKET-${i}`,
    evidence: [new Map(Object.entries({ kind: 'created', digest: `sha256:${hex(i)}`, at: '2026-11-27T09:16:10Z' }))],
    reinstate: false,
  };
}

function hex(i: number): string {
  return i.toString(16).padStart(64, '0');
}

/** @param change approves one more image, in a bin that nobody has asked for perhaps */
async function lookups(
  print: Print,
  folder: string,
  own: OwnRepository,
  change: () => Promise<boolean>,
): Promise<boolean> {
  const kinds = ['tag', 'digest'] as const;
  const clients = await Promise.all(kinds.map((kind) => client(folder, own, kind)));
  const ok: boolean[] = [];
  for (const [i, kind] of kinds.entries())
    ok.push(fits(print, `cold look-up by ${kind}`, await clients[i]!.ask(), MOST.coldBytes));
  ok.push(await change());
  for (const [i, kind] of kinds.entries())
    ok.push(
      fits(print, `warm look-up by ${kind}, after a change of that very bin`, await clients[i]!.ask(), MOST.warmBytes),
    );
  for (const each of clients) await each.close();
  return ok.every(Boolean);
}

interface Client {
  /** Asks for the image that `approveOne` changes. @returns bytes transferred */
  ask(): Promise<number>;
  close(): Promise<void>;
}

async function client(folder: string, own: OwnRepository, kind: 'tag' | 'digest'): Promise<Client> {
  const store = openSqliteStore(join(folder, `${kind}.db`));
  const pinned = await own.pinned();
  const source = { ...own.source, root: { ...own.source.root, bytes: pinned ?? new Uint8Array() } };
  let bytes = 0;
  let later = 0;
  const now = (): number => Date.now() + later;
  const files = folderSource('approvals', own.source.publish.folder, tufFileName);
  const counted = {
    async fetch(...what: Parameters<typeof files.fetch>) {
      const pieces = await files.fetch(...what);
      bytes += (pieces ?? []).reduce((sum, piece) => sum + piece.length, 0);
      return pieces;
    },
  };
  const settings = {
    store,
    checkEveryMs: 60_000,
    staleIfUnreachableMs: 'until_expiry',
    maxBytes: 64 << 20,
    now,
    on: () => undefined,
  } as const;
  const collections = new Collections(settings);
  const service = createTrustService({
    sources: new Map([['approvals', source]]),
    metadata: () => counted,
    crypto: nodeCrypto,
    collections,
    store,
    now,
  });
  const repository = { registry: 'reg.example', path: 'team-1/app-1' };
  const asked = { kind: 'source', source: 'approvals' } as const;
  return {
    async ask() {
      bytes = 0;
      const verdict =
        kind === 'tag'
          ? await service.resolve(asked, repository, '1.0')
          : await service.resolveDigest(asked, repository, parseDigest(`sha256:${hex(1)}`));
      if (verdict.outcome !== 'signed') throw new Error(`${verdict.reason ?? ''}: ${verdict.message ?? ''}`);
      later += 120_000;
      return bytes;
    },
    close: () => store.close(),
  };
}

/** With the real command: it looks at the image upstream, signs and publishes. The digest 1 stays approved, under one more tag. */
async function approveOne(print: Print, file: string, registry: RegistrySimulator): Promise<boolean> {
  registry.addImage({ repository: 'team-1/app-1', tag: 'new', layers: [Buffer.from('new')] });
  const took = await timed(() => tufgate(file, 'approve', 'reg.example/team-1/app-1:new', '--yes'));
  const touched = await timed(() =>
    tufgate(file, 'promote', 'reg.example/team-1/app-1:1.0', 'reg.example/team-1/app-1:also', '--yes'),
  );
  const again = await timed(() =>
    tufgate(file, 'promote', 'reg.example/team-1/app-1:also', 'reg.example/team-1/app-1:1.0', '--yes'),
  );
  print(`promote: ${seconds(touched)}, ${seconds(again)}`);
  return under(print, 'approve one more image, the whole command', took, MOST.approveMs);
}

async function importAll(print: Print, folder: string, file: string): Promise<boolean> {
  const archive = join(folder, 'archive');
  const captured = await timed(() => capture(archive));
  print(`${COLLECTIONS} collections of ${TAGS} tags captured in ${seconds(captured)}`);
  const took = await timed(() => tufgate(file, 'approvals', 'import', '--archive', archive, '--first-use', '--yes'));
  return under(print, `import of ${COLLECTIONS} collections`, took, MOST.importMs);
}

async function capture(folder: string): Promise<void> {
  const archive = await Archive.open(folder);
  for (let i = 0; i < COLLECTIONS; i++) {
    const publisher = new NotaryRepository(`reg.example/captured/app-${i}`, Date.now());
    for (let tag = 0; tag < TAGS; tag++)
      publisher.sign(`1.${tag}`, parseDigest(`sha256:${hex(1_000_000 + i * TAGS + tag)}`), 1_000);
    const task = {
      gun: publisher.gun,
      url: 'https://notary.example/',
      source: new SimulatedSource(publisher.publish()),
    };
    await captureCollection(task, { archive, now: Date.now, maxBytes: 1 << 20 });
  }
}

function yaml(url: URL): string {
  return `
data: ./data
listen: [{ address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
upstreams: { reg.example: { url: "${url.href}" } }
trust:
  approvals: { type: tuf, url: "file:./data/approvals/", root: ./data/approvals/root.json, publish: { keys: ./data/keys } }
policy: [{ match: "**", require: [approvals] }]
`;
}

async function tufgate(file: string, ...words: readonly string[]): Promise<void> {
  const env = { ...process.env, TUFGATE_PASSPHRASE: PASSPHRASE, XDG_STATE_HOME: join(file, '..', 'state') };
  const child = spawn(process.execPath, [MAIN, ...words, '--config', file], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  if (code !== 0)
    throw new Error(
      `tufgate ${words.join(' ')} ended with ${code ?? 'a signal'}: ${Buffer.concat(said).toString().slice(-2_000)}`,
    );
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function fits(print: Print, what: string, bytes: number, most: number): boolean {
  print(`${what}: ${(bytes / 1_000).toFixed(1)} kB (at most ${most / 1_000})${bytes <= most ? '' : '  TOO MUCH'}`);
  return bytes <= most;
}

function under(print: Print, what: string, ms: number, most: number): boolean {
  print(`${what}: ${seconds(ms)} (at most ${seconds(most)})${ms <= most ? '' : '  TOO LONG'}`);
  return ms <= most;
}
