import type { NotaryConfig, TrustSourceConfig } from '../../src/config/config.ts';
import { codeOf, type Code } from '../../src/errors.ts';
import { openSqliteStore } from '../../src/state/sqlite/store.ts';
import type { StateStore, StoredTrust, TrustStore } from '../../src/state/store.ts';
import { Collections } from '../../src/trust/collections.ts';
import type { TrustEvent } from '../../src/trust/trust-event.ts';
import { nodeCrypto } from '../../src/trust/crypto.ts';
import { notarySource } from '../../src/trust/notary-source.ts';
import { createTrustService, type TrustServiceOptions } from '../../src/trust/service.ts';
import { createPeer, type Peer } from '../../src/upstream/peer.ts';
import type { Scene, Settings, Step } from './case.ts';

/**
 * The engine as the corpus sees it, and the only file of the corpus that knows it: real trust service, real HTTP client,
 * real state store, put together as `compose.ts` does, with a clock that the scene sets and timers that never sleep.
 */
export interface Outcome {
  /** What the tag resolves to. */
  readonly digest?: string;
  /** Why the answer was refused, or why the update was, while the last view goes on. */
  readonly reason?: Code;
  readonly message?: string;
  /** Thrown by the update; what a lookup refuses has a message only. */
  readonly error?: Error;
}

type Timer = () => void;
const SOURCE = 'corpus';

export class Gate {
  private readonly state: StateStore = openSqliteStore(':memory:');
  private readonly peer: Peer;
  private readonly scene: Scene;
  private readonly path: string;
  private readonly timers = new Set<Timer>();
  private clock = 0;
  private step = -1;
  private failure: Error | undefined;
  private updated: () => void = () => undefined;
  private running: { readonly options: TrustServiceOptions; readonly settings: Settings } | undefined;

  /** @param path of the scene on the corpus server */
  constructor(base: URL, path: string, scene: Scene) {
    const now = (): number => this.clock;
    this.peer = createPeer({ name: SOURCE, url: base, config: {}, connections: 2, clock: now, env: {} });
    this.path = path;
    this.scene = scene;
  }

  /** Everything in memory is lost; what is stored stays. */
  restart(): void {
    this.running = undefined;
  }

  /** Our patience ends now. */
  runOutOfTime(): void {
    for (const timer of this.timers) timer();
  }

  /** One pull, at the step's own instant. */
  async pull(index: number): Promise<Outcome> {
    const step = this.scene.steps[index]!;
    this.step = index;
    this.failure = undefined;
    const done = new Promise<void>((resolve) => (this.updated = resolve));
    const options = await this.start(step);
    const { registry, repository } = this.scene;
    const signers = step.settings.signers;
    const asked = { kind: 'source', source: SOURCE, ...(signers && { signers }) } as const;
    try {
      const verdict = await createTrustService(options).resolve(asked, { registry, path: repository }, step.tag);
      if (verdict.outcome === 'refused') return this.refused(verdict.reason!, verdict.message!);
      await done;
      return { digest: verdict.digest!, ...(this.failure && thrown(this.failure)) };
    } catch (error) {
      return thrown(error as Error);
    }
  }

  async stored(): Promise<ReadonlyMap<string, Buffer>> {
    const stored = await this.state.loadTrust({ source: SOURCE, gun: this.gun });
    if (stored === undefined) return new Map();
    const { anchor, roots, floors, view = [], withdrawn } = stored;
    return new Map([
      ['anchor', Buffer.from(anchor)],
      ...(withdrawn ? [['withdrawn', Buffer.from('yes')] as const] : []),
      ...roots.map(({ version, bytes }) => [`root ${version}`, Buffer.from(bytes)] as const),
      ...floors.map(({ role, bytes }) => [`floor ${role}`, Buffer.from(bytes)] as const),
      ...view.map(({ role, bytes }) => [`view ${role}`, Buffer.from(bytes)] as const),
    ]);
  }

  async close(): Promise<void> {
    await this.peer.close();
    await this.state.close();
  }

  private get gun(): string {
    return `${this.scene.registry}/${this.scene.repository}`;
  }

  /** Other settings, or a disk that was written to, are met by a new process only. */
  private async start(step: Step): Promise<TrustServiceOptions> {
    this.clock = await this.state.raiseClock(Math.max(this.clock, step.at));
    const same = this.running?.settings.pin === step.settings.pin && step.tamper === undefined;
    if (!same || this.running === undefined)
      this.running = { settings: step.settings, options: this.options(step, this.tampered(step.tamper)) };
    const config = sourceConfig(this.gun, step.settings);
    return { ...this.running.options, sources: new Map<string, TrustSourceConfig>([[SOURCE, config]]) };
  }

  private options(step: Step, store: TrustStore): TrustServiceOptions {
    const now = (): number => this.clock;
    const collections = new Collections({
      store,
      checkEveryMs: 60_000,
      staleIfUnreachableMs: 'until_expiry',
      maxBytes: 64 << 20,
      now,
      on: (event) => this.note(event),
      schedule: (task) => {
        this.timers.add(task);
        return () => this.timers.delete(task);
      },
    });
    const at = (path: string): string => `/${this.path}/${this.step}${path}`;
    const here: Peer = {
      name: SOURCE,
      get: (path, request) => this.peer.get(at(path), request),
      open: (path, request) => this.peer.open(at(path), request),
      close: () => this.peer.close(),
    };
    const config = sourceConfig(this.gun, step.settings);
    return {
      sources: new Map([[SOURCE, config]]),
      metadata: (_, gun) => notarySource([here], gun),
      crypto: nodeCrypto,
      collections,
      store,
      now,
    };
  }

  private note(event: TrustEvent): void {
    if (event.kind !== 'refreshed') return;
    this.failure = event.failure;
    this.updated();
  }

  private tampered(tamper: Step['tamper']): TrustStore {
    if (tamper === undefined) return this.state;
    const loadTrust: TrustStore['loadTrust'] = async (name) => {
      const stored = await this.state.loadTrust(name);
      return stored && (tamper(stored) satisfies StoredTrust);
    };
    return Object.create(this.state, { loadTrust: { value: loadTrust } }) as TrustStore;
  }

  private refused(reason: Code, message: string): Outcome {
    return this.failure !== undefined && codeOf(this.failure) === reason ? thrown(this.failure) : { reason, message };
  }
}

function thrown(error: Error): Outcome {
  return { reason: codeOf(error), message: error.message, error };
}

function sourceConfig(gun: string, { pin, firstUse, releases }: Settings): NotaryConfig {
  return {
    kind: 'notary',
    name: SOURCE,
    urls: [],
    gun: '{registry}/{repository}',
    pins: pin === undefined ? [] : [{ gun, prefix: false, anchor: pin }],
    releases,
    firstUse,
  };
}
