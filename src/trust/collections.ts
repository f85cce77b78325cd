import type { Digest } from '../oci/digest.ts';
import type { SignedTag } from '../state/store.ts';
import { ask } from './ask.ts';
import { Collection, type CollectionOptions, type Current, type Opened } from './collection.ts';
import type { Answer, Question } from './question.ts';
import { naming, viewSignedTags } from './tuf/collection.ts';

/**
 * The collections that are open. Everything is in the database, so one that was not used for long is closed, and only
 * loaded and verified again when somebody asks: a flood of names costs time, not memory.
 */
const MAX_OPEN = 2_000;

interface Open {
  readonly collection: Promise<Collection>;
  readonly usedAt: number;
}

export class Collections {
  private readonly options: CollectionOptions;
  private readonly open = new Map<string, Open>();

  constructor(options: CollectionOptions) {
    this.options = options;
  }

  /** A refusal is an answer. @throws faults of our own */
  async ask(opened: Opened, question: Question): Promise<Answer> {
    return await ask(await this.find(opened), question);
  }

  /**
   * Who names one of these digests; when the source cannot confirm it now, as the last view has it: it only tells where
   * to look. @throws what `Collection.current` threw, when nothing is known
   */
  async naming(opened: Opened, digests: readonly Digest[]): Promise<readonly SignedTag[]> {
    const collection = await this.find(opened);
    const failure = await collection.current().then(() => undefined, thrown);
    const said = collection.said();
    if (said === undefined && failure !== undefined) throw failure.error;
    return said === undefined ? [] : naming(said, digests);
  }

  /** The names that begin so and that some role of the view signs, each once. @throws as `Collection.current` */
  async names(opened: Opened, prefix: string): Promise<readonly string[]> {
    const { view } = await (await this.find(opened)).current();
    const names = new Set<string>();
    for (const { tag } of viewSignedTags(view)) if (tag.startsWith(prefix)) names.add(tag);
    return [...names].sort();
  }

  /** @throws as `Collection.known` */
  async known(opened: Opened): Promise<Current | undefined> {
    return (await this.find(opened)).known();
  }

  /** Those that somebody asked within so many milliseconds and that were there, at most so many, the last asked first. */
  async recent(withinMs: number, most: number): Promise<readonly Pick<Collection, 'refreshOlderThan'>[]> {
    const since = this.options.now() - withinMs;
    const found: Collection[] = [];
    for (const { collection, usedAt } of [...this.open.values()].reverse()) {
      if (usedAt < since || found.length >= most) break;
      const open = await collection.catch(() => undefined);
      // Names that nobody signed take no place.
      if (open?.said() !== undefined) found.push(open);
    }
    return found;
  }

  private async find(opened: Opened): Promise<Collection> {
    const key = `${opened.source}\n${opened.gun}`;
    const collection = this.open.get(key)?.collection ?? Collection.open(opened, this.options);
    // Last in the order of use, so that a flood of other names closes those first.
    this.open.delete(key);
    this.open.set(key, { collection, usedAt: this.options.now() });
    this.closeOldest();
    try {
      return await collection;
    } catch (error) {
      this.open.delete(key);
      throw error;
    }
  }

  private closeOldest(): void {
    for (const key of this.open.keys()) {
      if (this.open.size <= MAX_OPEN) return;
      this.open.delete(key);
    }
  }
}

function thrown(error: unknown): { readonly error: unknown } {
  return { error };
}
