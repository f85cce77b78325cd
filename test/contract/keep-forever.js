/** Keeps, reads, evicts and sets apart blobs without end, and prints a line for each that is kept: made to be killed. */
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { register } from 'node:module';

register('./load-typescript.js', import.meta.url);
const { openFsBlobStore } = await import('../../src/cache/fs/fs-blob-store.ts');

const [, , directory, seed] = process.argv;
const limits = { maxBytes: 400_000, lowWaterBytes: 300_000 };
const store = await openFsBlobStore({ directory, ...limits, now: Date.now });

async function keep(i) {
  const bytes = Buffer.from(`${seed} ${i}`.repeat((i * 7919) % 4_000));
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const writer = await store.create(digest, bytes.length);
  await writer.write(bytes);
  await writer.commit();
  writeSync(1, '.');
  if (i % 5 === 0) await store.stat(digest);
  if (i % 11 === 0) await store.delete(digest);
  if (i % 13 === 0) await store.quarantine(digest);
}

for (let i = 0; ; i += 4) await Promise.all([i, i + 1, i + 2, i + 3].map(keep));
