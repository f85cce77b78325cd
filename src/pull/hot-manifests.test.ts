import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { parseDigest } from '../oci/digest.ts';
import { HotManifests } from './hot-manifests.ts';
import type { VerifiedManifest } from './verified-manifest.ts';

function manifest(text: string): VerifiedManifest {
  const bytes = Buffer.from(text);
  const digest = parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  return { digest, bytes, mediaType: 'application/vnd.oci.image.manifest.v1+json', children: [] };
}

test('what was kept is there, until others need the room', () => {
  const hot = new HotManifests(10);
  const [a, b, c] = [manifest('aaaa'), manifest('bbbb'), manifest('cccc')];
  for (const each of [a, b, b]) hot.keep(each);
  expect([a, b].map(({ digest }) => hot.get(digest))).toEqual([a, b]);
  hot.get(a.digest);
  hot.keep(c);
  expect([a, b, c].map(({ digest }) => hot.get(digest))).toEqual([a, undefined, c]);
});

test('one that was dropped is gone, and its room is free', () => {
  const hot = new HotManifests(10);
  const [a, b] = [manifest('aaaaaaaa'), manifest('bbbbbbbb')];
  hot.keep(a);
  for (const each of [a, a]) hot.drop(each.digest);
  expect(hot.get(a.digest)).toBeUndefined();
  hot.keep(b);
  expect(hot.get(b.digest)).toBe(b);
});

test('one that is larger than all the room is not kept, and takes none', () => {
  const hot = new HotManifests(10);
  const [large, small] = [manifest('12345678901'), manifest('1234567890')];
  hot.keep(large);
  expect(hot.get(large.digest)).toBeUndefined();
  hot.keep(small);
  expect(hot.get(small.digest)).toBe(small);
});
