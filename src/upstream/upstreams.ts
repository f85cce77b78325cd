import type { LookupFunction } from 'node:net';
import type { UpstreamConfig } from '../config/config.ts';
import { createPeer, type Timeouts } from './peer.ts';
import { RegistryClient } from './registry-client.ts';
import type { UpstreamRegistry } from './registry.ts';

export interface UpstreamsOptions {
  /** `limits.upstreamConnections`: per origin. */
  readonly connections: number;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly timeouts?: Partial<Timeouts>;
  /** See `RegistryClientOptions`. */
  readonly deadlineMs?: number;
  /** For `password_env` and credential helpers; the process's own when absent. */
  readonly env?: NodeJS.ProcessEnv;
  /** DNS; the system's when absent. */
  readonly lookup?: LookupFunction;
}

/**
 * One client a configured upstream: no other registry is ever contacted. Nothing is sent until it is asked for.
 * @throws config.invalid when a certificate file or the proxy's URL cannot be used
 */
export function createUpstreams(
  upstreams: ReadonlyMap<string, UpstreamConfig>,
  options: UpstreamsOptions,
): ReadonlyMap<string, UpstreamRegistry> {
  return new Map([...upstreams].map(([name, config]) => [name, createUpstream(config, options)]));
}

/** @throws config.invalid as above */
export function createUpstream(config: UpstreamConfig, options: UpstreamsOptions): UpstreamRegistry {
  const { name, url } = config;
  const peer = createPeer({ ...options, name, url, config });
  const { clock, deadlineMs } = options;
  const credentials = config.credentials !== undefined;
  return new RegistryClient(peer, { url, clock, credentials, ...(deadlineMs !== undefined && { deadlineMs }) });
}
