import { expect, test } from 'vitest';
import type { Peer, PeerRequest } from '../upstream/peer.ts';
import { tufSource } from './tuf-source.ts';

test('files lie below the URL itself, and no token is asked for', async () => {
  const asked: [string, string][] = [];
  const get = (path: string, { scope }: PeerRequest): Promise<unknown> => {
    asked.push([path, scope]);
    return Promise.resolve({ status: 404 });
  };
  const source = tufSource([{ name: 'tuf', get } as unknown as Peer]);
  expect(await source.fetch({ kind: 'role', role: 'targets', version: 4 }, 9)).toBeUndefined();
  expect(asked).toEqual([['/4.targets.json', '']]);
});
