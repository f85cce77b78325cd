import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codeOf, TufgateError } from '../errors.ts';
import { readTarget, type Registries } from './target.ts';

const names = new Map([
  ['docker.io', 'docker.io'],
  ['index.docker.io', 'docker.io'],
  ['ghcr.io', 'ghcr.io'],
  ['localhost:5000', 'localhost:5000'],
]);
const registries: Registries = { named: (host) => names.get(host), default: 'docker.io' };
const read = (url: string, host = 'gate.example') => readTarget(url, host, registries);
const code = (url: string, host?: string): string => {
  try {
    read(url, host);
    return 'none';
  } catch (error) {
    return codeOf(error);
  }
};
const digest = `sha256:${'a'.repeat(64)}`;
const nginx = { registry: 'docker.io', path: 'library/nginx' };

test('the registry is said by ns, by Host, by the first segment, or is the default', () => {
  expect(read('/v2/acme/app/manifests/1?ns=ghcr.io')).toMatchObject({
    repository: { registry: 'ghcr.io', path: 'acme/app' },
  });
  expect(read('/v2/acme/app/manifests/1', 'GHCR.io')).toMatchObject({ repository: { registry: 'ghcr.io' } });
  expect(read('/v2/ghcr.io/acme/app/manifests/1')).toMatchObject({
    repository: { registry: 'ghcr.io', path: 'acme/app' },
  });
  expect(read('/v2/nginx/manifests/1')).toEqual({ kind: 'manifest', repository: nginx, tag: '1' });
});

test('an alias is the registry it stands for, and a name repeated after ns is removed', () => {
  expect(read('/v2/nginx/manifests/1?ns=index.docker.io')).toMatchObject({ repository: nginx });
  expect(read('/v2/docker.io/library/nginx/manifests/1?ns=docker.io')).toMatchObject({ repository: nginx });
});

test('a name that contradicts ns is refused', () => {
  expect(code('/v2/ghcr.io/acme/app/manifests/1?ns=docker.io')).toBe('request.name');
});

test.each([
  ['an unknown ns', '/v2/nginx/manifests/1?ns=evil.example'],
  ['an empty ns', '/v2/nginx/manifests/1?ns='],
  ['ns twice', '/v2/nginx/manifests/1?ns=docker.io&ns=ghcr.io'],
  ['an ns that is an address', '/v2/nginx/manifests/1?ns=http://169.254.169.254/'],
  ['an unknown host as first segment', '/v2/evil.example/app/manifests/1'],
  ['an unknown port as first segment', '/v2/localhost:9/app/manifests/1'],
])('%s is an unknown registry and never falls through', (_, url) => {
  expect(code(url)).toBe('policy.unknown-registry');
});

test.each([
  '/v2/a/../b/manifests/1',
  '/v2/a/%2e%2e/b/manifests/1',
  '/v2/a%2fb/manifests/1',
  '/v2//a/manifests/1',
  '/v2/a/./manifests/1',
  '/v2/a/manifests/..',
  '/v2/a%00/manifests/1',
  '/v2/A/manifests/1',
  `/v2/${'a'.repeat(10_000)}/manifests/1`,
  '/v2/a/manifests/',
  '/v2/a/manifests/1%20',
  `/v2/a/manifests/${'1'.repeat(129)}`,
  '/v2/manifests/1',
  '/v2/a/b',
  '/v2/a\\b/manifests/1',
  '/v2/__proto__/manifests/1',
])('%s is a bad name', (url) => {
  expect(code(url)).toBe('request.name');
});

test('bad digests are told apart from bad names', () => {
  expect(code('/v2/a/manifests/sha256:abc')).toBe('request.digest');
  expect(code('/v2/a/blobs/latest')).toBe('request.digest');
  expect(code(`/v2/a/blobs/${digest.toUpperCase()}`)).toBe('request.digest');
});

test('splits at the last keyword', () => {
  expect(read('/v2/a/manifests/b/manifests/c')).toMatchObject({ repository: { path: 'a/manifests/b' }, tag: 'c' });
  expect(read(`/v2/a/blobs/${digest}`)).toMatchObject({ kind: 'blob', digest });
  expect(read(`/v2/a/blobs/${digest.replace(':', '%3A')}`)).toMatchObject({ kind: 'blob', digest });
  expect(read('/v2/a/tags/list?n=5&last=x')).toMatchObject({ kind: 'tags', n: 5, last: 'x' });
});

test('an absolute-form target is no path of ours', () => {
  expect(read('http://docker.io/v2/a/manifests/1')).toBeUndefined();
});

test('whatever arrives, the answer is a target in the grammar or a coded error', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (path, host) => {
      try {
        const target = readTarget(`/v2/${path}`, host, registries);
        if (target !== undefined && 'repository' in target) expect(target.repository.path).toMatch(/^[a-z0-9._/-]+$/);
      } catch (error) {
        expect(error).toBeInstanceOf(TufgateError);
      }
    }),
  );
});
