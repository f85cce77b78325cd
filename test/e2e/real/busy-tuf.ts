import { writeFileSync } from 'node:fs';
import { TufServer } from '../../../src/simulator/tuf-server.ts';
import { BusyImages } from './busy-images.ts';
import type { BusySource } from './busy-source.ts';
import { BusyTufCollection } from './busy-tuf-collection.ts';
import { Questions } from './questions.ts';
import type { Workspace } from './workspace.ts';

/** So many repositories share a collection. */
const REPOSITORIES = 4;

/**
 * TUF 1.0 repositories, each a source of its own. One could speak for everything, but would not be asked again for some
 * seconds after it was silent. While silent nothing is published, and nothing is proven: a signer whose file did not
 * come is passed over for the next.
 */
export class BusyTuf implements BusySource {
  readonly published: readonly BusyTufCollection[];
  readonly config: BusySource['config'];
  private readonly server: TufServer;
  private readonly images: BusyImages;
  private readonly asked = new Questions();
  private silent = false;

  private constructor(space: Workspace, server: TufServer, images: BusyImages, count: number, random: () => number) {
    this.server = server;
    this.images = images;
    const repositories = BusyImages.repositories(count * REPOSITORIES);
    this.published = Array.from({ length: count }, (_, i) => {
      const own = repositories.slice(i * REPOSITORIES, (i + 1) * REPOSITORIES);
      return new BusyTufCollection(`vendor-${i}`, own, images, random);
    });
    for (const each of this.published) server.serve(each.source, { get: (path) => this.fetch(each, path) });
    this.config = {
      upstreams: images.upstreams,
      trust: Object.fromEntries(this.published.map((each) => [each.source, this.trust(space, each)])),
      policy: this.published.flatMap(({ source, signers }) =>
        [...signers].map(([match, of]) => ({ match, require: [{ source, signers: of }] })),
      ),
    };
  }

  /** @param count of collections */
  static async start(space: Workspace, count: number, random: () => number): Promise<BusyTuf> {
    const server = new TufServer();
    await server.listen();
    return new BusyTuf(space, server, await BusyImages.start(), count, random);
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.images.close();
  }

  versionOf(repository: string, digest: string): number | undefined {
    return this.images.versionOf(repository, digest);
  }

  silence(on: boolean): void {
    this.silent = on;
    if (on) this.server.misbehaviours.set('*', { kind: 'status', status: 503 });
    else this.server.misbehaviours.clear();
  }

  questions(count: number): Promise<void> {
    return this.asked.after(count);
  }

  private fetch(collection: BusyTufCollection, path: string): Uint8Array | undefined {
    if (this.silent) return undefined;
    this.asked.one();
    return collection.fetch(path);
  }

  private trust(space: Workspace, { source, root: bytes }: BusyTufCollection): Readonly<Record<string, unknown>> {
    const root = space.at(`${source}.root.json`);
    writeFileSync(root, bytes);
    return { type: 'tuf', url: new URL(source, this.server.url).href, root };
  }
}
