import type { Json, JsonObject } from '../../json/read.ts';
import { malformed, type Members } from '../../trust/tuf/format/member.ts';
import { requiredStrings } from '../../trust/tuf/format/tuf-authority.ts';
import type { Approval, Named, Withdrawal, Word } from './documents.ts';
import { readEvidence } from './evidence.ts';
import { instantOf } from './read-instant.ts';
import { instantText } from '../../text/instant-text.ts';
import { onlyMembers } from './only-members.ts';

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
  if (has(value, 'revoked')) return readWithdrawal(what, value);
  return has(value, 'tags') ? readNamed(what, value) : readApproval(what, value);
}

function has(value: Json | undefined, name: string): boolean {
  return value instanceof Map && value.has(name);
}

function readApproval(what: string, value: Json | undefined): Approval {
  const known = ['approved', 'by', 'reason', 'until', 'keys', 'carried', 'evidence'];
  const members = onlyMembers(what, value, known);
  const [reason, until] = [optionalText(members, 'reason'), optionalInstant(members, 'until')];
  return {
    kind: 'approval',
    at: instantOf(members, 'approved'),
    by: members.string('by'),
    ...(reason !== undefined && { reason }),
    ...(until !== undefined && { until }),
    ...(members.get('keys') !== undefined && { keys: requiredStrings(members, 'keys') }),
    ...(members.get('carried') !== undefined && { carried: readCarried(members) }),
    evidence: readEvidence(what, members.get('evidence')),
  };
}

function readNamed(what: string, value: Json | undefined): Named {
  const members = onlyMembers(what, value, ['tags', 'until', 'own']);
  const until = optionalInstant(members, 'until');
  const own = members.get('own');
  return {
    kind: 'named',
    tags: requiredStrings(members, 'tags'),
    ...(until !== undefined && { until }),
    ...(own !== undefined && { own: readApproval(what, own) }),
  };
}

function readWithdrawal(what: string, value: Json | undefined): Withdrawal {
  const members = onlyMembers(what, value, ['revoked', 'by', 'reason']);
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
    if (!Array.isArray(set) || !set.every((key) => typeof key === 'string'))
      throw malformed(members.what, 'has something in carried that is no list of keys');
    return set;
  });
}
