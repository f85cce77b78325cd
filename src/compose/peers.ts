import type { Config, PeerConfig, TrustSourceConfig } from '../config/config.ts';
import { countedPeer } from '../telemetry/counted-peer.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { folderSource } from '../trust/folder-source.ts';
import type { MetadataSource } from '../trust/metadata-source.ts';
import { notarySource } from '../trust/notary-source.ts';
import { tufFileName } from '../trust/tuf-file-name.ts';
import { tufSource } from '../trust/tuf-source.ts';
import { Circuit, type CircuitState } from '../upstream/circuit.ts';
import { guardedPeer } from '../upstream/guarded-peer.ts';
import { createPeer, type Peer } from '../upstream/peer.ts';
import type { UpstreamRegistry } from '../upstream/registry.ts';
import { createUpstream } from '../upstream/upstream.ts';

export interface Peers {
  readonly upstreams: ReadonlyMap<string, UpstreamRegistry>;
  readonly sources: ReadonlyMap<string, readonly Peer[]>;
  close(): Promise<void>;
}

export interface PeersOptions {
  readonly clock: () => number;
  readonly metrics: Metrics;
  readonly log: Logger;
}

export function openPeers(config: Config, { clock, metrics, log }: PeersOptions): Peers {
  const connections = config.limits.upstreamConnections;
  const open: Peer[] = [];
  const peer = (name: string, url: URL, peerConfig: PeerConfig, obeyTokenServer = false): Peer => {
    const made = countedPeer(
      createPeer({ name, url, config: peerConfig, connections, clock, obeyTokenServer }),
      metrics,
    );
    open.push(made);
    return made;
  };
  const upstreams = new Map<string, UpstreamRegistry>();
  for (const [name, upstream] of config.upstreams) {
    const circuit = new Circuit({ clock, random: Math.random, onState: toldState(name, metrics, log) });
    const guarded = guardedPeer(peer(name, upstream.url, upstream, true), circuit);
    upstreams.set(name, createUpstream(upstream, guarded, { clock }));
  }
  const sources = new Map<string, readonly Peer[]>();
  for (const [name, source] of config.trust) sources.set(name, peersOf(source, peer));
  return {
    upstreams,
    sources,
    async close() {
      await Promise.all(open.map((each) => each.close()));
    },
  };
}

/** A line when an outage begins and one when it ends, however often it is probed in between. */
function toldState(upstream: string, metrics: Metrics, log: Logger): (state: CircuitState) => void {
  let down = false;
  metrics.upstreamCircuit(upstream, 'closed');
  return (state) => {
    metrics.upstreamCircuit(upstream, state);
    if (state === 'open' && !down)
      log.warn({ upstream }, 'the upstream cannot be reached; what is cached is served, and it is tried now and then');
    if (state === 'closed') log.info({ upstream }, 'the upstream can be reached again');
    down = state !== 'closed';
  };
}

function peersOf(source: TrustSourceConfig, peer: (name: string, url: URL, config: PeerConfig) => Peer): Peer[] {
  return urlsOf(source).map((url) => peer(source.name, url, source));
}

function urlsOf(source: TrustSourceConfig): readonly URL[] {
  if (source.kind === 'notary') return source.urls;
  return source.location.kind === 'http' ? source.location.urls : [];
}

export function metadataSource(
  source: TrustSourceConfig,
  gun: string,
  peers: readonly Peer[],
  now: () => number,
): MetadataSource {
  if (source.kind === 'notary') return notarySource(peers, gun);
  if (source.location.kind === 'http') return tufSource(peers);
  return folderSource(source.name, source.location.path, tufFileName, now);
}
