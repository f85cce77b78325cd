import type { Digest } from '../../oci/digest.ts';
import type { Blob, ImageFacts, PlatformFacts } from './facts.ts';

/** What changed between two images: the last approved one, and the one that is about to be. */
export interface Difference {
  readonly before: Digest;
  readonly after: Digest;
  readonly added: readonly PlatformFacts[];
  readonly removed: readonly PlatformFacts[];
  /** Platforms that both have, in the order of the later one; equal ones too. */
  readonly both: readonly PlatformDifference[];
  readonly created: Change<number | undefined>;
}

export interface PlatformDifference {
  readonly platform: string;
  /** The very same manifest. */
  readonly same: boolean;
  /** Of one of them nobody looked at the layers, or the upstream had none to show. */
  readonly unknown: boolean;
  readonly layers: {
    readonly kept: readonly Blob[];
    readonly added: readonly Blob[];
    readonly removed: readonly Blob[];
  };
  /** Nothing was added or removed, but they lie in another order, or another number of times: what is on top differs. */
  readonly reordered: boolean;
  /** Some byte of the configuration; `labels` and `settings` say which of those that can be shown. */
  readonly configChanged: boolean;
  readonly labels: TextDifference;
  readonly settings: TextDifference;
  readonly created: Change<number | undefined>;
}

export interface TextDifference {
  readonly added: ReadonlyMap<string, string>;
  readonly removed: ReadonlyMap<string, string>;
  readonly changed: ReadonlyMap<string, Change<string>>;
}

export interface Change<T> {
  readonly before: T;
  readonly after: T;
}

/** Pure. Two entries for one platform are told apart by their order: neither hides behind the other. */
export function difference(before: ImageFacts, after: ImageFacts): Difference {
  const earlier = byPlatform(before.platforms);
  const later = byPlatform(after.platforms);
  const both = [...later].flatMap(([key, now]) => {
    const then = earlier.get(key);
    return then === undefined ? [] : [platformDifference(then, now)];
  });
  return {
    before: before.digest,
    after: after.digest,
    added: without(later, earlier),
    removed: without(earlier, later),
    both,
    created: { before: before.created, after: after.created },
  };
}

function byPlatform(platforms: readonly PlatformFacts[]): ReadonlyMap<string, PlatformFacts> {
  const found = new Map<string, PlatformFacts>();
  for (const each of platforms) {
    let twin = 0;
    while (found.has(`${each.platform}\n${twin}`)) twin++;
    found.set(`${each.platform}\n${twin}`, each);
  }
  return found;
}

function without<T>(some: ReadonlyMap<string, T>, others: ReadonlyMap<string, T>): readonly T[] {
  return [...some].flatMap(([key, value]) => (others.has(key) ? [] : [value]));
}

function platformDifference(before: PlatformFacts, after: PlatformFacts): PlatformDifference {
  const [then, now] = [distinct(before.layers), distinct(after.layers)];
  const layers = {
    kept: [...now.values()].filter(({ digest }) => then.has(digest)),
    added: without(now, then),
    removed: without(then, now),
  };
  const sameSet = layers.added.length === 0 && layers.removed.length === 0;
  return {
    platform: after.platform,
    same: before.digest === after.digest,
    unknown: before.config === undefined || after.config === undefined,
    layers,
    reordered: sameSet && order(before) !== order(after),
    configChanged: before.config?.digest !== after.config?.digest,
    labels: textDifference(before.labels, after.labels),
    settings: textDifference(before.settings, after.settings),
    created: { before: before.created, after: after.created },
  };
}

function distinct(layers: readonly Blob[]): ReadonlyMap<Digest, Blob> {
  return new Map(layers.map((layer) => [layer.digest, layer]));
}

function order({ layers }: PlatformFacts): string {
  return layers.map(({ digest }) => digest).join();
}

function textDifference(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): TextDifference {
  const changed = new Map<string, Change<string>>();
  for (const [name, text] of after) {
    const was = before.get(name);
    if (was !== undefined && was !== text) changed.set(name, { before: was, after: text });
  }
  const added = new Map([...after].filter(([name]) => !before.has(name)));
  const removed = new Map([...before].filter(([name]) => !after.has(name)));
  return { added, removed, changed };
}
