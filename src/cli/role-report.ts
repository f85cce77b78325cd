import { endsByPeople, type View } from '../trust/tuf/collection.ts';
import type { Authority, Bins, Delegation, Paths } from '../trust/tuf/model.ts';
import { expiryIn } from './stored-facts.ts';

/** One role of a collection: who may sign it, who did, and until when it holds. Facts only, instants as ISO text. */
export interface RoleReport {
  readonly role: string;
  /** The role that delegates to it; null for those that root names. */
  readonly by: string | null;
  /** 0 for those that root names. */
  readonly depth: number;
  readonly version: number | null;
  readonly expires: string | null;
  readonly daysLeft: number | null;
  /** A person must sign it anew; false for what a server signs by itself. */
  readonly people: boolean;
  readonly threshold: number;
  readonly keys: readonly string[];
  /** In the order of `keys`; null for a key that never counts, because it is unsupported or malformed. */
  readonly keyTypes: readonly (string | null)[];
  /** The keys that did sign what is stored. */
  readonly signers: readonly string[];
  /** For targets and delegations. */
  readonly tags: number | null;
  readonly paths: readonly string[] | null;
  readonly pathKind: Paths['kind'] | 'bins' | null;
  /** A delegation that nothing may rest on, and why. */
  readonly unusable: string | null;
}

const DAY_MS = 86_400_000;

/**
 * Depth first, as the files name them.
 * @param shelf TUF 1.0: delegated files as they are stored, verified when a search comes by them
 */
export function roleReports(
  view: View,
  now: number,
  shelf: ReadonlyMap<string, { readonly version: number; readonly bytes: Uint8Array }> = new Map(),
): readonly RoleReport[] {
  const { root, timestamp, snapshot } = view;
  const { model } = root;
  const describe = describer(view, now, shelf);
  const targets = view.targets.get('targets');
  return [
    describe('root', root, model.root),
    describe('timestamp', timestamp, model.timestamp),
    describe('snapshot', snapshot, model.snapshot),
    { ...describe('targets', targets, model.targets), tags: targets?.model.targets.size ?? null },
    ...delegated(view, 'targets', describe, ['targets']),
  ];
}

export function daysLeft(at: number, now: number): number {
  return Math.floor((at - now) / DAY_MS);
}

interface Described {
  readonly model: { readonly version: number; readonly expires: number };
  readonly signers: readonly string[];
}

type Describe = (role: string, described: Described | undefined, authority: Authority) => RoleReport;

function describer(view: View, now: number, shelf: Parameters<typeof roleReports>[2] & object): Describe {
  const people = new Set(endsByPeople(view).keys());
  return (role, described, { threshold, keys }) => {
    const shelved = shelf.get(role);
    const expires = described?.model.expires ?? (shelved === undefined ? undefined : expiryIn(shelved.bytes));
    return {
      role,
      by: null,
      depth: 0,
      version: described?.model.version ?? shelved?.version ?? null,
      expires: expires === undefined ? null : new Date(expires).toISOString(),
      daysLeft: expires === undefined ? null : daysLeft(expires, now),
      people: people.has(role) || shelved !== undefined,
      threshold,
      keys: keys.map(({ keyId }) => keyId),
      keyTypes: keys.map(({ material }) => (material === undefined ? null : typeWords(material))),
      signers: described?.signers ?? [],
      tags: null,
      paths: null,
      pathKind: null,
      unusable: null,
    };
  };
}

function typeWords({ algorithm, certificates }: { algorithm: string; certificates?: readonly unknown[] }): string {
  return certificates === undefined ? algorithm : `${algorithm} certificate`;
}

/** @param above the roles down to `by`: delegations of TUF 1.0 may form a ring */
function delegated(view: View, by: string, describe: Describe, above: readonly string[]): readonly RoleReport[] {
  const model = view.targets.get(by)?.model;
  if (model === undefined) return [];
  const place = { by, depth: above.length };
  const bins = model.bins === undefined ? [] : [{ ...binReport(model.bins, describe), ...place }];
  const own = model.delegations.flatMap((delegation) => {
    const { role } = delegation;
    const below = above.includes(role) ? [] : delegated(view, role, describe, [...above, role]);
    return [{ ...oneDelegated(view, describe, delegation), ...place }, ...below];
  });
  return [...bins, ...own];
}

function oneDelegated(view: View, describe: Describe, delegation: Delegation): RoleReport {
  const { role, paths } = delegation;
  const accepted = view.targets.get(role);
  return {
    ...describe(role, accepted, delegation),
    tags: accepted?.model.targets.size ?? null,
    paths: paths.of,
    pathKind: paths.kind,
    unusable: view.unusable.get(role)?.message ?? null,
  };
}

function binReport(bins: Bins, describe: Describe): RoleReport {
  return { ...describe(`${bins.prefix}-*`, undefined, bins), paths: [`${2 ** bins.bits} bins`], pathKind: 'bins' };
}
