import { malformed, type Members } from '../../trust/tuf/format/member.ts';

/**
 * Whoever signs a file signs all of it, so what is about to be signed again must be known to its last member.
 *
 * The attack: a member that nobody is shown, in a file that somebody else proposed, or left in the folder.
 * @throws trust.malformed
 */
export function refuseOthers(members: Members, known: readonly string[]): void {
  const other = members.names().find((name) => !known.includes(name));
  if (other !== undefined)
    throw malformed(members.what, `has a member ${JSON.stringify(other.slice(0, 80))} that tufgate does not write`);
}
