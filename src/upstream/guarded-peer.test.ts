import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TufgateError } from '../errors.ts';
import { RegistrySimulator } from '../simulator/registry.ts';
import { redirectTo, RESET, status } from '../simulator/registry-lies.ts';
import { Circuit, FAILURES, PAUSE } from './circuit.ts';
import { guardedPeer } from './guarded-peer.ts';
import { createPeer, type Peer, type PeerAnswer } from './peer.ts';

const NOON = Date.UTC(2026, 10, 21, 12);
const PATH = '/v2/acme/hello/manifests/1.0';

let now: number;
let registry: RegistrySimulator;
let bare: Peer;
let peer: Peer;

beforeEach(async () => {
  now = NOON;
  registry = await RegistrySimulator.start();
  registry.addImage({ repository: 'acme/hello', tag: '1.0', layers: [] });
  const clock = (): number => now;
  bare = createPeer({ name: 'sim', url: registry.url, config: {}, connections: 1, clock });
  peer = guardedPeer(bare, new Circuit({ clock, random: () => 0 }));
});
afterEach(async () => {
  await peer.close();
  await registry.close();
});

const asked = { scope: 's', deadlineMs: 5_000, followRedirects: true };
const get = (path = PATH, over = {}): Promise<PeerAnswer> => peer.get(path, { ...asked, maxBytes: 4096, ...over });

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'ok',
    (error: unknown) => (error instanceof TufgateError ? error.code : String(error)),
  );
}

async function isOpen(): Promise<boolean> {
  const before = registry.seen.length;
  await codeOf(get());
  return registry.seen.length === before;
}

describe('a registry', () => {
  it.each([
    ['resets connections', RESET],
    ['never answers', { kind: 'answer', answer: () => undefined }],
    ['answers 503', status(503)],
  ] as const)('that %s is left alone after a while, and said to be, until one question is answered', async (_, lie) => {
    registry.lie(PATH, lie);
    // Of two repositories, because of the 503, of which the first alone says nothing.
    for (let i = 0; i <= FAILURES; i += 1) await codeOf(get(PATH, { deadlineMs: 60, scope: `s${i % 2}` }));
    const before = registry.seen.length;
    const error: unknown = await get().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'upstream.unreachable', detail: { peer: 'sim', retryAfter: 1 } });
    expect(String(error)).toContain('sim cannot be reached since 2026-11-21T12:00:00.000Z (');
    expect(String(error)).toContain('tried again in 1 s. What is cached is served');
    expect(await codeOf(peer.open(PATH, asked))).toBe('upstream.unreachable');
    expect(registry.seen).toHaveLength(before);
    registry.repent();
    now += PAUSE.baseMs;
    expect((await get()).status).toBe(200);
    expect((await get()).status).toBe(200);
  });

  it('of which one repository is broken is asked for the others, however often that one is', async () => {
    registry.lie('/v2/acme/broken/manifests/1.0', status(500));
    for (let i = 0; i < 3 * FAILURES; i += 1) await get('/v2/acme/broken/manifests/1.0');
    for (let i = 0; i < 3 * FAILURES; i += 1) (await peer.open('/v2/acme/broken/manifests/1.0', asked)).body.destroy();
    expect((await get(PATH, { scope: 'another' })).status).toBe(200);
  });

  it('that is down is left alone, too, when only blobs are asked for', async () => {
    registry.lie(PATH, RESET);
    for (let i = 0; i < FAILURES; i += 1) await codeOf(peer.open(PATH, asked));
    expect(await isOpen()).toBe(true);
  });

  it.each([401, 403, 404, 416, 429, 200])('that answers %i is there', async (code) => {
    registry.lie(PATH, status(code));
    for (let i = 0; i < FAILURES + 1; i += 1) await get();
    expect(await isOpen()).toBe(false);
    for (let i = 0; i < FAILURES - 1; i += 1) {
      registry.lie(PATH, RESET, 2);
      await codeOf(get());
    }
    await get();
    registry.lie(PATH, RESET, 2);
    await codeOf(get());
    expect(await isOpen()).toBe(false);
  });

  it('is not held to what its storage does: neither down, nor silent, nor failing', async () => {
    registry.lie('/v2/out', redirectTo(new URL('/full', registry.storageUrl).href));
    for (const lie of [RESET, status(500), { kind: 'answer', answer: () => undefined } as const]) {
      registry.lie('/full', lie);
      for (let i = 0; i < FAILURES + 1; i += 1) await codeOf(get('/v2/out', { deadlineMs: 30 }));
    }
    expect(await isOpen()).toBe(false);
  });

  it('is not held to clients that leave, to answers that are refused, or to our own queue', async () => {
    const gone = AbortSignal.abort(new Error('client left'));
    for (let i = 0; i < FAILURES; i += 1) await codeOf(get(PATH, { signal: gone }));
    for (let i = 0; i < FAILURES; i += 1) expect(await codeOf(get(PATH, { maxBytes: 1 }))).toBe('upstream.protocol');
    const digest = registry.addBlob('acme/hello', Buffer.alloc(100_000));
    const path = `/v2/acme/hello/blobs/${digest}`;
    registry.lie(path, { kind: 'stall', bytes: 1 });
    const { body } = await peer.open(path, asked);
    for (let i = 0; i < FAILURES; i += 1)
      expect(await codeOf(peer.open(path, { ...asked, deadlineMs: 10 }))).toBe('upstream.unreachable');
    body.destroy();
    expect(await isOpen()).toBe(false);
  });

  it('whose token server fails for more than one repository cannot be pulled from: that counts', async () => {
    registry.lie(PATH, status(401, { 'www-authenticate': `Bearer realm="${new URL('/t', registry.url).href}"` }));
    registry.lie('/t', status(500));
    for (let i = 0; i < FAILURES; i += 1) expect(await codeOf(get())).toBe('upstream.unreachable');
    expect(await isOpen()).toBe(false);
    for (let i = 0; i < FAILURES; i += 1) await codeOf(get(PATH, { scope: 'another' }));
    expect(await isOpen()).toBe(true);
  });
});
