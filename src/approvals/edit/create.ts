import { TufgateError } from '../../errors.ts';
import type { Delegations, KeyEntry, Quorum, RootDocument } from '../document/documents.ts';
import { keyIdOf } from '../document/key-id.ts';
import { binNames, BULK, FIRST_BITS } from './bins.ts';
import type { Create, KeyQuorum } from './change.ts';
import type { Draft } from './draft.ts';

const HEX_DIGITS = Array.from('0123456789abcdef');

/**
 * The first version of everything. Below `targets` stands one role with hash bins for all images (PEP 458's shape): the delegating
 * file stays small, and a look-up takes one bin, however many images there are. Roles for owners of repositories come before it.
 */
export function create(draft: Draft, change: Create): void {
  const { root, timestamp, snapshot, targets, bulk } = change;
  const roles = {
    root: quorum(root),
    timestamp: quorum(timestamp),
    snapshot: quorum(snapshot),
    targets: quorum(targets),
  };
  const keys = keysOf([root, timestamp, snapshot, targets]);
  const document: RootDocument = { type: 'root', version: 1, expires: draft.now + draft.lifetimes.root, keys, roles };
  draft.root = document;
  const all = { kind: 'hash-prefixes', of: HEX_DIGITS } as const;
  const delegations: Delegations = {
    kind: 'roles',
    keys: keysOf([bulk]),
    roles: [{ name: BULK, paths: all, ...quorum(bulk) }],
  };
  draft.add('targets', new Map(), delegations);
  const bins = { prefix: BULK, bits: FIRST_BITS, ...quorum(bulk) };
  draft.add(BULK, new Map(), { kind: 'bins', keys: keysOf([bulk]), bins });
  for (const role of binNames(bins)) draft.add(role, new Map());
}

/** @throws usage: nobody could ever sign for it, or clients refuse it */
export function quorum({ keys, threshold }: KeyQuorum): Quorum {
  const keyIds = keys.map(keyIdOf);
  if (new Set(keyIds).size < keyIds.length) throw new TufgateError('usage', 'one key is named twice: it counts once');
  if (threshold < 1 || threshold > keyIds.length)
    throw new TufgateError('usage', `a threshold of ${threshold} needs as many keys, and there are ${keyIds.length}`);
  return { keyIds, threshold };
}

export function keysOf(quorums: readonly KeyQuorum[]): ReadonlyMap<string, KeyEntry> {
  return new Map(quorums.flatMap(({ keys }) => keys.map((key) => [keyIdOf(key), key] as const)));
}
