import type { Json, JsonObject } from '../../../json/read.ts';
import type { TargetEntry } from '../model.ts';
import type { Revoked } from '../revoked.ts';
import { parseInstant } from './instant.ts';
import { malformed, Members } from './member.ts';

/** UTF-16 units of who withdrew it, and why: clients' terminals, log lines and rows of a database show them. */
const MAX_TEXT = 200;
/** The one form, as `expires` has it. */
const INSTANT_LENGTH = '2030-01-01T00:00:00Z'.length;

type Standing = Pick<TargetEntry, 'until' | 'revoked' | 'unreadable'>;

/**
 * `custom.tufgate` of a target: until when the approval holds, and that it was withdrawn. Whatever else stands in `custom`
 * belongs to others, and no client need know it (SPEC 4.5).
 *
 * Guarantee: an end that does not parse is never "for ever", and a withdrawal that does not is never "not withdrawn": the
 * entry is unusable. Of a withdrawal only the instant must be right; a reason that is no text is left out, for refusing to read
 * the whole would let the image in where another source approves it.
 */
export function readCustom(what: string, custom: Json | undefined): Standing {
  const said = custom instanceof Map ? (custom as JsonObject).get('tufgate') : undefined;
  if (said === undefined) return {};
  try {
    const members = new Members(`custom.tufgate of ${what}`, said, ['until', 'revoked']);
    if (members.get('revoked') !== undefined) return { revoked: readRevoked(members) };
    return members.get('until') === undefined ? {} : { until: readInstant(members, 'until') };
  } catch {
    return { unreadable: speaksOfWithdrawal(said) ? 'withdrawal' : 'approval' };
  }
}

function readRevoked(members: Members): Revoked {
  const [by, reason] = [readText(members, 'by'), readText(members, 'reason')];
  const at = readInstant(members, 'revoked');
  return { at, ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
}

function readInstant(members: Members, name: string): number {
  const text = members.string(name);
  const at = text.length === INSTANT_LENGTH ? parseInstant(text) : undefined;
  if (at === undefined) throw malformed(members.what, `has a ${name} that is not an instant as 2030-01-01T00:00:00Z`);
  return at;
}

/**
 * The attack: whoever may withdraw writes control characters or a page of text, and it is shown in everybody's terminal.
 */
function readText(members: Members, name: string): string | undefined {
  const value = members.get(name);
  if (typeof value !== 'string') return undefined;
  const printable = value
    .slice(0, MAX_TEXT)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, '?')
    .trim();
  return printable === '' ? undefined : printable;
}

/** In whatever case: a twin of the name is refused as one. */
function speaksOfWithdrawal(said: Json): boolean {
  return said instanceof Map && [...said.keys()].some((name) => String(name).toLowerCase() === 'revoked');
}
