import type { Json, JsonObject } from '../../json/read.ts';
import { malformed } from '../../trust/tuf/format/member.ts';

/** One thing that was seen before somebody signed: a kind, mostly a digest, and words. Recorded, not judged. */
export type Evidence = ReadonlyMap<string, EvidenceValue>;
export type EvidenceValue = string | number | boolean | readonly string[];

export const MAX_EVIDENCE = 32;
const MAX_MEMBERS = 12;
const MAX_TEXT = 512;
const MAX_LIST = 64;

/** @throws trust.malformed */
export function readEvidence(what: string, value: Json | undefined): readonly Evidence[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > MAX_EVIDENCE) throw malformed(what, 'has no list of evidence');
  return (value as readonly Json[]).map((one) => readOne(what, one));
}

function readOne(what: string, value: Json): Evidence {
  if (!(value instanceof Map) || value.size > MAX_MEMBERS)
    throw malformed(what, 'has evidence that is no small object');
  const found = new Map<string, EvidenceValue>();
  for (const [name, member] of value as JsonObject) {
    const read = name.length <= MAX_TEXT ? readValue(member) : undefined;
    if (read === undefined)
      throw malformed(
        what,
        `has evidence whose ${JSON.stringify(name.slice(0, 40))} is neither short text nor a number`,
      );
    found.set(name, read);
  }
  return found;
}

function readValue(value: Json): EvidenceValue | undefined {
  if (typeof value === 'string') return value.length <= MAX_TEXT ? value : undefined;
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (!Array.isArray(value) || value.length > MAX_LIST) return undefined;
  const texts = (value as readonly Json[]).filter((each): each is string => typeof each === 'string');
  return texts.length === value.length && texts.every((each) => each.length <= MAX_TEXT) ? texts : undefined;
}
