import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createPrivateKey } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { composeGate, type ComposeOptions } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import { listen } from '../../src/server/listen.ts';
import { type AddedImage, RegistrySimulator } from '../../src/simulator/registry.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { type Answer, ask, HASH_WORKER, START, WORKER } from './gate-world.ts';
import { type Shell, shell } from './shell.ts';

/** Somebody who approves images at the command line, before a registry that he can be told lies by, and a gate on the same data. */
export const PASSPHRASE = 'correct horse battery';
export const APP = 'reg.example/acme/app';

export interface ApprovalsShell extends Shell {
  readonly registry: () => RegistrySimulator;
  /** `acme/app:1.0` of the registry. */
  readonly image: () => AddedImage;
  /** Another image of that repository, with one layer. */
  readonly add: (tag: string | undefined, layer: string, repository?: string) => AddedImage;
  /** Runs a command with this story's configuration. */
  readonly tufgate: (...argv: string[]) => Promise<number>;
  /** The repository and its keys, as they were made once for all stories of a file. The keys need no passphrase unless told. */
  readonly made: (how?: { readonly encrypted?: boolean }) => Promise<void>;
  /** A gate with this story's configuration as it is now; closed with the story. @param other a file with another one */
  readonly gate: (options?: ComposeOptions, other?: string) => Promise<RunningGate>;
  readonly keys: (name?: string) => string;
  /** The published file of that name. */
  readonly published: (name: string) => Promise<Buffer>;
  readonly file: () => string;
  /** The configuration is this from now on. */
  readonly reconfigured: (change: (yaml: string) => string) => Promise<void>;
}

export interface RunningGate {
  /** @param reference tag or digest */
  readonly pull: (reference: string, path?: string) => Promise<Answer>;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Answer>;
  readonly log: readonly Logged[];
  readonly metrics: () => Promise<string>;
  readonly flush: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface Logged {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** @param more YAML of the configuration beside what approving needs; `url` is that of the registry */
export function approvalsShell(more: (url: string) => string = () => ''): ApprovalsShell {
  const template = madeOnce();
  const base = shell();
  const open: { close(): Promise<void> }[] = [];
  let registry: RegistrySimulator;
  let image: AddedImage;
  let file: string;
  const add: ApprovalsShell['add'] = (tag, layer, repository = 'acme/app') =>
    registry.addImage({ repository, ...(tag !== undefined && { tag }), layers: [Buffer.from(layer)] });
  const at = (...names: string[]): string => join(base.folder(), ...names);
  beforeEach(async () => {
    registry = await RegistrySimulator.start();
    image = add('1.0', 'layer');
    file = await base.configure(configuration(registry.url.href, more(registry.url.href)));
  });
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close();
    await registry.close();
  });
  return {
    ...base,
    registry: () => registry,
    image: () => image,
    add,
    tufgate: (...argv) => base.command(...argv, '--config', file),
    async made({ encrypted = false } = {}) {
      await cp(join(template(), 'data'), at('data'), { recursive: true, verbatimSymlinks: true });
      if (!encrypted) await cp(join(template(), 'plain'), at('data', 'keys'), { recursive: true });
    },
    async gate(options = {}, other = file) {
      const running = await start(other, base.env, options);
      open.push(running);
      return running;
    },
    keys: (name = '') => at('data', 'keys', name),
    published: (name) => readFile(at('data', 'approvals', name)),
    file: () => file,
    reconfigured: async (change) => await writeFile(file, change(await readFile(file, 'utf8'))),
  };
}

function configuration(registry: string, more: string): string {
  const rules = more.includes('policy:') ? '' : "policy: [{ match: '**', require: [approvals] }]\n";
  const sources = more.includes('trust:') ? '' : `trust:\n${OWN}`;
  return `data: ./data
listen: [{ address: 127.0.0.1:5000 }]
admin: { address: 127.0.0.1:0 }
upstreams: { reg.example: { url: "${registry}" } }
default_upstream: reg.example
${sources}${more}${rules}`;
}

/** As a line of `trust`. */
export const OWN = `  approvals: { type: tuf, url: "file:data/approvals/", root: data/approvals/root.json, publish: { keys: data/keys } }\n`;

/** The keys of a repository cost a second: they are made once, by the command that makes them. */
function madeOnce(): () => string {
  let folder: string;
  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: START });
    folder = await mkdtemp(join(tmpdir(), 'tufgate-made-'));
    const file = join(folder, 'tufgate.yaml');
    await writeFile(file, configuration('http://127.0.0.1:9/', ''));
    const silence = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
    const code = await run(
      ['approvals', 'init', '--config', file],
      { TUFGATE_PASSPHRASE: PASSPHRASE },
      Readable.from([]),
    );
    silence.mockRestore();
    vi.useRealTimers();
    if (code !== 0) throw new Error(`approvals init ended with ${code}`);
    await mkdir(join(folder, 'plain'));
    for (const name of ['root.pem', 'signer.pem'])
      await decrypt(join(folder, 'data', 'keys', name), join(folder, 'plain', name));
  });
  afterAll(() => rm(folder, { recursive: true }));
  return () => folder;
}

async function decrypt(file: string, to: string): Promise<void> {
  const key = createPrivateKey({ key: await readFile(file), passphrase: PASSPHRASE });
  await writeFile(to, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
}

async function start(file: string, env: Shell['env'], options: ComposeOptions): Promise<RunningGate> {
  const log: Logged[] = [];
  const write = (line: string): boolean => log.push(JSON.parse(line) as Logged) > 0;
  const gate = await composeGate(loadConfig(file, {}), {
    log: createLogger({ level: 'info', format: 'json' }, { write } as never),
    env: { ...env },
    schedule: () => () => undefined,
    trustWorker: WORKER,
    hashWorker: HASH_WORKER,
    scrubSchedule: () => () => undefined,
    ...options,
  });
  const listener = await listen({ host: '127.0.0.1', port: 0 }, gate.registryListener);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await listener.close(0);
    await gate.close();
  };
  return {
    pull: (reference, path = 'acme/app') => ask(`${listener.url}/v2/${path}/manifests/${reference}`),
    get: (path, headers = {}) => ask(`${listener.url}${path}`, { headers }),
    log,
    metrics: () => gate.metrics.text(),
    flush: () => gate.flushDecisions(),
    close: () => (closing ??= close()),
  };
}

/** All files below a folder of keys, sorted. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).sort();
}
