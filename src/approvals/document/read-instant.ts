import { parseInstant } from '../../trust/tuf/format/instant.ts';
import { malformed, type Members } from '../../trust/tuf/format/member.ts';

const LENGTH = '2030-01-01T00:00:00Z'.length;

/** Undefined for any other form. */
export function readInstant(text: unknown): number | undefined {
  return typeof text === 'string' && text.length === LENGTH ? parseInstant(text) : undefined;
}

/** @throws trust.malformed */
export function instantOf(members: Members, name: string): number {
  const at = readInstant(members.get(name));
  if (at === undefined) throw malformed(members.what, `has no instant ${name} such as 2030-01-01T00:00:00Z`);
  return at;
}
