import type { NotaryConfig, Pin, TrustSourceConfig, TufConfig } from '../config/config.ts';
import type { Repository } from '../oci/reference.ts';
import type { Collection } from '../state/store.ts';

/**
 * What a trust source calls a repository (Notary: its GUN), and which pin anchors that name.
 *
 * Notary matched pins by plain string prefix and lower-cased them: a pin for `reg.example/te` covered
 * `reg.example/team`, and one with a capital letter covered nothing, silently. Here names are compared as they are,
 * segment by segment.
 */
export function gunOf(config: Pick<NotaryConfig, 'gun'>, repository: Repository): string {
  return filled(config.gun, repository);
}

/** The one collection of a TUF 1.0 source, which speaks for all images, and is anchored in its one root file. */
export const EVERYTHING = '*';

/** One collection, as a text that no other has. */
export function collectionKey({ source, gun }: Collection): string {
  return `${source}\n${gun}`;
}

/** Which collection of the source speaks for a repository. */
export function collectionFor(config: TrustSourceConfig, repository: Repository): string {
  return config.kind === 'notary' ? gunOf(config, repository) : EVERYTHING;
}

/** A template with the names of this repository; what else stands in it stays. */
export function filled(template: string, repository: Repository): string {
  // One pass, and no replacement patterns: a `$&` in a value would mean nothing.
  return template.replace(/\{(?:registry|repository)\}/g, (placeholder) =>
    placeholder === '{registry}' ? repository.registry : repository.path,
  );
}

type PinsConfig = Pick<NotaryConfig, 'kind' | 'pins'> | Pick<TufConfig, 'kind' | 'root'>;

/**
 * The pin that holds for this GUN: the one that names it, else the longest one above it. Pins do not add up, and there
 * is no fall-through: where the longest one does not verify, no shorter one is tried.
 */
export function pinFor(config: PinsConfig, gun: string): Pin | undefined {
  if (config.kind === 'tuf') return { gun: EVERYTHING, prefix: false, anchor: config.root };
  let best: Pin | undefined;
  for (const pin of config.pins) {
    if (!pin.prefix && pin.gun === gun) return pin;
    const covers = pin.prefix && gun.startsWith(`${pin.gun}/`);
    if (covers && (best === undefined || pin.gun.length > best.gun.length)) best = pin;
  }
  return best;
}
