import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { freePort } from '../../e2e/real/ports.ts';
import { Program } from '../../e2e/real/program.ts';
import type { Workspace } from '../../e2e/real/workspace.ts';

/** The newest Go registry, where somebody built it: `REGISTRY_V3=/path/to/registry`. */
const NEWEST = process.env['REGISTRY_V3'];

export interface Peer {
  readonly name: string;
  readonly url: string;
  /** Its output so far. */
  readonly log: () => string;
  stop(): Promise<void>;
}

/** The Go registry as an origin, or before one, with an empty store. */
export async function goRegistry(space: Workspace, name: string, proxied?: string, newest = false): Promise<Peer> {
  const port = await freePort();
  const file = space.at(`${name}.yml`);
  const config = {
    version: 0.1,
    log: { level: 'warn', accesslog: { disabled: proxied !== undefined } },
    storage: { filesystem: { rootdirectory: space.folder(name) }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}` },
    ...(proxied === undefined ? {} : { proxy: { remoteurl: proxied } }),
  };
  writeFileSync(file, JSON.stringify(config));
  const command = newest ? (NEWEST ?? '') : 'docker-registry';
  return await start(space, { name, command, args: ['serve', file], port, ready: '/v2/' });
}

export function hasNewest(): boolean {
  return NEWEST !== undefined;
}

/** @param config `debian` or `best`: the file beside this one @param file what it serves, under its last name */
export async function nginx(space: Workspace, config: string, file: string, as: string): Promise<Peer> {
  const name = `nginx-${config}`;
  const port = await freePort();
  for (const folder of ['www', 'nginx-tmp']) mkdirSync(space.at(folder), { recursive: true });
  const link = join(space.at('www'), as);
  try {
    symlinkSync(file, link);
  } catch {
    // The other one serves it too.
  }
  const text = readFileSync(new URL(`${name}.conf`, import.meta.url), 'utf8');
  const filled = text.replaceAll('PORT', String(port)).replaceAll('FOLDER', space.path);
  writeFileSync(space.at(`${name}.conf`), `user root;\n${filled}`);
  const args = ['-c', space.at(`${name}.conf`), '-e', space.at(`${name}.start.log`)];
  return await start(space, { name, command: 'nginx', args, port, ready: `/${as}` });
}

interface Start {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly port: number;
  readonly ready: string;
}

async function start(space: Workspace, { name, command, args, port, ready }: Start): Promise<Peer> {
  const url = `http://127.0.0.1:${port}`;
  const program = await Program.start({
    command,
    args,
    env: space.env({ OTEL_TRACES_EXPORTER: 'none' }),
    logFile: space.at(`${name}.log`),
    ready: async () => (await request(url + ready, { method: 'HEAD' })).statusCode === 200,
  });
  const stop = (): Promise<void> => program.stop();
  space.onClose(stop);
  return { name, url, log: () => program.log, stop };
}
