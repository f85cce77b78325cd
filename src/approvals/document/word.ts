import type { Json, JsonObject } from '../../json/read.ts';
import { malformed, Members } from '../../trust/tuf/format/member.ts';
import type { Approval, Named, Withdrawal, Word } from './documents.ts';
import { readEvidence } from './evidence.ts';
import { instantOf } from './read-instant.ts';
import { instantText } from '../../text/instant-text.ts';
import { refuseOthers } from './refuse-others.ts';

/** `custom.tufgate` of a target, to and from what it means. */
export function wordJson(word: Word): JsonObject {
  switch (word.kind) {
    case 'approval':
      return new Map(Object.entries(approvalMembers(word)));
    case 'named': {
      const { tags, until, own } = word;
      const ends = until === undefined ? {} : { until: instantText(until) };
      const approved = own === undefined ? {} : { own: new Map(Object.entries(approvalMembers(own))) };
      return new Map<string, Json>(Object.entries({ tags, ...ends, ...approved }));
    }
    case 'withdrawn': {
      const { at, by, reason } = word;
      return new Map(Object.entries({ revoked: instantText(at), by, ...(reason !== undefined && { reason }) }));
    }
  }
}

function approvalMembers({ at, by, reason, until, keys, carried, evidence }: Approval): Record<string, Json> {
  return {
    approved: instantText(at),
    by,
    ...(reason !== undefined && { reason }),
    ...(until !== undefined && { until: instantText(until) }),
    ...(keys !== undefined && { keys }),
    ...(carried !== undefined && { carried }),
    ...(evidence.length > 0 && { evidence }),
  };
}

/** @param what begins every message @throws trust.malformed, also for members that tufgate does not write: who signs must see all */
export function readWord(what: string, value: Json | undefined): Word {
  const members = new Members(what, value, []);
  if (members.get('revoked') !== undefined) return readWithdrawal(members);
  return members.get('tags') === undefined ? readApproval(members) : readNamed(members);
}

function readApproval(members: Members): Approval {
  refuseOthers(members, ['approved', 'by', 'reason', 'until', 'keys', 'carried', 'evidence']);
  const [reason, until] = [optionalText(members, 'reason'), optionalInstant(members, 'until')];
  return {
    kind: 'approval',
    at: instantOf(members, 'approved'),
    by: members.string('by'),
    ...(reason !== undefined && { reason }),
    ...(until !== undefined && { until }),
    ...(members.get('keys') !== undefined && { keys: members.strings('keys') }),
    ...(members.get('carried') !== undefined && { carried: readCarried(members) }),
    evidence: readEvidence(members.what, members.get('evidence')),
  };
}

function readNamed(members: Members): Named {
  refuseOthers(members, ['tags', 'until', 'own']);
  const until = optionalInstant(members, 'until');
  const own = members.get('own');
  return {
    kind: 'named',
    tags: members.strings('tags'),
    ...(until !== undefined && { until }),
    ...(own !== undefined && { own: readApproval(new Members(members.what, own, [])) }),
  };
}

function readWithdrawal(members: Members): Withdrawal {
  refuseOthers(members, ['revoked', 'by', 'reason']);
  const reason = optionalText(members, 'reason');
  const at = instantOf(members, 'revoked');
  return { kind: 'withdrawn', at, by: members.string('by'), ...(reason !== undefined && { reason }) };
}

function optionalText(members: Members, name: string): string | undefined {
  return members.get(name) === undefined ? undefined : members.string(name);
}

function optionalInstant(members: Members, name: string): number | undefined {
  return members.get(name) === undefined ? undefined : instantOf(members, name);
}

function readCarried(members: Members): readonly (readonly string[])[] {
  return members.array('carried').map((set) => {
    if (!Array.isArray(set)) throw malformed(members.what, 'has something in carried that is no list of keys');
    return new Members(members.what, new Map([['keys', set as Json]]), []).strings('keys');
  });
}
