import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TufJsClient } from '../../test/tuf-js.ts';
import { broken, dressed, silent, TUF_KEY_KINDS, tufKey, under } from './tuf-key.ts';
import { TufRepository } from './tuf-repository.ts';

const NOW = Date.UTC(2026, 10, 21);
const NGINX = 'docker.io/library/nginx:1.27';
const APP = 'ghcr.io/org/a/b:v2';
const SHA256 = 'a'.repeat(64);
const TARGET = { digest: `sha256:${SHA256}`, length: 1_024 };
const FOUND = { kind: 'found', sha256: SHA256, length: 1_024 };
const NONE = { kind: 'none' };
const clients: TufJsClient[] = [];

beforeEach(() => vi.useFakeTimers({ now: NOW, toFake: ['Date'] }));
afterEach(() => {
  vi.useRealTimers();
  for (const client of clients.splice(0)) client.dispose();
});

function clientOf(repository: TufRepository): TufJsClient {
  const client = new TufJsClient(repository.at('root', 1));
  clients.push(client);
  return client;
}

async function ask(repository: TufRepository, name = NGINX, client = clientOf(repository)): Promise<unknown> {
  const [verdict] = await client.resolve(repository.files, name);
  return verdict;
}

async function expectRefused(repository: TufRepository, message: RegExp, client = clientOf(repository)): Promise<void> {
  expect(await ask(repository, NGINX, client)).toEqual({
    kind: 'refused',
    message: expect.stringMatching(message) as string,
  });
}

describe.each([
  { consistent: true, hashed: false, snapshot: '1.snapshot.json', targets: '1.targets.json' },
  { consistent: false, hashed: true, snapshot: 'snapshot.json', targets: 'targets.json' },
])('tuf-js, with consistent_snapshot $consistent and hashes in the snapshot $hashed', (how) => {
  const published = (): TufRepository => new TufRepository(NOW, how).put(NGINX, TARGET);

  test('finds a target, by the names a web server has', async () => {
    const repository = published().publish();
    const client = clientOf(repository);
    expect(await ask(repository, NGINX, client)).toEqual(FOUND);
    expect(await ask(repository, APP, client)).toEqual(NONE);
    expect(client.requests.slice(0, 4)).toEqual(['2.root.json', 'timestamp.json', how.snapshot, how.targets]);
  });

  test('finds a target three delegations down, where the role is named like a repository', async () => {
    const repository = published()
      .delegate('ghcr', { paths: ['ghcr.io/*/*/*'] })
      .delegate('ghcr.io/org', { by: 'ghcr', paths: ['ghcr.io/org/*/*'], terminating: true })
      .delegate('ghcr.io/org/a/b', { by: 'ghcr.io/org', threshold: 2, keys: [key('b1'), key('b2'), key('b3')] })
      .put(
        APP,
        { ...TARGET, hashes: { sha512: 'b'.repeat(128) }, custom: { oci: { mediaType: 'x' } } },
        'ghcr.io/org/a/b',
      )
      .publish();
    expect(await ask(repository, APP)).toEqual(FOUND);
    expect(await ask(repository, 'ghcr.io/org/a/b:v3')).toEqual(NONE);
  });

  test('finds a target by the prefix of its hash, and in its bin', async () => {
    const prefixes = '0123456789abcdef'.split('');
    const repository = published().delegate('bulk', { prefixes }).bins('bulk', { by: 'bulk', bits: 6 });
    repository.put(APP, TARGET, 'bulk-31').put('docker.io/library/busybox:1', TARGET, 'bulk').publish();
    expect(await ask(repository, 'docker.io/library/busybox:1')).toEqual(FOUND);
    expect(await ask(repository, 'docker.io/library/busybox:2')).toEqual(NONE);
  });

  test('follows root rotations, new versions and removals', async () => {
    const repository = published().publish();
    const client = clientOf(repository);
    expect(await ask(repository, NGINX, client)).toEqual(FOUND);
    repository.rotate('root').publish().rotate('timestamp').rotate('targets').publish();
    expect(await ask(repository, NGINX, client)).toEqual(FOUND);
    repository.remove(NGINX).publish();
    expect(await ask(repository, NGINX, client)).toEqual(NONE);
    expect(repository.of('root').version).toBe(3);
  });

  test.each(TUF_KEY_KINDS.filter((kind) => kind !== 'rsa-1024'))('accepts keys of the kind %s', async (kind) => {
    const repository = published();
    for (const role of ['root', 'timestamp', 'snapshot', 'targets'])
      repository.authority(role).keys = [tufKey(kind, 'one for all')];
    expect(await ask(repository.publish())).toEqual(FOUND);
  });

  test('keeps members that nobody knows under the signature', async () => {
    const owner = dressed(key('owner'), { 'x-tuf-on-ci-keyowner': '@someone' });
    const repository = published();
    repository.authority('targets').keys = [owner];
    for (const role of ['root', 'timestamp', 'snapshot', 'targets'])
      repository.edits.set(role, (signed) => (signed['x-note'] = { 'ünï "code"': ['\n', 'back\\slash'] }));
    expect(await ask(repository.publish())).toEqual(FOUND);
  });
});

const key = (name: string) => tufKey('ed25519', name);

describe('an attacker', () => {
  const victim = (): TufRepository => new TufRepository(NOW).put(NGINX, TARGET).publish();

  test.each(['timestamp', 'snapshot', 'targets'])(
    'cannot sign %s with another key, nor with its key id',
    async (role) => {
      const stranger = key('stranger');
      const good = victim().authority(role).keys[0]!.keyId;
      await expectRefused(victim().forge(role, { signers: [stranger] }), /was signed by 0\/1/);
      await expectRefused(victim().forge(role, { signers: [under(good, stranger)] }), /was signed by 0\/1/);
      await expectRefused(victim().forge(role, { signers: [] }), /was signed by 0\/1/);
    },
  );

  test('cannot meet a threshold with one signature twice, nor with broken and absent ones', async () => {
    const repository = new TufRepository(NOW).put(NGINX, TARGET);
    const [a, b, c] = [key('a'), key('b'), key('c')];
    Object.assign(repository.authority('targets'), { keys: [a, b, c], threshold: 2 });
    repository.publish().forge('targets', { signers: [a, silent(b), broken(c)] });
    await expectRefused(repository, /targets was signed by 1\/2/);
    await expectRefused(repository.forge('targets', { signers: [a, a] }), /[Mm]ultiple signatures/);
    expect(await ask(repository.forge('targets', { signers: [a, silent(b), c] }))).toEqual(FOUND);
  });

  test('cannot play old files back', async () => {
    const repository = victim();
    const client = clientOf(repository);
    const old = repository.files.copy();
    repository.put(APP, TARGET).publish();
    expect(await ask(repository, APP, client)).toEqual(FOUND);
    expect(await client.resolve(old, NGINX)).toMatchObject([{ kind: 'refused' }]);
    repository.files.replace('timestamp.json', repository.at('timestamp', 1));
    await expectRefused(repository, /version/, client);
  });

  test('cannot leave a file out, put bytes of its own in its place, or outlive its expiry', async () => {
    const without = victim();
    without.files.drop('1.snapshot.json');
    await expectRefused(without, /not found/);
    const damaged = victim();
    damaged.files.replace('1.targets.json', Buffer.from('{}'));
    await expectRefused(damaged, /targets/);
    const expired = victim();
    vi.setSystemTime(NOW + 86_400_000);
    await expectRefused(expired, /expired/);
  });

  test('cannot have what the keys signed under another version, or with a wrong hash above', async () => {
    await expectRefused(victim().forge('snapshot', { version: 3 }), /version/);
    const hashed = new TufRepository(NOW, { hashed: true }).put(NGINX, TARGET).publish();
    await expectRefused(hashed.forge('targets', { edit: (signed) => (signed['spec_version'] = '1.0.30') }), /hash/);
  });
});

test('versions are what the test says, and only what changed is signed anew', () => {
  const repository = new TufRepository(NOW).put(NGINX, TARGET).publish({ targets: 7, snapshot: 40 });
  repository.publish().put(APP, TARGET).publish();
  const versions = ['root', 'timestamp', 'snapshot', 'targets'].map((role) => repository.of(role).version);
  expect(versions).toEqual([1, 3, 41, 8]);
  expect([...repository.files.paths()].map(([path]) => path)).toEqual([
    '1.root.json',
    '7.targets.json',
    '40.snapshot.json',
    'timestamp.json',
    '8.targets.json',
    '41.snapshot.json',
  ]);
});

test('a role that a client forgets to encode is not found', () => {
  const { files } = new TufRepository(NOW).delegate('../a?b/c').publish();
  expect(files.get('1...%2Fa%3Fb%2Fc.json')).toBeDefined();
  expect(files.get('1.../a?b/c.json')).toBeUndefined();
});

test('repositories of one name have the same keys and bytes, others their own', () => {
  const build = (name?: string): TufRepository => new TufRepository(NOW, name === undefined ? {} : { name }).publish();
  expect(build('vendor').at('root')).toEqual(build('vendor').at('root'));
  expect(build().at('root')).not.toEqual(build().at('root'));
});
