import { afterEach, expect, it } from 'vitest';
import { FaultWorld, FAULTS, MIB } from './real/fault-world.ts';
import { stories } from './real/needs.ts';
import { pull } from './real/puller.ts';
import { SlowClients } from './real/slow-clients.ts';
import { until } from './real/until.ts';

const SOAK = process.env['SOAK'] !== undefined;
const IDLE = 2_000;
/**
 * Of the blob that slow clients hold, and how many they are: more than there are large buffers for. Each costs about 128 KiB more, so
 * that 400 come to 253 MiB.
 */
const [LARGE, SLOW] = SOAK ? [256 * MIB, 300] : [32 * MIB, 100];
const WAITING = 50;
const COLD = 8 * MIB;
/** In milliseconds, for a machine that does other work beside. */
const SOON = 2_000;
const MEMORY = 256 * MIB;

stories('clients that hold on to a gate cost nobody else anything', FAULTS, () => {
  let world: FaultWorld;
  let slow: SlowClients;
  afterEach(async () => {
    slow.leave();
    await world.close();
  });

  async function open(sizes: readonly number[], config = {}): Promise<void> {
    world = await FaultWorld.start({ sizes, config });
    slow = new SlowClients(world.gate.port);
    for (const image of world.images) await world.tag(image);
  }

  /** Whole and right, and how long it took. */
  async function layer(index: number): Promise<number> {
    const { layer } = world.images[index]!;
    const pulled = await world.layer(world.images[index]!);
    expect(pulled).toMatchObject({ status: 200, complete: true, bytes: layer.size, digest: layer.digest });
    return pulled.took;
  }

  async function tags(count: number): Promise<number> {
    const took: number[] = [];
    for (let i = 0; i < count; i++) {
      const pulled = await world.tag(world.images[0]!);
      expect(pulled).toMatchObject({ status: 200, complete: true });
      took.push(pulled.took);
    }
    return took.toSorted((a, b) => a - b)[Math.floor(count * 0.99) - 1] ?? Infinity;
  }

  it(`${SLOW} that read the first bytes of a blob and then nothing: others get it as if they were not there`, async () => {
    await open([LARGE, MIB]);
    await layer(0);
    const alone = await layer(0);
    const files = world.gate.openFiles();
    await slow.stuck(SLOW, world.images[0]!.layerPath);
    const beside = [await layer(0), await layer(0), await layer(0)];
    expect(await layer(1), 'a cold one').toBeLessThan(SOON);
    const p99 = await tags(100);
    expect(p99).toBeLessThan(SOON);
    expect(Math.min(...beside)).toBeLessThan(alone * 4 + SOON);
    expect(slow.ended).toBe(0);
    slow.leave();
    await until('the end of what they held', () => world.gate.openFiles() <= files);
    const after = [await layer(0), await layer(0), await layer(0)];
    expect(Math.min(...after)).toBeLessThan(alone * 2 + SOON);
    const peak = world.gate.peakMemory();
    expect(peak).toBeLessThan(MEMORY);
    report(`${SLOW} slow readers`, { alone, beside: Math.min(...beside), after: Math.min(...after), p99, peak });
  });

  it(`${IDLE} connections that say nothing, or half a request: others are served as ever`, async () => {
    await open([LARGE, MIB]);
    await layer(0);
    const before = await tags(100);
    await slow.connect(IDLE / 2, '');
    await slow.connect(IDLE / 2, `GET ${world.images[0]!.layerPath} HTTP/1.1\r\nhost: ga`);
    await until('all connections', () => world.gate.openFiles() > IDLE);
    const p99 = await tags(100);
    expect(p99).toBeLessThan(before * 4 + SOON / 10);
    await layer(0);
    expect(await layer(1), 'a cold one').toBeLessThan(SOON);
    const peak = world.gate.peakMemory();
    expect(peak).toBeLessThan(MEMORY);
    report(`${IDLE} idle connections`, { before, p99, peak });
    if (!SOAK) return;
    await until('the time-outs of the gate', () => slow.ended === IDLE, 110_000);
    await until('their descriptors', () => world.gate.openFiles() < IDLE / 10);
  }, 150_000);

  it(`${WAITING} that wait for one cold blob, and leave one after the other: one fetch, and nothing stays open`, async () => {
    await open([COLD, COLD, COLD, MIB], { cache: { max_size: '1GiB', finish_downloads: '100%' } });
    await layer(3);
    const files = world.gate.openFiles();
    for (const [index, after] of [0, MIB, COLD - 1].entries()) {
      const { digest } = world.images[index]!.layer;
      world.wire.stall(digest, after);
      const leaving = Array.from({ length: WAITING }, () => new AbortController());
      const url = world.gate.url + world.images[index]!.layerPath;
      const waiting = leaving.map(({ signal }) => pull(url, { signal }));
      await until('the silence', () => world.wire.stalled(digest));
      for (const each of leaving) {
        each.abort();
        await new Promise(setImmediate);
      }
      for (const pulled of await Promise.all(waiting)) expect(pulled.complete).toBe(false);
      expect(world.wire.requests(digest)).toHaveLength(1);
      await until('the end of the fetch', () => world.cache.temporary().length === 0);
      world.wire.release(digest);
      await layer(index);
      expect(world.wire.requests(digest)).toHaveLength(2);
    }
    await until('as many descriptors as before', () => world.gate.openFiles() <= files + KEPT_ALIVE, 15_000);
  });

  it(`${WAITING} that wait for a blob whose upstream breaks off, or says 503: the same for all, from one fetch`, async () => {
    await open([COLD, COLD, MIB]);
    await layer(2);
    const files = world.gate.openFiles();
    const all = (index: number): Promise<unknown[]> =>
      Promise.all(
        Array.from({ length: WAITING }, () =>
          world.layer(world.images[index]!).then(({ status, digest }) => [status, digest]),
        ),
      );
    const [broken, down] = [world.images[0]!.layer.digest, world.images[1]!.layer.digest];
    world.wire.cut(broken, COLD / 2);
    expect(await all(0)).toEqual(Array.from({ length: WAITING }, () => [200, broken]));
    expect(world.wire.requests(broken)).toHaveLength(2);
    world.wire.fail(down, 503);
    const refused = (await all(1)) as [number, string][];
    expect(new Set(refused.map(([status]) => status))).toEqual(new Set([504]));
    expect(world.wire.requests(down).length).toBeLessThan(WAITING / 2);
    world.wire.release(down);
    await layer(1);
    await until('as many descriptors as before', () => world.gate.openFiles() <= files + KEPT_ALIVE, 15_000);
  });
});

/** Connections to the registry that the gate keeps for the next question. */
const KEPT_ALIVE = 4;

/** Figures for people: what is asserted is only that they are not bad. */
function report(what: string, figures: Readonly<Record<string, number>>): void {
  const words = Object.entries(figures).map(([name, value]) =>
    name === 'peak' ? `peak ${(value / MIB).toFixed(0)} MiB` : `${name} ${value.toFixed(1)} ms`,
  );
  process.stdout.write(`${what}: ${words.join(', ')}\n`);
}
