import { statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FaultWorld, FAULTS, MIB, UNSIGNED } from './real/fault-world.ts';
import { stories } from './real/needs.ts';
import { PullLoad } from './real/pull-load.ts';
import { seeded } from './real/random.ts';
import { until } from './real/until.ts';

const SOAK = process.env['SOAK'] !== undefined;
const KILLS = SOAK ? 200 : 14;
const CLIENTS = 6;
/** Each life serves for up to so long under load, milliseconds. */
const LIFE_MS = 1_000;
/** 26 MiB of blobs in a cache of 10: something is always being fetched, and something evicted. */
const SIZES = [0.1, 0.3, 0.5, 0.8, 1, 1.5, 2, 3, 4, 5, 8].map((mib) => Math.floor(mib * MIB) + 7);
const CACHE = { max_size: '10MiB', low_water: '70%' };
/** As many kills at least must fall into a fetch, or the instants were no test. */
const INTO_A_FETCH = 0.25;

stories('a gate that is killed at any instant under load', FAULTS, () => {
  const seed = Number(process.env['TUFGATE_SEED'] ?? Date.now() % 2 ** 31);
  const random = seeded(seed);
  let world: FaultWorld;
  let load: PullLoad;

  beforeAll(async () => {
    world = await FaultWorld.start({
      sizes: SIZES,
      config: { cache: CACHE, policy: UNSIGNED, log: { level: 'warn' } },
    });
    for (const image of world.images) expect((await world.tag(image)).status).toBe(200);
    load = new PullLoad(world, random);
  });
  afterAll(() => world.close());

  it(`each cached file is what its name says, ${KILLS} times (TUFGATE_SEED=${seed})`, async () => {
    let [intoFetch, evicted] = [0, 0];
    for (let life = 0; life < KILLS; life++) {
      const before = world.cache.blobs();
      load.start(CLIENTS);
      await pause(random() * LIFE_MS);
      load.dying();
      await world.gate.stop('SIGKILL');
      await load.over();
      if (world.cache.temporary().length > 0) intoFetch += 1;
      const left = world.cache.blobs();
      evicted += before.filter((digest) => !left.includes(digest)).length;
      expect(await world.cache.unverified(), `life ${life}`).toEqual([]);
      await world.gate.serve();
      expect(world.cache.temporary(), `life ${life}`).toEqual([]);
      await indexAgrees(`life ${life}`);
      expect(load.wrong, `life ${life}`).toEqual([]);
    }
    expect(intoFetch / KILLS, 'kills in the middle of a fetch').toBeGreaterThan(INTO_A_FETCH);
    expect(evicted, 'evictions').toBeGreaterThan(0);
    expect(load.complete, 'complete answers').toBeGreaterThan(KILLS);
    process.stdout.write(
      `${KILLS} kills, ${intoFetch} in the middle of a fetch, ${evicted} blobs evicted, ${load.complete} answers complete\n`,
    );
    await endsWell();
  }, 900_000);

  /** What the index counts is what lies there, and nothing was found damaged. */
  async function indexAgrees(when: string): Promise<void> {
    const files = world.cache.files();
    const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
    const counted = async (): Promise<boolean> =>
      (await world.gate.metric('tufgate_cache_blobs')) === files.length &&
      (await world.gate.metric('tufgate_cache_bytes')) === bytes;
    await until(`the index of ${files.length} files, ${when}`, counted);
    expect(await world.gate.metric('tufgate_cache_quarantined'), when).toBe(0);
    expect(await world.gate.metric('tufgate_cache_damaged_total'), when).toBe(0);
  }

  /** It serves all there is, and its own check of the cache agrees. */
  async function endsWell(): Promise<void> {
    for (const image of world.images) {
      expect(await world.layer(image)).toMatchObject({ status: 200, complete: true, digest: image.layer.digest });
    }
    await world.gate.stop('SIGTERM');
    const verified = await world.gate.run('cache', 'verify', '--json');
    expect(verified, verified.output).toMatchObject({ code: 0 });
    expect(world.said('"level":"error"')).toEqual([]);
  }
});
