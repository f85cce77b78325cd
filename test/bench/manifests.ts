import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NotaryRepository } from '../../src/simulator/notary-repository.ts';
import { NotaryServer } from '../../src/simulator/notary-server.ts';
import { RegistrySimulator } from '../../src/simulator/registry.ts';
import { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { TufServer } from '../../src/simulator/tuf-server.ts';
import { heads } from './heads.ts';
import { type WrkOptions, wrk } from './wrk.ts';

/**
 * A manifest that is signed, cached, and asked for again and again: by tag, by HEAD, with the tag that it is known by, by
 * digest. A Notary collection vouches for it; then a TUF 1.0 repository does as well, where withdrawals are looked for too.
 *
 * The gate logs as it does when nobody says otherwise: pulls at level info, to a file.
 */
const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
const SECONDS = Number(process.env['SECONDS'] ?? 5);
const ONLY = process.env['ONLY'] ?? '';
const CONNECTIONS = 32;
/** The Go registry on a machine of two cores: 260 a second as a proxy, 1,250 as an origin; 20 and 5 times as many. */
const PROMISED = { requestsPerSecond: 6_250, p99: 10 };
const IMAGE = 'acme/app';
const TAG = `/v2/${IMAGE}/manifests/1.0`;

type Print = (line: string) => void;

export async function bench(print: Print): Promise<boolean> {
  print(`${CONNECTIONS} connections, ${SECONDS} s, median of ${ROUNDS}; load average ${loadavg()[0]?.toFixed(1)}`);
  const around = await openAround();
  try {
    const notary = await measured(print, around, 'Notary');
    return (await measured(print, around, 'Notary and TUF')) && notary;
  } finally {
    await around.close();
  }
}

/** @returns whether the promise was kept */
async function measured(print: Print, around: Around, sources: Sources): Promise<boolean> {
  const gate = await startGate(around, sources);
  try {
    let kept = true;
    for (const each of casesFor(around.digest)) {
      const name = `${each.name}, ${sources}`;
      if (name.includes(ONLY)) kept = (await report(print, name, gate.url, each)) && kept;
    }
    return kept;
  } finally {
    await gate.close();
  }
}

interface Case {
  readonly name: string;
  readonly path: string;
  readonly measure: (url: string, options: WrkOptions) => ReturnType<typeof wrk>;
  readonly promised: boolean;
}

function casesFor(digest: string): readonly Case[] {
  const known = { 'if-none-match': `"${digest}"` };
  return [
    { name: 'GET by tag', path: TAG, measure: wrk, promised: true },
    { name: 'HEAD by tag', path: TAG, measure: heads, promised: false },
    {
      name: '304 by tag',
      path: TAG,
      measure: (url, options) => wrk(url, { ...options, headers: known }),
      promised: true,
    },
    { name: 'GET by digest', path: `/v2/${IMAGE}/manifests/${digest}`, measure: wrk, promised: false },
  ];
}

async function report(print: Print, name: string, url: string, { path, measure, promised }: Case) {
  const rounds = await roundsOf(`${url}${path}`, measure);
  const { requestsPerSecond, p50, p99 } = rounds[Math.floor(rounds.length / 2)]!;
  const refused = rounds.reduce((sum, round) => sum + round.refused + round.socketErrors, 0);
  const spread = [rounds[0], rounds.at(-1)].map((round) => round?.requestsPerSecond.toFixed(0)).join(' to ');
  print(
    `${name.padEnd(30)} ${requestsPerSecond.toFixed(0).padStart(6)}/s (${spread}) · p50 ${p50.toFixed(2)} ms · p99 ${p99.toFixed(2)} ms · ${refused} refused`,
  );
  const fast = requestsPerSecond >= PROMISED.requestsPerSecond && p99 < PROMISED.p99;
  return refused === 0 && (!promised || fast);
}

/** The slowest first. The first answer, which may take a fetch from the registry and from its sources, is not measured. */
async function roundsOf(url: string, measure: Case['measure']) {
  const first = await fetch(url);
  await first.arrayBuffer();
  if (first.status !== 200) throw new Error(`${url} answers ${first.status}`);
  await measure(url, { connections: CONNECTIONS, seconds: 1 });
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++)
    rounds.push(await measure(url, { connections: CONNECTIONS, seconds: SECONDS }));
  return rounds.sort((a, b) => a.requestsPerSecond - b.requestsPerSecond);
}

interface Around {
  readonly digest: string;
  /** YAML of the upstreams, and of each source. */
  readonly upstreams: string;
  readonly vendor: string;
  readonly approvals: string;
  readonly root: Uint8Array;
  close(): Promise<void>;
}

/** An image as most are: a manifest with some ten layers, about 2 KB. */
async function openAround(): Promise<Around> {
  const registry = await RegistrySimulator.start();
  const layers = Array.from({ length: 10 }, (_, i) => Buffer.from(`layer ${i}`));
  const { digest, size } = registry.addImage({ repository: IMAGE, tag: '1.0', layers });
  const publisher = new NotaryRepository(`reg.example/${IMAGE}`, Date.now()).sign('1.0', digest, size).publish();
  const approvals = new TufRepository(Date.now()).put(`reg.example/${IMAGE}:1.0`, { digest, length: size }).publish();
  const [notary, tuf] = [new NotaryServer().add(publisher), new TufServer()];
  await Promise.all([notary.listen(), tuf.listen()]);
  tuf.serve('tuf', approvals.files);
  const key = publisher.of('root').keys[0]?.keyId ?? '';
  return {
    digest,
    upstreams: `{ reg.example: { url: "${registry.url.href}" } }`,
    vendor: `{ type: notary, url: "${notary.url.href}", gun: "{registry}/{repository}", pins: { reg.example/: { keys: [${key}] } } }`,
    approvals: `{ type: tuf, url: "${tuf.url.href}tuf", root: root.json }`,
    root: approvals.at('root', 1),
    async close() {
      await Promise.all([notary.close(), tuf.close(), registry.close()]);
    },
  };
}

type Sources = 'Notary' | 'Notary and TUF';

async function startGate(around: Around, sources: Sources) {
  const folder = await mkdtemp(join(tmpdir(), 'tufgate-bench-'));
  await writeFile(join(folder, 'root.json'), around.root);
  await writeFile(join(folder, 'tufgate.yaml'), yaml(around, sources));
  const log = openSync(join(folder, 'gate.log'), 'w');
  const child = forkGate(join(folder, 'tufgate.yaml'), log);
  closeSync(log);
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  return {
    url,
    async close() {
      child.send('close');
      await once(child, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}

/** With PROFILE, a folder, what the gate does with its time is written there when it ends. */
function forkGate(config: string, log: number): ChildProcess {
  const folder = process.env['PROFILE'];
  return fork(fileURLToPath(new URL('gate-process.js', import.meta.url)), [config], {
    execArgv: folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`],
    env: { ...process.env, LOG_LEVEL: 'info' },
    stdio: ['ignore', log, log, 'ipc'],
  });
}

function yaml({ upstreams, vendor, approvals }: Around, sources: Sources): string {
  const both = sources === 'Notary and TUF';
  return `
data: ./data
listen: [{ address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
upstreams: ${upstreams}
default_upstream: reg.example
trust:
  vendor: ${vendor}
${both ? `  approvals: ${approvals}` : ''}
policy: [{ match: reg.example/acme/**, require: [${both ? 'vendor, approvals' : 'vendor'}] }]
`;
}
