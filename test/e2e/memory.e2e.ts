import { request } from 'undici';
import { beforeAll, expect, it } from 'vitest';
import { publishBigBlob } from './real/big-blob.ts';
import { stories, WORLD } from './real/needs.ts';
import type { Stored } from './real/registry.ts';
import { must } from './real/run.ts';
import { World } from './real/world.ts';

const MIB = 1024 * 1024;
/** CI machines are small: a quarter of the blob, a quarter of the pulls. */
const [PULLS, SIZE] = process.env['CI'] === undefined ? [64, 1024 * MIB] : [16, 256 * MIB];
const AT_ONCE = 16;
const REPOSITORY = 'library/big';

stories('many clients that pull one big blob', [...WORLD, 'curl'], () => {
  let world: World;
  let layer: Stored;

  beforeAll(async () => {
    world = await World.start(async (fresh) => {
      await fresh.publishIndex();
      layer = await publishBigBlob(fresh, REPOSITORY, SIZE);
      return [REPOSITORY];
    });
    return () => world.close();
  });
  beforeAll(async () => {
    const manifest = await request(`${world.gate.url}/v2/${REPOSITORY}/manifests/1.0`);
    expect(manifest.statusCode, await manifest.body.text()).toBe(200);
  });

  it('from cold: one upstream request, and memory stays under 256 MiB', { timeout: 600_000 }, async () => {
    const url = `${world.gate.url}/v2/${REPOSITORY}/blobs/${layer.digest}`;
    const discard = async (): Promise<number> => {
      const format = '%{http_code} %{size_download}';
      return Number((await must('curl', ['-sS', '-f', '-o', '/dev/null', '-w', format, url])).split(' ')[1]);
    };
    const left = Array.from({ length: PULLS }, () => discard);
    const sizes: number[] = [];
    const worker = async (): Promise<void> => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) sizes.push(await next());
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    expect(sizes).toEqual(Array.from({ length: PULLS }, () => SIZE));
    expect(world.wire.requests(layer.digest)).toEqual([`GET /v2/${REPOSITORY}/blobs/${layer.digest}`]);
    expect(world.gate.peakMemory()).toBeLessThan(256 * MIB);
  });
});
