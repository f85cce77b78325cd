import { beforeAll, expect, it } from 'vitest';
import { publishBigBlob } from './real/big-blob.ts';
import { CacheFiles } from './real/cache-files.ts';
import { stories, WORLD } from './real/needs.ts';
import type { Stored } from './real/registry.ts';
import { Skopeo } from './real/skopeo.ts';
import { until } from './real/until.ts';
import { World } from './real/world.ts';

const REPOSITORY = 'library/big';
const SIZE = 64 * 1024 * 1024;

stories('a gate that is killed in the middle of a cold pull', [...WORLD, 'skopeo'], () => {
  let world: World;
  let layer: Stored;
  let client: Skopeo;

  beforeAll(async () => {
    world = await World.start(async (fresh) => {
      await fresh.publishIndex();
      layer = await publishBigBlob(fresh, REPOSITORY, SIZE);
      return [REPOSITORY];
    });
    return () => world.close();
  });
  beforeAll(() => {
    client = new Skopeo(world.space, world.gate.host, world.origin);
  });

  it('holds nothing unverified, and completes the pull after a restart', async () => {
    const image = `docker.io/${REPOSITORY}:1.0`;
    const cache = new CacheFiles(world.gate.data);
    world.wire.stall(layer.digest, SIZE / 2);
    const cold = client.pull(image);
    await until('half of the layer', () => world.wire.stalled(layer.digest));
    await until('the first half on disk', () => cache.temporary().length > 0);
    await world.gate.stop('SIGKILL');
    expect((await cold).code).not.toBe(0);
    expect(cache.blobs()).not.toContain(layer.digest);
    expect(await cache.unverified()).toEqual([]);

    world.wire.release(layer.digest);
    await world.gate.serve();
    expect(cache.temporary()).toEqual([]);
    expect(await cache.unverified()).toEqual([]);
    const again = await client.pull(image);
    expect(again, again.output).toMatchObject({ code: 0 });
    expect(world.origin.attempts).toEqual([]);
    await until('the layer in the cache', () => cache.blobs().includes(layer.digest));
    expect(await cache.unverified()).toEqual([]);
  });
});
