import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { basename, join } from 'node:path';
import { request } from 'undici';
import { composeGate, type Gate } from '../../src/compose.ts';
import { parseConfig } from '../../src/config/schema.ts';
import { listen, type Listener } from '../../src/server/listen.ts';
import { NotaryRepository } from '../../src/simulator/notary-repository.ts';
import { NotaryServer } from '../../src/simulator/notary-server.ts';
import { type AddedImage, RegistrySimulator } from '../../src/simulator/registry.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

/** The whole gate over HTTP, before a simulated registry and a simulated Notary server, with a clock that stands still. */
export const START = Date.parse('2026-11-21T12:00:00Z');
export const DAY = 86_400_000;
export const GUN = 'reg.example/acme/app';

export interface GateWorld {
  readonly registry: RegistrySimulator;
  readonly notary: NotaryServer;
  readonly publisher: NotaryRepository;
  readonly image: AddedImage;
  readonly url: string;
  readonly folder: string;
  readonly gate: Gate;
  /** Epoch milliseconds. */
  clock: number;
  /** Milliseconds of a clock that nobody sets. */
  elapsed: number;
  readonly get: (path: string, options?: { method?: string; headers?: Record<string, string> }) => Promise<Answer>;
  /** Stops the gate and starts it again on the same data, with other trust settings if given. */
  restart(over?: Partial<Settings>): Promise<void>;
  /** Time goes by, and what the gate does in the background with it: to its end, each time. */
  runs(ms: number): Promise<void>;
  /** A second gate before the same registry and sources, with a clock and data of its own. */
  another(over?: Partial<Settings>): Promise<GateWorld>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
  readonly reason: string | undefined;
  readonly message: string | undefined;
}

export interface Settings {
  /** YAML of the members of the trust source beside url and gun. */
  readonly trust: (publisher: NotaryRepository) => string;
  readonly rule: string;
  readonly more: string;
  /** YAML of further trust sources. */
  readonly sources: string;
  /** What the configuration may read, by file name. */
  readonly files: Readonly<Record<string, Uint8Array>>;
}

const DEFAULTS: Settings = {
  trust: (publisher) => `pins: { reg.example/: { keys: [${keyOf(publisher)}] } }`,
  rule: 'require: [vendor]',
  more: '',
  sources: '',
  files: {},
};

export function keyOf(publisher: NotaryRepository): string {
  return publisher.of('root').keys[0]!.keyId;
}

export const WORKER = new URL('../contract/trust-worker.js', import.meta.url);
export const HASH_WORKER = new URL('../contract/hash-worker.js', import.meta.url);
const silent = createLogger({ level: 'error', format: 'json' }, { write: () => true } as never);

type Around = Pick<GateWorld, 'registry' | 'notary' | 'publisher' | 'image'>;

export async function openGate(over: Partial<Settings> = {}): Promise<GateWorld> {
  const registry = await RegistrySimulator.start();
  const image = registry.addImage({ repository: 'acme/app', tag: '1.0', layers: [Buffer.from('layer')] });
  const publisher = new NotaryRepository(GUN, START).sign('1.0', image.digest, image.size).publish();
  const notary = new NotaryServer().add(publisher);
  await notary.listen();
  return await openBefore({ registry, notary, publisher, image }, over, async () => {
    await notary.close();
    await registry.close();
  });
}

async function openBefore(
  around: Around,
  over: Partial<Settings>,
  closeAround: () => Promise<void>,
): Promise<GateWorld> {
  const { registry, notary, publisher } = around;
  const folder = await mkdtemp(join(tmpdir(), 'tufgate-story-'));
  const background = new Background();
  let settings = { ...DEFAULTS, ...over };
  let gate: Gate;
  let listener: Listener;
  const start = async (): Promise<void> => {
    const config = parseConfig(yaml(settings, registry, notary, publisher), join(folder, 'tufgate.yaml'), (path) => {
      const bytes = settings.files[basename(path)];
      if (bytes === undefined) throw new Error(`${path} is not to be read`);
      return bytes;
    });
    gate = await composeGate(config, {
      log: silent,
      clock: () => world.clock,
      elapsed: () => world.elapsed,
      schedule: background.schedule,
      trustWorker: WORKER,
      hashWorker: HASH_WORKER,
      scrubSchedule: () => () => undefined,
    });
    listener = await listen({ host: '127.0.0.1', port: 0 }, gate.registryListener);
  };
  const stop = async (): Promise<void> => {
    await listener.close(0);
    await gate.close();
  };
  const world: GateWorld = {
    ...around,
    folder,
    clock: START,
    elapsed: 0,
    get url() {
      return listener.url;
    },
    get gate() {
      return gate;
    },
    get: (path, options = {}) => ask(`${listener.url}${path}`, options),
    async restart(changed = {}) {
      await stop();
      settings = { ...settings, ...changed };
      await start();
    },
    async runs(ms) {
      await background.run(ms, (passed) => (world.clock += passed));
      await gate.settleWithdrawals();
    },
    another: (changed = {}) => openBefore(around, { ...settings, ...changed }, () => Promise.resolve()),
    async close() {
      await stop();
      await closeAround();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await start();
  return world;
}

/** The one timer of what goes on in the background: set again when a round has ended. */
class Background {
  private readonly timers = new Set<{ readonly task: () => void; left: number }>();

  readonly schedule = (task: () => void, ms: number): (() => void) => {
    const timer = { task, left: ms };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  };

  async run(ms: number, pass: (ms: number) => void): Promise<void> {
    for (let left = ms; left > 0;) {
      while (this.timers.size === 0) await setImmediate();
      const step = Math.min(left, ...[...this.timers].map((timer) => timer.left));
      pass(step);
      left -= step;
      for (const timer of [...this.timers]) if ((timer.left -= step) <= 0 && this.timers.delete(timer)) timer.task();
    }
    while (this.timers.size === 0) await setImmediate();
  }
}

function yaml(
  { trust, rule, more, sources }: Settings,
  registry: RegistrySimulator,
  notary: NotaryServer,
  publisher: NotaryRepository,
): string {
  return `
data: ./data
listen: [{ address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
upstreams: { reg.example: { url: "${registry.url.href}" } }
default_upstream: reg.example
trust:
  vendor:
    type: notary
    url: "${notary.url.href}"
    gun: "{registry}/{repository}"
    ${trust(publisher)}
${sources}
policy:
  - match: reg.example/acme/**
    ${rule}
${more}
`;
}

export async function ask(
  url: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const answer = await request(url, { method: method as 'GET', headers });
  const body = Buffer.from(await answer.body.arrayBuffer());
  const error = answer.statusCode >= 400 && body.length > 0 ? readError(body) : {};
  return { status: answer.statusCode, headers: answer.headers, body, reason: error.reason, message: error.message };
}

function readError(body: Buffer): { reason?: string; message?: string } {
  const { errors } = JSON.parse(body.toString()) as { errors: { message: string; detail: { reason: string } }[] };
  return { reason: errors[0]!.detail.reason, message: errors[0]!.message };
}
