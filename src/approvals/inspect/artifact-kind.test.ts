import { expect, test } from 'vitest';
import { artifactOf, artifactOfType } from './artifact-kind.ts';

test.each([
  ['application/vnd.cncf.notary.signature', 'signature', 'notation'],
  ['application/vnd.dev.cosign.artifact.sig.v1+json', 'signature', 'cosign'],
  ['application/vnd.dev.cosign.simplesigning.v1+json', 'signature', 'cosign'],
  ['https://sigstore.dev/cosign/sign/v1', 'signature', 'cosign'],
  ['application/vnd.example.signature', 'signature', 'application/vnd.example.signature'],
  ['application/spdx+json', 'sbom', 'application/spdx+json'],
  ['https://cyclonedx.org/bom', 'sbom', 'https://cyclonedx.org/bom'],
  ['application/vnd.cyclonedx+json', 'sbom', 'application/vnd.cyclonedx+json'],
  ['https://cyclonedx.org/vex', 'vex', 'https://cyclonedx.org/vex'],
  ['https://openvex.dev/ns/v0.2.0', 'vex', 'https://openvex.dev/ns/v0.2.0'],
  ['https://slsa.dev/provenance/v1', 'provenance', 'https://slsa.dev/provenance/v1'],
  ['application/vnd.in-toto+json', 'attestation', 'application/vnd.in-toto+json'],
  ['application/vnd.cncf.helm.config.v1+json', 'artifact', 'application/vnd.cncf.helm.config.v1+json'],
  ['a\nb', 'artifact', String.raw`a\u{a}b`],
])('%s is of kind %s', (text, kind, type) => {
  expect(artifactOfType(text)).toEqual({ kind, type });
});

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
test('a bundle is what it says it holds; a signature when it says nothing', () => {
  const holds = (type: string) => artifactOf(BUNDLE, new Map([['dev.sigstore.bundle.predicateType', type]]));
  expect(artifactOf(BUNDLE, new Map())).toEqual({ kind: 'signature', type: 'cosign' });
  expect(holds('https://spdx.dev/Document').kind).toBe('sbom');
  expect(holds('https://sigstore.dev/cosign/sign/v1').type).toBe('cosign');
});

test('an in-toto layer is of its predicate', () => {
  const annotations = new Map([['in-toto.io/predicate-type', 'https://slsa.dev/provenance/v1']]);
  expect(artifactOf('application/vnd.in-toto+json', annotations).kind).toBe('provenance');
  expect(artifactOf('application/vnd.in-toto+json', new Map()).kind).toBe('attestation');
});
