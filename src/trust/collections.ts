import { Collection, type CollectionOptions, type Current, type Opened } from './collection.ts';
import type { Said } from './tuf/collection.ts';

/**
 * The collections that are open. Everything is in the database, so one that was not used for long is closed, and only
 * loaded and verified again when somebody asks: a flood of names costs time, not memory.
 */
const MAX_OPEN = 2_000;

export class Collections {
  private readonly options: CollectionOptions;
  private readonly open = new Map<string, Promise<Collection>>();

  constructor(options: CollectionOptions) {
    this.options = options;
  }

  /** @throws as `Collection.current` */
  async current(opened: Opened): Promise<Current> {
    return await (await this.find(opened)).current();
  }

  /** @throws as `Collection.current` */
  async again(opened: Opened): Promise<Current> {
    return await (await this.find(opened)).again();
  }

  /** @throws as `Collection.known` */
  async known(opened: Opened): Promise<Current | undefined> {
    return (await this.find(opened)).known();
  }

  /** As `Collection.said`. */
  async said(opened: Opened): Promise<Said | undefined> {
    return (await this.find(opened)).said();
  }

  private async find(opened: Opened): Promise<Collection> {
    const key = `${opened.source}\n${opened.gun}`;
    const found = this.open.get(key) ?? Collection.open(opened, this.options);
    // Last in the order of use, so that a flood of other names closes those first.
    this.open.delete(key);
    this.open.set(key, found);
    this.closeOldest();
    try {
      return await found;
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
