import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { NotaryRepository } from '../../../src/simulator/notary-repository.ts';
import { NotaryServer } from '../../../src/simulator/notary-server.ts';
import { RegistrySimulator } from '../../../src/simulator/registry.ts';
import { type BusySource, TAGS } from './busy-source.ts';
import type { Workspace } from './workspace.ts';

/** In the order in which they are loaded: who asks for one has stored the one before. */
const ROLES = ['timestamp', 'snapshot', 'targets', 'targets/one', 'targets/two'];
const SIGNERS = ['targets/one', 'targets/two'];
/** Every so many publishes of a collection its root key is new. */
const ROOT_EVERY = 10;

/** Publishes whenever somebody asks for a timestamp, and now and then in the middle of an update. */
export class BusyNotary extends NotaryServer implements BusySource {
  readonly repositories: readonly string[];
  config: BusySource['config'] = {};
  private readonly publishers = new Map<string, NotaryRepository>();
  private readonly registry: RegistrySimulator;
  private readonly random: () => number;
  /** By digest of the image, and by name of the file without its role's own: `targets.<sha256>`. */
  private readonly versions = new Map<string, number>();
  private awaited: { count: number; readonly resolve: () => void } | undefined;
  private readonly evidence = new Map<string, Map<string, number>>();

  private constructor(registry: RegistrySimulator, count: number, random: () => number) {
    super();
    this.registry = registry;
    this.random = random;
    this.repositories = Array.from({ length: count }, (_, i) => `registry.example/acme/app-${i}`);
  }

  static async start(space: Workspace, count: number, random: () => number): Promise<BusyNotary> {
    const busy = new BusyNotary(await RegistrySimulator.start(), count, random);
    for (const name of busy.repositories) busy.begin(name);
    const url = (await busy.listen()).href;
    busy.config = {
      upstreams: { 'registry.example': { url: busy.registry.url.href } },
      trust: { vendor: { type: 'notary', url, pins: busy.pins(space) } },
      policy: [{ match: 'registry.example/**', require: [{ source: 'vendor', signers: SIGNERS }] }],
    };
    return busy;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.registry.close();
  }

  override fetch(gun: string, name: string): Uint8Array | undefined {
    this.witness(gun, name);
    if (this.awaited !== undefined && --this.awaited.count === 0) this.awaited.resolve();
    if (name === 'timestamp' || (name.startsWith('targets.') && this.random() < 0.2)) this.publish(gun);
    return super.fetch(gun, name);
  }

  versionOf(digest: string): number | undefined {
    return this.versions.get(digest);
  }

  silence(on: boolean): void {
    if (on) this.misbehaviours.set('*', { kind: 'status', status: 503 });
    else this.misbehaviours.clear();
  }

  questions(count: number): Promise<void> {
    return new Promise((resolve) => void (this.awaited = { count, resolve }));
  }

  proven(gun: string): ReadonlyMap<string, number> {
    return this.evidence.get(gun) ?? new Map<string, number>();
  }

  private begin(gun: string): void {
    const publisher = new NotaryRepository(gun, Date.now());
    for (const role of SIGNERS) publisher.delegate(role);
    this.publishers.set(gun, publisher);
    this.evidence.set(gun, new Map());
    this.add(publisher);
    this.publish(gun);
  }

  private publish(gun: string): void {
    const publisher = this.publishers.get(gun);
    if (publisher === undefined) return;
    const version = publisher.of('targets').version + 1;
    const image = this.registry.addImage({
      repository: gun.slice(gun.indexOf('/') + 1),
      layers: [],
      config: { version },
    });
    this.versions.set(image.digest, version);
    for (const role of SIGNERS) for (const tag of TAGS) publisher.sign(tag, image.digest, image.size, role);
    if (version % ROOT_EVERY === 0) publisher.rotate('root');
    publisher.touch('targets').publish();
    for (const role of ROLES) this.versions.set(`${role}.${sha256(publisher.bytesOf(role))}`, version);
  }

  private witness(gun: string, name: string): void {
    const [root] = /^[0-9]+(?=\.root$)/.exec(name) ?? [];
    if (root !== undefined) this.prove(gun, 'root', Number(root) - 1);
    const before = ROLES[ROLES.indexOf(name.slice(0, name.indexOf('.'))) - 1];
    const version = this.versions.get(name);
    if (before !== undefined && version !== undefined) this.prove(gun, before, version);
  }

  private prove(gun: string, role: string, version: number): void {
    const known = this.evidence.get(gun);
    known?.set(role, Math.max(version, known.get(role) ?? 0));
  }

  private pins(space: Workspace): Record<string, { root: string }> {
    const pinned = [...this.publishers].map(([gun, publisher]) => {
      const root = space.at(`${gun.replaceAll('/', '_')}.root.json`);
      writeFileSync(root, publisher.bytesOf('root'));
      return [gun, { root }] as const;
    });
    return Object.fromEntries(pinned);
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
