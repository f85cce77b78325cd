import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { tufKey } from '../../src/simulator/tuf-key.ts';
import { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { TufServer } from '../../src/simulator/tuf-server.ts';
import { DAY, type GateWorld, openGate, START } from './gate-world.ts';

/** The whole gate before a TUF 1.0 repository of approvals. */
const REPOSITORY = 'reg.example/acme/app';
const TARGET = `${REPOSITORY}:1.0`;
const MINUTE = 60_000;
const manifest = '/v2/acme/app/manifests/1.0';
let gate: GateWorld;
let server: TufServer;
let approvals: TufRepository;

afterEach(async () => {
  await gate.close();
  await server.close();
});

interface Opening {
  readonly rule?: string;
  readonly folder?: boolean;
  readonly layout?: (repository: TufRepository) => TufRepository;
}

/** `layout` delegates; the image of the world is then approved by the role that its repository is delegated to. */
async function open({ rule = 'require: [approvals]', folder = false, layout = (made) => made }: Opening = {}) {
  server = new TufServer();
  await server.listen();
  approvals = layout(new TufRepository(START));
  server.serve('tuf', approvals.files);
  const url = folder ? 'file:published' : `${server.url.href}tuf`;
  const sources = (): string => `  approvals: { type: tuf, url: "${url}", root: root.json }`;
  approvals.publish();
  gate = await openGate({ rule, sources: sources(), files: { 'root.json': approvals.at('root', 1) } });
  return gate;
}

const approve = (target = TARGET, role?: string): TufRepository =>
  approvals.put(target, { digest: gate.image.digest, length: gate.image.size }, role);

async function later(ms = 2 * MINUTE): Promise<void> {
  gate.clock += ms;
  await Promise.resolve();
}

test('an approved tag is served as the approved digest, an unapproved one is refused', async () => {
  const { get, image } = await open();
  approve().publish();
  const answer = await get(manifest);
  expect([answer.status, answer.headers['docker-content-digest']]).toEqual([200, image.digest]);
  gate.registry.addImage({ repository: 'acme/app', tag: '2.0', layers: [Buffer.from('two')] });
  const refused = await get('/v2/acme/app/manifests/2.0');
  expect([refused.status, refused.reason]).toEqual([403, 'trust.unsigned']);
  expect(refused.message).toContain('nobody trusted signed reg.example/acme/app:2.0 in approvals');
});

test('a repository has a role of its own, which alone may speak for it', async () => {
  const { get } = await open({
    layout: (made) =>
      made.delegate(REPOSITORY, { terminating: true }).delegate('bulk', {
        prefixes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'],
      }),
  });
  approve(TARGET, 'bulk').publish();
  expect((await get(manifest)).reason).toBe('trust.unsigned');
  approve(TARGET, REPOSITORY).publish();
  await later();
  expect((await get(manifest)).status).toBe(200);
});

test('hash bins: those of the tag and of its digest are fetched, and only what changed is fetched again', async () => {
  const { get } = await open({ layout: (made) => made.bins('bulk', { bits: 4 }) });
  approve(TARGET, 'bulk').publish();
  expect((await get(manifest)).status).toBe(200);
  const bins = (): readonly string[] =>
    server.requests.map(({ path }) => path).filter((path) => path.includes('bulk-'));
  expect(bins()).toHaveLength(2);
  approvals.touch('targets').publish();
  await later();
  expect((await get(manifest)).status).toBe(200);
  expect(bins()).toHaveLength(2);
  approvals.put(`${REPOSITORY}:1.0`, { digest: gate.image.digest, length: gate.image.size + 1 }, 'bulk').publish();
  await later();
  expect((await get(manifest)).reason).toBe('integrity.length');
  expect(bins()).toHaveLength(3);
});

test('after a restart what was stored is verified and used; nothing but root and timestamp is asked for', async () => {
  const { get } = await open({ layout: (made) => made.delegate(REPOSITORY, { terminating: true }) });
  approve(TARGET, REPOSITORY).publish();
  expect((await get(manifest)).status).toBe(200);
  await gate.restart();
  await later();
  const before = server.requests.length;
  expect((await get(manifest)).status).toBe(200);
  expect(server.requests.slice(before).map(({ path }) => path)).toEqual(['tuf/2.root.json', 'tuf/timestamp.json']);
});

test('an older timestamp is refused after a restart, and the last view serves with an alarm', async () => {
  const { get } = await open();
  const old = approvals.at('timestamp');
  approve().publish();
  expect((await get(manifest)).status).toBe(200);
  await gate.restart();
  approvals.files.replace('timestamp.json', old);
  await later();
  expect((await get(manifest)).status).toBe(200);
  await gate.gate.flushDecisions();
  const alarms = await gate.gate.state.decisions({ event: 'alarm', limit: 10 });
  expect(alarms.map(({ reason }) => reason)).toEqual(['trust.rollback']);
});

test('the same timestamp version with other bytes: the first stay, with an alarm', async () => {
  const { get } = await open();
  approve().publish();
  expect((await get(manifest)).status).toBe(200);
  approvals.forge('timestamp', { edit: (signed) => (signed['expires'] = '2030-01-01T00:00:00Z') });
  await later();
  expect((await get(manifest)).status).toBe(200);
  await gate.gate.flushDecisions();
  const alarms = await gate.gate.state.decisions({ event: 'alarm', limit: 10 });
  expect(alarms.map(({ reason }) => reason)).toEqual(['trust.equal-version']);
});

test('fast-forward recovery: versions begin anew under new keys, and the delegated files with them', async () => {
  const { get } = await open({ layout: (made) => made.delegate(REPOSITORY, { terminating: true }) });
  approve(TARGET, REPOSITORY).publish({ snapshot: 1_000, timestamp: 1_000, [REPOSITORY]: 7 });
  expect((await get(manifest)).status).toBe(200);
  approvals.rotate('snapshot').rotate('timestamp');
  approvals.put(TARGET, { digest: gate.image.digest, length: gate.image.size, custom: { again: 1 } }, REPOSITORY);
  approvals.publish({ snapshot: 3, timestamp: 3, [REPOSITORY]: 7 });
  await later();
  const answer = await get(manifest);
  expect([answer.status, answer.reason]).toEqual([200, undefined]);
  expect(server.requests.filter(({ path }) => path.includes('7.reg.example'))).toHaveLength(2);
});

test('a missing timestamp is an outage, not a withdrawal: the last view serves until it expires', async () => {
  const { get } = await open();
  approve().publish();
  expect((await get(manifest)).status).toBe(200);
  approvals.files.drop('timestamp.json');
  await later();
  expect((await get(manifest)).status).toBe(200);
  await later(2 * DAY);
  const refused = await get(manifest);
  expect([refused.status, refused.reason]).toEqual([503, 'trust.unreachable']);
});

test('a 403 on the next root is an outage: it does not end the chain', async () => {
  const { get } = await open();
  approve().publish();
  server.misbehaviours.set('tuf/2.root.json', { kind: 'status', status: 403 });
  expect((await get(manifest)).reason).toBe('trust.unreachable');
  server.misbehaviours.clear();
  await later();
  expect((await get(manifest)).status).toBe(200);
});

test('a delegated file that cannot be had ends the search: nobody of lower priority answers', async () => {
  const { get } = await open({
    layout: (made) =>
      made.delegate('owner', { paths: [`${REPOSITORY}:*`] }).delegate('bulk', { paths: [`${REPOSITORY}:*`] }),
  });
  approve(TARGET, 'bulk').publish();
  approvals.files.drop(approvals.fileOf('owner'));
  const refused = await get(manifest);
  expect([refused.status, refused.reason]).toEqual([403, 'trust.hash']);
});

test('signers: each named role must have signed it, each by a key of its own', async () => {
  const shared = tufKey('ed25519', 'shared');
  const { get } = await open({
    rule: 'require: [{ source: approvals, signers: { at_least: 2, of: [qa, security, legal] } }]',
    layout: (made) =>
      made
        .delegate('qa', { paths: [`${REPOSITORY}:*`], keys: [shared] })
        .delegate('security', { paths: [`${REPOSITORY}:*`], keys: [shared] })
        .delegate('legal', { paths: [`${REPOSITORY}:*`] }),
  });
  approve(TARGET, 'qa').publish();
  approve(TARGET, 'security').publish();
  expect((await get(manifest)).reason).toBe('trust.signer-missing');
  approve(TARGET, 'legal').publish();
  await later();
  expect((await get(manifest)).status).toBe(200);
});

test('a digest that is approved by its name is served without a tag', async () => {
  const { get, image } = await open();
  expect((await get(`/v2/acme/app/manifests/${image.digest}`)).reason).toBe('policy.digest-outside-closure');
  approve(`${REPOSITORY}@${image.digest}`).publish();
  await later();
  expect((await get(`/v2/acme/app/manifests/${image.digest}`)).status).toBe(200);
  expect((await get(`/v2/acme/app/blobs/${image.layers[0]!}`)).status).toBe(200);
  expect((await get(manifest)).reason).toBe('trust.unsigned');
});

test('what is approved under the name of another digest is refused', async () => {
  const { get, image } = await open();
  const other = `sha256:${'ab'.repeat(32)}`;
  approve(`${REPOSITORY}@${other}`).publish();
  expect((await get(`/v2/acme/app/manifests/${other}`)).reason).toBe('policy.digest-outside-closure');
  expect((await get(`/v2/acme/app/manifests/${image.digest}`)).reason).toBe('policy.digest-outside-closure');
});

test('a revoked tag ends all that it stood for', async () => {
  const { get, image } = await open();
  approve().publish();
  expect((await get(manifest)).status).toBe(200);
  expect((await get(`/v2/acme/app/manifests/${image.digest}`)).status).toBe(200);
  approvals.remove(TARGET).publish();
  await later();
  expect((await get(manifest)).reason).toBe('trust.unsigned');
  expect((await get(`/v2/acme/app/manifests/${image.digest}`)).reason).toBe('policy.digest-outside-closure');
});

test('signed by the vendor and approved: both must name one digest', async () => {
  const { get, registry } = await open({ rule: 'require: [approvals, vendor]' });
  approve().publish();
  expect((await get(manifest)).status).toBe(200);
  const other = registry.addImage({ repository: 'acme/app', tag: '1.0', layers: [Buffer.from('other')] });
  gate.publisher.sign('1.0', other.digest, other.size).publish();
  await later();
  const refused = await get(manifest);
  expect([refused.status, refused.reason]).toEqual([403, 'trust.conflict']);
});

test('tags that are approved are listed', async () => {
  const { get } = await open({ layout: (made) => made.delegate(REPOSITORY, { terminating: true }) });
  approve(TARGET, REPOSITORY).publish();
  approve(`${REPOSITORY}:1.1`, REPOSITORY).publish();
  approve('reg.example/acme/other:9').publish();
  const { body } = await get('/v2/acme/app/tags/list');
  expect(JSON.parse(body.toString())).toEqual({ name: 'acme/app', tags: ['1.0', '1.1'] });
});

test('a repository in a folder', async () => {
  const { get, folder } = await open({ folder: true });
  expect((await get(manifest)).reason).toBe('trust.unreachable');
  approve().publish();
  await mkdir(join(folder, 'published'));
  for (const [name, bytes] of approvals.files.paths()) await writeFile(join(folder, 'published', name), bytes);
  await later();
  expect((await get(manifest)).status).toBe(200);
  await rm(join(folder, 'published'), { recursive: true });
  await later();
  expect((await get(manifest)).status).toBe(200);
});
