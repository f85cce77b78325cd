import { expect, test } from 'vitest';
import type { Peer, PeerRequest } from '../upstream/peer.ts';
import { code } from '../../test/thrown.ts';
import { fileName, notarySource } from './notary-source.ts';

test('files have the names that a Notary server gives them', () => {
  expect(fileName({ kind: 'newest-root' })).toBe('root.json');
  expect(fileName({ kind: 'root', version: 3 })).toBe('3.root.json');
  expect(fileName({ kind: 'timestamp' })).toBe('timestamp.json');
  expect(fileName({ kind: 'by-hash', role: 'targets/qa', sha256: 'ab12' })).toBe('targets/qa.ab12.json');
  expect(code(() => fileName({ kind: 'role', role: 'targets', version: 1 }))).toBe('internal');
});

test('a collection is asked for below its name, with a token for pulling it', async () => {
  const asked: [string, string][] = [];
  const get = (path: string, { scope }: PeerRequest): Promise<unknown> => {
    asked.push([path, scope]);
    return Promise.resolve({ status: 404 });
  };
  const source = notarySource([{ name: 'notary', get } as unknown as Peer], 'docker.io/library/alpine');
  expect(await source.fetch({ kind: 'timestamp' }, 9)).toBeUndefined();
  expect(asked).toEqual([
    ['/v2/docker.io/library/alpine/_trust/tuf/timestamp.json', 'repository:docker.io/library/alpine:pull'],
  ]);
});
