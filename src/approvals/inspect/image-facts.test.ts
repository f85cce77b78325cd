import { afterEach, describe, expect, it } from 'vitest';
import { codeOf } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { type AddedManifest, type ImageOptions, RegistrySimulator } from '../../simulator/registry.ts';
import { status } from '../../simulator/registry-lies.ts';
import { createPeer } from '../../upstream/peer.ts';
import { RegistryClient } from '../../upstream/registry-client.ts';
import type { ImageFacts } from './facts.ts';
import { imageFacts, type InspectOptions } from './image-facts.ts';

const NOW = Date.UTC(2026, 10, 27);
const APP = { registry: 'reg.example', path: 'acme/app' };
const INDEX = 'application/vnd.oci.image.index.v1+json';
const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(cleanup.splice(0).map((end) => end()));
});

async function scene() {
  const registry = await RegistrySimulator.start();
  const peer = createPeer({ name: 'sim', url: registry.url, config: {}, connections: 8, clock: () => NOW });
  const upstream = new RegistryClient(peer, { url: registry.url, clock: () => NOW, credentials: false });
  cleanup.push(
    () => upstream.close(),
    () => registry.close(),
  );
  let running = 0;
  const most = { atOnce: 0 };
  const manifest = upstream.manifest.bind(upstream);
  upstream.manifest = async (...asked) => {
    most.atOnce = Math.max(most.atOnce, ++running);
    return await manifest(...asked).finally(() => running--);
  };
  const look = (reference: Digest | string, options: Partial<InspectOptions> = {}): Promise<ImageFacts> =>
    imageFacts(upstream, APP, reference, { maxManifestBytes: 4_194_304, ...options });
  const image = (text: string, config?: ImageOptions['config']) =>
    registry.addImage({
      repository: APP.path,
      layers: ['base', text].map((each) => Buffer.from(each)),
      ...(config && { config }),
    });
  return { registry, look, image, most };
}

const codeFrom = (work: Promise<unknown>): Promise<string> => work.then(() => 'none', codeOf);
const config = (architecture: string, more: object = {}) => ({
  os: 'linux',
  architecture,
  created: '2026-11-20T10:00:00.123456789Z',
  config: { Labels: { version: '1' }, User: 'app', Entrypoint: ['/app'], Cmd: null },
  ...more,
});

function index(registry: RegistrySimulator, entries: readonly object[], tag?: string): AddedManifest {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: entries }));
  return registry.addManifest(APP.path, bytes, INDEX, tag);
}

function entry({ digest, size, mediaType }: AddedManifest, architecture: string, more: object = {}): object {
  const os = architecture === 'unknown' ? 'unknown' : 'linux';
  return { digest, size, mediaType, platform: { os, architecture }, ...more };
}

describe('an index', () => {
  it('is looked at once by its tag, and from there on by digest, down to labels and layers', async () => {
    const { registry, look, image } = await scene();
    const [amd, arm] = [
      image('amd', config('amd64')),
      image('arm', config('arm64', { created: '2026-11-21T10:00:00Z' })),
    ];
    const top = registry.addIndex(APP.path, '1.0', [amd, arm]);
    const facts = await look('1.0');
    expect(facts).toMatchObject({
      repository: APP,
      tag: '1.0',
      digest: top.digest,
      length: top.size,
      mediaType: INDEX,
    });
    expect(facts.platforms.map(({ platform, digest }) => [platform, digest])).toEqual([
      ['linux/amd64', amd.digest],
      ['linux/arm64', arm.digest],
    ]);
    const [first] = facts.platforms;
    expect(first?.layers).toEqual([
      { digest: amd.layers[0], size: 4 },
      { digest: amd.layers[1], size: 3 },
    ]);
    expect(first?.created).toBe(Date.parse('2026-11-20T10:00:00.123Z'));
    expect(facts.created).toBe(Date.parse('2026-11-21T10:00:00Z'));
    expect([...(first?.labels ?? [])]).toEqual([['version', '1']]);
    expect([...(first?.settings ?? [])]).toEqual([
      ['User', '"app"'],
      ['Entrypoint', '["/app"]'],
    ]);
    expect(first?.problems).toEqual([]);
    const configs = facts.platforms.reduce((sum, platform) => sum + (platform.config?.size ?? 0), 0);
    expect(facts.size).toBe(4 + 3 + 3 + configs);
    expect(first?.size).toBe(4 + 3 + (first?.config?.size ?? 0));
    expect(registry.seen.filter(({ url }) => url.endsWith('/manifests/1.0'))).toHaveLength(1);
  });

  it('is what was shown, though the registry moves the tag meanwhile', async () => {
    const { registry, look, image } = await scene();
    const top = registry.addIndex(APP.path, '1.0', [image('a'), image('b')]);
    const before = await look('1.0');
    registry.moveTag(APP.path, '1.0', image('evil').digest);
    expect(before.digest).toBe(top.digest);
    expect((await look(top.digest)).platforms).toEqual(before.platforms);
    expect((await look(top.digest)).tag).toBeUndefined();
  });

  it('names attestations apart from platforms, with what they are about', async () => {
    const { registry, look, image } = await scene();
    const amd = image('amd', config('amd64'));
    const told = registry.addReferrer(APP.path, amd, {
      artifactType: 'application/vnd.docker.attestation.manifest.v1+json',
      layer: {
        mediaType: 'application/vnd.in-toto+json',
        annotations: { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v1' },
      },
    });
    const annotations = {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': amd.digest,
    };
    index(registry, [entry(amd, 'amd64'), entry(told, 'unknown', { annotations })], '1.0');
    const facts = await look('1.0');
    expect(facts.platforms.map(({ platform }) => platform)).toEqual(['linux/amd64']);
    expect(facts.attestations).toEqual([
      { digest: told.digest, size: told.size, about: amd.digest, predicates: ['https://slsa.dev/provenance/v1'] },
    ]);
  });

  it('does not hide a platform that calls itself an attestation', async () => {
    const { registry, look, image } = await scene();
    const annotations = { 'vnd.docker.reference.type': 'attestation-manifest' };
    index(registry, [entry(image('evil', config('amd64')), 'amd64', { annotations })], '1.0');
    expect((await look('1.0')).platforms.map(({ platform }) => platform)).toEqual(['linux/amd64']);
  });

  it('may lack platforms at this upstream, and hold artifacts', async () => {
    const { registry, look, image } = await scene();
    const [here, gone] = [image('here', config('amd64')), image('gone', config('arm64'))];
    const chart = registry.addReferrer(APP.path, here, { artifactType: 'application/vnd.example.chart' });
    index(registry, [entry(here, 'amd64'), entry(gone, 'arm64'), entry(chart, 's390x')], '1.0');
    registry.remove(APP.path, { digest: gone.digest });
    const { platforms } = await look('1.0');
    expect(platforms.map(({ problems }) => problems)).toEqual([
      [],
      ['the upstream does not have its manifest'],
      ['it is no container image'],
    ]);
  });

  it('says where an entry and its configuration do not agree, variants aside', async () => {
    const { registry, look, image } = await scene();
    const arm = image('arm', config('arm64', { variant: 'v8' }));
    index(registry, [entry(image('a', config('s390x')), 'amd64'), entry(arm, 'arm64')], '1.0');
    const { platforms } = await look('1.0');
    expect(platforms.map(({ platform, problems }) => [platform, ...problems])).toEqual([
      ['linux/amd64', 'its configuration says that it is linux/s390x'],
      ['linux/arm64'],
    ]);
  });

  it('within an index is walked too, four levels in all, each digest once', async () => {
    const { registry, look, image } = await scene();
    const amd = image('amd', config('amd64'));
    const inside = (of: AddedManifest): AddedManifest => index(registry, [entry(of, 'amd64')]);
    const third = inside(amd);
    registry.moveTag(APP.path, 'four', inside(inside(third)).digest);
    registry.moveTag(APP.path, 'five', inside(inside(inside(third))).digest);
    expect((await look('four')).platforms).toHaveLength(1);
    expect(await look('five')).toMatchObject({ platforms: [], left: 1 });
    index(registry, [entry(amd, 'amd64'), { ...entry(third, 'arm64') }], 'twice');
    expect((await look('twice')).platforms).toHaveLength(1);
  });

  it('with more than 64 platforms is looked at in part, four at a time', async () => {
    const { registry, look, image, most } = await scene();
    const many = Array.from({ length: 66 }, (_, n) => entry(image(`layer ${n}`, config(`a${n}`)), `a${n}`));
    index(registry, many, '1.0');
    const facts = await look('1.0');
    expect([facts.platforms.length, facts.left]).toEqual([64, 2]);
    expect(most.atOnce).toBe(4);
  });

  it('is asked for alone when it shall be brief', async () => {
    const { registry, look, image } = await scene();
    const told = entry(image('told'), 'unknown');
    index(registry, [entry(image('a'), 'amd64'), told], '1.0');
    const facts = await look('1.0', { brief: true });
    expect(facts).toMatchObject({ brief: true, size: 0, attestations: [{ predicates: [] }] });
    expect(facts.platforms).toMatchObject([{ platform: 'linux/amd64', layers: [], problems: [] }]);
    expect(registry.seen).toHaveLength(1);
  });
});

describe('an image alone', () => {
  it('says its platform in its configuration; repeated layers are told, and counted once', async () => {
    const { registry, look } = await scene();
    const layers = ['a', 'b', 'a'].map((text) => Buffer.from(text));
    registry.addImage({ repository: APP.path, tag: '1.0', layers, config: config('arm', { variant: 'v7' }) });
    const facts = await look('1.0');
    expect(facts.platforms[0]?.platform).toBe('linux/arm/v7');
    expect(facts.platforms[0]?.layers).toHaveLength(3);
    expect(facts.size).toBe(2 + (facts.platforms[0]?.config?.size ?? 0));
  });

  it('with a configuration that is nonsense, missing or large is shown as unknown', async () => {
    const { registry, look, image } = await scene();
    const broken = async (blob: (digest: Digest) => void): Promise<ImageFacts> => {
      const added = image(String(Math.PI), config('amd64'));
      blob(added.config);
      return await look(added.digest);
    };
    const missing = await broken((digest) => registry.remove(APP.path, { digest }));
    expect(missing.platforms[0]).toMatchObject({
      platform: 'unknown',
      problems: ['the upstream does not have its configuration'],
    });
    const size = 4 * 1024 * 1024 + 1;
    const digest = registry.addPatternBlob(APP.path, size);
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const large = {
      schemaVersion: 2,
      mediaType,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size },
      layers: [],
    };
    registry.addManifest(APP.path, Buffer.from(JSON.stringify(large)), mediaType, 'large');
    expect((await look('large')).platforms[0]?.problems).toEqual(['its configuration is larger than 4194304 bytes']);
    expect(registry.count(`/v2/${APP.path}/blobs/${digest}`)).toBe(0);
  });
});

describe('what is damaged or ambiguous', () => {
  it('is no fact', async () => {
    const { registry, look, image } = await scene();
    const added = image('a', config('amd64'));
    registry.addIndex(APP.path, '1.0', [added]);
    const manifest = `/v2/${APP.path}/manifests/${added.digest}`;
    registry.lie(manifest, { kind: 'flip' });
    expect(await codeFrom(look('1.0'))).toBe('integrity.digest');
    expect(await codeFrom(look(added.digest))).toBe('integrity.digest');
    registry.repent();
    const blob = `/v2/${APP.path}/blobs/${added.config}`;
    registry.lie(blob, { kind: 'flip' });
    expect(await codeFrom(look('1.0'))).toBe('integrity.digest');
    registry.lie(blob, { kind: 'endless' });
    expect(await codeFrom(look('1.0'))).toBe('integrity.length');
    registry.lie(blob, { kind: 'short', bytes: 3 });
    expect(await codeFrom(look('1.0'))).toBe('integrity.length');
    registry.lie(manifest, status(503));
    expect(await codeFrom(look('1.0'))).toBe('upstream.unreachable');
  });

  it('is refused as a gate refuses it', async () => {
    const { registry, look } = await scene();
    const v1 = Buffer.from('{"schemaVersion":1,"fsLayers":[]}');
    registry.addManifest(APP.path, v1, 'application/vnd.docker.distribution.manifest.v1+prettyjws', 'v1');
    const both = Buffer.from(`{"schemaVersion":2,"mediaType":"${INDEX}","manifests":[],"layers":[]}`);
    registry.addManifest(APP.path, both, INDEX, 'both');
    for (const tag of ['v1', 'both']) expect(await codeFrom(look(tag))).toBe('upstream.protocol');
    expect(await codeFrom(look('absent'))).toBe('upstream.not-found');
    expect(await codeFrom(look('sha256:short'))).toBe('request.name');
    registry.addImage({ repository: APP.path, tag: 'long', layers: [] });
    expect(await codeFrom(look('long', { maxManifestBytes: 10 }))).toBe('upstream.protocol');
  });

  it('drips for so long only', async () => {
    const { registry, look, image } = await scene();
    const added = image('a', config('amd64'));
    registry.lie(`/v2/${APP.path}/blobs/${added.config}`, { kind: 'stall', bytes: 3 });
    const error = await look(added.digest, { blobMs: 40 }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'upstream.unreachable' });
    expect((error as Error).message).toContain('not there within 0.04 s');
  });

  it('ends when its reader leaves', async () => {
    const { registry, look, image } = await scene();
    const added = image('a', config('amd64'));
    registry.lie(`/v2/${APP.path}/blobs/${added.config}`, { kind: 'stall', bytes: 3 });
    const leaving = new AbortController();
    const looked = look(added.digest, { signal: leaving.signal });
    const reason = new Error('left');
    setImmediate(() => leaving.abort(reason));
    await expect(looked).rejects.toBe(reason);
  });
});
