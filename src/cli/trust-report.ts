import { codeOf, messageOf } from '../errors.ts';
import type { Collection } from '../state/store.ts';
import { openCollection } from '../trust/open-collection.ts';
import type { TrustServiceOptions } from '../trust/service.ts';
import type { View } from '../trust/tuf/collection.ts';
import type { Authority } from '../trust/tuf/model.ts';

/** One collection as `trust list` and `trust show` tell it: facts only, instants as ISO text. */
export interface CollectionReport {
  readonly source: string;
  readonly gun: string;
  /** Why it could not be shown whole; null when all is well. */
  readonly problem: { readonly code: string; readonly message: string } | null;
  readonly anchor: string | null;
  readonly checkedAt: string | null;
  /** The first thing that ends. */
  readonly expires: { readonly role: string; readonly at: string; readonly daysLeft: number } | null;
  readonly root: { readonly version: number; readonly keys: readonly string[] } | null;
  readonly roles: readonly RoleReport[];
}

export interface RoleReport {
  readonly role: string;
  readonly version: number | null;
  readonly expires: string | null;
  readonly daysLeft: number | null;
  readonly threshold: number;
  readonly keys: readonly string[];
  /** The keys that did sign what is stored. */
  readonly signers: readonly string[];
  /** For targets and delegations. */
  readonly tags: number | null;
  readonly paths: readonly string[] | null;
  /** A delegation that nothing may rest on, and why. */
  readonly unusable: string | null;
}

const DAY_MS = 86_400_000;

/** From what is stored, verified again, without asking the source. */
export async function reportOn(trust: TrustServiceOptions, { source, gun }: Collection): Promise<CollectionReport> {
  const nothing = { source, gun, anchor: null, checkedAt: null, expires: null, root: null, roles: [] };
  const config = trust.sources.get(source);
  if (config === undefined) {
    const message = `trust source ${source} is no longer configured`;
    return { ...nothing, problem: { code: 'config.invalid', message } };
  }
  try {
    const known = await trust.collections.known(openCollection(trust, config, gun));
    if (known === undefined) {
      return {
        ...nothing,
        problem: {
          code: 'trust.unsigned',
          message: 'nothing verified is stored: resolve one of its tags to ask the source',
        },
      };
    }
    return whole({ source, gun }, known.view, known.checkedAt, trust.now());
  } catch (error) {
    return { ...nothing, problem: { code: codeOf(error), message: messageOf(error) } };
  }
}

function whole({ source, gun }: Collection, view: View, checkedAt: number, now: number): CollectionReport {
  const roles = [...topRoles(view, now), ...delegatedRoles(view, now)];
  return {
    source,
    gun,
    problem: null,
    anchor: view.anchor,
    checkedAt: new Date(checkedAt).toISOString(),
    expires: soonest(roles),
    root: { version: view.root.model.version, keys: view.root.model.root.keys.map(({ keyId }) => keyId) },
    roles,
  };
}

function soonest(roles: readonly RoleReport[]): CollectionReport['expires'] {
  const ends = roles.flatMap(({ role, expires, daysLeft }) =>
    expires === null || daysLeft === null ? [] : [{ role, at: expires, daysLeft }],
  );
  return ends.sort((a, b) => Date.parse(a.at) - Date.parse(b.at))[0] ?? null;
}

interface Described {
  readonly model: { readonly version: number; readonly expires: number };
  readonly signers: readonly string[];
}

function topRoles(view: View, now: number): RoleReport[] {
  const { root, timestamp, snapshot } = view;
  const targets = view.targets.get('targets');
  return [
    role('root', root, root.model.root, now),
    role('timestamp', timestamp, root.model.timestamp, now),
    role('snapshot', snapshot, root.model.snapshot, now),
    { ...role('targets', targets, root.model.targets, now), tags: targets?.model.targets.size ?? null },
  ];
}

function delegatedRoles(view: View, now: number): RoleReport[] {
  return [...view.targets.values()].flatMap(({ model }) =>
    model.delegations.map((delegation) => {
      const accepted = view.targets.get(delegation.role);
      return {
        ...role(delegation.role, accepted, delegation, now),
        tags: accepted?.model.targets.size ?? null,
        paths: delegation.paths.of,
        unusable: view.unusable.get(delegation.role)?.message ?? null,
      };
    }),
  );
}

function role(name: string, described: Described | undefined, authority: Authority, now: number): RoleReport {
  const expires = described?.model.expires;
  return {
    role: name,
    version: described?.model.version ?? null,
    expires: expires === undefined ? null : new Date(expires).toISOString(),
    daysLeft: expires === undefined ? null : Math.floor((expires - now) / DAY_MS),
    threshold: authority.threshold,
    keys: authority.keys.map(({ keyId }) => keyId),
    signers: described?.signers ?? [],
    tags: null,
    paths: null,
    unusable: null,
  };
}
