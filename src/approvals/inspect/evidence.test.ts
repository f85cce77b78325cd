import { afterEach, describe, expect, it } from 'vitest';
import { TufgateError } from '../../errors.ts';
import { canonicalJson } from '../../json/canonical.ts';
import { type Json, readJson } from '../../json/read.ts';
import { parseDigest } from '../../oci/digest.ts';
import type { SourceVerdict } from '../../policy/decision.ts';
import { RegistrySimulator, type RegistryOptions } from '../../simulator/registry.ts';
import { rateLimited, status } from '../../simulator/registry-lies.ts';
import { createPeer } from '../../upstream/peer.ts';
import { RegistryClient } from '../../upstream/registry-client.ts';
import type { Witness } from './ask-sources.ts';
import { bounded, type Evidence, isAlarming } from './evidence.ts';
import { evidenceJson, readEvidence } from './evidence-json.ts';
import { gatherEvidence } from './gather-evidence.ts';
import { imageFacts } from './image-facts.ts';
import { evidenceLines } from './render-evidence.ts';

const NOW = Date.UTC(2026, 10, 27);
const APP = { registry: 'reg.example', path: 'acme/app' };
const BASE = `/v2/${APP.path}`;
const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(cleanup.splice(0).map((end) => end()));
});

type Answers = Readonly<Record<string, Partial<SourceVerdict> | (() => Partial<SourceVerdict>)>>;

/** `vendor` answers about tags, `vendor@` about digests; what is not scripted is unsigned. */
function witness(answers: Answers): Witness & { readonly asked: string[] } {
  const asked: string[] = [];
  const answer = (name: string, source: string): Promise<SourceVerdict> => {
    asked.push(name);
    const base = { source, kind: 'tuf', roles: [], signers: [], versions: new Map(), expires: new Map() } as const;
    const said = answers[name] ?? { outcome: 'refused', reason: 'trust.unsigned' };
    return Promise.resolve({ ...base, outcome: 'signed', ...(typeof said === 'function' ? said() : said) });
  };
  return {
    asked,
    resolve: ({ source }, _repository, tag) => answer(tag === '1.0' ? source : `${source}:${tag}`, source),
    resolveDigest: ({ source }) => answer(`${source}@`, source),
  };
}

async function scene(options: RegistryOptions = {}) {
  const registry = await RegistrySimulator.start(options);
  const peer = createPeer({ name: 'sim', url: registry.url, config: {}, connections: 8, clock: () => NOW });
  const upstream = new RegistryClient(peer, { url: registry.url, clock: () => NOW, credentials: false });
  cleanup.push(
    () => upstream.close(),
    () => registry.close(),
  );
  const image = registry.addImage({ repository: APP.path, tag: '1.0', layers: [Buffer.from('layer')] });
  const gather = async (answers: Answers = {}, more: { reference?: string; signal?: AbortSignal } = {}) => {
    const facts = await imageFacts(upstream, APP, more.reference ?? '1.0', { maxManifestBytes: 4_194_304 });
    const trust = witness(answers);
    const sources = [...new Set(Object.keys(answers).map((name) => name.replace('@', '')))];
    const { signal } = more;
    const evidence = await gatherEvidence(
      { trust, sources, upstream, maxManifestBytes: 4_194_304, ...(signal && { signal }) },
      facts,
    );
    return { evidence, asked: trust.asked, lines: evidenceLines(evidence, NOW) };
  };
  return { registry, image, gather };
}

const other = parseDigest(`sha256:${'f'.repeat(64)}`);
const refused = (reason: SourceVerdict['reason']): Partial<SourceVerdict> => ({
  outcome: 'refused',
  ...(reason && { reason }),
});

describe('what trust sources say', () => {
  it('is kept with roles and keys, for the tag', async () => {
    const { image, gather } = await scene();
    const { evidence, lines, asked } = await gather({
      vendor: { digest: image.digest, length: image.size, roles: ['targets/releases'], signers: ['4ff5'] },
    });
    expect(evidence).toEqual([
      {
        kind: 'signed',
        source: 'vendor',
        digest: image.digest,
        roles: ['targets/releases'],
        keys: ['4ff5'],
        named: 'tag',
      },
    ]);
    expect(lines).toEqual([`vendor: for this tag signed ${image.digest} by targets/releases (key 4ff5)`]);
    expect(asked).toEqual(['vendor']);
    expect(evidence.some(isAlarming)).toBe(false);
  });

  it('is a loud conflict where it names another digest, or another length, and comes first', async () => {
    const { image, gather } = await scene();
    const answers = {
      first: { digest: image.digest },
      vendor: { digest: other, signers: ['k'] },
      third: { digest: image.digest, length: 1 },
    };
    const { evidence, lines } = await gather(answers);
    expect(evidence.map(({ kind }) => kind)).toEqual(['conflict', 'conflict', 'signed']);
    expect(lines[0]).toBe(
      `CONFLICT: vendor: for this tag signed ${other} (key k): another one. Find out which is right before you approve`,
    );
    expect(evidence.map(isAlarming)).toEqual([true, true, false]);
  });

  it('is asked for the digest too, where the tag is not signed, and only then', async () => {
    const { image, gather } = await scene();
    const { lines, asked } = await gather({
      'vendor@': { digest: image.digest, failure: { reason: 'trust.unreachable', message: 'x' } },
    });
    expect(asked).toEqual(['vendor', 'vendor@']);
    expect(lines).toEqual([
      `vendor: signed the digest ${image.digest}, not this tag, as last verified: it could not confirm it now`,
    ]);
    const unsigned = await gather({ vendor: refused('trust.unsigned') });
    expect(unsigned.lines).toEqual(['vendor: nobody signed it there (trust.unsigned)']);
    const expired = await gather({ vendor: refused('trust.expired'), 'vendor@': { digest: image.digest } });
    expect(expired.asked).toEqual(['vendor']);
  });

  it('of an image by digest is asked by digest only', async () => {
    const { image, gather } = await scene();
    const { asked, evidence } = await gather({ 'vendor@': { digest: image.digest } }, { reference: image.digest });
    expect(asked).toEqual(['vendor@']);
    expect(evidence).toMatchObject([{ kind: 'signed', named: 'digest' }]);
  });

  it.each([
    ['trust.unreachable', 'vendor: could not be asked (trust.unreachable)', false],
    ['trust.no-root', 'vendor: has no root of trust for this repository (trust.no-root)', false],
    ['trust.expired', 'vendor: what it says has expired (trust.expired)', false],
    ['trust.rollback', 'WARNING: vendor: what it says did not verify, or is against it (trust.rollback)', true],
    ['trust.withdrawn', 'WARNING: vendor: what it says did not verify, or is against it (trust.withdrawn)', true],
    [undefined, 'WARNING: vendor: what it says did not verify, or is against it (trust.malformed)', true],
  ] as const)('refused with %s is a finding', async (reason, line, alarming) => {
    const { gather } = await scene();
    const { evidence, lines } = await gather({ vendor: refused(reason) });
    expect(lines).toEqual([line]);
    expect(evidence.some(isAlarming)).toBe(alarming);
  });

  it('that is a fault of our own is thrown', async () => {
    const { gather } = await scene();
    const fault = new TufgateError('internal', 'no such source');
    const answers = {
      vendor: () => {
        throw fault;
      },
    };
    await expect(gather(answers)).rejects.toBe(fault);
  });

  it('is bounded in names', async () => {
    const { image, gather } = await scene();
    const many = Array.from({ length: 20 }, () => 'n'.repeat(200));
    const { evidence } = await gather({ vendor: { digest: image.digest, roles: many, signers: many } });
    expect(evidence).toMatchObject([{ roles: { length: 8 }, keys: { length: 8 } }]);
    const [first] = evidence;
    expect(first?.kind === 'signed' && first.roles[0]).toBe(`${'n'.repeat(128)}…`);
  });
});

describe('what refers to the image', () => {
  const kinds = (evidence: readonly Evidence[]) =>
    evidence.map((each) => [each.kind, 'type' in each ? each.type : '', 'found' in each ? each.found : '']);

  it.each([true, false])('is found by the API, or under the fallback tag (API: %s)', async (referrers) => {
    const { registry, image, gather } = await scene({ referrers });
    const sbom = registry.addReferrer(APP.path, image, { artifactType: 'application/spdx+json' });
    registry.addReferrer(APP.path, image, { artifactType: 'application/vnd.cncf.notary.signature' });
    const bundle = 'application/vnd.dev.sigstore.bundle.v0.3+json';
    const says = (type: string) => ({ annotations: { 'dev.sigstore.bundle.predicateType': type } });
    registry.addReferrer(APP.path, image, { artifactType: bundle, ...says('https://slsa.dev/provenance/v1') });
    registry.addReferrer(APP.path, image, { artifactType: bundle, ...says('https://sigstore.dev/cosign/sign/v1') });
    const found = referrers ? 'referrer' : 'tag';
    const { evidence, lines } = await gather();
    expect(kinds(evidence)).toEqual([
      ['signature', 'notation', found],
      ['signature', 'cosign', found],
      ['provenance', 'https://slsa.dev/provenance/v1', found],
      ['sbom', 'application/spdx+json', found],
    ]);
    expect(lines.at(-1)).toBe(`SBOM (application/spdx+json, not verified) ${sbom.digest}, ${sbom.size} bytes`);
    expect(lines[0]).toContain('signature (notation, not verified)');
  });

  it('both ways is told once', async () => {
    const { registry, image, gather } = await scene();
    const sbom = registry.addReferrer(APP.path, image, { artifactType: 'application/spdx+json' });
    const { digest, size, mediaType } = sbom;
    const list = { schemaVersion: 2, manifests: [{ digest, size, mediaType, artifactType: 'application/spdx+json' }] };
    const bytes = Buffer.from(JSON.stringify(list));
    registry.addManifest(APP.path, bytes, 'application/vnd.oci.image.index.v1+json', image.digest.replace(':', '-'));
    expect((await gather()).evidence).toHaveLength(1);
  });

  it("is found under cosign's tags", async () => {
    const { registry, image, gather } = await scene();
    const tag = image.digest.replace(':', '-');
    const layer = (mediaType: string, annotations: Record<string, string> = {}) =>
      registry.addReferrer(APP.path, image, { artifactType: 'a/b', layer: { mediaType, annotations } });
    const [sig, att, sbom] = [
      layer('application/vnd.dev.cosign.simplesigning.v1+json'),
      layer('application/vnd.dsse.envelope.v1+json', { predicateType: 'https://cyclonedx.org/bom' }),
      layer('text/spdx'),
    ] as const;
    registry.moveTag(APP.path, `${tag}.sig`, sig.digest);
    registry.moveTag(APP.path, `${tag}.att`, att.digest);
    registry.moveTag(APP.path, `${tag}.sbom`, sbom.digest);
    registry.lie(`${BASE}/referrers/${image.digest}`, status(404));
    const { evidence } = await gather();
    expect(evidence).toEqual([
      { kind: 'signature', type: 'cosign', digest: sig.digest, found: 'tag', size: sig.size },
      { kind: 'sbom', type: 'https://cyclonedx.org/bom', digest: att.digest, found: 'tag', size: att.size },
      { kind: 'sbom', type: 'text/spdx', digest: sbom.digest, found: 'tag', size: sbom.size },
    ]);
  });

  it('costs five small questions where there is nothing', async () => {
    const { registry, image, gather } = await scene();
    const { evidence, lines } = await gather();
    expect(evidence).toEqual([]);
    expect(lines).toEqual(['nothing was found that speaks for it or against it']);
    const asked = registry.seen.slice(2).map(({ method, url }) => `${method} ${url.slice(BASE.length)}`);
    const tag = image.digest.replace(':', '-');
    expect(asked).toEqual([
      `GET /referrers/${image.digest}`,
      ...['', '.sig', '.att', '.sbom'].map((end) => `HEAD /manifests/${tag}${end}`),
    ]);
  });

  it('and could not be asked is a gap, not nothing', async () => {
    const { registry, image, gather } = await scene();
    registry.lie(`${BASE}/referrers/${image.digest}`, status(500));
    registry.lie(`${BASE}/manifests/${image.digest.replace(':', '-')}.sig`, status(403));
    registry.lie(`${BASE}/manifests/${image.digest.replace(':', '-')}.att`, status(403));
    const { evidence, lines } = await gather();
    expect(evidence).toEqual([
      { kind: 'gap', what: 'referrers', digest: image.digest, reason: 'upstream.unreachable' },
      { kind: 'gap', what: 'tags', digest: image.digest, reason: 'upstream.unauthorized' },
    ]);
    expect(lines[0]).toBe(
      'its list of referrers: could not be asked (upstream.unreachable): what is there is not known',
    );
    registry.repent();
    registry.lie(`${BASE}/referrers/${image.digest}`, rateLimited(60));
    expect((await gather()).evidence).toMatchObject([
      { reason: 'upstream.rate-limited' },
      { reason: 'upstream.rate-limited' },
    ]);
  });

  it('and cannot be read to its end is a gap too', async () => {
    const { registry, image, gather } = await scene();
    registry.lie(`${BASE}/referrers/${image.digest}`, status(200, {}, '{"manifests":[7]}'));
    const { evidence, lines } = await gather();
    expect(evidence).toEqual([{ kind: 'gap', what: 'referrers', digest: image.digest }]);
    expect(lines).toEqual(['its list of referrers: there is more than could be read']);
  });

  it('is left when the reader leaves', async () => {
    const { gather } = await scene();
    const reason = new Error('left');
    await expect(gather({}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('inside the index is told once a type; the age is told too', async () => {
    const { registry, gather } = await scene();
    const config = { os: 'linux', architecture: 'amd64', created: '2026-11-24T00:00:00Z' };
    const images = ['a', 'b'].map((text) =>
      registry.addImage({ repository: APP.path, layers: [Buffer.from(text)], config }),
    );
    const told = images.map((each, n) =>
      registry.addReferrer(APP.path, each, {
        artifactType: `application/vnd.example.${n}`,
        layer: {
          mediaType: 'application/vnd.in-toto+json',
          annotations: { 'in-toto.io/predicate-type': 'https://spdx.dev/Document' },
        },
      }),
    );
    const entries = [...images, ...told].map(({ digest, size, mediaType }, n) => {
      const platform = n < 2 ? { os: 'linux', architecture: `a${n}` } : { os: 'unknown', architecture: 'unknown' };
      return { digest, size, mediaType, platform };
    });
    const INDEX = 'application/vnd.oci.image.index.v1+json';
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: entries }));
    const index = registry.addManifest(APP.path, bytes, INDEX, 'multi');
    const { evidence, lines } = await gather({}, { reference: 'multi' });
    expect(evidence).toEqual([
      { kind: 'created', digest: index.digest, at: Date.UTC(2026, 10, 24) },
      { kind: 'sbom', type: 'https://spdx.dev/Document', digest: index.digest, found: 'index', count: 2 },
    ]);
    expect(lines).toEqual([
      'created 3 days ago, its publisher says',
      'SBOM (https://spdx.dev/Document, not verified) inside the index, for 2 platforms',
    ]);
  });
});

describe('the record', () => {
  const digest = parseDigest(`sha256:${'a'.repeat(64)}`);
  const artifact = (n: number): Evidence => ({ kind: 'artifact', digest, type: `t/${n}`, found: 'referrer', size: n });

  it('has 32 entries at most: what speaks against it stays, whoever floods it', () => {
    const flood = Array.from({ length: 40 }, (_, n) => artifact(n));
    const refusal: Evidence = { kind: 'refused', source: 'vendor', digest, reason: 'trust.hash' };
    const kept = bounded([...flood, refusal], digest);
    expect(kept).toHaveLength(32);
    expect(kept[0]).toBe(refusal);
    expect(kept.at(-1)).toEqual({ kind: 'more', digest, count: 10 });
    expect(bounded(flood.slice(0, 32), digest)).toHaveLength(32);
    expect(evidenceLines(kept, NOW).at(-1)).toBe('10 more, which are not kept');
  });

  const all: readonly Evidence[] = [
    { kind: 'conflict', source: 'v', digest, roles: ['a'], keys: ['k'], named: 'tag' },
    { kind: 'signed', source: 'v', digest, roles: [], keys: [], named: 'digest', unconfirmed: true },
    { kind: 'refused', source: 'v', digest, reason: 'trust.hash' },
    { kind: 'gap', what: 'tags', digest, reason: 'upstream.unreachable' },
    { kind: 'gap', what: 'referrers', digest },
    { kind: 'created', digest, at: Date.UTC(2026, 10, 24) },
    artifact(7),
    { kind: 'sbom', digest, type: 'https://spdx.dev/Document', found: 'index', count: 2 },
    { kind: 'more', digest, count: 3 },
  ];

  it('is canonical JSON, and reads back as it was', () => {
    const bytes = canonicalJson(evidenceJson(all));
    expect(Buffer.from(bytes).toString()).toContain('"at":"2026-11-24T00:00:00Z"');
    const limits = { depth: 8, values: 1_000, integersOnly: true };
    expect(readEvidence(readJson(bytes, limits))).toEqual({ evidence: all, unreadable: 0 });
  });

  it.each([
    ['no kind', { digest }],
    ['another kind', { kind: 'vibes', digest }],
    ['a kind of every object', { kind: 'constructor', digest }],
    ['no digest', { kind: 'more', count: 1 }],
    ['no count', { kind: 'more', digest, count: -1 }],
    ['no source', { kind: 'signed', digest, roles: [], keys: [], named: 'tag' }],
    ['roles that are none', { kind: 'signed', digest, source: 'v', roles: [7], keys: [], named: 'tag' }],
    ['too many keys', { kind: 'signed', digest, source: 'v', roles: [], keys: Array(33).fill('k'), named: 'tag' }],
    ['an unknown reason', { kind: 'refused', digest, source: 'v', reason: 'because' }],
    ['another place', { kind: 'gap', digest, what: 'moon' }],
    ['no instant', { kind: 'created', digest, at: 'today' }],
    ['no type', { kind: 'sbom', digest, found: 'tag' }],
    ['no members', 7],
  ])('of another shape, with %s, is counted', (_, entry) => {
    const value = readJson(Buffer.from(JSON.stringify([entry])), { depth: 8, values: 1_000, integersOnly: true });
    expect(readEvidence(value)).toEqual({ evidence: [], unreadable: 1 });
  });

  it('that is none, or too long, is said', () => {
    expect(readEvidence(undefined)).toEqual({ evidence: [], unreadable: 0 });
    expect(readEvidence('x')).toEqual({ evidence: [], unreadable: 1 });
    const many: Json[] = Array.from(
      { length: 34 },
      () =>
        new Map<string, Json>([
          ['kind', 'more'],
          ['digest', digest],
          ['count', 1],
        ]),
    );
    expect(readEvidence(many)).toMatchObject({ evidence: { length: 32 }, unreadable: 2 });
  });

  it('shows no text that moves a cursor', () => {
    const entry = new Map<string, Json>([
      ['kind', 'sbom'],
      ['digest', digest],
      ['type', '\u001b[2J'],
      ['found', 'tag'],
    ]);
    expect(evidenceLines(readEvidence([entry]).evidence, NOW)[0]).toContain(String.raw`SBOM (\u{1b}[2J, not verified)`);
  });
});
