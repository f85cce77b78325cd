import type { Json } from '../../json/read.ts';
import { Members } from '../../trust/tuf/format/member.ts';
import { refuseOthers } from './refuse-others.ts';

/** An object with no members but these. @param what begins every message @throws trust.malformed */
export function onlyMembers(what: string, value: Json | undefined, known: readonly string[]): Members {
  const members = new Members(what, value, known);
  refuseOthers(members, known);
  return members;
}
