import { readFileSync } from 'node:fs';
import { type BenchImage, gateConfig, type Origin, startOrigin } from '../../bench/cache/image.ts';
import { CacheFiles } from './cache-files.ts';
import { pull, type Pulled } from './puller.ts';
import { Tufgate } from './tufgate.ts';
import { Wire } from './wire.ts';
import { Workspace } from './workspace.ts';

export const MIB = 1024 * 1024;

/** Programs that stories of faults need: no Docker. */
export const FAULTS = ['docker-registry'];

/** Nobody is asked about signatures: the trust side has kill and clock stories of its own. */
export const UNSIGNED = [
  { match: 'reg.example/acme/**', allow: { reason: 'a story', owner: 'platform', until: '2099-12-31' } },
];

export interface FaultWorldOptions {
  /** Bytes of the one layer of each image. */
  readonly sizes: readonly number[];
  readonly config?: Readonly<Record<string, unknown>>;
  /** Once there is a workspace, and before the gate starts in it. @returns more for the environment of the gate */
  readonly prepare?: (space: Workspace) => Promise<Readonly<Record<string, string>> | undefined>;
}

/** The built gate, before a real registry behind a wire that can fail, and a simulated trust server. */
export class FaultWorld {
  readonly space = new Workspace();
  origin!: Origin;
  wire!: Wire;
  gate!: Tufgate;
  cache!: CacheFiles;
  images: readonly BenchImage[] = [];

  static async start(options: FaultWorldOptions): Promise<FaultWorld> {
    const world = new FaultWorld();
    try {
      await world.open(options);
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.space.close();
  }

  /** Pulls the layer of an image, whole unless `range` says otherwise (`bytes=…`). */
  layer(image: BenchImage, range?: string): Promise<Pulled> {
    return pull(this.gate.url + image.layerPath, range === undefined ? {} : { range });
  }

  /** Asks for the tag: what a client does before it knows a layer. */
  tag(image: BenchImage): Promise<Pulled> {
    return pull(this.gate.url + image.tagPath);
  }

  isCached(image: BenchImage): boolean {
    return this.cache.blobs().includes(image.layer.digest);
  }

  /** What the layer is made of. */
  bytes(image: BenchImage): Buffer {
    return readFileSync(this.space.at(`layer-${nameOf(image)}`));
  }

  /** Lines of the gate's log that say so. */
  said(words: string): readonly string[] {
    return this.gate.log.split('\n').filter((line) => line.includes(words));
  }

  private async open({ sizes, config = {}, prepare }: FaultWorldOptions): Promise<void> {
    const { space } = this;
    this.origin = await startOrigin(space);
    space.onClose(() => this.origin.close());
    this.wire = await Wire.start(space, this.origin.registry.url);
    const images: BenchImage[] = [];
    for (const [i, size] of sizes.entries()) images.push(await this.origin.image(`app${i}`, size));
    this.images = images;
    const env = await prepare?.(space);
    const upstreams = { 'reg.example': { url: this.wire.url } };
    this.gate = await Tufgate.start(space, gateConfig(this.origin, images, { upstreams, ...config }), env);
    this.cache = new CacheFiles(this.gate.data);
  }
}

function nameOf({ repository }: BenchImage): string {
  return repository.slice(repository.indexOf('/') + 1);
}
