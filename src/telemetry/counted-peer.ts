import type { Peer } from '../upstream/peer.ts';
import type { Metrics } from './metrics.ts';

/** Counts every answer of a peer by its status, and every lack of one. */
export function countedPeer(peer: Peer, metrics: Pick<Metrics, 'upstreamRequest'>): Peer {
  const counted = async <T extends { readonly status: number }>(asked: Promise<T>): Promise<T> => {
    try {
      const answer = await asked;
      metrics.upstreamRequest(peer.name, answer.status);
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
