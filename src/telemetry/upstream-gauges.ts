import { Gauge, type Registry } from 'prom-client';
import type { CircuitState } from '../upstream/circuit.ts';
import type { Quota } from '../upstream/quota.ts';

const STATES: readonly CircuitState[] = ['closed', 'open', 'half-open'];

export interface UpstreamGauges {
  /** What a registry last said of its limit; what it did not say stays as it was. */
  readonly quota: (upstream: string, quota: Quota) => void;
  readonly circuit: (upstream: string, state: CircuitState) => void;
}

export function upstreamGauges(registry: Registry): UpstreamGauges {
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge<Label>({ name: `tufgate_upstream_${name}`, help, labelNames, registers: [registry] });
  const limit = gauge('ratelimit_limit', 'Pulls that the upstream allows, as it last said.', 'upstream');
  const remaining = gauge('ratelimit_remaining', 'Pulls that are left of them, as it last said.', 'upstream');
  const circuit = gauge(
    'circuit',
    'Of an upstream, 1 for the state of its circuit, 0 for others.',
    'upstream',
    'state',
  );
  return {
    quota(upstream, said) {
      if (said.limit !== undefined) limit.set({ upstream }, said.limit);
      if (said.remaining !== undefined) remaining.set({ upstream }, said.remaining);
    },
    circuit(upstream, now) {
      for (const state of STATES) circuit.set({ upstream, state }, state === now ? 1 : 0);
    },
  };
}
