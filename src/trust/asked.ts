import type { Digest } from '../oci/digest.ts';
import type { SignedTag } from '../state/store.ts';
import { ask } from './ask.ts';
import { askStandings, type Told } from './ask-standing.ts';
import type { Collection } from './collection.ts';
import { Outgrown } from './outgrown.ts';
import type { Answer, Question } from './question.ts';
import { naming, viewSignedTags } from './tuf/collection.ts';

/** One collection, on whichever thread it lives: small questions, small answers. */
export interface Asked {
  /** A refusal is an answer. @throws faults of our own */
  ask(question: Question): Promise<Answer>;
  /**
   * Who names one of these digests, under names that begin so: in a collection for all images one repository's publisher must
   * not make another's requests travel with all that he names. When the source cannot confirm it now, as the last view has it: it only tells where
   * to look. @throws what kept it from being confirmed, when nothing is known
   */
  naming(digests: readonly Digest[], prefix: string): Promise<readonly SignedTag[]>;
  /** What the repository says of these digests, each by the name of its target: in the order of the names. TUF 1.0. */
  standings(names: readonly string[]): Promise<readonly Told[]>;
  /** The first names, in order, that begin so and that some role of the view signs, each once. @throws trust.* */
  names(prefix: string): Promise<readonly string[]>;
  /** Before somebody asks: a view that was confirmed longer ago than this is asked for again. @throws Outgrown */
  refreshOlderThan(ms: number): Promise<void>;
  /** Of metadata, held in this thread's memory. */
  readonly bytes: number;
  /** Somebody signed something there. */
  readonly isKnown: boolean;
}

/** As many as a list of tags has. */
const MAX_NAMES = 10_000;

/** A collection of this thread. */
export class AskedHere implements Asked {
  private readonly collection: Collection;

  constructor(collection: Collection) {
    this.collection = collection;
  }

  async ask(question: Question): Promise<Answer> {
    return await ask(this.collection, question);
  }

  async naming(digests: readonly Digest[], prefix: string): Promise<readonly SignedTag[]> {
    const failure = await this.collection.current().then(() => undefined, thrown);
    const said = this.collection.said();
    if (failure !== undefined && (said === undefined || failure.error instanceof Outgrown)) throw failure.error;
    return said === undefined ? [] : naming(said, digests).filter(({ tag }) => tag.startsWith(prefix));
  }

  async standings(names: readonly string[]): Promise<readonly Told[]> {
    return await askStandings(this.collection, names);
  }

  async names(prefix: string): Promise<readonly string[]> {
    const { view } = await this.collection.current();
    const names = new Set<string>();
    for (const { tag } of viewSignedTags(view)) if (tag.startsWith(prefix)) names.add(tag);
    return [...names].sort().slice(0, MAX_NAMES);
  }

  async refreshOlderThan(ms: number): Promise<void> {
    await this.collection.refreshOlderThan(ms);
  }

  get bytes(): number {
    return this.collection.bytes;
  }

  get isKnown(): boolean {
    return this.collection.said() !== undefined;
  }
}

function thrown(error: unknown): { readonly error: unknown } {
  return { error };
}
