import { type Json, type JsonObject, readJson } from '../json/read.ts';
import type { AnchorKind } from '../policy/decision.ts';
import type { StoredTrust } from '../state/store.ts';

/**
 * What the stored bytes say of themselves, verified by nobody now: for what cannot be verified any more, because its
 * source is no longer configured, its pin no longer covers it, or it shall be forgotten. No decision may rest on it.
 */
export interface StoredFacts {
  readonly anchor: AnchorKind;
  readonly root: RootFacts;
  /** Of the newest accepted file a role, root excepted. */
  readonly versions: ReadonlyMap<string, number>;
  readonly hasView: boolean;
  readonly withdrawn: boolean;
  /** When the source last confirmed the view; undefined = never. */
  readonly checkedAt: number | undefined;
}

export interface RootFacts {
  readonly version: number;
  readonly keys: readonly string[];
  readonly threshold: number | undefined;
  /** ISO text. */
  readonly expires: string | undefined;
}

const LIMITS = { depth: 32, values: 100_000, integersOnly: false };

export function storedFacts(stored: StoredTrust): StoredFacts {
  const { anchor, floors, view, withdrawn, checkedAt } = stored;
  return {
    anchor,
    root: rootFacts(stored),
    versions: new Map(floors.map(({ role, version }) => [role, version])),
    hasView: view !== undefined,
    withdrawn,
    checkedAt: checkedAt === 0 ? undefined : checkedAt,
  };
}

/** Epoch milliseconds; undefined when the bytes do not say. */
export function expiryIn(bytes: Uint8Array): number | undefined {
  const expires = member(member(parsed(bytes), 'signed'), 'expires');
  const at = typeof expires === 'string' ? Date.parse(expires) : NaN;
  return Number.isNaN(at) ? undefined : at;
}

function rootFacts({ roots }: StoredTrust): RootFacts {
  const newest = roots.at(-1);
  const signed = newest === undefined ? undefined : member(parsed(newest.bytes), 'signed');
  const role = member(member(signed, 'roles'), 'root');
  const keys = member(role, 'keyids');
  const threshold = member(role, 'threshold');
  const expires = member(signed, 'expires');
  return {
    version: newest?.version ?? 0,
    keys: Array.isArray(keys) ? keys.filter((key): key is string => typeof key === 'string') : [],
    threshold: typeof threshold === 'number' ? threshold : undefined,
    expires: typeof expires === 'string' ? expires : undefined,
  };
}

function parsed(bytes: Uint8Array): Json | undefined {
  try {
    return readJson(bytes, LIMITS);
  } catch {
    return undefined; // said by whoever verifies it; here it has no facts
  }
}

function member(value: Json | undefined, name: string): Json | undefined {
  return value instanceof Map ? (value as JsonObject).get(name) : undefined;
}
