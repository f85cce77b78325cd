import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BenchImage } from '../bench/cache/image.ts';
import { FaultWorld, FAULTS, MIB, UNSIGNED } from './real/fault-world.ts';
import { JumpingClock } from './real/jumping-clock.ts';
import { stories } from './real/needs.ts';
import { until } from './real/until.ts';

const SIZE = 2 * MIB;
const YEAR = 365;
/** Five layers fit, of six. */
const CONFIG = { cache: { max_size: '11MiB', low_water: '90%' }, policy: UNSIGNED };

stories('a clock that jumps a year ahead, and back', [...FAULTS, 'faketime'], () => {
  let world: FaultWorld;
  let clock: JumpingClock;

  beforeAll(async () => {
    const prepare = async (space: FaultWorld['space']) => {
      clock = await JumpingClock.make(space);
      return clock.env;
    };
    world = await FaultWorld.start({ sizes: Array.from({ length: 6 }, () => SIZE), config: CONFIG, prepare });
  });
  afterAll(() => world.close());

  it('while blobs are fetched and served: nothing breaks off, nothing is evicted but what was used longest ago', async () => {
    const [a, b, c, d, e, f] = world.images as [BenchImage, BenchImage, BenchImage, BenchImage, BenchImage, BenchImage];
    for (const image of world.images) await tagged(image);
    for (const image of [a, b, c]) await whole(image, 1);
    await during(d, YEAR);
    await whole(a, 1);
    await during(e, 0);
    await whole(b, 1);
    expect(kept()).toEqual([a, b, c, d, e].map(({ repository }) => repository));

    await whole(f, 1);
    await until('room for it', () => !world.isCached(c));
    expect(kept()).toEqual([a, b, d, e, f].map(({ repository }) => repository));
    await world.gate.stop('SIGTERM');
    await world.gate.serve();
    for (const image of [a, b, d, e, f]) await whole(image, 1);
    await whole(c, 2);
    expect(await world.cache.unverified()).toEqual([]);
    expect(await world.gate.metric('tufgate_cache_damaged_total')).toBe(0);
    expect(world.said('"level":"error"')).toEqual([]);
  });

  /** A cold pull of which the first half came before the jump. */
  async function during(image: BenchImage, days: number): Promise<void> {
    world.wire.stall(image.layer.digest, SIZE / 2);
    const pulled = whole(image, 1);
    await until('the first half', () => world.wire.stalled(image.layer.digest));
    clock.set(days);
    const year = new Date(Date.now() + days * 86_400_000).getUTCFullYear();
    await until('the jump', async () => (await seen()) === year);
    world.wire.release(image.layer.digest);
    await pulled;
  }

  /** The year as the gate sees it: of the line about a pull that was refused just now. */
  async function seen(): Promise<number> {
    await world.tag({ ...world.images[0]!, tagPath: '/v2/acme/nobody/manifests/1.0' });
    const [last = ''] = world.said('acme/nobody').slice(-1);
    return Number(/"time":"(\d{4})/.exec(last)?.[1]);
  }

  async function tagged(image: BenchImage): Promise<void> {
    expect(await world.tag(image)).toMatchObject({ status: 200, complete: true });
  }

  /** @param requests that the registry has had for it since the start */
  async function whole(image: BenchImage, requests: number): Promise<void> {
    const { digest, size } = image.layer;
    expect(await world.layer(image)).toMatchObject({ status: 200, complete: true, bytes: size, digest });
    expect(world.wire.requests(digest)).toHaveLength(requests);
    await until('the blob in the cache', () => world.isCached(image));
  }

  function kept(): readonly string[] {
    return world.images.filter((image) => world.isCached(image)).map(({ repository }) => repository);
  }
});
