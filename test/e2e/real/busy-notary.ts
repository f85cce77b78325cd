import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { NotaryRepository } from '../../../src/simulator/notary-repository.ts';
import { NotaryServer } from '../../../src/simulator/notary-server.ts';
import { BusyImages } from './busy-images.ts';
import { type BusyCollection, type BusySource, TAGS } from './busy-source.ts';
import { Evidence } from './evidence.ts';
import { Questions } from './questions.ts';
import type { Workspace } from './workspace.ts';

/** In the order in which they are loaded: who asks for one has stored the one before. */
const ROLES = ['timestamp', 'snapshot', 'targets', 'targets/one', 'targets/two'];
const SIGNERS = ['targets/one', 'targets/two'];
/** Every so many publishes of a collection its root key is new. */
const ROOT_EVERY = 10;

/**
 * A collection a repository. Publishes whenever somebody asks for a timestamp, and now and then in the middle of an
 * update.
 */
export class BusyNotary extends NotaryServer implements BusySource {
  readonly published: readonly BusyCollection[];
  config: BusySource['config'] = {};
  private readonly publishers = new Map<string, NotaryRepository>();
  private readonly evidence = new Map<string, Evidence>();
  private readonly images: BusyImages;
  private readonly random: () => number;
  /** By name of the file without its role's own: `targets.<sha256>`. */
  private readonly versions = new Map<string, number>();
  private readonly asked = new Questions();

  private constructor(images: BusyImages, count: number, random: () => number) {
    super();
    this.images = images;
    this.random = random;
    this.published = BusyImages.repositories(count).map((gun) => this.begin(gun));
  }

  /** @param count of collections */
  static async start(space: Workspace, count: number, random: () => number): Promise<BusyNotary> {
    const busy = new BusyNotary(await BusyImages.start(), count, random);
    const url = (await busy.listen()).href;
    busy.config = {
      upstreams: busy.images.upstreams,
      trust: { vendor: { type: 'notary', url, pins: busy.pins(space) } },
      policy: [{ match: 'registry.example/**', require: [{ source: 'vendor', signers: SIGNERS }] }],
    };
    return busy;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.images.close();
  }

  override fetch(gun: string, name: string): Uint8Array | undefined {
    this.witness(gun, name);
    this.asked.one();
    if (name === 'timestamp' || (name.startsWith('targets.') && this.random() < 0.2)) this.publish(gun);
    return super.fetch(gun, name);
  }

  versionOf(repository: string, digest: string): number | undefined {
    return this.images.versionOf(repository, digest);
  }

  silence(on: boolean): void {
    if (on) this.misbehaviours.set('*', { kind: 'status', status: 503 });
    else this.misbehaviours.clear();
  }

  questions(count: number): Promise<void> {
    return this.asked.after(count);
  }

  private begin(gun: string): BusyCollection {
    const publisher = new NotaryRepository(gun, Date.now());
    for (const role of SIGNERS) publisher.delegate(role);
    const proven = new Evidence();
    this.publishers.set(gun, publisher);
    this.evidence.set(gun, proven);
    this.add(publisher);
    this.publish(gun);
    return { source: 'vendor', gun, signers: new Map([[gun, SIGNERS]]), view: ROLES, proven };
  }

  private publish(gun: string): void {
    const publisher = this.publishers.get(gun);
    if (publisher === undefined) return;
    const version = publisher.of('targets').version + 1;
    const image = this.images.add(gun, version);
    for (const role of SIGNERS) for (const tag of TAGS) publisher.sign(tag, image.digest, image.size, role);
    if (version % ROOT_EVERY === 0) publisher.rotate('root');
    publisher.touch('targets').publish();
    for (const role of ROLES) this.versions.set(`${role}.${sha256(publisher.bytesOf(role))}`, version);
  }

  private witness(gun: string, name: string): void {
    const proven = this.evidence.get(gun);
    const [root] = /^[0-9]+(?=\.root$)/.exec(name) ?? [];
    if (root !== undefined) proven?.floor('root', Number(root) - 1);
    const before = ROLES[ROLES.indexOf(name.slice(0, name.indexOf('.'))) - 1];
    const version = this.versions.get(name);
    if (before !== undefined && version !== undefined) proven?.floor(before, version);
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
