import { type AddedImage, RegistrySimulator } from '../../../src/simulator/registry.ts';

const REGISTRY = 'registry.example';

/** What busy publishers sign, in a registry of this process: each publish of a repository has an image of its own. */
export class BusyImages {
  private readonly registry: RegistrySimulator;
  /** By `repository@digest`. */
  private readonly versions = new Map<string, number>();

  private constructor(registry: RegistrySimulator) {
    this.registry = registry;
  }

  static async start(): Promise<BusyImages> {
    return new BusyImages(await RegistrySimulator.start());
  }

  /** So many full names. */
  static repositories(count: number): readonly string[] {
    return Array.from({ length: count }, (_, i) => `${REGISTRY}/acme/app-${i}`);
  }

  /** `upstreams` of the configuration. */
  get upstreams(): Readonly<Record<string, unknown>> {
    return { [REGISTRY]: { url: this.registry.url.href } };
  }

  add(repository: string, version: number): AddedImage {
    const path = repository.slice(REGISTRY.length + 1);
    const image = this.registry.addImage({ repository: path, layers: [], config: { repository, version } });
    this.versions.set(`${repository}@${image.digest}`, version);
    return image;
  }

  versionOf(repository: string, digest: string): number | undefined {
    return this.versions.get(`${repository}@${digest}`);
  }

  close(): Promise<void> {
    return this.registry.close();
  }
}
