import { writeFileSync } from 'node:fs';
import { Dockerd } from './dockerd.ts';
import { pushIndex } from './image.ts';
import { Notary } from './notary.ts';
import { NotaryClient } from './notary-client.ts';
import { Origin } from './origin.ts';
import { Publisher } from './publisher.ts';
import { Registry } from './registry.ts';
import { Tufgate } from './tufgate.ts';
import { Wire } from './wire.ts';
import { Workspace } from './workspace.ts';

/** A signed index: its collection was made by `notary`, and is pinned by its root file. */
export const INDEX = 'library/multi';
/** Signed by `docker trust`, pinned by root key. `library` is for mirrors of Docker Hub, `acme` for pulls by name. */
export const HELLO = ['library/hello', 'acme/hello'] as const;

/**
 * Everything a client needs for a story: a registry that publishers pushed to and signed for, a trust server, tufgate
 * between them and the clients, and the place where the internet would be. tufgate reaches the registry by a wire that
 * counts and can lie.
 */
export class World {
  readonly space = new Workspace();
  registry!: Registry;
  wire!: Wire;
  notary!: Notary;
  /** Signs with the `notary` command what `docker trust` cannot: an index, for example. */
  vendor!: NotaryClient;
  origin!: Origin;
  publisher!: Publisher;
  gate!: Tufgate;

  /** @param publish puts what the stories need into the registry and signs it, before tufgate starts */
  static async start(publish: (world: World) => Promise<readonly string[]>): Promise<World> {
    const world = new World();
    try {
      await world.startPeers();
      const collections = await publish(world);
      world.gate = await Tufgate.start(world.space, await world.config(collections));
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.space.close();
  }

  /** Signs an index of two platforms under the name that clients ask for. */
  async publishIndex(): Promise<void> {
    const index = await pushIndex(this.registry, INDEX, '1.0', ['amd64', 'arm64']);
    await this.vendor.init(`docker.io/${INDEX}`);
    await this.vendor.sign(`docker.io/${INDEX}`, '1.0', index);
  }

  private async startPeers(): Promise<void> {
    const { space } = this;
    [this.registry, this.notary, this.origin] = await Promise.all([
      Registry.start(space),
      Notary.start(space),
      Origin.start(space),
    ]);
    this.vendor = new NotaryClient(space, this.notary, 'vendor');
    this.wire = await Wire.start(space, this.registry.url);
    const docker = await Dockerd.start(space, { name: 'publisher' });
    this.publisher = await Publisher.start(space, docker, this.registry, this.notary);
  }

  /** @param collections repositories signed by `docker trust` */
  private async config(collections: readonly string[]): Promise<Record<string, unknown>> {
    const pins: Record<string, { keys: string[] }> = {};
    for (const repository of collections) {
      const gun = this.publisher.gun(repository);
      pins[gun] = { keys: await this.notary.rootKeys(gun) };
    }
    const server = { type: 'notary', url: this.notary.url, ca: this.notary.ca };
    return {
      upstreams: { 'docker.io': { url: this.wire.url } },
      default_upstream: 'docker.io',
      trust: {
        publisher: { ...server, gun: `${this.registry.host}/{repository}`, pins },
        vendor: { ...server, pins: { [`docker.io/${INDEX}`]: { root: await this.rootFile() } } },
      },
      policy: [
        { match: `docker.io/${INDEX}`, require: ['vendor'] },
        { match: 'docker.io/library/**', require: ['publisher'] },
        { match: 'docker.io/acme/**', require: ['publisher'] },
        { match: '**', deny: { message: 'ask the platform team to approve this image' } },
      ],
      freshness: { check_every: '1s' },
      cache: { max_size: '8GiB' },
      log: { level: 'info', format: 'json' },
    };
  }

  private async rootFile(): Promise<string> {
    const file = this.space.at('multi.root.json');
    writeFileSync(file, await this.notary.metadata(`docker.io/${INDEX}`, 'root'));
    return file;
  }
}
