import { randomBytes } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import type { Digest } from '../../src/oci/digest.ts';
import { listen } from '../../src/server/listen.ts';
import type { AddedImage } from '../../src/simulator/registry.ts';
import { type BenchImage, gateConfig, type Origin, startOrigin } from '../bench/cache/image.ts';
import { type Answer, ask } from '../stories/gate-world.ts';
import { MINUTE, TARGET, TufWorld } from '../stories/tuf-world.ts';
import { pushImage } from './real/image.ts';
import { stories } from './real/needs.ts';
import { Nginx } from './real/nginx.ts';
import { freePort } from './real/ports.ts';
import { must } from './real/run.ts';
import { Tufgate } from './real/tufgate.ts';
import { until } from './real/until.ts';
import { Workspace } from './real/workspace.ts';

const SIZE = 3_000_000;
const HIDDEN = '/_tufgate/';
const cachedName = (digest: string): string => `sha256/${digest.slice(7, 9)}/${digest.slice(7)}`;
const sentByNginx = (digest: string): string => HIDDEN + cachedName(digest);

/** Several cores: one gate decides, and nginx, with a process for each core, sends what is cached. */
stories('one gate behind nginx', ['nginx', 'docker-registry', 'openssl', 'curl', 'skopeo'], () => {
  let space: Workspace;
  let origin: Origin;
  let image: BenchImage;
  let nginx: Nginx;
  let gate: Tufgate;
  let direct: string;

  beforeAll(async () => {
    space = new Workspace();
    origin = await startOrigin(space);
    space.onClose(() => origin.close());
    image = await origin.image('app', SIZE);
    const [plain, handOff] = [await freePort(), await freePort()];
    direct = `http://127.0.0.1:${plain}`;
    const places = [{ address: `127.0.0.1:${plain}` }, { address: `127.0.0.1:${handOff}`, hand_off: HIDDEN }];
    gate = await Tufgate.start(space, gateConfig(origin, [image], { listen: places }));
    nginx = await Nginx.start(space, handOff, join(gate.data, 'cache/v1/blobs'));
    return () => space.close();
  });

  const layer = (headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
    ask(nginx.url + image.layerPath, { method, headers });
  const told = ({ headers }: Answer): readonly unknown[] =>
    [
      'content-type',
      'content-length',
      'docker-content-digest',
      'etag',
      'oci-namespace',
      'content-range',
      'last-modified',
    ].map((name) => headers[name]);
  /** Its log is written when the answer is out. */
  const last = async (count: number): Promise<readonly string[]> =>
    (await until('the access log', () => nginx.served.length >= count && nginx.served)).slice(-1).map(({ uri }) => uri);
  const lastUri = async (work: () => Promise<unknown>): Promise<string | undefined> => {
    const before = nginx.served.length;
    await work();
    return (await last(before + 1))[0];
  };

  const lastLayerUri = async (work: () => Promise<unknown>): Promise<string | undefined> => {
    const before = nginx.served.length;
    await work();
    const ofLayer = ({ request }: { request: string }): boolean => request.includes(image.layer.digest);
    return (await until('the access log', () => nginx.served.slice(before).find(ofLayer))).uri;
  };

  it('streams a cold pull, fetched once, and then nginx sends the file; the answers are the same', async () => {
    expect((await ask(nginx.url + image.tagPath)).status).toBe(200);
    let cold: Answer | undefined;
    expect(await lastUri(async () => (cold = await layer()))).toBe(image.layerPath);
    let warm: Answer | undefined;
    await until('the blob in the cache', async () => (await lastUri(layer)) === sentByNginx(image.layer.digest));
    await lastUri(async () => (warm = await layer()));
    expect(warm?.body.equals(cold!.body)).toBe(true);
    expect(warm?.body.length).toBe(SIZE);
    expect(told(warm!)).toEqual(told(cold!));
    expect(told(warm!)).toEqual(told(await ask(direct + image.layerPath)));
    expect([warm?.headers['accept-ranges'], warm?.headers['x-accel-redirect']]).toEqual(['bytes', undefined]);
    expect(origin.registry.log.split(`"GET ${image.layerPath} `)).toHaveLength(2);
  });

  it.each([
    [{ range: 'bytes=0-9' }, 206],
    [{ range: 'bytes=2999990-' }, 206],
    [{ range: 'bytes=-5' }, 206],
    [{ range: 'bytes=0-9,20-29' }, 200],
    [{ range: 'bytes=3000000-' }, 416],
    [{ range: 'bytes=10-19', 'if-range': 'the etag' }, 206],
    [{ range: 'bytes=10-19', 'if-range': '"another"' }, 200],
    [{ range: 'bytes=10-19', 'if-range': 'Sat, 21 Nov 2026 12:00:00 GMT' }, 200],
    [{ 'if-none-match': 'the etag' }, 304],
    [{ 'if-none-match': '"another"' }, 200],
    [{ 'if-modified-since': 'the time of the file' }, 200],
    [{ 'if-match': '"another"' }, 200],
  ])('answers %j as the gate itself does', async (sent, status) => {
    const etag = `"${image.layer.digest}"`;
    const { mtime } = statSync(join(gate.data, 'cache/v1/blobs', cachedName(image.layer.digest)));
    const words = new Map([
      ['the etag', etag],
      ['the time of the file', mtime.toUTCString()],
    ]);
    const headers = Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, words.get(value) ?? value]));
    const [ours, theirs] = [await ask(direct + image.layerPath, { headers }), await layer(headers)];
    expect([theirs.status, ...told(theirs)]).toEqual([ours.status, ...told(ours)]);
    expect(theirs.status).toBe(status);
    expect(theirs.body.equals(ours.body)).toBe(true);
  });

  it('answers HEAD, small blobs, manifests and refusals itself, with its reasons', async () => {
    expect(told(await layer({}, 'HEAD'))).toEqual(told(await ask(direct + image.layerPath, { method: 'HEAD' })));
    expect((await ask(nginx.url + image.tagPath)).headers['docker-content-digest']).toMatch(/^sha256:/);
    await pushImage(origin.registry, { repository: image.repository, reference: '2.0' }, image.layer);
    const unsigned = await ask(`${nginx.url}/v2/acme/app/manifests/2.0`);
    expect([unsigned.status, unsigned.reason]).toEqual([403, 'trust.unsigned']);
    const pushed = await ask(`${nginx.url}/v2/acme/app/blobs/uploads/`, { method: 'POST' });
    expect([pushed.status, pushed.reason]).toEqual([405, 'request.push']);
    expect(nginx.served.slice(-4).filter(({ uri }) => uri.startsWith(HIDDEN))).toEqual([]);
  });

  it('lets no client at the files, nor at how they are handed off', async () => {
    const file = nginx.url + sentByNginx(image.layer.digest);
    for (const url of [
      file,
      `${nginx.url}/v2/..${sentByNginx(image.layer.digest)}`,
      `${nginx.url}/_tufgate/../_tufgate/x`,
    ]) {
      const answer = await must('curl', ['-sS', '--path-as-is', '-w', '%{http_code}', url]);
      expect(answer).toMatch(/400$/);
      expect(answer).toContain('request.name');
    }
    const claims = { 'x-tufgate-stream': '1', 'x-accel-redirect': '/etc/passwd', 'x-real-ip': '203.0.113.9' };
    expect(await lastUri(() => layer(claims))).toBe(sentByNginx(image.layer.digest));
    const { decisions } = JSON.parse((await gate.run('decisions', '--json')).stdout) as {
      decisions: { client: { address: string } }[];
    };
    expect(new Set(decisions.map(({ client }) => client.address))).toEqual(new Set(['127.0.0.1']));
  });

  it('serves over TLS', async () => {
    const file = space.at('layer-tls');
    await must('curl', ['-sS', '-f', '--cacert', nginx.certificate, '-o', file, nginx.tlsUrl + image.layerPath]);
    await must('cmp', [file, space.at('layer-app')]);
    expect((await last(1))[0]).toBe(sentByNginx(image.layer.digest));
  });

  it('is a registry to skopeo', async () => {
    const from = `docker://${nginx.host}/${image.repository}:1.0`;
    const folder = `dir:${space.folder('skopeo')}`;
    const options = ['--insecure-policy', 'copy', '--src-tls-verify=false'];
    expect(await lastLayerUri(() => must('skopeo', [...options, from, folder], { env: space.env() }))).toBe(
      sentByNginx(image.layer.digest),
    );
    await must('cmp', [space.at('skopeo', image.layer.digest.slice(7)), space.at('layer-app')]);
  });

  it('streams what nginx may not read, or finds gone from the disk', async () => {
    rmSync(join(gate.data, 'cache/v1/blobs', cachedName(image.layer.digest)));
    expect((await layer()).body.length).toBe(SIZE);
    await until('the blob in the cache', async () => (await lastUri(layer)) === sentByNginx(image.layer.digest));
  });
});

/** Runs something when the gate has decided to hand a blob off, and nginx does not know yet. */
function before(listener: RequestListener, work: () => Promise<void>): RequestListener {
  return (incoming, outgoing) => {
    const end = outgoing.end.bind(outgoing);
    const writeHead = outgoing.writeHead.bind(outgoing) as (
      status: number,
      headers: Record<string, string>,
    ) => typeof outgoing;
    let handedOff = false;
    outgoing.writeHead = ((status: number, headers: Record<string, string> = {}) => {
      handedOff = 'x-accel-redirect' in headers;
      return writeHead(status, headers);
    }) as typeof outgoing.writeHead;
    outgoing.end = ((...args: Parameters<typeof end>) => {
      if (handedOff) void work().then(() => end(...args));
      else end(...args);
      return outgoing;
    }) as typeof outgoing.end;
    listener(incoming, outgoing);
  };
}

stories('between our answer and nginx opening the file', ['nginx', 'openssl'], () => {
  const bytes = randomBytes(100_000);
  let space: Workspace;
  let world: TufWorld;
  let nginx: Nginx;
  let image: AddedImage;
  let path: string;
  let meanwhile: () => Promise<void>;
  let asked: number;

  beforeEach(async () => {
    asked = 0;
    space = new Workspace();
    world = await TufWorld.open();
    meanwhile = () => Promise.resolve();
    const { gate, registry } = world.gate;
    image = registry.addImage({ repository: 'acme/app', tag: '1.0', layers: [bytes] });
    world.approvals.put(TARGET, { digest: image.digest, length: image.size }).publish();
    const held = before(gate.handOffListener(HIDDEN), () => meanwhile());
    const listener = await listen({ host: '127.0.0.1', port: 0 }, held);
    nginx = await Nginx.start(space, listener.port, join(world.gate.folder, 'data/cache/v1/blobs'));
    path = `/v2/acme/app/blobs/${image.layers[0]!}`;
    expect((await ask(`${nginx.url}/v2/acme/app/manifests/1.0`)).status).toBe(200);
    expect((await layer()).body.equals(bytes)).toBe(true);
    // Whoever asks before the fetch is put away still follows it.
    await until('nginx to send the file', async () => {
      await layer();
      return (await lastUri()) === sentByNginx(image.layers[0]!);
    });
    return async () => {
      await space.close();
      await listener.close(0);
      await world.close();
    };
  });
  const layer = (): Promise<Answer> => {
    asked += 1;
    return ask(nginx.url + path);
  };
  const lastUri = (): Promise<string | undefined> =>
    until('the access log', () => {
      const ofLayer = nginx.served.filter(({ request }) => request.includes(path));
      return ofLayer.length === asked && ofLayer.at(-1)?.uri;
    });

  it('nothing happens: nginx sends it', async () => {
    expect((await layer()).body.equals(bytes)).toBe(true);
    expect(await lastUri()).toBe(sentByNginx(image.layers[0]!));
  });

  it.each([
    ['deleted, as an eviction does', (digest: Digest) => world.gate.gate.cache.delete(digest)],
    ['set apart', (digest: Digest) => world.gate.gate.cache.quarantine(digest)],
  ])('the blob is %s: it is fetched and streamed, and the client notices nothing', async (_, gone) => {
    const fetched = world.gate.registry.count(path);
    meanwhile = () => gone(image.layers[0]!);
    const answer = await layer();
    expect([answer.status, answer.body.equals(bytes)]).toEqual([200, true]);
    expect(world.gate.registry.count(path)).toBe(fetched + 1);
    expect(answer.headers['docker-content-digest']).toBe(image.layers[0]);
  });

  it('the image is withdrawn: nobody gets it any more', async () => {
    meanwhile = async () => {
      world.withdraw(image.digest).publish();
      await world.runs(2 * MINUTE);
    };
    const answer = await layer();
    expect([answer.status, answer.reason]).toEqual([403, 'trust.withdrawn']);
    expect(await world.gate.gate.cache.stat(image.layers[0]!)).toBeUndefined();
    meanwhile = () => Promise.resolve();
    expect((await layer()).reason).toBe('trust.withdrawn');
  });

  it('eviction wants the room: what was handed off stays until nginx has had the time to open it', async () => {
    meanwhile = async () => {
      await world.gate.gate.cache.evictTo(0, 'insisting').catch(() => undefined);
    };
    expect((await layer()).body.equals(bytes)).toBe(true);
    expect(await lastUri()).toBe(sentByNginx(image.layers[0]!));
  });
});
