import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Nginx } from '../e2e/real/nginx.ts';
import { freePort } from '../e2e/real/ports.ts';
import { must } from '../e2e/real/run.ts';
import { Tufgate } from '../e2e/real/tufgate.ts';
import { until } from '../e2e/real/until.ts';
import { Workspace } from '../e2e/real/workspace.ts';
import { BlobClient } from './cache/client.ts';
import { type BenchImage, gateConfig, startOrigin } from './cache/image.ts';
import { gbps, median } from './cache/table.ts';

/**
 * One gate alone, and behind nginx with `config/nginx.conf`: a warm blob, 16 clients, with TLS and without. Clients run on the
 * same cores: what a machine with more of them reaches is told by what a GB costs the server, and on how many it may spend that. `SIZE`, in MiB, and `ROUNDS` make it smaller.
 */
const SIZE = Number(process.env['SIZE'] ?? 256) * 2 ** 20;
const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
const CLIENTS = 16;
const SECONDS = 4;
const TICKS = 100;

export async function bench(print: (line: string) => void): Promise<boolean> {
  const space = new Workspace();
  const client = await BlobClient.start();
  try {
    const origin = await startOrigin(space);
    space.onClose(() => origin.close());
    const image = await origin.image('big', SIZE);
    const [plain, tls, handOff] = [await freePort(), await freePort(), await freePort()];
    const certificate = { cert: space.at('nginx.crt'), key: space.at('nginx.key') };
    await Nginx.makeCertificate(space);
    const listen = [
      { address: `127.0.0.1:${plain}` },
      { address: `127.0.0.1:${tls}`, tls: certificate },
      { address: `127.0.0.1:${handOff}`, hand_off: '/_tufgate/' },
    ];
    const gate = await Tufgate.start(space, gateConfig(origin, [image], { listen }));
    const nginx = await Nginx.start(space, handOff, join(gate.data, 'cache/v1/blobs'));
    await warmUp(client, nginx, image);
    const byClient = async (url: string): Promise<number> => {
      const { begunAt, lastAt, bytes } = await client.get({ url: url + image.layerPath, connections: CLIENTS });
      return (bytes / (lastAt - begunAt)) * 1_000;
    };
    const byWrk = (url: string): Promise<number> => wrk(space, url + image.layerPath);
    const ways: readonly (readonly [string, string, typeof byClient])[] = [
      ['plain, the gate alone', `http://127.0.0.1:${plain}`, byClient],
      ['plain, nginx', nginx.url, byClient],
      ['TLS, the gate alone', `https://127.0.0.1:${tls}`, byWrk],
      ['TLS, nginx', nginx.tlsUrl, byWrk],
    ];
    const speeds = new Map<string, number[]>();
    const costs = new Map<string, number[]>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, url, speed] of ways) {
        const [before, began] = [processorSeconds(), performance.now()];
        const reached = await speed(url);
        const cores = ((processorSeconds() - before) / (performance.now() - began)) * 1_000;
        speeds.set(name, [...(speeds.get(name) ?? []), reached]);
        costs.set(name, [...(costs.get(name) ?? []), (cores / reached) * 1e9]);
      }
    }
    for (const [name, values] of speeds) {
      const cost = median(costs.get(name) ?? []).toFixed(2);
      const spread = `${gbps(Math.min(...values))} to ${gbps(Math.max(...values))}`;
      print(`${name.padEnd(24)} ${gbps(median(values))} (${spread}) · a GB costs the servers ${cost} s of one core`);
    }
    return true;
  } finally {
    client.close();
    await space.close();
  }
}

async function warmUp(client: BlobClient, nginx: Nginx, image: BenchImage): Promise<void> {
  await (await fetch(nginx.url + image.tagPath)).text();
  await until('nginx to send the file', async () => {
    await client.get({ url: nginx.url + image.layerPath });
    return nginx.served.at(-1)?.uri.startsWith('/_tufgate/') === true;
  });
}

/** @returns bytes a second, over TLS */
async function wrk(space: Workspace, url: string): Promise<number> {
  const args = ['-t', '2', '-c', String(CLIENTS), '-d', `${SECONDS}s`, '--timeout', '30s', url];
  const said = await must('wrk', args, { env: space.env() });
  const [, value = '', unit = ''] = /Transfer\/sec:\s+([\d.]+)(KB|MB|GB)/.exec(said) ?? [];
  return Number(value) * ({ KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 }[unit] ?? NaN);
}

/** Of all gates and nginx processes of this run: descendants of this process that serve. */
function processorSeconds(): number {
  let ticks = 0;
  const parents = new Map<number, { parent: number; name: string; ticks: number }>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const [, name = '', rest = ''] = /\((.*)\) (.*)$/s.exec(readFileSync(`/proc/${entry}/stat`, 'utf8')) ?? [];
      const fields = rest.split(' ');
      const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8');
      const serves = name === 'nginx' || command.includes('dist/main.js');
      const used = serves ? Number(fields[11]) + Number(fields[12]) : 0;
      parents.set(Number(entry), { parent: Number(fields[1]), name, ticks: used });
    } catch {
      // It has ended meanwhile.
    }
  }
  for (const [pid, { ticks: used }] of parents) {
    for (let at = pid; at > 1; at = parents.get(at)?.parent ?? 0) if (at === process.pid) ticks += used;
  }
  return ticks / TICKS;
}
