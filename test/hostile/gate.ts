import type { TrustSourceConfig } from '../../src/config/config.ts';
import { codeOf, type Code } from '../../src/errors.ts';
import type { SourceVerdict } from '../../src/policy/decision.ts';
import { openSqliteStore } from '../../src/state/sqlite/store.ts';
import type { StateStore, TrustStore } from '../../src/state/store.ts';
import { collectionFor } from '../../src/trust/collection-name.ts';
import { Collections } from '../../src/trust/collections.ts';
import type { TrustEvent } from '../../src/trust/trust-event.ts';
import { nodeCrypto } from '../../src/trust/crypto.ts';
import { createTrustService, type TrustServiceOptions } from '../../src/trust/service.ts';
import { createPeer, type Peer } from '../../src/upstream/peer.ts';
import type { Format, Scene, Settings, Step } from './case.ts';
import { metadataOf, SOURCE, sourceConfig } from './source.ts';

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

export class Gate {
  /** Called before what is stored is read. */
  onLoad: () => void = () => undefined;
  private readonly state: StateStore = openSqliteStore(':memory:');
  private readonly peer: Peer;
  private readonly format: Format;
  private readonly scene: Scene;
  private readonly path: string;
  private readonly timers = new Set<Timer>();
  private clock = 0;
  private step = -1;
  private failure: Error | undefined;
  /** What did not stop the update, and somebody was told. */
  private alarm: Error | undefined;
  /** The answer may come from the last view then, before the update has failed. */
  private stuck = false;
  private updated: () => void = () => undefined;
  private running: { readonly options: TrustServiceOptions; readonly settings: Settings } | undefined;

  /** @param path of the scene on the corpus server */
  constructor(base: URL, path: string, format: Format, scene: Scene) {
    const now = (): number => this.clock;
    this.peer = createPeer({ name: SOURCE, url: base, config: {}, connections: 2, clock: now, env: {} });
    this.path = path;
    this.format = format;
    this.scene = scene;
  }

  /** Everything in memory is lost; what is stored stays. */
  restart(): void {
    this.running = undefined;
  }

  /** Our patience ends now. */
  runOutOfTime(): void {
    this.stuck = true;
    for (const timer of this.timers) timer();
  }

  /** One pull, at the step's own instant. */
  async pull(index: number): Promise<Outcome> {
    const step = this.scene.steps[index]!;
    this.step = index;
    const done = this.begin();
    const options = await this.start(step);
    try {
      const verdict = await this.ask(options, step);
      if (verdict.outcome === 'refused') return this.refused(verdict.reason!, verdict.message!);
      if (this.stuck) await done;
      return { digest: verdict.digest!, ...this.failed() };
    } catch (error) {
      return thrown(error as Error);
    }
  }

  private async ask(options: TrustServiceOptions, { settings, byDigest, tag }: Step): Promise<SourceVerdict> {
    const { registry, repository: path } = this.scene;
    const { signers } = settings;
    const asked = { kind: 'source', source: SOURCE, ...(signers && { signers }) } as const;
    const service = createTrustService(options);
    if (byDigest !== undefined) return await service.resolveDigest(asked, { registry, path }, byDigest);
    return await service.resolve(asked, { registry, path }, tag);
  }

  async stored(): Promise<ReadonlyMap<string, Buffer>> {
    const { registry, repository } = this.scene;
    const config = this.config(this.scene.steps[0]!);
    const gun = collectionFor(config, { registry, path: repository });
    const stored = await this.state.loadTrust({ source: SOURCE, gun });
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

  private config({ settings }: Step): TrustSourceConfig {
    return sourceConfig(this.format, `${this.scene.registry}/${this.scene.repository}`, settings);
  }

  /** Other settings, or a disk that was written to, are met by a new process only. */
  private async start(step: Step): Promise<TrustServiceOptions> {
    this.clock = await this.state.raiseClock(step.at);
    const same = this.running?.settings.pin === step.settings.pin && step.tamper === undefined;
    if (!same || this.running === undefined)
      this.running = { settings: step.settings, options: this.options(step, this.store(step.tamper)) };
    return { ...this.running.options, sources: new Map([[SOURCE, this.config(step)]]) };
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
    return {
      sources: new Map([[SOURCE, this.config(step)]]),
      metadata: (config, gun) => metadataOf(config, gun, here),
      crypto: nodeCrypto,
      collections,
      store,
      now,
    };
  }

  private note(event: TrustEvent): void {
    if (event.kind === 'alarm') this.alarm = event.error;
    if (event.kind !== 'refreshed') return;
    this.failure = event.failure;
    this.updated();
  }

  /** The store, as whoever can write to the disk has left it. */
  private store(tamper: Step['tamper']): TrustStore {
    const loadTrust: TrustStore['loadTrust'] = async (name) => {
      this.onLoad();
      const stored = await this.state.loadTrust(name);
      return stored && (tamper?.(stored) ?? stored);
    };
    return Object.create(this.state, { loadTrust: { value: loadTrust } }) as TrustStore;
  }

  private async begin(): Promise<void> {
    this.failure = undefined;
    this.alarm = undefined;
    this.stuck = false;
    await new Promise<void>((resolve) => (this.updated = resolve));
  }

  private failed(): Outcome {
    const error = this.failure ?? this.alarm;
    return error === undefined ? {} : thrown(error);
  }

  private refused(reason: Code, message: string): Outcome {
    return this.failure !== undefined && codeOf(this.failure) === reason ? thrown(this.failure) : { reason, message };
  }
}

function thrown(error: Error): Outcome {
  return { reason: codeOf(error), message: error.message, error };
}
