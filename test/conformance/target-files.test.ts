import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { refuseOtherTarget } from '../../src/trust/tuf/target-file.ts';
import { code } from '../thrown.ts';
import { Client, NOW } from './client.ts';

/** Targets as files: what is signed for a name, and whether the bytes that a server sends are those. */
const hash = (algorithm: string, bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex');
const file = (text: string): Uint8Array => Buffer.from(text);
let repository: TufRepository;
let client: Client;

beforeEach(() => {
  repository = new TufRepository(NOW);
});

function put(name: string, bytes: Uint8Array, algorithms = ['sha256']): TufRepository {
  const hashes = Object.fromEntries(algorithms.map((algorithm) => [algorithm, hash(algorithm, bytes)]));
  return repository.put(name, { length: bytes.length, hashes });
}

/** What comes of a download: an update, a search, and these bytes from the server. */
async function download(name: string, bytes: Uint8Array): Promise<string> {
  const { outcome, entries } = await client.find(name);
  const [entry] = entries;
  return entry === undefined ? outcome : code(() => refuseOtherTarget(name, entry, bytes));
}

describe('a file', () => {
  test.each(['target.txt', 'in/a/folder/target.txt'])('%s is accepted as it was signed', async (name) => {
    client = new Client(put(name, file('content')).publish());
    expect(await client.refresh()).toBe('done');
    expect(await download(name, file('content'))).toBe('accepted');
  });

  test('that the server replaced is refused, also when it was had before', async () => {
    put('one', file('content'));
    client = new Client(put('two', file('other')).publish());
    expect(await download('one', file('content'))).toBe('accepted');
    expect(await download('one', file('c0ntent'))).toBe('integrity.digest');
    expect(await download('two', file('c0ntent and more'))).toBe('integrity.length');
  });

  test('that changes eleven times is the newest that was signed, whichever the client saw', async () => {
    client = new Client(put('target', file('content')).publish());
    for (let round = 0; round <= 10; round++) {
      put('target', file(`content ${round}`));
      put(`new in round ${round}`, file(`new ${round}`)).publish();
      if (round % 5 !== 0) continue;
      expect(await download('target', file(`content ${round}`))).toBe('accepted');
      expect(await download(`new in round ${round}`, file(`new ${round}`))).toBe('accepted');
      repository.touch('targets').publish();
      expect(await download('target', file(`wicked ${round}`))).not.toBe('accepted');
    }
  });

  test.each([[['sha256']], [['sha512']], [['sha256', 'sha512']]])('may be signed with %s', async (algorithms) => {
    client = new Client(put('target', file('content'), algorithms).publish());
    expect(await download('target', file('content'))).toBe('accepted');
    expect(await download('target', file('c0ntent'))).toBe('integrity.digest');
  });

  test('of which every listed hash is unknown is refused, whatever the bytes', async () => {
    repository.put('target', { length: 7, hashes: { 'unknown-hash': hash('sha512', file('content')) } });
    client = new Client(repository.publish());
    expect(await download('target', file('content'))).toBe('trust.malformed');
  });

  test('that is asked for twice costs no metadata the second time but the root and the timestamp', async () => {
    client = new Client(put('target', file('content')).publish());
    await download('target', file('content'));
    client.asked();
    expect(await download('target', file('content'))).toBe('accepted');
    expect(client.asked()).toEqual(['2.root.json', 'timestamp.json']);
  });
});
