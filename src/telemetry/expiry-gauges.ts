import { Gauge, type Registry } from 'prom-client';
import { collectionKey } from '../trust/collection-name.ts';

const DAY_MS = 86_400_000;
/** Collections that end within so many days have a gauge of their own, the first so many of them. */
const SOON_MS = 30 * DAY_MS;
const MAX_SHOWN = 100;
const MAX_KNOWN = 10_000;

export interface ExpiryGauges {
  /** @param at epoch milliseconds */
  readonly set: (source: string, gun: string, at: number) => void;
  readonly forget: (source: string, gun: string) => void;
  /** @param until when approvals end, epoch milliseconds; replaces what was told of the source before */
  readonly setApprovals: (source: string, until: readonly number[]) => void;
}

/** Days until something ends that people must sign; computed when asked for, so that they also count down while nothing happens. */
export function expiryGauges(registry: Registry, now: () => number): ExpiryGauges {
  const instants = new Map<string, Known>();
  nearestGauge(registry, now, instants);
  soonGauge(registry, now, instants);
  const approvals = new Map<string, readonly number[]>();
  approvalGauges(registry, now, approvals);
  return {
    setApprovals: (source, until) => void approvals.set(source, until),
    set(source, gun, at) {
      const key = collectionKey({ source, gun });
      if (instants.size < MAX_KNOWN || instants.has(key)) instants.set(key, { source, gun, at });
    },
    forget: (source, gun) => void instants.delete(collectionKey({ source, gun })),
  };
}

interface Known {
  readonly source: string;
  readonly gun: string;
  readonly at: number;
}

function nearestGauge(registry: Registry, now: () => number, instants: ReadonlyMap<string, Known>): void {
  new Gauge({
    name: 'tufgate_trust_expires_days',
    help: 'Days until the first role ends that a person must sign anew, by source; negative when it has.',
    labelNames: ['source'],
    registers: [registry],
    collect() {
      this.reset();
      const nearest = new Map<string, number>();
      for (const { source, at } of instants.values())
        nearest.set(source, Math.min(at, nearest.get(source) ?? Infinity));
      for (const [source, at] of nearest) this.set({ source }, (at - now()) / DAY_MS);
    },
  });
}

function soonGauge(registry: Registry, now: () => number, instants: ReadonlyMap<string, Known>): void {
  new Gauge({
    name: 'tufgate_trust_collection_expires_days',
    help: 'The same for each collection that ends within 30 days, the 100 nearest.',
    labelNames: ['source', 'gun'],
    registers: [registry],
    collect() {
      this.reset();
      const soon = [...instants.values()].filter(({ at }) => at - now() <= SOON_MS).sort((a, b) => a.at - b.at);
      for (const { source, gun, at } of soon.slice(0, MAX_SHOWN)) this.set({ source, gun }, (at - now()) / DAY_MS);
    },
  });
}

/** Of those in the files that were read: bins that nobody asked for are not among them. */
function approvalGauges(
  registry: Registry,
  now: () => number,
  approvals: ReadonlyMap<string, readonly number[]>,
): void {
  const gauge = (name: string, help: string, valueOf: (left: readonly number[]) => number | undefined): void => {
    new Gauge({
      name,
      help,
      labelNames: ['source'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [source, until] of approvals) {
          const value = valueOf(until.map((at) => at - now()).filter((left) => left > 0));
          if (value !== undefined) this.set({ source }, value);
        }
      },
    });
  };
  gauge(
    'tufgate_approval_expires_days',
    'Days until the first approval ends that was given for a time, by source.',
    (left) => (left.length === 0 ? undefined : Math.min(...left) / DAY_MS),
  );
  gauge(
    'tufgate_approvals_ending',
    'Approvals that end within 30 days, by source, at most 1000.',
    (left) => left.filter((ms) => ms <= SOON_MS).length,
  );
}
