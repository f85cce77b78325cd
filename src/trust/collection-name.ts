import type { NotaryConfig, Pin } from '../config/config.ts';
import type { Repository } from '../oci/reference.ts';

/**
 * What a trust source calls a repository (Notary: its GUN), and which pin anchors that name.
 *
 * Notary matched pins by plain string prefix and lower-cased them: a pin for `reg.example/te` covered
 * `reg.example/team`, and one with a capital letter covered nothing, silently. Here names are compared as they are,
 * segment by segment.
 */
export function gunOf(config: Pick<NotaryConfig, 'gun'>, repository: Repository): string {
  // One pass, and no replacement patterns: a `$&` in a value would mean nothing.
  return config.gun.replace(/\{(?:registry|repository)\}/g, (placeholder) =>
    placeholder === '{registry}' ? repository.registry : repository.path,
  );
}

/**
 * The pin that holds for this GUN: the one that names it, else the longest one above it. Pins do not add up, and there
 * is no fall-through: where the longest one does not verify, no shorter one is tried.
 */
export function pinFor(config: Pick<NotaryConfig, 'pins'>, gun: string): Pin | undefined {
  let best: Pin | undefined;
  for (const pin of config.pins) {
    if (!pin.prefix && pin.gun === gun) return pin;
    const covers = pin.prefix && gun.startsWith(`${pin.gun}/`);
    if (covers && pin.gun.length > (best?.gun.length ?? -1)) best = pin;
  }
  return best;
}
