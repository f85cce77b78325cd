import type { UpstreamConfig } from '../config/config.ts';
import type { Peer } from './peer.ts';
import { RegistryClient } from './registry-client.ts';
import type { UpstreamRegistry } from './registry.ts';

export interface UpstreamOptions {
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** See `RegistryClientOptions`. */
  readonly deadlineMs?: number;
}

/** The client of one configured upstream. Nothing is sent until it is asked for. @param peer the way to its URL */
export function createUpstream(config: UpstreamConfig, peer: Peer, options: UpstreamOptions): UpstreamRegistry {
  return new RegistryClient(peer, { ...options, url: config.url, credentials: config.credentials !== undefined });
}
