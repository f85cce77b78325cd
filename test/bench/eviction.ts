import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeIndex, openIndex } from '../../src/cache/index/open-index.ts';
import { type Digest, parseDigest } from '../../src/oci/digest.ts';
import { NotaryRepository } from '../../src/simulator/notary-repository.ts';
import { NotaryServer } from '../../src/simulator/notary-server.ts';
import { RegistrySimulator } from '../../src/simulator/registry.ts';
import type { LoadReport } from './load.ts';
import { gateYaml, type LoopReport, type RunningGate, startGate, startLoad } from './running-gate.ts';

/**
 * What a large cache costs the others. 100,000 blobs are evicted while other requests go on, warm manifests at 200 a second; and a gate is
 * started on a million cached blobs. Gate and client are processes of their own. The blobs are sparse files with rows made for them beforehand:
 * what is measured is the work for each, not for its bytes.
 */
const EVICTED = Number(process.env['EVICTED'] ?? 100_000);
const CACHED = Number(process.env['CACHED'] ?? 1_000_000);
/** `evict`, `start`, or both. */
const PARTS = (process.env['PARTS'] ?? 'evict,start').split(',');
const BLOB_BYTES = 64 * 1024;
const LAYER_BYTES = 8 * 1024 * 1024;
const OTHERS = 20;
const PER_SECOND = 200;
const MOST = { p99Ms: 25, startMs: 2_000, rssBytes: 400 * 2 ** 20 };

type Print = (line: string) => void;

export async function bench(print: Print): Promise<boolean> {
  print(`load average ${loadavg()[0]?.toFixed(1)}; Node.js ${process.version}`);
  const parts = { evict: evicting, start: starting };
  const kept: boolean[] = [];
  for (const [name, part] of Object.entries(parts)) {
    if (!PARTS.includes(name)) continue;
    const world = await openWorld();
    try {
      kept.push(await part(print, world));
    } finally {
      await world.close();
    }
  }
  return kept.length > 0 && kept.every(Boolean);
}

async function evicting(print: Print, world: World): Promise<boolean> {
  const left = Math.ceil(EVICTED / 50);
  const whole = (EVICTED + left) * BLOB_BYTES + LAYER_BYTES;
  await world.configure(whole, left * BLOB_BYTES);
  await world.warmUp();
  await fill(print, world.data, EVICTED + left, BLOB_BYTES);
  const gate = await startGate(world.config);
  await askAll(gate, world.others);
  const alone = await loaded(gate, world.others, () => sleep(5_000));
  print(row('others alone', alone));
  const evicting = await loaded(gate, world.others, async () => {
    await pullLayer(gate.url, world.layer);
    await until(() => totals(world.data).bytes <= left * BLOB_BYTES + LAYER_BYTES);
  });
  print(row('while evicting', evicting));
  const gone = EVICTED + left - totals(world.data).blobs;
  print(
    `  evicted about ${gone} blobs, ${(gone / evicting.seconds).toFixed(0)} a second; resident ${mib(resident(gate).now)}`,
  );
  await gate.close();
  return evicting.answers.p99 < MOST.p99Ms && evicting.answers.refused === 0 && gone >= EVICTED * 0.99;
}

async function starting(print: Print, world: World): Promise<boolean> {
  await world.configure((CACHED + 1_000) * BLOB_BYTES, CACHED * BLOB_BYTES);
  await world.warmUp();
  await fill(print, world.data, CACHED, BLOB_BYTES);
  const before = totals(world.data).blobs;
  // The last that is looked at: once it has a row, all has been gone through.
  sparse(world.data, parseDigest(`sha512:${'f'.repeat(128)}`), BLOB_BYTES);
  const begun = performance.now();
  const gate = await startGate(world.config);
  const served = await fetch(gate.url + (world.others[0] ?? ''));
  const started = performance.now() - begun;
  await served.arrayBuffer();
  const first = resident(gate).now;
  await askAll(gate, world.others);
  const through = await loaded(gate, world.others, () => until(() => totals(world.data).blobs > before));
  const { peak, now } = resident(gate);
  print(`a gate on ${before} cached blobs`);
  print(`  process started to first manifest served  ${started.toFixed(0)} ms (${served.status})`);
  print(row('while the folder is gone through', through));
  print(`  resident: ${mib(first)} at first, ${mib(now)} after that, ${mib(peak)} at most`);
  await gate.close();
  return served.status === 200 && started < MOST.startMs && peak < MOST.rssBytes;
}

interface Loaded {
  readonly seconds: number;
  readonly answers: LoadReport;
  readonly loop: LoopReport;
}

/** Of the gate's event loop, milliseconds; `own` without what it waited for a CPU. */
/** Other requests go on while `work` is done. */
async function loaded(gate: RunningGate, paths: readonly string[], work: () => Promise<unknown>): Promise<Loaded> {
  const load = await startLoad(gate.url, paths, PER_SECOND);
  await sleep(2_000);
  load.send('reset');
  gate.process.send('reset');
  const begun = performance.now();
  await work();
  const seconds = (performance.now() - begun) / 1_000;
  load.send('stop');
  const [answers] = (await once(load, 'message')) as [LoadReport];
  gate.process.send('report');
  const [loop] = (await once(gate.process, 'message')) as [LoopReport];
  return { seconds, answers, loop };
}

function row(what: string, { seconds, answers: { answers, refused, p50, p99, max }, loop }: Loaded): string {
  const times = [p50, p99, max].map((ms) => `${ms.toFixed(1)} ms`.padStart(9)).join('');
  return `  ${what.padEnd(34)}${seconds.toFixed(1).padStart(6)} s${String(answers).padStart(7)} answers  p50, p99, max${times}  ${refused} refused  event loop p99 ${loop.p99.toFixed(1)}, max ${loop.max.toFixed(1)}, own ${loop.own.toFixed(1)} ms`;
}

interface World {
  readonly config: string;
  readonly data: string;
  /** Paths of manifests that are warm. */
  readonly others: readonly string[];
  readonly layer: string;
  configure(maxBytes: number, lowWaterBytes: number): Promise<void>;
  /** A gate serves each of them once, and is closed. */
  warmUp(): Promise<void>;
  close(): Promise<void>;
}

async function openWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'tufgate-bench-'));
  const registry = await RegistrySimulator.start();
  const notary = new NotaryServer();
  const keys: string[] = [];
  const publish = (repository: string, layer: Buffer): Digest => {
    const image = registry.addImage({ repository, layers: [layer] });
    const publisher = new NotaryRepository(`reg.example/${repository}`, Date.now());
    notary.add(publisher.sign('1.0', image.digest, image.size).publish());
    keys.push(publisher.of('root').keys[0]?.keyId ?? '');
    return parseDigest(`sha256:${createHash('sha256').update(layer).digest('hex')}`);
  };
  for (let i = 0; i < OTHERS; i++) publish(`acme/other-${i}`, Buffer.from(`${i}`));
  const layer = publish('acme/large', Buffer.alloc(LAYER_BYTES, 'x'));
  await notary.listen();
  const config = join(folder, 'tufgate.yaml');
  const others = Array.from({ length: OTHERS }, (_, i) => `/v2/acme/other-${i}/manifests/1.0`);
  return {
    config,
    data: join(folder, 'data'),
    others,
    layer,
    configure: (maxBytes, lowWaterBytes) => {
      const cache = `cache: { max_size: ${maxBytes}B, low_water: ${lowWaterBytes}B, scrub_rate: off }`;
      return writeFile(config, gateYaml(registry.url, notary.url, keys, cache));
    },
    async warmUp() {
      const gate = await startGate(config);
      await askAll(gate, others);
      await gate.close();
    },
    async close() {
      await notary.close();
      await registry.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function askAll(gate: RunningGate, paths: readonly string[]): Promise<void> {
  for (const path of paths) await fetch(gate.url + path).then((answer) => answer.arrayBuffer());
}

async function pullLayer(url: string, layer: string): Promise<void> {
  for (const path of ['manifests/1.0', `blobs/${layer}`]) {
    const answer = await fetch(`${url}/v2/acme/large/${path}`);
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`${path} answers ${answer.status}`);
  }
}

/** As they would lie there after as many pulls, the first used the longest ago. */
async function fill(print: Print, data: string, count: number, size: number): Promise<void> {
  const begun = performance.now();
  const { db, table } = openIndex(indexOf(data), 'command');
  db.pragma('synchronous = OFF');
  const stamp = { size, allocated: 0, inode: 1n, mtimeNs: 1n, ctimeNs: 1n };
  const at = Date.now() - 86_400_000;
  const slice = 10_000;
  for (let from = 0; from < count; from += slice) {
    db.exec('BEGIN');
    for (let i = from; i < Math.min(count, from + slice); i++) {
      const digest = parseDigest(`sha256:${createHash('sha256').update(`${i}`).digest('hex')}`);
      sparse(data, digest, size);
      table.keep({ digest, stamp, usedAt: at * 1_000 + i }, at);
    }
    db.exec('COMMIT');
    await sleep(0);
  }
  db.pragma('wal_checkpoint(TRUNCATE)');
  closeIndex(db, 'command');
  print(
    `${count} sparse files of ${size} bytes, each with its row: made in ${((performance.now() - begun) / 1_000).toFixed(0)} s`,
  );
}

const folders = new Set<string>();

function sparse(data: string, digest: Digest, size: number): void {
  const [algorithm = '', hex = ''] = digest.split(':');
  const path = join(data, 'cache/v1/blobs', algorithm, hex.slice(0, 2), hex);
  if (!folders.has(dirname(path))) mkdirSync(dirname(path), { recursive: true });
  folders.add(dirname(path));
  const file = openSync(path, 'w');
  ftruncateSync(file, size);
  closeSync(file);
}

const indexOf = (data: string): string => join(data, 'cache/v1/index.db');

function totals(data: string): { blobs: number; bytes: number } {
  const { db, table } = openIndex(indexOf(data), 'command');
  try {
    return table.totals();
  } finally {
    closeIndex(db, 'command');
  }
}

async function until(met: () => boolean): Promise<void> {
  const deadline = performance.now() + 150_000;
  while (!met()) {
    if (performance.now() > deadline) throw new Error('it never came to its end');
    await sleep(200);
  }
}

/** Bytes, of the whole process; Linux only. */
function resident({ process: { pid } }: RunningGate): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid ?? 0}/status`, 'utf8');
  const of = (name: string): number => Number(new RegExp(`${name}:\\s+([0-9]+) kB`).exec(status)?.[1]) * 1024;
  return { now: of('VmRSS'), peak: of('VmHWM') };
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
