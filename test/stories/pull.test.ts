import { Writable } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import type { RuleConfig } from '../../src/config/config.ts';
import { codeOf } from '../../src/errors.ts';
import type { Digest } from '../../src/oci/digest.ts';
import { compilePolicy } from '../../src/policy/rules.ts';
import { listTags } from '../../src/pull/list-tags.ts';
import { Manifests } from '../../src/pull/manifests.ts';
import { headBlob, pullBlob } from '../../src/pull/pull-blob.ts';
import { pullManifest } from '../../src/pull/pull-manifest.ts';
import { status } from '../../src/simulator/registry-lies.ts';
import { allowed, APP, client, NOON, openWorld, requireVendor, rule, type World } from './pull-world.ts';

const HOUR = 3_600_000;
const path = `/v2/${APP.path}`;
const signedOnly = [rule({ match: 'reg.example/**', action: requireVendor })];
let world: World;
afterEach(async () => await world.close());

async function open(rules: readonly RuleConfig[] = signedOnly) {
  world = await openWorld(rules);
  const image = world.registry.addImage({ repository: APP.path, tag: '1.0', layers: [Buffer.from('layer one')] });
  return { ...world, image, layer: image.layers[0] as Digest };
}

const request = { repository: APP, client, method: 'GET' };
const byTag = (tag: string, repository = APP) => pullManifest(world.deps, { ...request, repository, tag });
const byDigest = (digest: Digest, repository = APP) => pullManifest(world.deps, { ...request, repository, digest });
const blob = async (digest: Digest, repository = APP) => {
  const answer = await pullBlob(world.deps, { ...request, repository, digest });
  const chunks: Buffer[] = [];
  const to = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  await answer.copyTo(to, { start: 0, end: answer.size - 1 }, new AbortController().signal);
  await answer.close();
  return Buffer.concat(chunks).toString();
};
const refusal = async (pull: Promise<unknown>): Promise<string> => await pull.then(() => 'served', codeOf);
const last = () => world.decisions.at(-1);

test('a signed tag is served as the digest that was signed, whatever the registry says today', async () => {
  const { image, registry, trust } = await open();
  trust.sign(APP, '1.0', image.digest);
  const other = registry.addImage({ repository: APP.path, layers: [Buffer.from('evil')] });
  registry.moveTag(APP.path, '1.0', other.digest);
  expect((await byTag('1.0')).digest).toBe(image.digest);
  expect(registry.count(`${path}/manifests/1.0`)).toBe(0);
  expect(last()).toMatchObject({ verdict: 'allow', digest: image.digest, tag: '1.0', rule: 'rule 1 (reg.example/**)' });
});

test('a signed digest that the registry no longer has is 404, never the new one', async () => {
  const { image, registry, trust } = await open();
  trust.sign(APP, '1.0', image.digest);
  registry.remove(APP.path, { digest: image.digest });
  expect(await refusal(byTag('1.0'))).toBe('upstream.not-found');
});

test('an unsigned tag is refused, and one that nobody knows is 404', async () => {
  const { registry } = await open();
  expect(await refusal(byTag('1.0'))).toBe('trust.unsigned');
  expect(last()).toMatchObject({ verdict: 'deny', reason: 'trust.unsigned' });
  expect(await refusal(byTag('9.9'))).toBe('upstream.not-found');
  expect(await refusal(byTag('9.9'))).toBe('upstream.not-found');
  expect(registry.count(`${path}/manifests/9.9`)).toBe(1);
});

test('a refused pull costs the upstream a HEAD and nothing else, also where that tells no digest', async () => {
  const { registry } = await open();
  registry.lie(`${path}/manifests/1.0`, { kind: 'headers', headers: { 'docker-content-digest': undefined } });
  expect(await refusal(byTag('1.0'))).toBe('trust.unsigned');
  expect(registry.seen.map(({ method }) => method)).toEqual(['HEAD']);
});

test('when the upstream cannot tell whether an unsigned tag exists it is unsigned', async () => {
  const { registry } = await open();
  registry.lie(`${path}/manifests/9.9`, status(500));
  expect(await refusal(byTag('9.9'))).toBe('trust.unsigned');
});

test.each(['trust.unreachable', 'trust.expired', 'trust.rollback', 'trust.withdrawn'] as const)(
  '%s refuses, and nothing falls back to the registry',
  async (reason) => {
    const { image, registry, trust } = await open();
    trust.sign(APP, '1.0', image.digest);
    trust.refuse('vendor', reason);
    expect(await refusal(byTag('1.0'))).toBe(reason);
    expect(registry.seen).toHaveLength(0);
  },
);

test('no rule, a deny and an ended exemption refuse without asking anybody', async () => {
  const { registry, trust } = await open([
    rule({ match: 'reg.example/acme/app:1.*', action: { kind: 'deny', message: 'not this one' } }),
    rule({ match: 'reg.example/acme/app:2.*', action: { ...allowed, untilMs: NOON } }, 2),
  ]);
  expect(await refusal(byTag('1.0'))).toBe('policy.denied');
  expect(await refusal(byTag('2.0'))).toBe('policy.exemption-expired');
  expect(await refusal(byTag('3.0'))).toBe('policy.no-rule');
  expect(registry.seen).toHaveLength(0);
  expect(trust.asked).toBe(0);
});

test('flipped bytes of a manifest are an integrity event and are not kept', async () => {
  const { image, registry, trust, store } = await open();
  trust.sign(APP, '1.0', image.digest);
  registry.lie(`${path}/manifests/${image.digest}`, { kind: 'flip' });
  expect(await refusal(byTag('1.0'))).toBe('integrity.digest');
  expect(last()).toMatchObject({ event: 'integrity', verdict: 'deny', reason: 'integrity.digest' });
  expect(await store.stat(image.digest)).toBeUndefined();
});

test('the children of a signed index are served by digest, and so are their blobs', async () => {
  const { image, registry, trust, layer } = await open();
  const index = registry.addIndex(APP.path, 'multi', [image]);
  trust.sign(APP, 'multi', index.digest);
  await byTag('multi');
  expect((await byDigest(image.digest)).digest).toBe(image.digest);
  expect(await blob(layer)).toBe('layer one');
  expect(await blob(image.config)).toContain('amd64');
});

test('a digest outside every closure is refused, existing or not, and the upstream is not asked', async () => {
  const { image, registry, trust } = await open();
  trust.sign(APP, '1.0', image.digest);
  await byTag('1.0');
  const other = registry.addImage({ repository: APP.path, layers: [Buffer.from('unsigned')] });
  const before = registry.seen.length;
  const absent = `sha256:${'0'.repeat(64)}` as Digest;
  for (const digest of [other.digest, absent])
    expect(await refusal(byDigest(digest))).toBe('policy.digest-outside-closure');
  for (const digest of [...other.layers, absent])
    expect(await refusal(blob(digest))).toBe('policy.digest-outside-closure');
  expect(registry.seen).toHaveLength(before);
});

test('a digest that is signed without a tag is served with all that hangs on it, and asked for each time', async () => {
  const { image, registry, trust, layer } = await open();
  const index = registry.addIndex(APP.path, 'multi', [image]);
  trust.signedDigests.add(index.digest);
  expect((await byDigest(index.digest)).digest).toBe(index.digest);
  expect(last()?.sources[0]).toMatchObject({ outcome: 'signed', digest: index.digest });
  expect((await byDigest(image.digest)).digest).toBe(image.digest);
  expect(await blob(layer)).toBe('layer one');
  trust.signedDigests.clear();
  for (const digest of [index.digest, image.digest])
    expect(await refusal(byDigest(digest))).toBe('policy.digest-outside-closure');
  expect(await refusal(blob(layer))).toBe('policy.digest-outside-closure');
});

test('where the first rule goes by tags, a digest without one is not even asked about', async () => {
  const dev = rule({ match: 'reg.example/acme/app:dev', action: requireVendor });
  const { image, trust } = await open([dev, rule({ match: 'reg.example/**', action: requireVendor })]);
  trust.signedDigests.add(image.digest);
  expect(await refusal(byDigest(image.digest))).toBe('policy.digest-outside-closure');
});

test('a digest without a tag needs every source that the rule names', async () => {
  const both = { kind: 'all', of: [requireVendor.requirement, { kind: 'source', source: 'second' }] } as const;
  const { image, trust } = await open([
    rule({ match: 'reg.example/**', action: { kind: 'require', requirement: both } }),
  ]);
  trust.signedDigests.add(image.digest);
  expect(await refusal(byDigest(image.digest))).toBe('served');
  trust.refuse('second', 'trust.expired');
  expect(await refusal(byDigest(image.digest))).toBe('policy.digest-outside-closure');
});

test('a digest that is signed without a tag is refused where another source took it back', async () => {
  const { image, trust, withdrawals, layer } = await open();
  trust.signedDigests.add(image.digest);
  withdrawals.withdraw(APP, image.digest);
  expect(await refusal(byDigest(image.digest))).toBe('trust.withdrawn');
  withdrawals.asked.clear();
  expect(await refusal(byDigest(image.digest))).toBe('served');
  withdrawals.withdraw(APP, image.digest, 'unreadable');
  expect(await refusal(byDigest(image.digest))).toBe('trust.malformed');
  expect(await refusal(blob(layer))).toBe('trust.malformed');
});

test('the approval of a digest that has ended takes nothing from a tag that is signed', async () => {
  const { image, trust, withdrawals, layer } = await open();
  trust.sign(APP, '1.0', image.digest);
  withdrawals.withdraw(APP, image.digest, 'ended');
  expect((await byTag('1.0')).digest).toBe(image.digest);
  expect((await byDigest(image.digest)).digest).toBe(image.digest);
  expect(await blob(layer)).toBe('layer one');
});

test('each digest is asked about once for one request', async () => {
  const { image, trust, withdrawals, registry } = await open();
  const index = registry.addIndex(APP.path, '1.0', [image]);
  for (const tag of ['1.0', 'stable', 'latest']) {
    trust.sign(APP, tag, index.digest);
    await byTag(tag);
  }
  await byDigest(index.digest);
  withdrawals.withdraw(APP, image.digest);
  withdrawals.questions.length = 0;
  expect(await refusal(byDigest(image.digest))).toBe('trust.withdrawn');
  expect(withdrawals.questions).toEqual([index, image].map(({ digest }) => `reg.example/acme/app@${digest}`));
});

test('a closure is of one repository: another one does not serve the same digest', async () => {
  const { image, trust, layer } = await open();
  const other = { registry: 'reg.example', path: 'acme/other' };
  trust.sign(APP, '1.0', image.digest);
  await byTag('1.0');
  await blob(layer);
  expect(await refusal(byDigest(image.digest, other))).toBe('policy.digest-outside-closure');
  expect(await refusal(blob(layer, other))).toBe('policy.digest-outside-closure');
});

test('a blob is not served as a manifest, nor a manifest as a blob', async () => {
  const { image, trust, layer } = await open();
  trust.sign(APP, '1.0', image.digest);
  await byTag('1.0');
  expect(await refusal(byDigest(layer))).toBe('policy.digest-outside-closure');
  expect(await refusal(blob(image.digest))).toBe('policy.digest-outside-closure');
});

test('a signed digest is served although its tag was never pulled here', async () => {
  const { image, trust } = await open();
  trust.sign(APP, '1.0', image.digest);
  expect((await byDigest(image.digest)).digest).toBe(image.digest);
});

test('a pull in flight ends within the hour after its tag moved; then the old digest is outside', async () => {
  const { image, registry, trust, layer } = await open();
  trust.sign(APP, '1.0', image.digest);
  await byTag('1.0');
  const next = registry.addImage({ repository: APP.path, layers: [Buffer.from('two')] });
  trust.sign(APP, '1.0', next.digest);
  world.clock = NOON + HOUR;
  expect(await blob(layer)).toBe('layer one');
  world.clock = NOON + HOUR + 1;
  expect(await refusal(blob(layer))).toBe('policy.digest-outside-closure');
  expect(await refusal(byDigest(image.digest))).toBe('policy.digest-outside-closure');
});

test('digests: superseded serves what the tag stood for, as long as it says', async () => {
  const { image, registry, trust } = await open([
    rule({ match: 'reg.example/**', action: requireVendor, digests: { kind: 'superseded', forMs: 10 * HOUR } }),
  ]);
  trust.sign(APP, '1.0', image.digest);
  await byTag('1.0');
  const next = registry.addImage({ repository: APP.path, layers: [Buffer.from('two')] });
  trust.now = world.clock = NOON + 5 * HOUR;
  trust.sign(APP, '1.0', next.digest);
  world.clock = NOON + 15 * HOUR;
  expect((await byDigest(image.digest)).digest).toBe(image.digest);
  world.clock += 1;
  expect(await refusal(byDigest(image.digest))).toBe('policy.digest-outside-closure');
});

test('a role that nobody believes names a superseded digest every now and then: that does not keep it alive', async () => {
  const { image, registry, trust } = await open([
    rule({ match: 'reg.example/**', action: requireVendor, digests: { kind: 'superseded', forMs: 10 * HOUR } }),
  ]);
  trust.sign(APP, '1.0', image.digest);
  await byTag('1.0');
  const next = registry.addImage({ repository: APP.path, layers: [Buffer.from('two')] });
  trust.now = world.clock = NOON + 5 * HOUR;
  trust.sign(APP, '1.0', next.digest);
  trust.state(APP, '1.0', image.digest, 'targets/dev');
  trust.now = NOON + 14 * HOUR;
  trust.sign(APP, '1.0', next.digest);
  world.clock = NOON + 15 * HOUR;
  expect((await byDigest(image.digest)).digest).toBe(image.digest);
  world.clock += 1;
  expect(await refusal(byDigest(image.digest))).toBe('policy.digest-outside-closure');
});

test('digests: any serves whatever the tag ever stood for here, and nothing else', async () => {
  const { image, registry, trust } = await open([
    rule({ match: 'reg.example/**', action: requireVendor, digests: { kind: 'any' } }),
  ]);
  trust.sign(APP, '1.0', image.digest);
  expect((await byDigest(image.digest)).digest).toBe(image.digest);
  const next = registry.addImage({ repository: APP.path, layers: [Buffer.from('two')] });
  const never = registry.addImage({ repository: APP.path, layers: [Buffer.from('three')] });
  trust.sign(APP, '1.0', next.digest);
  world.clock = NOON + 10_000 * HOUR;
  expect((await byDigest(image.digest)).digest).toBe(image.digest);
  expect(await refusal(byDigest(never.digest))).toBe('policy.digest-outside-closure');
});

test('digests: any never serves what the whole requirement did not approve, however often parts of it did', async () => {
  const both = { kind: 'all', of: ['vendor', 'ours'].map((source) => ({ kind: 'source' as const, source })) } as const;
  const { image, registry, trust } = await open([
    rule({ match: 'reg.example/**', action: { kind: 'require', requirement: both }, digests: { kind: 'any' } }),
  ]);
  const rogue = registry.addImage({ repository: APP.path, layers: [Buffer.from('rogue')] });
  for (const source of ['vendor', 'ours']) {
    trust.sign(APP, '1.0', rogue.digest, source);
    expect(await refusal(byTag('1.0'))).toBe('trust.unsigned');
    trust.revoke(APP, '1.0', source);
  }
  for (const source of ['vendor', 'ours']) trust.sign(APP, '1.0', image.digest, source);
  expect(await refusal(byTag('1.0'))).toBe('served');
  expect(await refusal(byDigest(rogue.digest))).toBe('policy.digest-outside-closure');
});

test('signing a revoked tag again does not bring back what it stood for', async () => {
  const { image, registry, trust, layer } = await open([
    rule({ match: 'reg.example/**', action: requireVendor, digests: { kind: 'any' } }),
  ]);
  trust.sign(APP, '1.0', image.digest);
  await byTag('1.0');
  trust.revoke(APP, '1.0');
  trust.sign(APP, '1.0', registry.addImage({ repository: APP.path, layers: [Buffer.from('two')] }).digest);
  await byTag('1.0');
  expect(await refusal(byDigest(image.digest))).toBe('policy.digest-outside-closure');
  expect(await refusal(blob(layer))).toBe('policy.digest-outside-closure');
});

test('a layer that reads like an index opens no closure, even after another repository pulled it as one', async () => {
  const tools = { registry: 'reg.example', path: 'tools/x' };
  const { image, registry, trust } = await open([
    rule({ match: 'reg.example/tools/**', action: allowed }),
    rule({ match: 'reg.example/acme/**', action: requireVendor }, 2),
  ]);
  const evil = registry.addImage({ repository: APP.path, layers: [Buffer.from('evil')] });
  const decoy = registry.addIndex(tools.path, 'decoy', [evil]);
  const approved = registry.addImage({ repository: APP.path, layers: [decoy.bytes] });
  trust.sign(APP, 'a', approved.digest);
  await byTag('a');
  await byTag('decoy', tools);
  expect(image.digest).not.toBe(evil.digest);
  expect(await refusal(byDigest(evil.digest))).toBe('policy.digest-outside-closure');
  expect(await refusal(blob(evil.layers[0] as Digest))).toBe('policy.digest-outside-closure');
});

test('a base layer under hundreds of builds of one tag stays with the newest', async () => {
  const { registry, trust } = await open();
  const base = Buffer.from('base layer');
  let newest = '';
  for (let build = 0; build < 300; build++) {
    const image = registry.addImage({ repository: APP.path, layers: [base, Buffer.from(`build ${build}`)] });
    trust.sign(APP, 'latest', image.digest);
    trust.now = world.clock += 1000;
    await byTag('latest');
    newest = image.layers[0] ?? '';
  }
  expect(await refusal(blob(newest as Digest))).toBe('served');
});

test('an unsigned tag with sizes of its own making does not break a signed image', async () => {
  const { image, registry, trust, layer } = await open([
    rule({ match: 'reg.example/acme/app:dev-*', action: allowed }),
    rule({ match: 'reg.example/**', action: requireVendor }, 2),
  ]);
  trust.sign(APP, '1.0', image.digest);
  const lying = {
    schemaVersion: 2,
    mediaType: image.mediaType,
    config: { mediaType: 'a/b', digest: image.config, size: 1 },
    layers: [{ mediaType: 'a/b', digest: layer, size: 1 }],
  };
  registry.addManifest(APP.path, Buffer.from(JSON.stringify(lying)), image.mediaType, 'dev-1');
  await byTag('dev-1');
  await byTag('1.0');
  expect(await blob(layer)).toBe('layer one');
  expect(last()).toMatchObject({ rule: 'rule 2 (reg.example/**)' });
});

test('a cache that outlived its database still knows what hangs on an image', async () => {
  const { image, trust, store, layer } = await open();
  trust.sign(APP, '1.0', image.digest);
  store.put(image.digest, image.bytes);
  await byTag('1.0');
  expect(await blob(layer)).toBe('layer one');
});

test('what was given out under another rule or pin does not count, not even for the hour', async () => {
  const { image, registry, trust } = await open();
  trust.sign(APP, '1.0', image.digest);
  await byTag('1.0');
  trust.sign(APP, '1.0', registry.addImage({ repository: APP.path, layers: [Buffer.from('two')] }).digest);
  expect(await refusal(byDigest(image.digest))).toBe('served');
  const other = { ...world.deps, basis: () => 'another' };
  expect(await refusal(pullManifest(other, { ...request, digest: image.digest }))).toBe(
    'policy.digest-outside-closure',
  );
});

test('a revoked tag ends all its admissions at once, a pull in flight included', async () => {
  const { image, trust, layer } = await open([
    rule({ match: 'reg.example/**', action: requireVendor, digests: { kind: 'any' } }),
  ]);
  trust.sign(APP, '1.0', image.digest);
  await byTag('1.0');
  trust.revoke(APP, '1.0');
  expect(await refusal(byDigest(image.digest))).toBe('policy.digest-outside-closure');
  expect(await refusal(blob(layer))).toBe('policy.digest-outside-closure');
});

test('an outage of trust is told as an outage, also on a pull by digest', async () => {
  const { image, trust } = await open();
  trust.sign(APP, '1.0', image.digest);
  await byTag('1.0');
  trust.refuse('vendor', 'trust.unreachable');
  expect(await refusal(byDigest(image.digest))).toBe('trust.unreachable');
});

test('a source without a pin takes nothing by digest from what another source signed', async () => {
  const other = { kind: 'require', requirement: { kind: 'source', source: 'other' } } as const;
  const { image, layer, trust } = await open([
    rule({ match: 'reg.example/acme/app:1.*', action: requireVendor }),
    rule({ match: 'reg.example/**', action: other }, 2),
  ]);
  trust.unpinned.add('other');
  trust.sign(APP, '1.0', image.digest);
  await byTag('1.0');
  expect((await byDigest(image.digest)).digest).toBe(image.digest);
  expect(await blob(layer)).toBe('layer one');
  trust.revoke(APP, '1.0');
  expect(await refusal(byDigest(image.digest))).toBe('trust.no-root');
});

test('allow serves on the word of the registry, verified against the digest it named', async () => {
  const { image, registry } = await open([rule({ match: 'reg.example/**', action: allowed })]);
  expect((await byTag('1.0')).digest).toBe(image.digest);
  expect(await blob(image.layers[0] as Digest)).toBe('layer one');
  const never = registry.addImage({ repository: APP.path, layers: [Buffer.from('x')] });
  expect(await refusal(byDigest(never.digest))).toBe('policy.digest-outside-closure');
});

test('what allow let through never counts once the rule requires signatures', async () => {
  const { image, trust, layer } = await open([rule({ match: 'reg.example/**', action: allowed })]);
  await byTag('1.0');
  const strict = { ...world.deps, policy: compilePolicy(signedOnly) };
  const next = world.registry.addImage({ repository: APP.path, layers: [Buffer.from('signed')] });
  trust.sign(APP, '1.0', next.digest);
  const pulls = [
    pullManifest(strict, { ...request, digest: image.digest }),
    pullBlob(strict, { ...request, digest: layer }),
  ];
  for (const refused of await Promise.all(pulls.map(refusal))) expect(refused).toBe('policy.digest-outside-closure');
});

test('observe serves what enforcing would refuse, and records that it would', async () => {
  const { image, layer } = await open([rule({ match: 'reg.example/**', action: requireVendor, mode: 'observe' })]);
  expect((await byTag('1.0')).digest).toBe(image.digest);
  expect(last()).toMatchObject({ verdict: 'allow', wouldDeny: true, reason: 'trust.unsigned', mode: 'observe' });
  expect(await blob(layer)).toBe('layer one');
});

test('observe serves a digest without a tag, and its blobs', async () => {
  const { image, layer } = await open([rule({ match: 'reg.example/**', action: requireVendor, mode: 'observe' })]);
  expect((await byDigest(image.digest)).digest).toBe(image.digest);
  expect(last()).toMatchObject({ verdict: 'allow', wouldDeny: true, reason: 'policy.digest-outside-closure' });
  expect(await blob(layer)).toBe('layer one');
});

test('under observe a signature still decides: the signed digest, not the moved one', async () => {
  const { image, registry, trust } = await open([
    rule({ match: 'reg.example/**', action: requireVendor, mode: 'observe' }),
  ]);
  trust.sign(APP, '1.0', image.digest);
  registry.moveTag(APP.path, '1.0', registry.addImage({ repository: APP.path, layers: [Buffer.from('x')] }).digest);
  expect((await byTag('1.0')).digest).toBe(image.digest);
  expect(last()).toMatchObject({ wouldDeny: false });
});

test('two sources that name different digests are a conflict', async () => {
  const both = { kind: 'all', of: ['vendor', 'ours'].map((source) => ({ kind: 'source' as const, source })) } as const;
  const { image, registry, trust } = await open([
    rule({ match: 'reg.example/**', action: { kind: 'require', requirement: both } }),
  ]);
  trust.sign(APP, '1.0', image.digest);
  expect(await refusal(byTag('1.0'))).toBe('trust.unsigned');
  trust.sign(APP, '1.0', registry.addImage({ repository: APP.path, layers: [Buffer.from('x')] }).digest, 'ours');
  expect(await refusal(byTag('1.0'))).toBe('trust.conflict');
  trust.sign(APP, '1.0', image.digest, 'ours');
  expect(await refusal(byTag('1.0'))).toBe('served');
});

test('an index nested deeper than four levels ends the closure', async () => {
  const { image, registry, trust, layer } = await open();
  const chain = [image as { digest: Digest; size: number; mediaType: string; bytes: Uint8Array }];
  for (let level = 0; level < 4; level++) chain.push(registry.addIndex(APP.path, undefined, [chain.at(-1)!]));
  trust.sign(APP, 'deep', chain[4]!.digest);
  await byTag('deep');
  for (const { digest } of chain.slice(1, 4).reverse()) expect(await refusal(byDigest(digest))).toBe('served');
  expect(await refusal(byDigest(image.digest))).toBe('policy.digest-outside-closure');
  trust.sign(APP, 'deep', chain[3]!.digest);
  await byTag('deep');
  expect(await refusal(byDigest(image.digest))).toBe('served');
  expect(await refusal(blob(layer))).toBe('served');
});

test('a HEAD of a blob tells its size without a download', async () => {
  const { image, registry, trust, layer } = await open();
  trust.sign(APP, '1.0', image.digest);
  await byTag('1.0');
  expect(await headBlob(world.deps, { ...request, method: 'HEAD', digest: layer })).toEqual({ size: 9 });
  expect(registry.count(`${path}/blobs/${layer}`)).toBe(0);
});

test('a second pull does not touch the upstream', async () => {
  const { image, registry, trust, layer } = await open();
  trust.sign(APP, '1.0', image.digest);
  await byTag('1.0');
  await blob(layer);
  await world.deps.flights.close();
  const before = registry.seen.length;
  await byTag('1.0');
  expect(registry.seen).toHaveLength(before);
});

test('sixteen pulls of one cold manifest are one upstream request', async () => {
  const { image, registry, trust } = await open();
  trust.sign(APP, '1.0', image.digest);
  await Promise.all(Array.from({ length: 16 }, () => byTag('1.0')));
  expect(registry.count(`${path}/manifests/${image.digest}`)).toBe(1);
});

test('a manifest over its limit is refused; one that says so beforehand is not even asked for', async () => {
  const { image, registry, trust } = await open();
  trust.sign(APP, '1.0', image.digest);
  const { closure, upstreams } = world.deps;
  const none = (): undefined => undefined;
  const manifests = new Manifests({ cache: world.store, closure, maxBytes: 10, onCacheFailure: none, cacheUsed: none });
  const wanted = { upstream: upstreams.get(APP.registry)!, path: APP.path, digest: image.digest };
  expect(await refusal(manifests.get({ ...wanted, length: image.size }))).toBe('upstream.protocol');
  expect(registry.count(`${path}/manifests/${image.digest}`)).toBe(0);
  expect(await refusal(pullManifest({ ...world.deps, manifests }, { ...request, tag: '1.0' }))).toBe(
    'upstream.protocol',
  );
});

test('only tags that would be served are listed', async () => {
  const { image, registry, trust } = await open([
    rule({ match: 'reg.example/acme/app:9*', action: { kind: 'deny', message: 'no' } }),
    rule({ match: 'reg.example/acme/app:b*', action: allowed }, 2),
    rule({ match: 'reg.example/**', action: requireVendor }, 3),
  ]);
  for (const tag of ['9.0', 'bootstrap', 'unsigned']) registry.moveTag(APP.path, tag, image.digest);
  for (const tag of ['1.0', '9.0']) trust.sign(APP, tag, image.digest);
  expect(await listTags(world.deps, request)).toEqual(['1.0', 'bootstrap']);
});

test('an answer that cannot be recorded is not given when the configuration says so', async () => {
  const { image, trust } = await open();
  trust.sign(APP, '1.0', image.digest);
  const failing = { record: () => Promise.reject(new Error('disk full')) };
  await expect(pullManifest({ ...world.deps, decisions: failing }, { ...request, tag: '1.0' })).rejects.toThrow(
    'disk full',
  );
});
