import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { Tufgate } from '../e2e/real/tufgate.ts';
import { Workspace } from '../e2e/real/workspace.ts';
import { BlobClient, type Wanted } from './cache/client.ts';
import { type BenchImage, gateConfig, type Origin, startOrigin } from './cache/image.ts';
import { goRegistry, hasNewest, nginx } from './cache/peers.ts';
import { gbps, median, type Row, table } from './cache/table.ts';

/**
 * Blobs, beside the peers that verify nothing: the Go registry as a proxy, nginx as Debian configures it and at its best. Rounds
 * alternate, so that what the machine does meanwhile happens to all. `SIZE`, in MiB, and `ROUNDS` make it smaller.
 */
const SIZE = Number(process.env['SIZE'] ?? 1024) * 2 ** 20;
const ROUNDS = Number(process.env['ROUNDS'] ?? 5);

type Print = (line: string) => void;

export async function bench(print: Print): Promise<boolean> {
  const space = new Workspace();
  const client = await BlobClient.start();
  try {
    const origin = await startOrigin(space);
    space.onClose(() => origin.close());
    const image = await origin.image('big', SIZE);
    const parts = { print, space, client, origin, image };
    const wanted = (process.env['PARTS'] ?? 'warm,cold,many').split(',');
    const runs = { warm, cold, many };
    const kept: boolean[] = [];
    for (const [name, run] of Object.entries(runs)) if (wanted.includes(name)) kept.push(await run(parts));
    return kept.every(Boolean);
  } finally {
    client.close();
    await space.close();
  }
}

interface Parts {
  readonly print: Print;
  readonly space: Workspace;
  readonly client: BlobClient;
  readonly origin: Origin;
  readonly image: BenchImage;
}

type Measured = Map<string, number[]>;

/** One client and sixteen, everything in every cache; and with every read hashed again. */
async function warm({ print, space, client, origin, image }: Parts): Promise<boolean> {
  const path = image.layerPath;
  const inPeer = [space];
  const gate = async (more: Record<string, unknown>): Promise<string> => {
    const own = new Workspace();
    inPeer.push(own);
    space.onClose(() => own.close());
    const started = await Tufgate.start(own, gateConfig(origin, [image], more));
    return started.url;
  };
  const digest = image.layer.digest.replace(':', '-');
  const servers = new Map<string, string>([
    ['tufgate', (await gate({})) + path],
    ['tufgate, always', (await gate({ cache: { max_size: '40GiB', verify_reads: 'always' } })) + path],
    ['go proxy 2.8', (await goRegistry(space, 'go-proxy', origin.registry.url)).url + path],
    ...(hasNewest()
      ? ([['go proxy 3.1', (await goRegistry(space, 'go-proxy-3', origin.registry.url, true)).url + path]] as const)
      : []),
    ['nginx', (await nginx(space, 'debian', space.at('layer-big'), digest)).url + '/' + digest],
    ['nginx, best', (await nginx(space, 'best', space.at('layer-big'), digest)).url + '/' + digest],
  ]);
  for (const url of servers.values()) {
    if (url.includes('/v2/')) await fetchText(url.replace(/\/blobs\/.*/, '/manifests/1.0'));
    await client.get({ url });
    await client.get({ url });
  }
  writeBack();
  const one: Measured = new Map();
  const sixteen: Measured = new Map();
  const hash: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    hash.push(await client.hashRate(SIZE));
    for (const [name, url] of servers) push(one, name, await speed(client, { url }));
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, url] of servers) push(sixteen, name, await speed(client, { url, connections: 16 }));
  }
  const of = (measured: Measured, name: string): number => median(measured.get(name) ?? []);
  const rows = (measured: Measured, title: string, wanted: Record<string, [string, number]>): Row[] =>
    [...measured].map(([name, values]) => ({ title, name, values, show: gbps, wanted: wanted[name] }));
  const ok = table(print, [
    ...rows(one, 'warm, 1 client', {
      'go proxy 2.8': ['1.3', of(one, 'tufgate')],
      ...(hasNewest() ? { 'go proxy 3.1': ['1.3', of(one, 'tufgate')] as [string, number] } : {}),
      nginx: ['1.0', of(one, 'tufgate')],
      'nginx, best': ['0.8', of(one, 'tufgate')],
    }),
    { title: 'sha256, one core', name: '', values: hash, show: gbps, wanted: ['0.8', of(one, 'tufgate, always')] },
    ...rows(sixteen, 'warm, 16 clients', {
      nginx: ['1.0', of(sixteen, 'tufgate')],
      'nginx, best': ['0.8', of(sixteen, 'tufgate')],
    }),
  ]);
  await Promise.all(inPeer.slice(1).map((own) => own.close()));
  return ok;
}

/** Everything in no cache: a fresh server with an empty store each time. */
async function cold({ print, space, client, origin, image }: Parts): Promise<boolean> {
  const speeds: Measured = new Map();
  const asked = new Map<string, number[]>();
  const gets = (): number =>
    origin.registry.log.split('\n').filter((line) => line.includes(`"GET ${image.layerPath} `)).length;
  const take = async (name: string, url: string): Promise<void> => {
    await fetchText(url + image.tagPath);
    writeBack();
    const before = gets();
    push(speeds, name, await speed(client, { url: url + image.layerPath }));
    await settle();
    push(asked, name, gets() - before);
  };
  const own = new Workspace();
  space.onClose(() => own.close());
  const gate = await Tufgate.start(own, gateConfig(origin, [image]));
  // The first round counts for nobody: it pays for memory and code that no server has met before.
  for (let round = 0; round <= ROUNDS; round++) {
    if (round === 1) for (const measured of [speeds, asked]) measured.clear();
    await gate.run('cache', 'rm', image.layer.digest);
    await take('tufgate', gate.url);
    for (const newest of hasNewest() ? [false, true] : [false]) {
      const folder = `go-cold-${round}${newest ? '-3' : ''}`;
      const go = await goRegistry(space, folder, origin.registry.url, newest);
      await take(newest ? 'go proxy 3.1' : 'go proxy 2.8', go.url);
      await go.stop();
      rmSync(space.at(folder), { recursive: true, force: true });
    }
  }
  await own.close();
  const ours = median(speeds.get('tufgate') ?? []);
  const ok = table(
    print,
    [...speeds].map(([name, values]) => ({
      title: 'cold, 1 client',
      name: `${name} (${median(asked.get(name) ?? [])} upstream GETs)`,
      values,
      show: gbps,
      wanted: name === 'tufgate' ? undefined : (['1.0', ours] as [string, number]),
    })),
  );
  return ok && (asked.get('tufgate') ?? []).every((count) => count === 1);
}

/** 64 clients on one cold blob. */
async function many({ print, client, origin, image }: Parts): Promise<boolean> {
  const rounds = await rounded(
    async () => {
      const own = new Workspace();
      try {
        const gate = await Tufgate.start(own, gateConfig(origin, [image]));
        await fetchText(gate.url + image.tagPath);
        const url = gate.url + image.layerPath;
        const log = (): number => origin.registry.log.split(`"GET ${image.layerPath} `).length;
        const before = log();
        const all = await seconds(client, { url, connections: 64 });
        const peak = gate.peakMemory();
        await settle();
        return { all, peak, gets: log() - before, warm: await seconds(client, { url, connections: 64 }) };
      } finally {
        await own.close();
      }
    },
    Math.min(ROUNDS, 3),
  );
  const single = await rounded(async () => {
    const own = new Workspace();
    try {
      const gate = await Tufgate.start(own, gateConfig(origin, [image]));
      await fetchText(gate.url + image.tagPath);
      return await seconds(client, { url: gate.url + image.layerPath });
    } finally {
      await own.close();
    }
  }, 3);
  const most = 1.5 * median(single) + median(rounds.map((round) => round.warm));
  const last = median(rounds.map(({ all }) => all));
  const peak = Math.max(...rounds.map((round) => round.peak)) / 2 ** 20;
  const gets = Math.max(...rounds.map((round) => round.gets));
  print(
    `cold, 64 clients: the last after ${last.toFixed(2)} s; 1.5 × a single one (${median(single).toFixed(2)} s) + the same bytes warm ` +
      `(${(most - 1.5 * median(single)).toFixed(2)} s) = ${most.toFixed(2)} s · ${gets} upstream GETs · ${peak.toFixed(0)} MiB at most`,
  );
  return last <= most && gets === 1 && peak < 256;
}

async function rounded<T>(run: () => Promise<T>, times: number): Promise<T[]> {
  const found: T[] = [];
  for (let i = 0; i < times; i++) found.push(await run());
  return found;
}

async function speed(client: BlobClient, wanted: Wanted): Promise<number> {
  const { begunAt, lastAt, bytes } = await client.get(wanted);
  return (bytes / (lastAt - begunAt)) * 1_000;
}

async function seconds(client: BlobClient, wanted: Wanted): Promise<number> {
  const { begunAt, lastAt } = await client.get(wanted);
  return (lastAt - begunAt) / 1_000;
}

function push(measured: Measured, name: string, value: number): void {
  measured.set(name, [...(measured.get(name) ?? []), value]);
}

async function fetchText(url: string): Promise<string> {
  const answer = await fetch(url, { headers: { accept: 'application/vnd.oci.image.manifest.v1+json, */*' } });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return await answer.text();
}

/** What was written before is on the disk: else it is written while somebody else is measured. */
function writeBack(): void {
  execFileSync('sync');
}

/** Writers in the background, and the access log, come to rest. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 700));
}
