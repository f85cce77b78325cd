import type { Peer, PeerAnswer } from '../upstream/peer.ts';
import { quotaOf } from '../upstream/quota.ts';
import type { Metrics } from './metrics.ts';

/** Counts every answer of a peer by its status, and every lack of one; and keeps what it says of its own limit. */
export function countedPeer(peer: Peer, metrics: Pick<Metrics, 'upstreamRequest' | 'upstreamQuota'>): Peer {
  const counted = async <T extends Omit<PeerAnswer, 'pieces'>>(asked: Promise<T>): Promise<T> => {
    try {
      const answer = await asked;
      metrics.upstreamRequest(peer.name, answer.status);
      if (!answer.foreign) metrics.upstreamQuota(peer.name, quotaOf(answer.headers));
      return answer;
    } catch (error) {
      metrics.upstreamRequest(peer.name);
      throw error;
    }
  };
  return {
    name: peer.name,
    get: (path, request) => counted(peer.get(path, request)),
    open: (path, request) => counted(peer.open(path, request)),
    close: () => peer.close(),
  };
}
