import type { Room } from '../eviction.ts';
import type { CacheIndex } from '../index/cache-index.ts';
import type { Evictor, Goal } from './evictor.ts';

/**
 * Room for what is being written. Whoever writes waits until what has arrived fits, and for no more: the way down to the low
 * water is gone on its own.
 */
export class RoomMaker {
  readonly #room: Room;
  readonly #goal: Goal;
  readonly #evictor: Evictor;
  readonly #waiting = new Set<{ readonly resolve: () => void; readonly reject: (error: unknown) => void }>();
  #running: Promise<void> | undefined;

  constructor(room: Room, index: CacheIndex, evictor: Evictor) {
    this.#room = room;
    this.#evictor = evictor;
    this.#goal = {
      needed: () => room.lacking(index.totals.bytes),
      wanted: () => room.aboveLowWater(index.totals.bytes),
    };
  }

  /** For `bytes` more of a promised blob. @throws cache.failed when there is no room, now */
  async grow(bytes: number): Promise<void> {
    this.#room.grow(bytes);
    if (this.#goal.needed() <= 0) return;
    const enough = new Promise<void>((resolve, reject) => this.#waiting.add({ resolve, reject }));
    this.#running ??= this.#run();
    await enough;
  }

  /** Resolves when nothing is being evicted. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    try {
      await this.#evictor.evict(this.#goal, () => this.#letGo());
      this.#letGo();
    } catch (error) {
      for (const { reject } of this.#waiting) reject(error);
      this.#waiting.clear();
    }
    // Who came while it ended.
    this.#running = this.#waiting.size > 0 ? this.#run() : undefined;
  }

  #letGo(): void {
    if (this.#goal.needed() > 0) return;
    for (const { resolve } of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
