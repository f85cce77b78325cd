import { describe, expect, it } from 'vitest';
import { code, message } from '../../../test/thrown.ts';
import { imageName } from '../../oci/reference.ts';
import { imageListing, type Rename } from './listing.ts';
import { listedImages } from './running.ts';

const [d1, d2] = ['a', 'b'].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string];
const id = `sha256:${'c'.repeat(64)}`;

function read(input: unknown, rename?: Rename): string[] {
  const text = typeof input === 'string' ? input : JSON.stringify(input);
  const { images, skipped } = imageListing(listedImages(text), rename);
  return [
    ...images.map(({ image, digest, note }) => {
      const runs = digest === undefined || digest === image.digest ? '' : ` runs ${digest.slice(0, 9)}`;
      return `${imageName(image)}${runs}${note === undefined ? '' : ` (${note})`}`;
    }),
    ...skipped.map(({ text, why }) => `! ${text}: ${why}`),
  ];
}

describe('docker', () => {
  it('ps, an object a line', () => {
    const line = (Image: string): string => JSON.stringify({ Command: '"x"', ID: 'e90b8831a4b8', Image, Names: 'web' });
    expect(read([line('nginx:1.27'), line('nginx:1.27'), line('605c77e624dd'), ''].join('\n'))).toEqual([
      'docker.io/library/nginx:1.27',
      expect.stringMatching(/^! 605c77e624dd: an image id without a name/),
    ]);
    expect(read([{ Image: 'busybox' }])).toEqual(['docker.io/library/busybox:latest']);
  });

  it('images, an object a line, with digests where they are known', () => {
    const line = (Repository: string, Tag: string, Digest?: string): string =>
      JSON.stringify({ Repository, Tag, Digest });
    const text = [
      line('nginx', '1', d1),
      line('app', '<none>', d1),
      line('<none>', '<none>', '<none>'),
      line('b', '2'),
      line('c', '<none>'),
    ];
    expect(read(text.join('\n'))).toEqual([
      'docker.io/library/nginx:1 runs sha256:aa',
      `docker.io/library/app@${d1}`,
      'docker.io/library/b:2',
      '! c: it was pulled by digest, which this list does not have; list it as repository@digest',
    ]);
  });

  it('one line that cannot be read is said; when none can, it is no list', () => {
    expect(read('{"Image":"nginx"}\n{"Image":\n')).toEqual([
      'docker.io/library/nginx:latest',
      expect.stringMatching(/^! \{"Image":: the line is not JSON/),
    ]);
    expect(code(() => read('{"Image":\n{'))).toBe('usage');
    expect(message(() => read('{nonsense'))).toContain('cannot be read');
  });
});

describe('crictl', () => {
  it('ps: the name that was asked for, and the digest where the runtime tells it', () => {
    const containers = [
      { image: { image: id, userSpecifiedImage: 'registry.k8s.io/pause:3.9' }, imageRef: id },
      { image: { image: 'quay.io/a/b:1' }, imageRef: `quay.io/a/b@${d1}` },
      { image: { image: id }, imageRef: id },
      { image: {} },
      7,
    ];
    expect(read({ containers })).toEqual([
      'registry.k8s.io/pause:3.9',
      'quay.io/a/b:1 runs sha256:aa',
      expect.stringMatching(/^! sha256:c+: an image id/),
      expect.stringMatching(/^! a container without an image/),
      expect.stringMatching(/^! a container of the list/),
    ]);
  });

  it('images: each tag with the digest of its own repository', () => {
    const images = [
      {
        repoTags: ['docker.io/library/nginx:1', 'mirror.example/nginx:1'],
        repoDigests: [`docker.io/library/nginx@${d1}`],
      },
      { repoTags: [], repoDigests: [`ghcr.io/a/b@${d2}`] },
      { repoTags: null, repoDigests: null },
      'x',
    ];
    expect(read({ images })).toEqual([
      'docker.io/library/nginx:1 runs sha256:aa',
      'mirror.example/nginx:1',
      `ghcr.io/a/b@${d2}`,
      expect.stringMatching(/^! an image of the list/),
    ]);
  });
});

describe('kubectl', () => {
  const pod = (spec: object, status: object = {}, name = 'web') => ({
    kind: 'Pod',
    metadata: { namespace: 'shop', name },
    spec,
    status,
  });
  const list = (...items: unknown[]) => ({ apiVersion: 'v1', kind: 'List', items });

  it('containers of all three kinds, with the digest that runs', () => {
    const spec = {
      containers: [{ name: 'web', image: 'nginx:1.27' }],
      initContainers: [{ name: 'init', image: 'busybox' }],
      ephemeralContainers: [{ name: 'debug', image: 'ghcr.io/acme/debug:1' }],
    };
    const status = {
      containerStatuses: [{ name: 'web', imageID: `docker.io/library/nginx@${d1}` }],
      initContainerStatuses: [{ name: 'init', imageID: `docker-pullable://busybox@${d2}` }],
      ephemeralContainerStatuses: [{ name: 'debug', imageID: id }],
    };
    const expected = [
      'docker.io/library/nginx:1.27 runs sha256:aa',
      'docker.io/library/busybox:latest runs sha256:bb',
      'ghcr.io/acme/debug:1',
    ];
    expect(read(list(pod(spec, status)))).toEqual(expected);
    expect(read(pod(spec, status))).toEqual(expected);
    expect(read(JSON.stringify(list(pod(spec, status)), null, 4))).toEqual(expected);
  });

  it('a tag that runs with two digests is two; one that has not started yet is none beside them', () => {
    const spec = { containers: [{ name: 'web', image: 'nginx' }] };
    const runs = (digest: string) =>
      pod(spec, { containerStatuses: [{ name: 'web', imageID: `docker.io/library/nginx@${digest}` }] });
    expect(read(list(runs(d1), pod(spec), runs(d2), runs(d1)))).toEqual([
      'docker.io/library/nginx:latest runs sha256:aa',
      'docker.io/library/nginx:latest runs sha256:bb',
    ]);
  });

  it('a digest of another repository is left out, and that is said', () => {
    const spec = { containers: [{ name: 'web', image: 'nginx:1' }] };
    const from = (imageID: string) => read(pod(spec, { containerStatuses: [{ name: 'web', imageID }] }));
    expect(from(`mirror.example/nginx@${d1}`)).toEqual([
      `docker.io/library/nginx:1 (what runs is mirror.example/nginx@${d1}, of another repository: its digest was left out)`,
    ]);
    expect(from('nginx@sha256:1')[0]).toContain('left out');
    const status = { containerStatuses: [{ name: 'other', imageID: `nginx@${d1}` }, { name: 7, imageID: 'x@y' }, 'x'] };
    expect(read(pod(spec, status))).toEqual(['docker.io/library/nginx:1']);
  });

  it('a name with a digest means that digest, whatever platform runs', () => {
    const spec = { containers: [{ name: 'web', image: `nginx:1@${d1}` }] };
    const status = { containerStatuses: [{ name: 'web', imageID: `docker.io/library/nginx@${d2}` }] };
    const [only] = imageListing(listedImages(JSON.stringify(pod(spec, status)))).images;
    expect(only?.digest).toBe(d1);
  });

  it('what is no pod, or no container, is said', () => {
    const deployment = { kind: 'Deployment', metadata: { name: 'web' } };
    expect(read(list(deployment, pod({ containers: [{ name: 'x' }] }), 7))).toEqual([
      '! Deployment web: only pods tell what runs: kubectl get pods -A -o json',
      '! pod shop/web: a container in it has no image',
      expect.stringMatching(/^! an item of the list/),
    ]);
  });
});

describe('any list', () => {
  it('is read as the gate reads its own name', () => {
    const rename: Rename = (image) =>
      image.registry === '127.0.0.1:5000' ? { ...image, registry: 'docker.io' } : image;
    expect(read('127.0.0.1:5000/library/nginx:1\nnginx:1', rename)).toEqual(['docker.io/library/nginx:1']);
    const containers = [
      { image: { image: '127.0.0.1:5000/library/nginx:1' }, imageRef: `127.0.0.1:5000/library/nginx@${d1}` },
    ];
    expect(read({ containers }, rename)).toEqual(['docker.io/library/nginx:1 runs sha256:aa']);
  });

  it('of names is no JSON because one begins with a bracket', () => {
    expect(read('[::1]:5000/app:1')).toEqual(['[::1]:5000/app:1']);
    expect(read('[]')).toEqual([]);
  });

  it('says what no name is, once, and shows no text that moves a cursor', () => {
    const skipped = read('Nope!\nNope!\n\u001b[2J\u202e');
    expect(skipped).toHaveLength(2);
    expect(skipped.join('')).not.toMatch(/\p{C}/u);
  });

  it('of other JSON is said', () => {
    expect(read('{"a":1,"b":2}')).toEqual(['! a, b: it is nothing that docker, crictl or kubectl prints of an image']);
    expect(read('[{"Image":"nginx"},7]')).toHaveLength(2);
  });

  it('has ten thousand images at most', () => {
    const names = (count: number) => Array.from({ length: count }, (_, n) => `a/b:${n}`).join('\n');
    expect(read(names(10_000))).toHaveLength(10_000);
    expect(code(() => read(names(10_001)))).toBe('usage');
  });
});
