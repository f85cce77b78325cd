import { expect, test } from 'vitest';
import { code } from '../../test/thrown.ts';
import { parseDescriptors } from './descriptors.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const good = { digest, size: 7, mediaType: 'application/vnd.oci.image.manifest.v1+json' };
const parse = (manifests: unknown) => parseDescriptors(Buffer.from(JSON.stringify({ manifests })), 'manifests', 'it');
const only = (entry: unknown) => parse([entry]).entries[0];

test('what an entry says of itself, in its order, repeats included', () => {
  const second = { ...good, artifactType: 'application/spdx+json', annotations: { a: 'b' } };
  const { entries, unreadable } = parse([good, second, good]);
  expect(entries.map(({ artifactType }) => artifactType)).toEqual([undefined, 'application/spdx+json', undefined]);
  expect([...(entries[1]?.annotations ?? [])]).toEqual([['a', 'b']]);
  expect(unreadable).toBe(0);
});

test.each([
  [{ os: 'linux', architecture: 'amd64' }, 'linux/amd64'],
  [{ os: 'linux', architecture: 'arm', variant: 'v7' }, 'linux/arm/v7'],
  [{ os: 'windows', architecture: 'amd64', 'os.version': '10.0.20348.2113' }, 'windows/amd64 10.0.20348.2113'],
  [{ os: 'linux', architecture: 'a\u001b[2J' }, undefined],
  [{ os: '', architecture: 'amd64' }, undefined],
  [{ architecture: 'amd64' }, undefined],
  ['linux/amd64', undefined],
])('the platform %j is %s', (platform, name) => {
  expect(only({ ...good, platform })?.platform).toBe(name);
});

test.each([
  ['no digest', { ...good, digest: 'sha256:1' }],
  ['a negative size', { ...good, size: -1 }],
  ['half a byte', { ...good, size: 0.5 }],
  ['no media type', { ...good, mediaType: 7 }],
  ['too long a media type', { ...good, mediaType: 'x'.repeat(256) }],
  ['no members', 7],
])('an entry with %s is counted, not read', (_, entry) => {
  expect(parse([entry])).toEqual({ entries: [], unreadable: 1 });
});

test('an artifact type and annotations that are no texts, or too long, are left out', () => {
  expect(only({ ...good, artifactType: 'a b/c' })?.artifactType).toBeUndefined();
  const annotations = { ok: 'x', number: 1, long: 'y'.repeat(1_025), fits: 'z'.repeat(1_024) };
  expect([...(only({ ...good, annotations })?.annotations.keys() ?? [])]).toEqual(['ok', 'fits']);
  const many = Object.fromEntries(Array.from({ length: 65 }, (_each, n) => [`a${n}`, 'x']));
  expect(only({ ...good, annotations: many })?.annotations.size).toBe(64);
});

test('no list is no list; null is an empty one', () => {
  expect(parse(null)).toEqual({ entries: [], unreadable: 0 });
  for (const text of ['[]', '{}', 'x', '{"manifests":{}}'])
    expect(code(() => parseDescriptors(Buffer.from(text), 'manifests', 'it'))).toBe('upstream.protocol');
});
