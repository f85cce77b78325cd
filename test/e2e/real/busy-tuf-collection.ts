import { TufRepository } from '../../../src/simulator/tuf-repository.ts';
import { EVERYTHING } from '../../../src/trust/collection-name.ts';
import type { BusyImages } from './busy-images.ts';
import { type BusyCollection, TAGS } from './busy-source.ts';
import { Evidence } from './evidence.ts';

/** In the order in which an update loads them: who asks for one has stored the one before. */
const VIEW = ['timestamp', 'snapshot', 'targets'];
/** Every so many publishes the root key is new. */
const ROOT_EVERY = 10;

/**
 * Each repository has two signers of its own below `targets`, so that searches for one load and store files while those
 * for another do. Publishes whenever somebody asks for a timestamp, and now and then in the middle of an update or a
 * search.
 */
export class BusyTufCollection implements BusyCollection {
  readonly source: string;
  readonly gun = EVERYTHING;
  readonly view = VIEW;
  readonly signers: ReadonlyMap<string, readonly string[]>;
  readonly proven = new Evidence();
  private readonly publisher = new TufRepository(Date.now());
  private readonly images: BusyImages;
  private readonly random: () => number;
  /** By role, the signer whose file a search loads before. */
  private readonly before: ReadonlyMap<string, string | undefined>;
  /** The newest that was asked for. */
  private snapshot = 0;

  constructor(source: string, repositories: readonly string[], images: BusyImages, random: () => number) {
    this.source = source;
    this.images = images;
    this.random = random;
    this.signers = new Map(repositories.map((each) => [each, [`${each}/one`, `${each}/two`]]));
    const roles = [...this.signers.values()];
    this.before = new Map(roles.flatMap((of) => of.map((role, i) => [role, of[i - 1]] as const)));
    for (const [repository, of] of this.signers)
      for (const role of of) this.publisher.delegate(role, { paths: [`${repository}:*`] });
    this.publish();
  }

  /** The root to pin. */
  get root(): Uint8Array {
    return this.publisher.at('root', 1);
  }

  /** @param path as it stands in the URL: `3.registry.example%2Facme%2Fapp-0%2Fone.json` */
  fetch(path: string): Uint8Array | undefined {
    const [, version, role = ''] = /^(?:([0-9]+)\.)?(.+)\.json$/.exec(decodeURIComponent(path)) ?? [];
    this.witness(role, Number(version));
    const middle = role === 'targets' || this.before.has(role);
    if (role === 'timestamp' || (middle && this.random() < 0.2)) this.publish();
    return this.publisher.files.get(path);
  }

  private publish(): void {
    const version = this.publisher.of('targets').version + 1;
    for (const [repository, roles] of this.signers) {
      const { digest, size: length } = this.images.add(repository, version);
      for (const role of roles)
        for (const tag of TAGS) this.publisher.put(`${repository}:${tag}`, { digest, length }, role);
    }
    if (version % ROOT_EVERY === 0) this.publisher.rotate('root');
    this.publisher.touch('targets').publish();
  }

  private witness(role: string, version: number): void {
    if (role === 'root') this.proven.floor('root', version - 1);
    if (role === 'snapshot') this.snapshot = Math.max(version, this.snapshot);
    const above = VIEW[VIEW.indexOf(role) - 1];
    if (above !== undefined) this.proven.floor(above, version);
    if (this.before.has(role)) this.witnessSearch(this.before.get(role), version);
  }

  /**
   * A search stands on a stored view. What it loads is stored too before it goes on, unless an update has gone beyond
   * that view: then the file serves this search alone, because its version may lie above what recovery begins anew.
   */
  private witnessSearch(before: string | undefined, version: number): void {
    this.proven.viewOf(VIEW, version);
    if (before !== undefined && version === this.snapshot) this.proven.floor(before, version);
  }
}
