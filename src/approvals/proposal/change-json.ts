import type { Json, JsonObject } from '../../json/read.ts';
import { malformed, Members } from '../../trust/tuf/format/member.ts';
import { isRepositoryPath, isRegistryHost, isTag } from '../../oci/reference.ts';
import { readEvidence } from '../document/evidence.ts';
import { instantOf } from '../document/read-instant.ts';
import { instantText } from '../../text/instant-text.ts';
import { readKey } from '../document/read-delegations.ts';
import { onlyMembers } from '../document/only-members.ts';
import { refuseOthers } from '../document/refuse-others.ts';
import { keyJson } from '../document/write-document.ts';
import type { Approve, Change, KeyQuorum } from '../edit/change.ts';

/** A change as it stands in a proposal. */
export function changeJson(change: Change): JsonObject {
  return new Map(Object.entries(members(change)).filter((member): member is [string, Json] => member[1] !== undefined));
}

function members(change: Change): Record<string, Json | undefined> {
  switch (change.kind) {
    case 'create': {
      const { kind, root, timestamp, snapshot, targets, bulk } = change;
      const quorums = { root, timestamp, snapshot, targets, bulk };
      return { kind, ...Object.fromEntries(Object.entries(quorums).map(([role, each]) => [role, quorumJson(each)])) };
    }
    case 'approve':
      return { ...change, until: change.until === undefined ? undefined : instantText(change.until) };
    case 'withdraw':
    case 'remove-tag':
    case 'undelegate':
      return { ...change };
    case 'delegate':
      return { kind: change.kind, role: change.role, names: change.names, quorum: quorumJson(change) };
    case 'authorize':
      return { kind: change.kind, role: change.role, quorum: quorumJson(change), distrust: change.distrust };
    case 'renew':
      return { kind: change.kind, endingBefore: instantText(change.endingBefore) };
  }
}

function quorumJson({ keys, threshold }: KeyQuorum): JsonObject {
  return new Map<string, Json>([
    ['keys', keys.map(keyJson)],
    ['threshold', threshold],
  ]);
}

/** @throws trust.malformed */
export function readChange(what: string, value: Json): Change {
  const change = new Members(`a change of ${what}`, value, []);
  const kind = change.string('kind');
  switch (kind) {
    case 'create': {
      refuseOthers(change, ['kind', 'root', 'timestamp', 'snapshot', 'targets', 'bulk']);
      const quorum = (role: string): KeyQuorum => readQuorum(change, role);
      const top = { root: quorum('root'), timestamp: quorum('timestamp'), snapshot: quorum('snapshot') };
      return { kind, ...top, targets: quorum('targets'), bulk: quorum('bulk') };
    }
    case 'approve':
      return readApprove(change);
    case 'withdraw':
      refuseOthers(change, ['kind', 'repository', 'sha256', 'by', 'reason']);
      return {
        kind,
        repository: repositoryOf(change),
        sha256: sha256Of(change),
        by: change.string('by'),
        ...text(change, 'reason'),
      };
    case 'remove-tag':
      refuseOthers(change, ['kind', 'repository', 'tag']);
      return { kind, repository: repositoryOf(change), tag: tagOf(change) };
    case 'delegate':
      refuseOthers(change, ['kind', 'role', 'names', 'quorum']);
      return { kind, role: change.string('role'), names: change.strings('names'), ...readQuorum(change, 'quorum') };
    case 'undelegate':
      refuseOthers(change, ['kind', 'role', 'keep']);
      return { kind, role: change.string('role'), keep: flag(change, 'keep') };
    case 'authorize':
      refuseOthers(change, ['kind', 'role', 'quorum', 'distrust']);
      return {
        kind,
        role: change.string('role'),
        ...readQuorum(change, 'quorum'),
        distrust: change.strings('distrust'),
      };
    case 'renew':
      refuseOthers(change, ['kind', 'endingBefore']);
      return { kind, endingBefore: instantOf(change, 'endingBefore') };
    default:
      throw malformed(what, `asks for a change ${JSON.stringify(kind.slice(0, 40))} that tufgate does not know`);
  }
}

function readApprove(change: Members): Approve {
  const known = [
    'repository',
    'tag',
    'sha256',
    'length',
    'mediaType',
    'by',
    'reason',
    'until',
    'evidence',
    'reinstate',
  ];
  refuseOthers(change, ['kind', ...known]);
  return {
    kind: 'approve',
    repository: repositoryOf(change),
    ...(change.get('tag') !== undefined && { tag: tagOf(change) }),
    sha256: sha256Of(change),
    length: change.integer('length', 0),
    ...text(change, 'mediaType'),
    by: change.string('by'),
    ...text(change, 'reason'),
    ...(change.get('until') !== undefined && { until: instantOf(change, 'until') }),
    evidence: readEvidence(change.what, change.get('evidence')),
    reinstate: flag(change, 'reinstate'),
  };
}

function readQuorum(change: Members, name: string): KeyQuorum {
  const quorum = onlyMembers(change.what, change.get(name), ['keys', 'threshold']);
  const keys = quorum.array('keys').map((key) => readKey(change.what, key));
  return { keys, threshold: quorum.integer('threshold', 1) };
}

function repositoryOf(change: Members): string {
  const name = change.string('repository');
  const slash = name.indexOf('/');
  if (slash > 0 && isRegistryHost(name.slice(0, slash)) && isRepositoryPath(name.slice(slash + 1))) return name;
  throw malformed(change.what, `names ${JSON.stringify(name.slice(0, 120))}, which is no registry/repository`);
}

function tagOf(change: Members): string {
  const tag = change.string('tag');
  if (isTag(tag)) return tag;
  throw malformed(change.what, `names ${JSON.stringify(tag.slice(0, 120))}, which is no tag`);
}

function sha256Of(change: Members): string {
  const hex = change.string('sha256');
  if (/^[0-9a-f]{64}$/.test(hex)) return hex;
  throw malformed(change.what, 'has no sha256 of 64 hex digits');
}

function flag(change: Members, name: string): boolean {
  const value = change.get(name);
  if (typeof value === 'boolean') return value;
  throw malformed(change.what, `does not say ${name}`);
}

function text<N extends string>(change: Members, name: N): Partial<Record<N, string>> {
  if (change.get(name) === undefined) return {};
  const found: Partial<Record<N, string>> = {};
  found[name] = change.string(name);
  return found;
}
