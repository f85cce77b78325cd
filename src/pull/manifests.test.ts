import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Digest, parseDigest } from '../oci/digest.ts';
import { MemoryBlobStore } from '../simulator/memory-blob-store.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { StateStore } from '../state/store.ts';
import type { UpstreamRegistry } from '../upstream/registry.ts';
import { Manifests } from './manifests.ts';

const TYPE = 'application/vnd.oci.image.manifest.v1+json';
const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: `sha256:${'0'.repeat(64)}`, size: 2 };
const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: TYPE, config, layers: [] }));
const digest: Digest = parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);

let state: StateStore;
let store: MemoryBlobStore;
let opened: number;
let manifests: Manifests;
/** What the registry waits for. */
let slow: Promise<void>;
/** What it was asked. */
let questions: number;
beforeEach(() => {
  questions = 0;
  state = openSqliteStore(':memory:');
  store = new MemoryBlobStore();
  opened = 0;
  slow = Promise.resolve();
  store.faults.read = () => {
    opened++;
    return Promise.resolve();
  };
  const ignore = (): void => undefined;
  manifests = new Manifests({
    cache: store,
    closure: state,
    maxBytes: 1 << 20,
    onCacheFailure: ignore,
    cacheUsed: ignore,
  });
});
afterEach(async () => await state.close());

const upstream = {
  name: 'reg.example',
  manifest: async () => {
    questions += 1;
    await slow;
    return { bytes, contentType: TYPE };
  },
} as unknown as UpstreamRegistry;
const get = async () => await manifests.get({ upstream, path: 'acme/app', digest });

test('the HEAD and the GET of one pull are one request, although the disk takes its time, or looks just before it is there', async () => {
  let commit = (): void => undefined;
  store.faults.commit = () => new Promise((resolve) => (commit = resolve));
  await get();
  const open = store.open.bind(store);
  vi.spyOn(store, 'open').mockImplementation(async (wanted) => {
    const found = await open(wanted);
    commit();
    await manifests.close();
    return found;
  });
  await get();
  commit();
  await manifests.close();
  await get();
  expect(questions).toBe(1);
});

test('one that could not be kept is asked for again, and so is one that could not be had', async () => {
  store.faults.commit = () => Promise.reject(new Error('disk full'));
  slow = Promise.reject(new Error('registry down'));
  for (let pulls = 0; pulls < 2; pulls++) await expect(get()).rejects.toThrow('registry down');
  slow = Promise.resolve();
  for (let pulls = 0; pulls < 2; pulls++) {
    await get();
    await manifests.close();
  }
  expect(questions).toBe(4);
});

test('what is dropped is out of the cache, and of memory', async () => {
  await get();
  await manifests.close();
  for (let pulls = 0; pulls < 3; pulls++) await get();
  const reads = opened;
  await manifests.drop(new Set([digest]));
  expect(await store.stat(digest)).toBeUndefined();
  await get();
  await manifests.close();
  await get();
  expect(opened).toBeGreaterThan(reads);
});

test('what is on its way into the cache goes too', async () => {
  let release = (): void => undefined;
  slow = new Promise((resolve) => (release = resolve));
  const getting = get();
  await new Promise(setImmediate);
  const dropping = manifests.drop(new Set([digest]));
  release();
  expect((await getting).digest).toBe(digest);
  await dropping;
  await manifests.close();
  expect(await store.stat(digest)).toBeUndefined();
});

test('what is being written is waited for', async () => {
  let synced = (): void => undefined;
  store.faults.commit = () => new Promise((resolve) => (synced = resolve));
  await get();
  await new Promise(setImmediate);
  const dropping = manifests.drop(new Set([digest]));
  await new Promise(setImmediate);
  synced();
  await dropping;
  await manifests.close();
  expect(await store.stat(digest)).toBeUndefined();
});
