import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { FaultWorld, FAULTS, MIB } from './real/fault-world.ts';
import { stories } from './real/needs.ts';
import type { Pulled } from './real/puller.ts';
import { readOnly, SmallDisk } from './real/small-disk.ts';
import { until } from './real/until.ts';
import type { Workspace } from './real/workspace.ts';

const SOAK = process.env['SOAK'] !== undefined;
/** The whole disk, and a blob that does not fit beside what is there already. */
const [DISK, LARGE, CLIENTS] = SOAK ? [512 * MIB, 1024 * MIB, 16] : [24 * MIB, 40 * MIB, 4];
const SMALL = 2 * MIB;
const UNCACHED = 'a blob goes uncached';

stories('a disk that refuses costs the cache, and never the pull', [...FAULTS, 'mount'], () => {
  let world: FaultWorld;
  afterEach(() => world.close());

  /** Asks for the tag and then for the layer, as clients do: whole, and what its digest says. */
  async function pulls(index: number): Promise<void> {
    const image = world.images[index]!;
    expect(await world.tag(image)).toMatchObject({ status: 200, complete: true });
    expect(await world.layer(image)).toMatchObject(wholeOf(index));
  }

  function wholeOf(index: number): Partial<Pulled> {
    const { digest, size } = world.images[index]!.layer;
    return { status: 200, complete: true, bytes: size, digest };
  }

  async function isCached(index: number): Promise<void> {
    await until('the blob in the cache', () => world.isCached(world.images[index]!));
    expect(await world.cache.unverified()).toEqual([]);
  }

  it('full while spooling: all who follow get it whole and verified, it says so, and goes on caching', async () => {
    let disk!: SmallDisk;
    const prepare = async (space: Workspace): Promise<undefined> => {
      disk = await SmallDisk.mount(space, 'data', DISK);
    };
    world = await FaultWorld.start({ sizes: [LARGE, SMALL, SMALL, SMALL], prepare });
    const large = world.images[0]!;
    await world.tag(large);
    const all = await Promise.all(Array.from({ length: CLIENTS }, () => world.layer(large)));
    for (const pulled of all) expect(pulled).toMatchObject(wholeOf(0));
    expect(world.isCached(large)).toBe(false);
    expect(world.said(UNCACHED).join()).toContain('ENOSPC');
    await until('the room of what was given up', () => disk.free > DISK / 2);
    expect(world.cache.temporary()).toEqual([]);
    await pulls(1);
    await isCached(1);

    // Not a byte is left, also for the database: what is known of trust serves, new trust that cannot be kept does not.
    await world.tag(world.images[2]!);
    await disk.fill();
    await pulls(1);
    await pulls(2);
    expect(world.isCached(world.images[2]!)).toBe(false);
    expect(await world.tag(world.images[3]!)).toMatchObject({ status: 500, complete: true });
    expect(world.said('"code":"state.failed"').join()).toContain('Free some space on its disk');
    await disk.empty();
    await pulls(2);
    await isCached(2);
    await until('trust in what was refused', async () => (await world.tag(world.images[3]!)).status === 200);
    await pulls(3);
    await isCached(3);
    expect(world.gate.peakMemory()).toBeLessThan(256 * MIB);
    await world.gate.stop('SIGTERM');
    await world.gate.serve();
    await pulls(1);
  }, 300_000);

  it('a cache that became read-only: pulls pass, it says so; a start names the folder, and the one after repair serves', async () => {
    world = await FaultWorld.start({ sizes: [SMALL, SMALL, SMALL] });
    await pulls(0);
    await isCached(0);
    const repair = await readOnly(join(world.gate.data, 'cache'));
    await pulls(0);
    await pulls(1);
    expect(world.isCached(world.images[1]!)).toBe(false);
    expect(world.said(UNCACHED).join()).toContain('EROFS');
    await world.gate.stop('SIGTERM');
    await expect(world.gate.serve()).rejects.toThrow(/the cache directory \S+ cannot be used/);
    await repair();
    await world.gate.serve();
    for (const index of [0, 1, 2]) await pulls(index);
    await isCached(2);
  });

  it.each(['removed', 'a file'])(
    'a cache folder that is %s while it runs: pulls pass, and the next start caches',
    async (now) => {
      world = await FaultWorld.start({ sizes: [SMALL, SMALL, SMALL] });
      await pulls(0);
      await isCached(0);
      const folder = join(world.gate.data, 'cache');
      rmSync(folder, { recursive: true });
      if (now === 'a file') writeFileSync(folder, 'not a folder');
      await pulls(0);
      await pulls(1);
      expect(world.said(UNCACHED)).not.toEqual([]);
      await world.gate.stop('SIGTERM');
      if (now === 'a file') {
        await expect(world.gate.serve()).rejects.toThrow(/the cache directory \S+ cannot be used/);
        rmSync(folder);
      }
      await world.gate.serve();
      for (const index of [0, 1, 2]) await pulls(index);
      await isCached(0);
      await isCached(2);
    },
  );
});
