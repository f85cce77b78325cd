import { expect, test } from 'vitest';
import type { Peer, PeerAnswer, PeerStream } from '../upstream/peer.ts';
import { countedPeer } from './counted-peer.ts';
import { createMetrics } from './metrics.ts';

const HUB = new Map([
  ['ratelimit-limit', '100;w=21600'],
  ['ratelimit-remaining', '76;w=21600'],
]);

function peerOf(answer: () => Promise<PeerAnswer>): Peer {
  const open = (): Promise<PeerStream> => Promise.reject(new Error('not asked for'));
  return { name: 'docker.io', get: answer, open, close: () => Promise.resolve() };
}

const answered = (status: number, headers = new Map<string, string>(), foreign = false): PeerAnswer => ({
  status,
  headers,
  foreign,
  pieces: [],
});
const request = { scope: 's', maxBytes: 1, deadlineMs: 1 };

test('answers are counted by status, and what has none too', async () => {
  const metrics = createMetrics();
  await countedPeer(
    peerOf(() => Promise.resolve(answered(404))),
    metrics,
  ).get('/', request);
  const broken = countedPeer(
    peerOf(() => Promise.reject(new Error('broke'))),
    metrics,
  );
  await expect(broken.get('/', request)).rejects.toThrow('broke');
  const text = await metrics.text();
  expect(text).toContain('tufgate_upstream_requests_total{upstream="docker.io",status="4xx"} 1');
  expect(text).toContain('tufgate_upstream_requests_total{upstream="docker.io",status="none"} 1');
});

test('its limit is taken from its own answers, a refusal included, and from no storage host', async () => {
  for (const [status, foreign, shown] of [
    [200, false, true],
    [429, false, true],
    [200, true, false],
  ] as const) {
    const metrics = createMetrics();
    await countedPeer(
      peerOf(() => Promise.resolve(answered(status, HUB, foreign))),
      metrics,
    ).get('/', request);
    const text = await metrics.text();
    expect(text.includes('tufgate_upstream_ratelimit_limit{upstream="docker.io"} 100')).toBe(shown);
    expect(text.includes('tufgate_upstream_ratelimit_remaining{upstream="docker.io"} 76')).toBe(shown);
  }
});
