import { readdirSync, readFileSync } from 'node:fs';
import { readBackup, writeBackup } from '../../src/approvals/keys/backup-file.ts';
import { parseKeyReference } from '../../src/approvals/keys/key-reference.ts';
import { protectionOf } from '../../src/approvals/keys/private-key.ts';
import { readPublicKey, readPublicKeyDer } from '../../src/approvals/keys/public-key.ts';
import { readTokenObjects } from '../../src/approvals/keys/token-objects.ts';
import { readEvidence } from '../../src/approvals/inspect/evidence-json.ts';
import { readImageConfig } from '../../src/approvals/inspect/image-config.ts';
import { readImageFile } from '../../src/approvals/lists/image-file.ts';
import { imageListing } from '../../src/approvals/lists/listing.ts';
import { listedImages } from '../../src/approvals/lists/running.ts';
import { isDeepStrictEqual } from 'node:util';
import { parseDecisionFilter } from '../../src/cli/render-decisions.ts';
import { parseConfig } from '../../src/config/schema.ts';
import type { Code } from '../../src/errors.ts';
import { canonicalJson } from '../../src/json/canonical.ts';
import { readJson, readJsonAs } from '../../src/json/read.ts';
import { parseDescriptors } from '../../src/oci/descriptors.ts';
import { GunList } from '../../src/cli/capture-list.ts';
import { parseCapture, writeCapture } from '../../src/lifeboat/capture-file.ts';
import { baseOf, readFolderName } from '../../src/lifeboat/collection-folder.ts';
import { indexLine, parseIndex } from '../../src/lifeboat/index-file.ts';
import { standings } from '../../src/lifeboat/standing.ts';
import { parseDigest } from '../../src/oci/digest.ts';
import { parseManifest } from '../../src/oci/manifest.ts';
import { parseImageName } from '../../src/oci/reference.ts';
import { matchesRepository, parsePattern } from '../../src/policy/pattern.ts';
import { readRange } from '../../src/server/range.ts';
import { readTarget, type Registries } from '../../src/server/target.ts';
import { contextOf, refresh as refreshNotary } from '../../src/simulator/notary-refresh.ts';
import { NotaryRepository } from '../../src/simulator/notary-repository.ts';
import { tufKey } from '../../src/simulator/tuf-key.ts';
import { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { nodeCrypto } from '../../src/trust/crypto.ts';
import {
  acceptRoot,
  acceptSnapshot,
  acceptTargets,
  acceptTimestamp,
  finishRoots,
  startChain,
  type TrustContext,
} from '../../src/trust/tuf/collection.ts';
import { decodeBase64 } from '../../src/trust/tuf/format/base64.ts';
import type { Format } from '../../src/trust/tuf/format/format.ts';
import { parseInstant } from '../../src/trust/tuf/format/instant.ts';
import { notaryFormat } from '../../src/trust/tuf/format/notary.ts';
import { tufFormat } from '../../src/trust/tuf/format/tuf.ts';
import { MAX_CERTIFICATES } from '../../src/trust/tuf/limits.ts';
import { acceptable, matches } from '../../src/trust/tuf/path-pattern.ts';
import { parseChallenges } from '../../src/upstream/challenge.ts';
import { parseDockerConfig } from '../../src/upstream/docker-config.ts';
import { nextPage } from '../../src/upstream/link.ts';
import { approvals } from './approvals.ts';

/** A parser of something from outside: good samples, and the codes it may refuse with; anything else thrown is a fault. */
export interface Parser {
  readonly name: string;
  readonly samples: readonly Uint8Array[];
  readonly codes: readonly (Code | 'JsonError')[];
  /** 50 when absent. A library reads the operator's own file, and takes its time over thirty thousand mistakes. */
  readonly mostMs?: number;
  parse(input: Uint8Array): unknown;
}

export const NOW = Date.UTC(2026, 10, 21);
const GUN = 'docker.io/library/alpine';
const MALFORMED: readonly Code[] = ['trust.malformed', 'trust.too-large'];
const REFUSED: readonly Code[] = [
  'trust.signature',
  'trust.threshold',
  'trust.expired',
  'trust.rollback',
  'trust.equal-version',
  'trust.hash',
  'trust.root-chain',
  'trust.wrong-name',
];
const bytes = (...texts: string[]): Uint8Array[] => texts.map((text) => Buffer.from(text));
const text = (input: Uint8Array): string => Buffer.from(input).toString('utf8');
const root = new URL('../../', import.meta.url);

const notary = new NotaryRepository(GUN, NOW)
  .delegate('targets/releases')
  .sign('1', `sha256:${'ab'.repeat(32)}`, 7)
  .publish();
const tuf = new TufRepository(NOW)
  .delegate('docker.io/library/nginx', { terminating: true, keys: [tufKey('p256', 'fuzz')] })
  .delegate('bulk', { prefixes: ['0', 'f'] })
  .bins('bin', { by: 'bulk', bits: 2 })
  .put(`${GUN}:1`, { digest: `sha256:${'ab'.repeat(32)}`, length: 7 })
  .put(`${GUN}:2`, {
    digest: `sha256:${'ab'.repeat(32)}`,
    length: 7,
    custom: { tufgate: { until: '2027-04-01T00:00:00Z', by: 'alice' } },
  })
  .put(`${GUN}@sha256:${'cd'.repeat(32)}`, {
    digest: `sha256:${'cd'.repeat(32)}`,
    length: 7,
    custom: { tufgate: { revoked: '2026-11-21T00:00:00Z', reason: 'CVE-1' } },
  })
  .publish();

const ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;

function metadata(format: Format, samples: (role: string) => readonly Uint8Array[]): Parser[] {
  return ROLES.map((role) => ({
    name: `${format.kind} ${role}`,
    samples: samples(role),
    codes: MALFORMED,
    parse: (input) =>
      role === 'targets' ? format.targets(GUN, 'targets', input, nodeCrypto) : format[role](GUN, input, nodeCrypto),
  }));
}

/** The file in its place of an update: every check after the parser sees it too. */
function inPlace(format: Format, files: Record<string, Uint8Array>): Parser[] {
  const ctx: TrustContext = { format, gun: GUN, anchor: { kind: 'first-use' }, crypto: nodeCrypto };
  const { trusted } = finishRoots(ctx, startChain(ctx, files['root']!), NOW);
  const stamped = acceptTimestamp(ctx, trusted, files['timestamp']!, NOW);
  const shot = acceptSnapshot(ctx, stamped, files['snapshot']!, NOW);
  const steps: readonly (readonly [string, Uint8Array, (input: Uint8Array) => unknown])[] = [
    ['root', files['next']!, (input) => acceptRoot(ctx, trusted, input)],
    ['timestamp', files['timestamp']!, (input) => acceptTimestamp(ctx, trusted, input, NOW)],
    ['snapshot', files['snapshot']!, (input) => acceptSnapshot(ctx, stamped, input, NOW)],
    ['targets', files['targets']!, (input) => acceptTargets(ctx, shot, 'targets', input, NOW)],
  ];
  const codes = [...MALFORMED, ...REFUSED];
  return steps.map(([role, sample, parse]) => ({
    name: `${format.kind} ${role} in its place`,
    samples: [sample],
    codes,
    parse,
  }));
}

const registries: Registries = { named: (host) => (host === 'docker.io' ? host : undefined), default: 'docker.io' };
const configs = [
  'tufgate.yaml',
  'docker.yaml',
  ...readdirSync(new URL('config/examples', root)).map((n) => `examples/${n}`),
];
const vectors = (folder: string): Uint8Array[] =>
  readdirSync(new URL(`test/vectors/${folder}`, root))
    .filter((name) => name.endsWith('.tuf'))
    .map((name) => readFileSync(new URL(`test/vectors/${folder}/${name}`, root)));
const index = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  manifests: [
    {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: `sha256:${'ab'.repeat(32)}`,
      size: 7,
      platform: { architecture: 'amd64', os: 'linux' },
    },
  ],
});
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
  config: { mediaType: 'application/vnd.docker.container.image.v1+json', digest: `sha256:${'0'.repeat(64)}`, size: 2 },
  layers: [
    { mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', digest: `sha256:${'1'.repeat(64)}`, size: 9 },
  ],
});

const pods = JSON.stringify({
  kind: 'List',
  items: [
    {
      kind: 'Pod',
      metadata: { namespace: 'default', name: 'web' },
      spec: {
        containers: [{ name: 'web', image: 'nginx:1.27' }],
        initContainers: [{ name: 'init', image: 'busybox' }],
      },
      status: { containerStatuses: [{ name: 'web', imageID: `docker.io/library/nginx@sha256:${'ab'.repeat(32)}` }] },
    },
  ],
});
const capture = writeCapture({
  gun: GUN,
  url: 'https://notary.example/',
  capturedAt: NOW,
  anchor: { kind: 'pin', words: 'hub: docker.io/library/', rootKeys: ['ab'.repeat(32)] },
  state: 'verified',
  why: '',
  rootsFrom: 1,
  files: [
    { name: '1.root.json', role: 'root', version: 1, length: 2_048, sha256: 'ab'.repeat(32) },
    { name: 'timestamp.json', role: 'timestamp', version: 7, length: 512, sha256: 'cd'.repeat(32) },
  ],
  missing: [{ name: '2.root.json', why: 'the server does not have it' }],
  unverified: [{ role: 'targets/late', code: 'trust.expired', why: 'it ended' }],
});

/** The files of the first publication, and the root that follows it. */
function published(bytesOf: (role: string) => Uint8Array, rotate: () => unknown): Record<string, Uint8Array> {
  const first = Object.fromEntries(ROLES.map((role) => [role, bytesOf(role)]));
  rotate();
  return { ...first, next: bytesOf('root') };
}

const notaryFiles = published(
  (role) => notary.bytesOf(role),
  () => notary.rotate('timestamp').publish(),
);
const tufFiles = published(
  (role) => tuf.at(role),
  () => tuf.rotate('timestamp').publish(),
);

const KEY_KINDS = ['ed25519', 'p256'] as const;

export const PARSERS: readonly Parser[] = [
  ...metadata(notaryFormat, (role) => [notary.bytesOf(role)]),
  ...metadata(tufFormat, (role) => [tuf.at(role), ...(role === 'targets' ? [tuf.at('bulk')] : [])]),
  ...inPlace(notaryFormat, notaryFiles),
  ...inPlace(tufFormat, tufFiles),
  ...approvals(),
  {
    name: 'json and its canonical form',
    samples: [...bytes('{"a":[1,-2,{"b":null}],"\\u00e9":"\\n"}', '[]'), ...vectors('notary/rotated')],
    codes: ['trust.malformed'],
    parse: (input) =>
      canonicalJson(readJsonAs('trust.malformed', 'it', input, { depth: 32, values: 100_000, integersOnly: true })),
  },
  {
    name: 'certificates',
    samples: [certificateOf(notary)],
    codes: [],
    parse: (input) => nodeCrypto.readCertificates(Buffer.from(input).toString('latin1'), MAX_CERTIFICATES),
  },
  { name: 'public keys', samples: [spkiOf(notary)], codes: [], parse: (input) => nodeCrypto.readKey(input) },
  {
    name: 'manifests',
    samples: bytes(index, manifest),
    codes: ['upstream.protocol'],
    parse: (input) => parseManifest(input),
  },
  {
    name: 'image names',
    samples: bytes('nginx', `ghcr.io/acme/app:1.0@sha256:${'ab'.repeat(32)}`, '[::1]:5000/a/b:c'),
    codes: ['request.name', 'request.digest'],
    parse: (input) => parseImageName(text(input)),
  },
  {
    name: 'digests',
    samples: bytes(`sha256:${'ab'.repeat(32)}`, `sha512:${'ab'.repeat(64)}`),
    codes: ['request.digest'],
    parse: (input) => parseDigest(text(input)),
  },
  {
    name: 'request targets',
    samples: bytes(
      `/v2/library/nginx/manifests/1.27?ns=docker.io`,
      `/v2/docker.io/a/b/blobs/sha256%3A${'ab'.repeat(32)}`,
      '/v2/a/tags/list?n=3&last=x',
    ),
    codes: ['request.name', 'request.digest', 'policy.unknown-registry'],
    parse: (input) => readTarget(Buffer.from(input).toString('latin1'), 'docker.io', registries),
  },
  {
    name: 'ranges',
    samples: bytes('bytes=0-99', 'bytes=-5'),
    codes: [],
    parse: (input) => readRange(text(input), 100),
  },
  {
    name: 'policy patterns',
    samples: bytes('ghcr.io/acme/**', 'docker.io/library/ng*nx:1.*'),
    codes: ['config.invalid'],
    parse: (input) =>
      matchesRepository(parsePattern(text(input)), { registry: 'docker.io', path: 'library/'.concat('n'.repeat(200)) }),
  },
  {
    name: 'delegated paths',
    samples: bytes('docker.io/library/nginx:*', `${'*'.repeat(200)}X`, '[a-z]?/[!b]*'),
    codes: [],
    parse: (input) => acceptable(text(input)) && matches(text(input), `docker.io/library/${'a'.repeat(300)}:1`),
  },
  {
    name: 'configurations',
    samples: configs.map((name) => readFileSync(new URL(`config/${name}`, root))),
    codes: ['config.invalid'],
    mostMs: 250,
    parse: (input) =>
      parseConfig(text(input), '/etc/tufgate/tufgate.yaml', (file) => {
        // Of the example of a second gate.
        if (file === '/etc/tufgate/approvals-root.json') return Buffer.from('{"signed":{},"signatures":[]}');
        throw Object.assign(new Error('no file'), { code: 'ENOENT' });
      }),
  },
  {
    name: 'challenges',
    samples: bytes(
      'Bearer realm="https://a.example/token",service="x",scope="repository:a:pull"',
      'Basic realm="a", Bearer b=c',
    ),
    codes: [],
    parse: (input) => parseChallenges(Buffer.from(input).toString('latin1')),
  },
  {
    name: 'links to the next page',
    samples: bytes('</v2/a/tags/list?last=b&n=1>; rel="next"'),
    codes: [],
    parse: (input) => nextPage(new URL('https://a.example/v2/a/tags/list'), Buffer.from(input).toString('latin1')),
  },
  {
    name: 'credentials files',
    samples: bytes('{"auths":{"a.example":{"auth":"dTpw"}},"credHelpers":{"b.example":"ecr-login"}}'),
    codes: ['JsonError'],
    parse: (input) => parseDockerConfig(input),
  },
  {
    name: 'captures of an archive',
    samples: [capture],
    codes: ['archive.damaged'],
    // What was read can be written, and then read and written again.
    parse(input) {
      const written = writeCapture(parseCapture(input));
      if (!isDeepStrictEqual(writeCapture(parseCapture(written)), written)) throw new Error('it is read as another');
    },
  },
  {
    name: 'indexes of archives',
    samples: [
      Buffer.concat(
        [1, 2].map((generation) => indexLine({ gun: GUN, base: baseOf(GUN), generation, sha256: 'ab'.repeat(32) })),
      ),
    ],
    codes: [],
    parse: (input) => standings(parseIndex(input), [{ base: baseOf(GUN), generation: 1 }]),
  },
  {
    name: 'folders of archives',
    samples: bytes(baseOf(GUN), `${baseOf(GUN)}.2`),
    codes: [],
    parse: (input) => readFolderName(text(input)),
  },
  {
    name: 'names of collections to capture',
    samples: bytes('nginx:1.27', 'registry.example/team/app'),
    codes: [],
    parse(input) {
      const list = new GunList('{registry}/{repository}');
      list.add(text(input));
      return list.all();
    },
  },
  { name: 'base64', samples: bytes('AAECAwQF', 'YQ=='), codes: [], parse: (input) => decodeBase64(text(input)) },
  {
    name: 'instants',
    samples: bytes('2026-11-21T00:00:00Z', '2026-11-21T00:00:00.941058736-08:00'),
    codes: [],
    parse: (input) => parseInstant(text(input)),
  },
  {
    name: 'decision filters',
    samples: bytes('7d', '2026-11-21', '2026-11-21T09:00:00+01:00'),
    codes: ['usage'],
    parse: (input) => parseDecisionFilter({ since: text(input) }, NOW),
  },
  {
    name: 'descriptors',
    samples: bytes(index, manifest),
    codes: ['upstream.protocol'],
    parse: (input) => [
      parseDescriptors(input, text(input).includes('layers') ? 'layers' : 'manifests', 'it').entries.length,
    ],
  },
  {
    name: 'image configurations',
    samples: bytes(
      '{"architecture":"arm","os":"linux","variant":"v7","created":"2026-11-21T00:00:00Z","config":{"Labels":{"a":"b"},"Env":["A=1"]}}',
    ),
    codes: [],
    parse: (input) => readImageConfig(input),
  },
  {
    name: 'evidence of approvals',
    samples: bytes(
      `[{"kind":"signed","digest":"sha256:${'ab'.repeat(32)}","source":"v","roles":["a"],"keys":["k"],"named":"tag"},{"kind":"sbom","digest":"sha256:${'ab'.repeat(32)}","type":"a/b","found":"index","count":2}]`,
    ),
    codes: ['JsonError'],
    parse: (input) => readEvidence(readJson(input, { depth: 32, values: 100_000, integersOnly: true })),
  },
  {
    name: 'lists of images',
    samples: bytes(
      'CONTAINER ID   IMAGE   COMMAND\nabc   nginx:1.27   "x"',
      'REPOSITORY  TAG  IMAGE ID\nnginx  1.27  0123456789ab',
      '{"Image":"nginx:1.27"}\n{"Repository":"nginx","Tag":"1.27","Digest":"<none>"}',
      '{"containers":[{"image":{"image":"nginx:1","userSpecifiedImage":"nginx:1"},"imageRef":"nginx@sha256:x"}]}',
      '{"images":[{"repoTags":["docker.io/library/nginx:1"],"repoDigests":["docker.io/library/nginx@sha256:x"]}]}',
      pods,
    ),
    codes: ['usage'],
    parse: (input) => imageListing(listedImages(text(input))),
  },
  {
    name: 'files of images',
    samples: bytes('# ours\nnginx:1.27 # TICKET-1\n\nghcr.io/acme/app:1\n'),
    codes: ['usage'],
    parse: (input) => readImageFile(text(input), 'images.txt'),
  },
  {
    name: 'key references',
    samples: bytes(
      'keys/root.pem',
      'env:KEY',
      'program:/opt/kms --key a',
      'pkcs11:token=team%20a;object=k;id=%01?module-path=/usr/lib/m.so&pin-source=file:///run/pin',
    ),
    codes: ['usage'],
    parse: (input) => parseKeyReference(text(input)),
  },
  {
    name: 'public keys in PEM',
    samples: bytes(...KEY_KINDS.map((kind) => tufPem(kind))),
    codes: ['approvals.key'],
    parse: (input) => readPublicKey('it', text(input)),
  },
  {
    name: 'public keys of tokens',
    samples: KEY_KINDS.map((kind) => Buffer.from(tufPem(kind).replace(/-----[^-]+-----|\n/g, ''), 'base64')),
    codes: ['approvals.key'],
    parse: (input) => readPublicKeyDer('it', input),
  },
  {
    name: 'private keys in PEM',
    samples: bytes('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'),
    codes: ['approvals.key'],
    parse: (input) => protectionOf('it', text(input)),
  },
  {
    name: 'listings of tokens',
    samples: bytes(
      'Public Key Object; EC  EC_POINT 256 bits\n  EC_POINT:   0441\n  label:      k1\n  ID:         01\nPrivate Key Object; EC\n',
    ),
    codes: [],
    parse: (input) => readTokenObjects(text(input)),
  },
  {
    name: 'backups of keys',
    samples: [writeBackup([]), writeBackup([{ name: 'root.pem', private: 'a\n', public: 'b\n', kept: 'plain' }])],
    codes: ['archive.damaged'],
    parse: (input) => readBackup('it', input),
  },
];

function tufPem(kind: 'ed25519' | 'p256'): string {
  const { keyval } = tufKey(kind, 'fuzz').entry as unknown as { keyval: { public: string } };
  if (kind === 'p256') return keyval.public;
  const der = Buffer.from(`302a300506032b6570032100${keyval.public}`, 'hex').toString('base64');
  return `-----BEGIN PUBLIC KEY-----\n${der}\n-----END PUBLIC KEY-----\n`;
}

/** The whole engine over honest files, so that the samples above are known to be good. */
export const honest = (): unknown => refreshNotary(contextOf(GUN), notary, NOW);

function certificateOf(repository: NotaryRepository): Uint8Array {
  return Buffer.from(publicOf(repository), 'base64');
}

function spkiOf(repository: NotaryRepository): Uint8Array {
  const pem = Buffer.from(publicOf(repository), 'base64').toString();
  return nodeCrypto.readCertificates(pem, MAX_CERTIFICATES)![0]!.spki;
}

function publicOf(repository: NotaryRepository): string {
  const { signed } = JSON.parse(Buffer.from(repository.bytesOf('root')).toString()) as {
    signed: { keys: Record<string, { keyval: { public: string } }>; roles: { root: { keyids: string[] } } };
  };
  return signed.keys[signed.roles.root.keyids[0]!]!.keyval.public;
}
