import { createCipheriv } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pushImage } from './image.ts';
import type { Stored } from './registry.ts';
import type { World } from './world.ts';

const CHUNK = Buffer.alloc(1024 * 1024);

/** Pushes and signs an image whose one layer is this many bytes that do not compress. @returns the layer */
export async function publishBigBlob(world: World, repository: string, bytes: number): Promise<Stored> {
  const file = world.space.at('big-layer');
  const cipher = createCipheriv('aes-128-ctr', Buffer.from(repository.padEnd(16).slice(0, 16)), Buffer.alloc(16));
  await pipeline(Readable.from(zeros(bytes)), cipher, createWriteStream(file));
  const layer = await world.registry.pushFile(repository, file);
  const image = await pushImage(world.registry, { repository, reference: '1.0' }, layer);
  const gun = world.publisher.gun(repository);
  await world.vendor.init(gun);
  await world.vendor.sign(gun, '1.0', image);
  return layer;
}

function* zeros(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= CHUNK.length) yield CHUNK.subarray(0, Math.min(left, CHUNK.length));
}
