import { createHash } from 'node:crypto';
import type { Plain } from './tuf-document.ts';
import type { TufAuthority, TufDelegation, TufRole, TufTarget } from './tuf-role.ts';

/** What each type of metadata says (specification section 4), beside type, version and expiry. */
export function rootContent(root: TufRole, consistent: boolean | undefined): Plain {
  return {
    ...(consistent === undefined ? {} : { consistent_snapshot: consistent }),
    keys: keysOf(root.delegations),
    roles: Object.fromEntries(root.delegations.map((top) => [top.name, authorityOf(top)])),
  };
}

export function targetsContent(role: TufRole): Plain {
  const targets = Object.fromEntries([...role.targets].map(([name, target]) => [name, targetOf(target)]));
  if (role.bins === undefined && role.delegations.length === 0) return { targets };
  return { targets, delegations: delegationsOf(role) };
}

/** An entry of a snapshot's or a timestamp's `meta`. */
export function metaOf(version: number, bytes: Uint8Array, hashed: boolean): Plain {
  if (!hashed) return { version };
  return { version, length: bytes.length, hashes: { sha256: createHash('sha256').update(bytes).digest('hex') } };
}

function targetOf({ length, digest, hashes, custom }: TufTarget): Plain {
  const sha256 = digest === undefined ? {} : { sha256: digest.slice('sha256:'.length) };
  return { length, hashes: { ...sha256, ...hashes }, ...(custom === undefined ? {} : { custom }) };
}

function delegationsOf({ delegations, bins }: TufRole): Plain {
  if (bins === undefined) return { keys: keysOf(delegations), roles: delegations.map(delegationOf) };
  const succinct = { ...authorityOf(bins), name_prefix: bins.prefix, bit_length: bins.bits };
  return { keys: keysOf([bins]), succinct_roles: succinct };
}

function delegationOf(delegation: TufDelegation): Plain {
  const { name, terminating, paths, prefixes } = delegation;
  return {
    name,
    ...authorityOf(delegation),
    terminating,
    ...(paths === undefined ? {} : { paths }),
    ...(prefixes === undefined ? {} : { path_hash_prefixes: prefixes }),
  };
}

function authorityOf({ keys, threshold }: TufAuthority): Plain {
  return { keyids: keys.map(({ keyId }) => keyId), threshold };
}

function keysOf(authorities: readonly TufAuthority[]): Plain {
  return Object.fromEntries(authorities.flatMap(({ keys }) => keys.map(({ keyId, entry }) => [keyId, entry])));
}
