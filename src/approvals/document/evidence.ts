import type { Json, JsonObject } from '../../json/read.ts';
import { malformed } from '../../trust/tuf/format/member.ts';

/** One thing that was seen before somebody signed: a kind, mostly a digest, and words. Recorded, not judged. */
export type Evidence = ReadonlyMap<string, string>;

export const MAX_EVIDENCE = 32;
const MAX_MEMBERS = 12;
const MAX_TEXT = 512;

/** @throws trust.malformed */
export function readEvidence(what: string, value: Json | undefined): readonly Evidence[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > MAX_EVIDENCE) throw malformed(what, 'has no list of evidence');
  return (value as readonly Json[]).map((one) => readOne(what, one));
}

function readOne(what: string, value: Json): Evidence {
  if (!(value instanceof Map) || value.size > MAX_MEMBERS)
    throw malformed(what, 'has evidence that is no small object');
  const found = new Map<string, string>();
  for (const [name, text] of value as JsonObject) {
    if (typeof text !== 'string' || text.length > MAX_TEXT)
      throw malformed(what, `has evidence whose ${JSON.stringify(name.slice(0, 40))} is not a short text`);
    found.set(name, text);
  }
  return found;
}
