import type { Digest } from '../oci/digest.ts';
import type { SignedTag } from '../state/store.ts';
import type { Told } from './ask-standing.ts';
import { type Asked, AskedHere } from './asked.ts';
import { Collection, type CollectionOptions, type Current, type Opened } from './collection.ts';
import { collectionKey } from './collection-name.ts';
import { allHold, type Holds, holdsOf, lasting } from './lasting.ts';
import { Outgrown } from './outgrown.ts';
import type { Answer, Question } from './question.ts';

/**
 * The collections that are open. Everything is in the database, so one that was not used for long is closed, and only
 * loaded and verified again when somebody asks: a flood of names costs time, not memory.
 *
 * What is large is asked elsewhere: parsing 20 MB holds a thread for seconds, and with it everybody's pulls. A collection
 * shows its size in the database or while it is updated; then the other thread goes on from what is stored.
 */
export interface CollectionsOptions extends Omit<CollectionOptions, 'largeBytes'> {
  /** Absent: all are held here, as one-off commands do. */
  readonly large?: LargeCollections;
  /** Of metadata, kept parsed, which takes about ten times as much memory. */
  readonly maxHeldBytes?: number;
}

export interface LargeCollections {
  /** How many bytes of metadata are large. */
  readonly fromBytes: number;
  open(opened: Opened): Asked;
}

const MAX_OPEN = 2_000;
const MAX_HELD_BYTES = 32 << 20;

/** One opening: the same object for as long as it is open. */
interface Open {
  readonly asked: Promise<Asked>;
  usedAt: number;
  bytes: number;
}

export class Collections {
  private readonly options: CollectionsOptions;
  private readonly open = new Map<string, Open>();
  private heldBytes = 0;

  constructor(options: CollectionsOptions) {
    this.options = options;
  }

  /** As `Asked.ask`. An answer that is given again is a use of the collection, too. */
  async ask(opened: Opened, question: Question): Promise<Answer> {
    return await this.use(opened, async (asked, isOpen) => {
      const answer = await asked.ask(question);
      return lasting(answer, allHold([holdsOf(answer), isOpen]));
    });
  }

  /** As `Asked.naming`. */
  async naming(opened: Opened, digests: readonly Digest[], prefix: string): Promise<readonly SignedTag[]> {
    return await this.with(opened, (asked) => asked.naming(digests, prefix));
  }

  /** As `Asked.standings`. */
  async standings(opened: Opened, names: readonly string[]): Promise<readonly Told[]> {
    return await this.use(opened, async (asked, isOpen) => {
      const told = await asked.standings(names);
      return told.map((each) => lasting(each, allHold([holdsOf(each), isOpen])));
    });
  }

  /** As `Asked.refreshOlderThan`, whether or not anybody asked for it. @throws faults of our own */
  async refresh(opened: Opened, olderThanMs: number): Promise<void> {
    await this.with(opened, (asked) => asked.refreshOlderThan(olderThanMs));
  }

  /** As `Asked.names`. */
  async names(opened: Opened, prefix: string): Promise<readonly string[]> {
    return await this.with(opened, (asked) => asked.names(prefix));
  }

  /** For commands: on this thread, whatever its size. @throws as `Collection.known` */
  async known(opened: Opened): Promise<Current | undefined> {
    return (await Collection.open(opened, this.options)).known();
  }

  /** Those that somebody asked within so many milliseconds and that were there, at most so many, the last asked first. */
  async recent(withinMs: number, most: number): Promise<readonly Pick<Asked, 'refreshOlderThan'>[]> {
    const since = this.options.now() - withinMs;
    const found: Asked[] = [];
    for (const { asked, usedAt } of [...this.open.values()].reverse()) {
      if (usedAt < since || found.length >= most) break;
      const open = await asked.catch(() => undefined);
      // Names that nobody signed take no place.
      if (open?.isKnown === true) found.push(open);
    }
    return found;
  }

  async with<T>(opened: Opened, work: (asked: Asked) => Promise<T>): Promise<T> {
    return await this.use(opened, work);
  }

  /** @param work is told how to see whether a question now would still come to the same opening of the collection */
  private async use<T>(opened: Opened, work: (asked: Asked, isOpen: Holds) => Promise<T>): Promise<T> {
    const key = collectionKey(opened);
    const { large } = this.options;
    let found = await this.find(key, opened);
    const run = async (): Promise<T> => await work(found.asked, this.whileOpen(key, found.open));
    try {
      return await run();
    } catch (error) {
      if (large === undefined || !(error instanceof Outgrown)) throw error;
      const asked = large.open(opened);
      found = { asked, open: this.keep(key, Promise.resolve(asked)) };
      return await run();
    } finally {
      this.weigh(key, found.asked);
    }
  }

  private whileOpen(key: string, open: Open): Holds {
    return () => {
      const stands = this.open.get(key) === open;
      if (stands) this.touch(key, open);
      return stands;
    };
  }

  private async find(key: string, opened: Opened): Promise<{ asked: Asked; open: Open }> {
    const open = this.keep(key, this.open.get(key)?.asked ?? this.begin(opened));
    try {
      return { asked: await open.asked, open };
    } catch (error) {
      this.drop(key);
      throw error;
    }
  }

  private async begin(opened: Opened): Promise<Asked> {
    const { large, ...options } = this.options;
    if (large === undefined) return new AskedHere(await Collection.open(opened, options));
    if ((await options.store.trustBytes(opened)) > large.fromBytes) return large.open(opened);
    return new AskedHere(await Collection.open(opened, { ...options, largeBytes: large.fromBytes }));
  }

  private keep(key: string, asked: Promise<Asked>): Open {
    const before = this.open.get(key);
    const open = before?.asked === asked ? before : { asked, usedAt: 0, bytes: before?.bytes ?? 0 };
    this.touch(key, open);
    this.closeOldest();
    return open;
  }

  /** Last in the order of use, so that a flood of other names closes those first. */
  private touch(key: string, open: Open): void {
    open.usedAt = this.options.now();
    this.open.delete(key);
    this.open.set(key, open);
  }

  private weigh(key: string, { bytes }: Asked): void {
    const open = this.open.get(key);
    if (open === undefined) return;
    this.heldBytes += bytes - open.bytes;
    open.bytes = bytes;
    this.closeOldest();
  }

  private closeOldest(): void {
    const { maxHeldBytes = MAX_HELD_BYTES } = this.options;
    for (const key of this.open.keys()) {
      const tooMany = this.open.size > MAX_OPEN || this.heldBytes > maxHeldBytes;
      if (!tooMany || this.open.size === 1) return;
      this.drop(key);
    }
  }

  private drop(key: string): void {
    this.heldBytes -= this.open.get(key)?.bytes ?? 0;
    this.open.delete(key);
  }
}
