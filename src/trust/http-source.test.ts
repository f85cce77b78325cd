import { expect, test } from 'vitest';
import { type Code, codeOf, TufgateError } from '../errors.ts';
import type { Peer, PeerAnswer, PeerRequest } from '../upstream/peer.ts';
import { httpSource } from './http-source.ts';
import type { MetadataName } from './metadata-source.ts';

const naming = {
  folder: '/folder',
  scope: 'repository:app:pull',
  fileName: ({ kind }: MetadataName) => `${kind}.json`,
};
const pieces = [Buffer.from('meta'), Buffer.from('data')];
const timestamp = { kind: 'timestamp' } as const;

interface Asked {
  readonly by: string;
  readonly path: string;
  readonly request: PeerRequest;
}

/** Servers that answer with this status or throw this error, in order, and what they were asked. */
function servers(...answers: (number | Error)[]) {
  const asked: Asked[] = [];
  const peers = answers.map((answer, i) => {
    const get = (path: string, request: PeerRequest): Promise<PeerAnswer> => {
      asked.push({ by: `peer ${i}`, path, request });
      if (answer instanceof Error) return Promise.reject(answer);
      return Promise.resolve({ status: answer, headers: new Map(), pieces, foreign: false });
    };
    return { name: `peer ${i}`, get } as unknown as Peer;
  });
  return { asked, source: httpSource(peers, naming) };
}

const upstream = (code: Code, detail = 'secret.internal'): TufgateError => new TufgateError(code, detail);

async function refusal(work: Promise<unknown>): Promise<TufgateError> {
  return await work.then(
    () => Promise.reject(new Error('it was answered')),
    (error: unknown) => error as TufgateError,
  );
}

test('a file is asked for by its name below the folder, bounded in bytes and in time', async () => {
  const { source, asked } = servers(200);
  const { signal } = new AbortController();
  expect(await source.fetch(timestamp, 17, signal)).toBe(pieces);
  expect(asked[0]?.path).toBe('/folder/timestamp.json');
  expect(asked[0]?.request).toMatchObject({ scope: naming.scope, maxBytes: 17, deadlineMs: 20_000 });
  expect(asked[0]?.request.signal).toBe(signal);
  await source.fetch(timestamp, 17);
  expect(asked[1]?.request).not.toHaveProperty('signal');
});

test.each<[MetadataName, boolean]>([
  [{ kind: 'newest-root' }, false],
  [{ kind: 'root', version: 2 }, false],
  [timestamp, false],
  [{ kind: 'role', role: 'targets' }, false],
  [{ kind: 'role', role: 'targets', version: 3 }, true],
  [{ kind: 'by-hash', role: 'targets', sha256: 'aa' }, true],
])('%j may come from a cache between: %s', async (file, may) => {
  const { source, asked } = servers(200);
  await source.fetch(file, 9);
  expect(asked[0]?.request.headers).toEqual(may ? {} : { 'cache-control': 'no-cache' });
});

test('404 alone says that there is no such file, and no mirror is asked for another word', async () => {
  const { source, asked } = servers(404, 200);
  expect(await source.fetch(timestamp, 9)).toBeUndefined();
  expect(asked).toHaveLength(1);
});

test.each([
  [401, true],
  [403, true],
  [204, false],
  [302, false],
  [410, false],
  [500, false],
])('%i is an outage; somebody should look at it: %s', async (status, alarm) => {
  const error = await refusal(servers(status).source.fetch(timestamp, 9));
  expect(error.code).toBe('trust.unreachable');
  expect(error.detail).toEqual(alarm ? { status, alarm } : { status });
  expect(error.message).toContain(`peer 0 answered ${status} for timestamp.json`);
  expect(error.message.includes('credentials')).toBe(alarm);
});

test('a server that cannot be reached leaves the word to the next', async () => {
  const { source, asked } = servers(upstream('upstream.unreachable'), 503, 200, 404);
  expect(await source.fetch(timestamp, 9)).toBe(pieces);
  expect(asked.map(({ by }) => by)).toEqual(['peer 0', 'peer 1', 'peer 2']);
});

test('when none can be reached the first one is told', async () => {
  const error = await refusal(servers(503, upstream('upstream.unreachable')).source.fetch(timestamp, 9));
  expect(error.detail).toEqual({ status: 503 });
  expect(await servers().source.fetch(timestamp, 9).catch(codeOf)).toBe('trust.unreachable');
});

test('an answer that is too long ends the search, and says nothing of where the server sent us', async () => {
  const cause = upstream('upstream.protocol');
  const { source, asked } = servers(cause, 200);
  const error = await refusal(source.fetch(timestamp, 9));
  expect([error.code, error.cause]).toEqual(['trust.too-large', cause]);
  expect(error.message).not.toContain('secret.internal');
  expect(asked).toHaveLength(1);
});

test.each<[Code, object]>([
  ['upstream.unauthorized', { alarm: true }],
  ['upstream.unreachable', {}],
  ['upstream.rate-limited', {}],
])('%s is an outage: %j', async (code, detail) => {
  const cause = upstream(code, 'said so');
  const error = await refusal(servers(cause).source.fetch(timestamp, 9));
  expect([error.code, error.cause, error.detail]).toEqual(['trust.unreachable', cause, detail]);
  expect(error.message).toBe('peer 0, timestamp.json: said so');
});

test('a deadline that was set by who asks, and a fault of our own, stay what they are', async () => {
  const fault = new Error('a fault');
  const { source, asked } = servers(fault, 200);
  await expect(source.fetch(timestamp, 9)).rejects.toBe(fault);
  expect(asked).toHaveLength(1);
});
