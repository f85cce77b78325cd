import type { Json } from '../../../json/read.ts';
import type { Hashes, MetaEntry, TargetEntry } from '../model.ts';
import { malformed, Members } from './member.ts';
import { readCustom } from './tuf-custom.ts';

/** What a file says of another (SPEC 4.4): hashes and length may be left out, but what is there must be checkable. */
export function readMetaEntry(what: string, name: string, value: Json | undefined): MetaEntry {
  const members = new Members(`the entry of ${shown(name)} in ${what}`, value, ['version', 'length', 'hashes']);
  const version = members.integer('version', 1);
  const length = members.get('length') === undefined ? {} : { length: members.integer('length', 0) };
  if (members.get('hashes') === undefined) return { version, ...length, hashes: {} };
  const hashes = readHashes(members);
  if (hashes.sha256 === undefined && hashes.sha512 === undefined)
    throw malformed(members.what, 'has hashes, and none that can be checked');
  return { version, ...length, hashes };
}

/** SPEC 4.5. With unknown algorithms alone it is well-formed, and unusable when it is looked up; so is one that was withdrawn. */
export function readTargetEntry(what: string, name: string, value: Json): TargetEntry {
  const members = new Members(`the target ${shown(name)} in ${what}`, value, ['length', 'hashes']);
  const entry = { length: members.integer('length', 0), ...readHashes(members) };
  const { until, ...unusable } = readCustom(members.what, members.get('custom'));
  if (unusable.revoked !== undefined || unusable.unreadable !== undefined) return { length: entry.length, ...unusable };
  return until === undefined ? entry : { ...entry, until };
}

/** An empty list would verify anything. */
function readHashes(members: Members): Hashes {
  const listed = members.record('hashes');
  if (listed.size === 0) throw malformed(members.what, 'has an empty list of hashes');
  const [sha256, sha512] = [readHash(members, 'sha256', 32), readHash(members, 'sha512', 64)];
  return { ...(sha256 === undefined ? {} : { sha256 }), ...(sha512 === undefined ? {} : { sha512 }) };
}

function readHash(members: Members, algorithm: string, size: number): string | undefined {
  const value = members.record('hashes').get(algorithm);
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.length !== 2 * size || !/^[0-9a-f]+$/.test(value))
    throw malformed(members.what, `has a ${algorithm} that is not ${size} bytes of lower-case hex`);
  return value;
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 80));
}
