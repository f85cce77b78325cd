import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Plain } from '../../src/simulator/tuf-document.ts';
import { tufKey } from '../../src/simulator/tuf-key.ts';
import { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { TufServer } from '../../src/simulator/tuf-server.ts';
import { tufSource } from '../../src/trust/tuf-source.ts';
import { refuseOtherTarget } from '../../src/trust/tuf/target-file.ts';
import { createPeer, type Peer } from '../../src/upstream/peer.ts';
import { code } from '../thrown.ts';
import { BREAKAGES } from './breakages.ts';
import { Client, DAY, NOW } from './client.ts';

/**
 * What the public suite does not see: a client can be broken in each of these ways and passes it whole, but for the
 * last two. `break.js` makes each breakage of `breakages.ts` in our code, and sees that something here fails.
 */
const ENTRY = { length: 1, digest: `sha256:${'a'.repeat(64)}` };
const FOUND = { outcome: 'done', entries: [{ length: 1, sha256: 'a'.repeat(64) }] };
const NGINX = 'docker.io/library/nginx:1.27';
const stranger = tufKey('ed25519', 'stranger');
let repository: TufRepository;
let client: Client;

beforeEach(() => {
  repository = new TufRepository(NOW);
});

const begin = (): Client => (client = new Client(repository.publish()));
const padded = (size: number) => (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc(size - bytes.length, ' ')]);

test.each([...BREAKAGES])('the breakage of %s can be made in the code as it is', (_, edits) => {
  for (const [file, from] of edits)
    expect(readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8').split(from)).toHaveLength(2);
});

describe('no limit on what is downloaded', () => {
  test.each([
    ['root', 2],
    ['timestamp', 2],
    ['snapshot', 2],
    ['targets', 2],
  ])('%s: a file above its bound is not read', async (role) => {
    begin();
    repository.rewrites.set(role, padded((1 << 20) + 1));
    repository.touch(role).publish();
    expect(await client.refresh()).toBe('trust.too-large');
  });

  test('a file is not read beyond the length that is signed for it', async () => {
    repository.hashed = true;
    begin();
    const name = repository.fileOf('targets');
    repository.files.replace(name, padded(10_000)(repository.at('targets')));
    expect(await client.refresh()).toBe('trust.too-large');
  });
});

test('no limit on the number of roots: 256 in one update, and the rest in the next', async () => {
  repository.authorize('root', { keys: [tufKey('p256', 'root')] });
  begin();
  for (let version = 2; version <= 260; version++) repository.resign('root');
  expect(await client.refresh()).toBe('done');
  expect(client.asked().slice(-4)).toEqual(['257.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json']);
  expect(await client.refresh()).toBe('done');
  expect(await client.keptOf(repository)).toMatchObject({ root: 260 });
});

test('no limit on the number of delegations: after 64 roles a search fails', async () => {
  for (let role = 0; role < 70; role++) repository.delegate(`role ${role}`, { paths: ['*'], keys: [stranger] });
  repository.put('x', ENTRY, 'role 62').put('y', ENTRY, 'role 63');
  begin();
  expect(await client.find('x')).toEqual(FOUND);
  client.asked();
  expect(await client.find('y')).toEqual({ outcome: 'trust.too-large', entries: [] });
});

describe('a delegated file that is taken unchecked', () => {
  const delegated = (threshold = 1): TufRepository => {
    const keys = Array.from({ length: threshold }, () => repository.newKey());
    return repository.delegate('team', { paths: ['*'], keys, threshold }).put('x', ENTRY, 'team');
  };

  async function refused(reason: string): Promise<void> {
    expect(await client.find('x')).toEqual({ outcome: reason, entries: [] });
    expect(await client.keptOf(repository)).not.toHaveProperty('team');
  }

  test('its expiry', async () => {
    delegated().of('team').expires = NOW;
    begin();
    await refused('trust.expired');
  });

  test('its expiry, after it was loaded', async () => {
    delegated().of('team').expires = NOW + DAY;
    repository.of('timestamp').expires = NOW + 9 * DAY;
    begin();
    expect(await client.find('x')).toEqual(FOUND);
    client.now += DAY;
    expect(await client.find('x')).toEqual({ outcome: 'trust.expired', entries: [] });
  });

  test('its hash', async () => {
    repository.hashed = true;
    delegated();
    begin();
    repository.forge('team', { edit: (signed) => (signed['x'] = 1) });
    repository.edits.set('snapshot', (signed) => {
      delete (signed['meta'] as Record<string, Plain>)['team.json']!['length'];
    });
    repository.touch('snapshot').publish();
    await refused('trust.hash');
  });

  test('its version', async () => {
    delegated();
    begin();
    repository.forge('team', { version: 2 });
    await refused('trust.hash');
  });

  test('its signature, when it is first loaded', async () => {
    delegated();
    begin();
    repository.forge('team', { signers: [stranger] });
    await refused('trust.signature');
  });

  test('its threshold', async () => {
    delegated(2).of('team').signers = repository.authority('team').keys.slice(1);
    begin();
    await refused('trust.threshold');
  });
});

test.each([
  [1, '0'],
  [3, '3'],
  [8, '69'],
])('always the first bin: with %i bits it is the one of the hash', async (bits, bin) => {
  repository.bins('bins', { bits, keys: [stranger] }).put(NGINX, ENTRY, 'bins');
  begin();
  expect(await client.find(NGINX)).toEqual(FOUND);
  expect(client.asked().slice(4)).toEqual([`1.bins-${bin}.json`]);
});

test('every hash prefix matches: only those that the hash begins with are asked', async () => {
  const hash = createHash('sha256').update(NGINX).digest('hex');
  const other = hash.startsWith('0') ? '1' : '0';
  repository.delegate('other', { prefixes: [other, `${hash.slice(0, 3)}${other}`] });
  repository.delegate('own', { prefixes: [other, hash.slice(0, 5)] }).put(NGINX, ENTRY, 'own');
  begin();
  expect(await client.find(NGINX)).toEqual(FOUND);
  expect(client.asked().slice(4)).toEqual(['1.own.json']);
});

describe('consistent_snapshot ignored', () => {
  test('a repository without it names its files without versions', async () => {
    repository = new TufRepository(NOW, { consistent: false }).delegate('team', { paths: ['*'] });
    begin();
    expect(await client.find('x')).toMatchObject({ outcome: 'trust.unsigned' });
    expect(client.asked()).toEqual(['2.root.json', 'timestamp.json', 'snapshot.json', 'targets.json', 'team.json']);
  });

  test('what the newest root says holds', async () => {
    repository = new TufRepository(NOW, { consistent: false });
    begin();
    repository.useConsistentSnapshots(true).touch('targets').publish();
    expect(await client.refresh()).toBe('done');
    expect(client.asked().slice(-2)).toEqual(['2.snapshot.json', '2.targets.json']);
  });
});

describe('a threshold of zero', () => {
  test.each(['root', 'timestamp', 'snapshot', 'targets'])('of %s: the root is refused', async (role) => {
    begin();
    repository.authorize(role, { threshold: 0 }).publish();
    expect(await client.refresh()).toBe('trust.malformed');
    expect(await client.keptOf(repository)).toEqual({ root: 1 });
  });

  test('of a delegation: the delegator is refused', async () => {
    repository.delegate('team', { paths: ['*'], threshold: 0 });
    begin();
    expect(await client.refresh()).toBe('trust.malformed');
  });
});

test.each(['root', 'timestamp', 'snapshot', 'targets', 'team'])(
  'any version of the specification: %s written for another major one is refused',
  async (role) => {
    repository.delegate('team', { paths: ['*'] }).put('x', ENTRY, 'team');
    begin();
    repository.edits.set(role, (signed) => (signed['spec_version'] = '2.0.0'));
    repository.touch(role).publish();
    expect(await client.find('x')).toEqual({ outcome: 'trust.malformed', entries: [] });
  },
);

test('rollback judged for targets.json alone: no listed role may go back', async () => {
  repository.delegate('team', { paths: ['*'] }).publish({ team: 9 });
  begin();
  await client.refresh();
  repository.publish({ team: 8 });
  expect(await client.refresh()).toBe('trust.rollback');
});

describe('with a web server', () => {
  let server: TufServer;
  let peer: Peer;

  beforeEach(async () => {
    begin();
    server = new TufServer().serve('vendor', repository.files);
    const url = new URL('vendor/', await server.listen());
    peer = createPeer({ name: 'vendor', url, config: {}, connections: 1, clock: () => NOW });
    client.source = tufSource([peer]);
  });

  afterEach(async () => {
    await peer.close();
    await server.close();
  });

  test.each([401, 403, 410, 429, 500, 503])(
    'any error ends the chain of roots: %i fails the update, because only 404 says that there is no more',
    async (status) => {
      server.misbehaviours.set('vendor/2.root.json', { kind: 'status', status });
      expect(await client.refresh()).toBe('trust.unreachable');
      expect(server.count('vendor/timestamp.json')).toBe(0);
      server.misbehaviours.clear();
      expect(await client.refresh()).toBe('done');
    },
  );

  test.each([404, 403, 500])('a timestamp that is answered with %i is none', async (status) => {
    server.misbehaviours.set('vendor/timestamp.json', { kind: 'status', status });
    expect(await client.refresh()).toBe('trust.unreachable');
  });

  test('no limit on what is downloaded: a file without end is given up', async () => {
    server.misbehaviours.set('vendor/timestamp.json', { kind: 'endless' });
    expect(await client.refresh()).toBe('trust.too-large');
  });

  test('each file is asked for once, with GET', async () => {
    expect(await client.refresh()).toBe('done');
    const asked = ['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json'];
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(
      asked.map((file) => `GET vendor/${file}`),
    );
  });
});

test('a clock that runs on during an update: all of it is judged at the instant it began', async () => {
  repository.of('timestamp').expires = NOW + 1_000;
  repository.of('targets').expires = NOW + 1_000;
  begin();
  const { source } = client;
  client.source = {
    fetch: (...asked) => {
      client.now += 400;
      return source.fetch(...asked);
    },
  };
  expect(await client.refresh()).toBe('done');
  expect(client.now).toBe(NOW + 1_600);
  expect(await client.refresh()).toBe('trust.expired');
});

test('the length of a target unchecked: right hashes do not make up for it', async () => {
  const bytes = Buffer.from('content');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  repository.put('x', { length: bytes.length + 1, hashes: { sha256 } });
  begin();
  const { entries } = await client.find('x');
  expect(code(() => refuseOtherTarget('x', entries[0]!, bytes))).toBe('integrity.length');
});

test('an expired timestamp forgotten as a floor: it holds until the keys are new', async () => {
  begin();
  repository.publish({ timestamp: 5 });
  expect(await client.refresh()).toBe('done');
  client.now += 2 * DAY;
  repository.of('timestamp').expires = NOW + 9 * DAY;
  repository.publish({ timestamp: 4 });
  expect(await client.refresh()).toBe('trust.rollback');
  repository.publish({ timestamp: 6 });
  expect(await client.refresh()).toBe('done');
});

test('an expired snapshot forgotten as a floor: it holds too', async () => {
  begin();
  repository.publish({ snapshot: 5 });
  expect(await client.refresh()).toBe('done');
  client.now += 9 * DAY;
  repository.of('snapshot').expires = NOW + 20 * DAY;
  repository.of('timestamp').expires = NOW + 20 * DAY;
  repository.publish({ snapshot: 4 });
  expect(await client.refresh()).toBe('trust.rollback');
});

test('patterns of any number of segments: a star is one of them', async () => {
  repository
    .delegate('team', { paths: ['*', 'a/*/c'] })
    .put('a/b', ENTRY, 'team')
    .put('a/b/c', ENTRY, 'team');
  begin();
  expect(await client.find('a/b')).toMatchObject({ outcome: 'trust.unsigned' });
  expect(await client.find('a/b/c')).toEqual(FOUND);
});

test('a snapshot that the timestamp takes back: an older one is not even asked for', async () => {
  begin();
  repository.publish({ snapshot: 5 });
  expect(await client.refresh()).toBe('done');
  client.asked();
  repository.publish({ snapshot: 4 });
  expect(await client.refresh()).toBe('trust.rollback');
  expect(client.asked()).toEqual(['2.root.json', 'timestamp.json']);
});
