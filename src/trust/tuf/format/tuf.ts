import type { Crypto } from '../crypto-port.ts';
import type { Authority, MetaEntry, Root, Signed, Snapshot, TargetEntry, Targets, Timestamp } from '../model.ts';
import type { Format } from './format.ts';
import { malformed, Members } from './member.ts';
import { readAuthority, tufKeys } from './tuf-authority.ts';
import { readDelegations } from './tuf-delegation.ts';
import { readMetaEntry, readTargetEntry } from './tuf-entry.ts';
import { readEnvelope } from './tuf-envelope.ts';
import { isTufRoleName } from './tuf-role-name.ts';

/**
 * TUF 1.0's wire form → the common model (SPEC 4). Nothing is believed here: a parsed file is only a well-shaped one.
 *
 * Where clients read a file differently it is refused; unknown members are not, and stay covered by the signature.
 */
export const tufFormat: Format = { kind: 'tuf', root, timestamp, snapshot, targets };

function root(name: string, bytes: Uint8Array, crypto: Crypto): Signed<Root> {
  const what = `root of ${name}`;
  return readEnvelope<Root>(what, bytes, 'root', ['keys', 'roles', 'consistent_snapshot'], (signed, common) => {
    const keys = tufKeys(what, signed.record('keys'), crypto);
    const roles = signed.record('roles');
    const authority = (role: string): Authority =>
      readAuthority(new Members(`role ${role} in ${what}`, roles.get(role), ['keyids', 'threshold']), keys);
    return {
      type: 'root',
      ...common,
      root: authority('root'),
      timestamp: authority('timestamp'),
      snapshot: authority('snapshot'),
      targets: authority('targets'),
      consistentSnapshot: consistentSnapshot(signed),
    };
  });
}

/** Optional, and false when it is absent (SPEC 6.2.1). */
function consistentSnapshot(signed: Members): boolean {
  const value = signed.get('consistent_snapshot');
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw malformed(signed.what, 'has a consistent_snapshot that is neither true nor false');
}

/** SPEC 4.6: it lists the snapshot and nothing else. */
function timestamp(name: string, bytes: Uint8Array): Signed<Timestamp> {
  const what = `timestamp of ${name}`;
  return readEnvelope<Timestamp>(what, bytes, 'timestamp', ['meta'], (signed, common) => {
    const meta = signed.record('meta');
    if (meta.size !== 1) throw malformed(what, 'must list snapshot.json and nothing else');
    return { type: 'timestamp', ...common, snapshot: readMetaEntry(what, 'snapshot.json', meta.get('snapshot.json')) };
  });
}

function snapshot(name: string, bytes: Uint8Array): Signed<Snapshot> {
  const what = `snapshot of ${name}`;
  return readEnvelope<Snapshot>(what, bytes, 'snapshot', ['meta'], (signed, common) => {
    const meta = new Map<string, MetaEntry>();
    for (const [file, entry] of signed.record('meta')) meta.set(roleOf(what, file), readMetaEntry(what, file, entry));
    // Old repositories list it; the chain of roots is bound by their signatures alone.
    meta.delete('root');
    if (!meta.has('targets')) throw malformed(what, 'does not list targets.json');
    return { type: 'snapshot', ...common, meta };
  });
}

function roleOf(what: string, file: string): string {
  const role = file.slice(0, -'.json'.length);
  if (`${role}.json` !== file || !isTufRoleName(role))
    throw malformed(what, `lists ${JSON.stringify(file.slice(0, 80))}, which is not a role name and .json`);
  return role;
}

function targets(name: string, role: string, bytes: Uint8Array, crypto: Crypto): Signed<Targets> {
  const what = `${role} of ${name}`;
  return readEnvelope<Targets>(what, bytes, 'targets', ['targets', 'delegations'], (signed, common) => {
    const entries = new Map<string, TargetEntry>();
    for (const [target, entry] of signed.record('targets')) entries.set(target, readTargetEntry(what, target, entry));
    return {
      type: 'targets',
      ...common,
      targets: entries,
      ...readDelegations(what, signed.get('delegations'), crypto),
    };
  });
}
