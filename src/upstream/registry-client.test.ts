import { afterEach, describe, expect, it } from 'vitest';
import type { ServerResponse } from 'node:http';
import { TufgateError } from '../errors.ts';
import { RegistrySimulator, type RegistryOptions } from '../simulator/registry.ts';
import { rateLimited, redirectTo, RESET, status } from '../simulator/registry-lies.ts';
import type { PeerConfig } from '../config/config.ts';
import type { Digest } from '../oci/digest.ts';
import type { Incoming, UpstreamRegistry } from './registry.ts';
import { createPeer, type PeerOptions } from './peer.ts';
import { createUpstream, type UpstreamOptions } from './upstream.ts';

const NOW = Date.UTC(2026, 10, 21);
const REPO = 'acme/hello';
const LAYER = Buffer.from('a layer of some forty bytes, no more than that');
const cleanup: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(cleanup.splice(0).map((end) => end()));
});

interface Scene {
  registry: RegistrySimulator;
  upstream: UpstreamRegistry;
  clock: { now: number };
}

async function scene(
  options: RegistryOptions & { peer?: PeerConfig; client?: Partial<PeerOptions & UpstreamOptions> } = {},
): Promise<Scene> {
  const registry = await RegistrySimulator.start(options);
  const clock = { now: NOW };
  const config = { name: 'sim', url: registry.url, aliases: [], ...options.peer };
  const client = { clock: () => clock.now, ...options.client };
  const peer = createPeer({ connections: 4, ...client, name: config.name, url: config.url, config });
  const upstream = createUpstream(config, peer, client);
  cleanup.push(
    () => upstream.close(),
    () => registry.close(),
  );
  return { registry, upstream, clock };
}

async function failureOf(work: Promise<unknown>): Promise<TufgateError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof TufgateError)) throw new Error(`a TufgateError was expected, not ${String(error)}`);
  return error;
}

/** Read in bites of odd size, so that what is left of a piece is asked for again. */
async function allOf(body: Incoming): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (;;) {
    const piece = Buffer.alloc(9_973);
    const count = await body.read(piece);
    if (count === 0) return Buffer.concat(pieces);
    pieces.push(piece.subarray(0, count));
  }
}

async function blobOf(upstream: UpstreamRegistry, digest: Digest, offset = 0): Promise<Buffer> {
  const { body } = await upstream.blob(REPO, digest, { offset });
  return allOf(body);
}

const MAX = { maxBytes: 4096 };

describe('manifests', () => {
  it('come by tag and by digest, byte for byte, with the type upstream gave', async () => {
    const { registry, upstream } = await scene();
    const image = registry.addImage({ repository: REPO, tag: '1.0', layers: [LAYER] });
    for (const reference of ['1.0', image.digest]) {
      const manifest = await upstream.manifest(REPO, reference, MAX);
      expect(Buffer.from(manifest.bytes)).toEqual(image.bytes);
      expect(manifest.contentType).toBe('application/vnd.oci.image.manifest.v1+json');
    }
    const [first] = registry.seen;
    expect(first?.headers).toMatchObject({ 'accept-encoding': 'identity', 'user-agent': 'tufgate' });
    expect(first?.headers.accept).toContain('application/vnd.oci.image.index.v1+json');
  });

  it('are asked for their digest by HEAD, which Docker Hub does not count', async () => {
    const { registry, upstream } = await scene();
    const image = registry.addImage({ repository: REPO, tag: '1.0', layers: [] });
    expect(await upstream.head(REPO, '1.0')).toEqual({ digest: image.digest });
    expect(registry.count(`/v2/${REPO}/manifests/1.0`, 'GET')).toBe(0);
    registry.lie(`/v2/${REPO}/manifests/1.0`, { kind: 'headers', headers: { 'docker-content-digest': 'md5:1' } });
    expect(await upstream.head(REPO, '1.0')).toEqual({});
  });

  it('over the limit are refused: at once by their length, and while they come when they give none', async () => {
    const { registry, upstream } = await scene({ client: { deadlineMs: 2_000 } });
    const { digest } = registry.addManifest(REPO, Buffer.alloc(5000, 0x20), 'application/json');
    // Nothing of the body ever comes: only the length can tell.
    registry.lie(`/v2/${REPO}/manifests/${digest}`, { kind: 'stall', bytes: 0 });
    const declared = await failureOf(upstream.manifest(REPO, digest, MAX));
    expect(declared.code).toBe('upstream.protocol');
    registry.lie(`/v2/${REPO}/manifests/${digest}`, { kind: 'endless' });
    const endless = await failureOf(upstream.manifest(REPO, digest, { maxBytes: 600_000 }));
    expect(endless).toMatchObject({ code: 'upstream.protocol', detail: { maxBytes: 600_000 } });
  });

  it.each([
    [404, 'upstream.not-found'],
    [401, 'upstream.unauthorized'],
    [403, 'upstream.unauthorized'],
    [500, 'upstream.unreachable'],
    [503, 'upstream.unreachable'],
    [302, 'upstream.protocol'],
    [201, 'upstream.protocol'],
    [400, 'upstream.protocol'],
  ])('answered with %i are %s, in words that name upstream, image and status', async (code, reason) => {
    const { registry, upstream } = await scene();
    registry.lie(`/v2/${REPO}/manifests/1.0`, status(code, {}, 'secret <html>'));
    const error = await failureOf(upstream.manifest(REPO, '1.0', MAX));
    expect(error.code).toBe(reason);
    expect(error.message).toContain('sim');
    expect(error.message).not.toContain('secret');
    if (code !== 302) expect(error.message).toMatch(new RegExp(`acme/hello:1.0.*${String(code)}`));
  });

  it('never ask for a name outside the grammar', async () => {
    const { registry, upstream } = await scene();
    for (const path of ['../x', 'a//b', 'a/%2e%2e/b', 'A', 'a?b', ''])
      expect((await failureOf(upstream.manifest(path, 'latest', MAX))).code).toBe('request.name');
    for (const tag of ['a/b', '..', 'a?b', '-x'])
      expect((await failureOf(upstream.manifest('a', tag, MAX))).code).toBe('request.name');
    expect(registry.seen).toEqual([]);
  });

  it('are asked for once more when the connection is reset before any byte, and not a third time', async () => {
    const { registry, upstream } = await scene();
    registry.addImage({ repository: REPO, tag: '1.0', layers: [] });
    const path = `/v2/${REPO}/manifests/1.0`;
    registry.lie(path, RESET, 1);
    await upstream.manifest(REPO, '1.0', MAX);
    expect(registry.count(path)).toBe(2);
    registry.lie(path, RESET);
    expect((await failureOf(upstream.manifest(REPO, '1.0', MAX))).code).toBe('upstream.unreachable');
    expect(registry.count(path)).toBe(4);
  });

  it('that never end within the deadline are unreachable; a caller who leaves gets his own reason', async () => {
    const { registry, upstream } = await scene({ client: { deadlineMs: 60 } });
    registry.addImage({ repository: REPO, tag: '1.0', layers: [] });
    registry.lie(`/v2/${REPO}/manifests/1.0`, { kind: 'stall', bytes: 5 });
    const error = await failureOf(upstream.manifest(REPO, '1.0', MAX));
    expect(error).toMatchObject({ code: 'upstream.unreachable', detail: { peer: 'sim' } });
    const reason = new Error('client left');
    await expect(upstream.manifest(REPO, '1.0', { ...MAX, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('say what to do when nobody listens', async () => {
    const { registry, upstream } = await scene();
    await registry.close();
    const error = await failureOf(upstream.manifest(REPO, '1.0', MAX));
    expect(error.code).toBe('upstream.unreachable');
    expect(error.message).toContain('connection refused');
  });
});

describe('a rate limit', () => {
  it('is obeyed: nothing but blobs is asked for until it ends, then everything', async () => {
    const { registry, upstream, clock } = await scene();
    const image = registry.addImage({ repository: REPO, tag: '1.0', layers: [LAYER] });
    registry.lie(`/v2/${REPO}/manifests/1.0`, rateLimited(120), 1);
    const first = await failureOf(upstream.manifest(REPO, '1.0', MAX));
    expect(first).toMatchObject({ code: 'upstream.rate-limited', detail: { retryAfter: 120 } });
    clock.now += 20_000;
    const second = await failureOf(upstream.manifest(REPO, image.digest, MAX));
    expect(second).toMatchObject({ code: 'upstream.rate-limited', detail: { retryAfter: 100 } });
    expect((await failureOf(upstream.head(REPO, '1.0'))).code).toBe('upstream.rate-limited');
    expect(registry.seen).toHaveLength(1);
    expect(await blobOf(upstream, image.layers[0]!)).toEqual(LAYER);
    clock.now += 100_000;
    await upstream.manifest(REPO, '1.0', MAX);
  });

  it('may be given as a date, and one of a year ends after six hours', async () => {
    for (const [header, seconds] of [
      [new Date(NOW + 90_000).toUTCString(), 90],
      [String(365 * 86_400), 21_600],
      ['Fri, 31 Dec 9999 23:59:59 GMT', 21_600],
    ] as const) {
      const { registry, upstream, clock } = await scene();
      registry.addImage({ repository: REPO, tag: '1.0', layers: [] });
      registry.lie(`/v2/${REPO}/manifests/1.0`, status(429, { 'retry-after': header }), 1);
      const error = await failureOf(upstream.manifest(REPO, '1.0', MAX));
      expect(error.detail['retryAfter']).toBe(seconds);
      expect(error.message).toContain('what is cached is served meanwhile');
      clock.now += seconds * 1_000 - 1;
      expect((await failureOf(upstream.tags(REPO, 1))).detail['retryAfter']).toBe(1);
      expect(registry.seen).toHaveLength(1);
      clock.now += 1;
      await upstream.manifest(REPO, '1.0', MAX);
    }
  });

  it('is not made longer by a clock that is set back', async () => {
    const { registry, upstream, clock } = await scene();
    registry.addImage({ repository: REPO, tag: '1.0', layers: [] });
    registry.lie(`/v2/${REPO}/manifests/1.0`, rateLimited(120), 1);
    await failureOf(upstream.manifest(REPO, '1.0', MAX));
    clock.now -= 365 * 86_400_000;
    expect((await failureOf(upstream.manifest(REPO, '1.0', MAX))).detail['retryAfter']).toBe(120);
    clock.now += 120_000;
    await upstream.manifest(REPO, '1.0', MAX);
  });

  it('of blobs stops the registry, of a storage host the blobs alone, and for a minute at most', async () => {
    for (const redirectBlobs of [false, true]) {
      const { registry, upstream, clock } = await scene({ redirectBlobs });
      const image = registry.addImage({ repository: REPO, tag: '1.0', layers: [LAYER] });
      const layer = image.layers[0]!;
      const path = `/v2/${REPO}/blobs/${layer}`;
      if (redirectBlobs) registry.lie(path, redirectTo(new URL('/full', registry.storageUrl).href), 1);
      registry.lie(redirectBlobs ? '/full' : path, rateLimited(120), 1);
      const seconds = redirectBlobs ? 60 : 120;
      for (let i = 0; i < 2; i += 1)
        expect(await failureOf(upstream.blob(REPO, layer, { offset: 0 }))).toMatchObject({
          code: 'upstream.rate-limited',
          detail: { retryAfter: seconds },
        });
      expect(registry.count(path)).toBe(1);
      const manifest = upstream.manifest(REPO, '1.0', MAX);
      if (redirectBlobs) await manifest;
      else expect((await failureOf(manifest)).code).toBe('upstream.rate-limited');
      clock.now += seconds * 1_000;
      expect(await blobOf(upstream, layer)).toEqual(LAYER);
    }
  });
});

describe('blobs', () => {
  it('stream, with their length, from any offset', async () => {
    const { registry, upstream } = await scene();
    const digest = registry.addBlob(REPO, LAYER);
    const whole = await upstream.blob(REPO, digest, { offset: 0 });
    expect(whole.length).toBe(LAYER.length);
    expect(await allOf(whole.body)).toEqual(LAYER);
    const rest = await upstream.blob(REPO, digest, { offset: 10 });
    expect(rest).toMatchObject({ length: LAYER.length - 10, total: LAYER.length });
    expect(await allOf(rest.body)).toEqual(LAYER.subarray(10));
    expect(registry.seen.map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=10-']);
  });

  it('are asked for once, with the token that their manifest took; no HEAD comes before', async () => {
    const { registry, upstream } = await scene({ token: {} });
    const image = registry.addImage({ repository: REPO, tag: '1.0', layers: [LAYER] });
    const [layer] = image.layers;
    await upstream.manifest(REPO, image.digest, MAX);
    expect(registry.seen.map(({ url }) => url.split('?')[0])).toHaveLength(3);
    registry.seen.length = 0;
    expect(await blobOf(upstream, layer!)).toEqual(LAYER);
    expect(registry.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([`GET /v2/${REPO}/blobs/${layer!}`]);
  });

  it('of an upstream that does not know Range lose their first bytes here', async () => {
    const { registry, upstream } = await scene();
    const digest = registry.addPatternBlob(REPO, 700_000);
    const whole = await blobOf(upstream, digest);
    registry.lie(`/v2/${REPO}/blobs/${digest}`, { kind: 'no-range' });
    const { body, length } = await upstream.blob(REPO, digest, { offset: 600_001 });
    expect(length).toBe(99_999);
    expect((await allOf(body)).equals(whole.subarray(600_001))).toBe(true);
  });

  it('are refused when a lying 206 starts elsewhere, contradicts itself, was not asked for, or says nothing', async () => {
    const { registry, upstream } = await scene();
    const digest = registry.addBlob(REPO, LAYER);
    const path = `/v2/${REPO}/blobs/${digest}`;
    const length = String(LAYER.length - 10);
    const bad = [
      { kind: 'wrong-range', start: 9, honest: true },
      { kind: 'wrong-range', start: 11, honest: true },
      { kind: 'headers', headers: { 'content-range': `bytes 10-11/${String(LAYER.length)}` } },
      { kind: 'headers', headers: { 'content-range': undefined } },
      { kind: 'headers', headers: { 'content-range': `bytes 10-${length}` } },
    ] as const;
    for (const lie of bad) {
      registry.lie(path, lie);
      expect((await failureOf(upstream.blob(REPO, digest, { offset: 10 }))).code).toBe('upstream.protocol');
    }
    registry.lie(path, status(206, { 'content-range': 'bytes 0-0/1' }, 'x'));
    expect((await failureOf(upstream.blob(REPO, digest, { offset: 0 }))).code).toBe('upstream.protocol');
    registry.lie(path, status(200, {}, 'short'));
    expect((await failureOf(upstream.blob(REPO, digest, { offset: 10 }))).code).toBe('upstream.protocol');
  });

  it('that break off, fall silent or are left end their stream with a coded error, and free the connection', async () => {
    const { registry, upstream } = await scene({ client: { connections: 1, timeouts: { idleMs: 80 } } });
    const digest = registry.addBlob(REPO, LAYER);
    const path = `/v2/${REPO}/blobs/${digest}`;
    registry.lie(path, { kind: 'cut', bytes: 7 }, 1);
    expect((await failureOf(blobOf(upstream, digest))).code).toBe('upstream.unreachable');
    registry.lie(path, { kind: 'stall', bytes: 7 }, 1);
    expect((await failureOf(blobOf(upstream, digest))).message).toContain('no answer in time');
    registry.lie(path, { kind: 'stall', bytes: 7 }, 1);
    const leaving = new AbortController();
    const { body } = await upstream.blob(REPO, digest, { offset: 0, signal: leaving.signal });
    const reason = new Error('client left');
    const broken = allOf(body);
    leaving.abort(reason);
    await expect(broken).rejects.toBe(reason);
    expect(await blobOf(upstream, digest)).toEqual(LAYER);
  });

  it('that are encoded although nobody asked for it are refused, in words that say so', async () => {
    const { registry, upstream } = await scene();
    const image = registry.addImage({ repository: REPO, tag: '1.0', layers: [LAYER] });
    const [digest] = image.layers;
    for (const encoding of ['gzip', 'br', 'x-"odd"', 'identity, gzip']) {
      const lie = { kind: 'headers', headers: { 'content-encoding': encoding } } as const;
      registry.lie(`/v2/${REPO}/blobs/${digest!}`, lie);
      registry.lie(`/v2/${REPO}/manifests/1.0`, lie);
      for (const ask of [
        () => upstream.blob(REPO, digest!, { offset: 0 }),
        () => upstream.manifest(REPO, '1.0', MAX),
      ]) {
        const error = await failureOf(ask());
        expect(error.code).toBe('upstream.protocol');
        expect(error.message).toContain(JSON.stringify(encoding));
      }
    }
    expect(await upstream.head(REPO, '1.0')).toEqual({ digest: image.digest });
    for (const encoding of ['identity', '', 'Identity']) {
      registry.lie(`/v2/${REPO}/blobs/${digest!}`, { kind: 'headers', headers: { 'content-encoding': encoding } });
      expect(await blobOf(upstream, digest!)).toEqual(LAYER);
    }
    expect(new Set(registry.seen.map(({ headers }) => headers['accept-encoding']))).toEqual(new Set(['identity']));
  });
});

describe('tags', () => {
  it('come over all pages, up to a number', async () => {
    const { registry, upstream } = await scene({ pageSize: 2 });
    for (const tag of ['c', 'a', 'e', 'b', 'd']) registry.addImage({ repository: REPO, tag, layers: [] });
    expect(await upstream.tags(REPO, 100)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(await upstream.tags(REPO, 3)).toEqual(['a', 'b', 'c']);
  });

  it('do not go on at another origin or path, nor for ever', async () => {
    const { registry, upstream } = await scene();
    const path = `/v2/${REPO}/tags/list`;
    const page = JSON.stringify({ tags: ['x'] });
    for (const link of [
      `<${new URL(path, registry.storageUrl).href}>; rel="next"`,
      '</v2/other/tags/list>; rel=next',
    ]) {
      registry.lie(path, status(200, { link }, page));
      expect((await failureOf(upstream.tags(REPO, 10))).code).toBe('upstream.protocol');
    }
    registry.lie(path, status(200, { link: `<${path}?last=x>; rel="next"` }, page));
    expect((await failureOf(upstream.tags(REPO, 10))).message).toContain('circle');
    let pages = 0;
    const answer = (_: unknown, response: ServerResponse): void => {
      response.writeHead(200, { link: `<${path}?last=${String(pages++)}>; rel="next"` }).end('{"tags":[]}');
    };
    registry.lie(path, { kind: 'answer', answer });
    expect((await failureOf(upstream.tags(REPO, 10))).message).toContain('pages');
    expect(pages).toBe(500);
  });

  it('that are none are none; nonsense is refused', async () => {
    const { registry, upstream } = await scene();
    const path = `/v2/${REPO}/tags/list`;
    registry.lie(path, status(200, {}, '{"name":"x","tags":null}'));
    expect(await upstream.tags(REPO, 10)).toEqual([]);
    for (const text of ['[]', '{"tags":["../x"]}', '{"tags":[1]}', 'nonsense', '{"tags":["a"],"tags":["b"]}']) {
      registry.lie(path, status(200, {}, text));
      expect((await failureOf(upstream.tags(REPO, 10))).code).toBe('upstream.protocol');
    }
  });
});

describe('referrers', () => {
  const SBOM = { artifactType: 'application/spdx+json' };
  const signature = (n: number) => ({
    artifactType: `application/vnd.example.sig.${n}+json`,
    annotations: { n: String(n) },
  });

  it('come over all pages, with what they say of themselves, up to a number', async () => {
    const { registry, upstream } = await scene({ pageSize: 2 });
    const image = registry.addImage({ repository: REPO, tag: '1.0', layers: [] });
    const added = [1, 2, 3, 4, 5].map((n) => registry.addReferrer(REPO, image, signature(n)));
    const all = await upstream.referrers(REPO, image.digest, { max: 5 });
    expect(all.complete).toBe(true);
    expect(all.referrers.map(({ digest }) => digest)).toEqual(added.map(({ digest }) => digest));
    expect(all.referrers[0]).toMatchObject({
      size: added[0]!.size,
      artifactType: 'application/vnd.example.sig.1+json',
    });
    expect(all.referrers[4]?.annotations.get('n')).toBe('5');
    const some = await upstream.referrers(REPO, image.digest, { max: 4 });
    expect([some.referrers.length, some.complete]).toEqual([4, false]);
    expect(registry.seen[0]?.headers.accept).toContain('application/vnd.oci.image.index.v1+json');
  });

  it('that are none are none; a registry without the API says not found', async () => {
    const { registry, upstream } = await scene();
    const image = registry.addImage({ repository: REPO, layers: [] });
    expect(await upstream.referrers(REPO, image.digest, { max: 5 })).toEqual({ referrers: [], complete: true });
    const old = await scene({ referrers: false });
    old.registry.addReferrer(REPO, old.registry.addImage({ repository: REPO, layers: [] }), SBOM);
    expect((await failureOf(old.upstream.referrers(REPO, image.digest, { max: 5 }))).code).toBe('upstream.not-found');
    const byTag = await old.upstream.manifest(REPO, image.digest.replace(':', '-'), MAX);
    expect(Buffer.from(byTag.bytes).toString()).toContain(SBOM.artifactType);
  });

  it('are no list without end, none too long, and none that is not one', async () => {
    const { registry, upstream } = await scene();
    const image = registry.addImage({ repository: REPO, layers: [] });
    const path = `/v2/${REPO}/referrers/${image.digest}`;
    const ask = () => failureOf(upstream.referrers(REPO, image.digest, { max: 10 }));
    let pages = 0;
    const answer = (_: unknown, response: ServerResponse): void => {
      response.writeHead(200, { link: `<${path}?from=${String(pages++)}>; rel="next"` }).end('{"manifests":[]}');
    };
    registry.lie(path, { kind: 'answer', answer });
    expect((await ask()).message).toContain('its list of referrers has more than 16 pages');
    expect(pages).toBe(16);
    registry.lie(path, { kind: 'endless' });
    expect((await ask()).message).toContain('longer than 4194304 bytes');
    for (const text of ['[]', '{}', '<html>', '{"manifests":{}}']) {
      registry.lie(path, status(200, {}, text));
      expect((await ask()).code).toBe('upstream.protocol');
    }
  });

  it('that cannot be read are counted as missing', async () => {
    const { registry, upstream } = await scene();
    const image = registry.addImage({ repository: REPO, layers: [] });
    const path = `/v2/${REPO}/referrers/${image.digest}`;
    registry.lie(path, status(200, {}, '{"manifests":[{"digest":"sha256:x","size":1,"mediaType":"a/b"}]}'));
    expect(await upstream.referrers(REPO, image.digest, { max: 5 })).toEqual({ referrers: [], complete: false });
    registry.lie(path, status(200, {}, '{"manifests":null}'));
    expect(await upstream.referrers(REPO, image.digest, { max: 5 })).toEqual({ referrers: [], complete: true });
  });

  it('have the time of one request in all, and end when their caller leaves', async () => {
    const { registry, upstream } = await scene({ client: { deadlineMs: 60 } });
    const image = registry.addImage({ repository: REPO, layers: [] });
    const path = `/v2/${REPO}/referrers/${image.digest}`;
    registry.lie(path, { kind: 'stall', bytes: 0 });
    expect((await failureOf(upstream.referrers(REPO, image.digest, { max: 5 }))).code).toBe('upstream.unreachable');
    const reason = new Error('left');
    const left = upstream.referrers(REPO, image.digest, { max: 5, signal: AbortSignal.abort(reason) });
    await expect(left).rejects.toBe(reason);
  });
});
