import type { BenchImage } from '../../bench/cache/image.ts';
import type { FaultWorld } from './fault-world.ts';
import { pull } from './puller.ts';

/** Bytes of a range at most. */
const RANGE = 300_000;

/**
 * Clients that pull whole blobs and parts of them, by chance, until they are stopped or the gate dies. What they were
 * given is compared with what was pushed, byte by byte, also where the answer broke off.
 */
export class PullLoad {
  /** Answers that were complete. */
  complete = 0;
  /** What no client should ever see. */
  readonly wrong: string[] = [];
  private readonly world: FaultWorld;
  private readonly random: () => number;
  private readonly truth: ReadonlyMap<BenchImage, Buffer>;
  private gateMayDie = false;
  private running: Promise<unknown> | undefined;

  /** @param random 0 to below 1, decides who asks for what */
  constructor(world: FaultWorld, random: () => number) {
    this.world = world;
    this.random = random;
    this.truth = new Map(world.images.map((image) => [image, world.bytes(image)]));
  }

  start(clients: number): void {
    this.gateMayDie = false;
    this.running = Promise.all(Array.from({ length: clients }, () => this.client()));
  }

  /** From now on answers may break off. */
  dying(): void {
    this.gateMayDie = true;
  }

  /** Resolves when the last answer has ended. */
  async over(): Promise<void> {
    this.dying();
    await this.running;
  }

  private async client(): Promise<void> {
    while (!this.gateMayDie) await this.one();
  }

  private async one(): Promise<void> {
    const image = this.world.images[this.below(this.world.images.length)]!;
    const whole = this.random() < 0.6;
    const start = whole ? 0 : this.below(image.layer.size);
    const end = whole ? image.layer.size : Math.min(image.layer.size, start + 1 + this.below(RANGE));
    await this.compare(image, start, end, whole ? 200 : 206);
  }

  private async compare(image: BenchImage, start: number, end: number, status: number): Promise<void> {
    const truth = this.truth.get(image)!.subarray(start, end);
    let [at, same] = [0, true];
    const onBytes = (bytes: Buffer): void => {
      same &&= bytes.equals(truth.subarray(at, at + bytes.length));
      at += bytes.length;
    };
    const range = status === 206 ? { range: `bytes=${start}-${end - 1}` } : {};
    const got = await pull(this.world.gate.url + image.layerPath, { ...range, onBytes });
    const right = got.complete && got.status === status && at === truth.length;
    if (right && same) this.complete += 1;
    else if (!this.gateMayDie || !same) this.wrong.push(`${image.layerPath} ${start}-${end}: ${JSON.stringify(got)}`);
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }
}
