import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TufgateError } from '../errors.ts';
import { MAX_CHILDREN, parseManifest } from './manifest.ts';

const digest = (n: number): string => `sha256:${n.toString(16).padStart(64, '0')}`;
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const layer = (n: number, size = 10) => ({
  mediaType: 'application/vnd.oci.image.layer.v1.tar',
  digest: digest(n),
  size,
});
const IMAGE = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const DOCKER = 'application/vnd.docker.distribution.manifest.v2+json';
const image = (over = {}) => ({
  schemaVersion: 2,
  mediaType: IMAGE,
  config: layer(1),
  layers: [layer(2), layer(3)],
  ...over,
});
const child = (n: number, size = 10) => ({ mediaType: IMAGE, digest: digest(n), size });
const index = (over = {}) => ({ schemaVersion: 2, mediaType: INDEX, manifests: [child(1), child(2)], ...over });
const refuses = (value: unknown, message: RegExp, type?: string) => {
  expect(() => parseManifest(value instanceof Uint8Array ? value : bytes(value), type)).toThrow(
    expect.objectContaining({ code: 'upstream.protocol', message: expect.stringMatching(message) as string }),
  );
};

test('an image names its config and its layers, each once', () => {
  const manifest = parseManifest(bytes(image({ layers: [layer(2), layer(3), layer(2)] })));
  expect(manifest.mediaType).toBe(IMAGE);
  expect(manifest.children.map((each) => [each.digest, each.kind])).toEqual([
    [digest(1), 'blob'],
    [digest(2), 'blob'],
    [digest(3), 'blob'],
  ]);
});

test('an index names manifests', () => {
  expect(parseManifest(bytes(index())).children.every((each) => each.kind === 'manifest')).toBe(true);
});

test('subject, annotations and urls are no edges', () => {
  const manifest = parseManifest(
    bytes(image({ subject: child(9), annotations: { a: digest(8) }, layers: [{ ...layer(2), urls: ['https://x/'] }] })),
  );
  expect(manifest.children).toHaveLength(2);
});

test('an OCI document may leave its media type out, a Docker one may not', () => {
  expect(parseManifest(bytes(image({ mediaType: undefined })), IMAGE).mediaType).toBe(IMAGE);
  refuses(image({ mediaType: undefined }), /served as/, DOCKER);
});

test('a document that is both index and image is refused', () => {
  refuses({ ...index(), config: layer(1), layers: [] }, /ambiguous/);
  refuses({ schemaVersion: 2, mediaType: INDEX }, /ambiguous/);
});

test('a media type that contradicts the members or the header is refused', () => {
  refuses(image({ mediaType: INDEX }), /members of another type/);
  refuses(index({ mediaType: IMAGE }), /members of another type/);
  refuses(image(), /served as/, DOCKER);
});

test('schema 1 and unknown types are refused', () => {
  refuses({ schemaVersion: 1, fsLayers: [] }, /schema/);
  refuses(image({ mediaType: 'application/vnd.example+json' }), /not supported/);
});

test('an index that names a child twice, or too many, is refused', () => {
  refuses(index({ manifests: [child(1), child(1)] }), /twice/);
  const many = Array.from({ length: MAX_CHILDREN + 1 }, (_, n) => child(n));
  refuses(index({ manifests: many }), /more than/);
  expect(parseManifest(bytes(index({ manifests: many.slice(1) }))).children).toHaveLength(MAX_CHILDREN);
});

test('one layer with two sizes is refused', () => {
  refuses(image({ layers: [layer(2, 10), layer(2, 11)] }), /two sizes/);
});

test('a member that differs only in case, or stands twice, is refused', () => {
  refuses(image({ Layers: [] }), /only in case/);
  refuses(new TextEncoder().encode(`{"schemaVersion":2,${'"layers":[],'.repeat(2)}"config":{}}`), /twice/);
});

test('a layer that is a manifest, and a child that is none, are refused', () => {
  refuses(image({ layers: [child(2)] }), /manifest as a layer/);
  refuses(index({ manifests: [layer(2)] }), /unsupported type/);
});

test.each([
  ['no digest', { digest: 'sha256:abc' }],
  ['a negative size', { size: -1 }],
  ['a fractional size', { size: 1.5 }],
  ['no size', { size: '10' }],
  ['no media type', { mediaType: 7 }],
])('a descriptor with %s is refused', (_, over) => {
  refuses(image({ config: { ...layer(1), ...over } }), /valid/);
});

test('any bytes give a manifest or a coded error', () => {
  const any = fc.oneof(
    fc.uint8Array(),
    fc.jsonValue().map(bytes),
    fc.record({ schemaVersion: fc.constant(2), manifests: fc.jsonValue() }).map(bytes),
  );
  fc.assert(
    fc.property(any, (input) => {
      try {
        parseManifest(input);
      } catch (error) {
        expect(error).toBeInstanceOf(TufgateError);
      }
    }),
  );
});
