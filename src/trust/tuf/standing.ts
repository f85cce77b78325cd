import type { Digest } from '../../oci/digest.ts';
import type { Inquiry } from './inquiry.ts';
import type { Revoked } from './revoked.ts';
import { type Edge, search } from './search.ts';
import { cannotBeRead, isEnded, named } from './statement.ts';
import type { TrustContext } from './trusted.ts';
import { refuseExpiredBase, type View } from './view.ts';

/** The versions of the files that a search came by, by role: how far the repository had gone when something was said. */
export type Versions = ReadonlyMap<string, number>;

/** What a TUF 1.0 repository says of a digest, by the name of its target: not whether to serve it, but whether it was taken back. */
export type Standing =
  /** Nobody names it, or nothing that is fresh does. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'approved'; readonly digest: Digest; readonly role: string; readonly versions: Versions }
  | { readonly kind: 'ended'; readonly why: string }
  | { readonly kind: 'withdrawn'; readonly revoked: Revoked; readonly versions: Versions }
  | { readonly kind: 'unreadable'; readonly why: string };

/** A standing, or the file to load first; then ask again. */
export type StandingStep = Standing | ({ readonly kind: 'wanted' } & Edge);

/**
 * A withdrawal does not end with the file that it stands in: whoever keeps newer ones from us must not let the image back in
 * that way. So the search passes over what has expired; an approval found there is worth nothing.
 *
 * @param inquiry the same from step to step
 * @throws trust.*: the search fails
 */
export function findStanding(ctx: TrustContext, view: View, name: string, now: number, inquiry: Inquiry): StandingStep {
  const versions = new Map<string, number>();
  const found = search(ctx, view, name, ALWAYS, inquiry, versions);
  if (found.kind === 'wanted') return found;
  if (found.kind === 'absent') return { kind: 'silent' };
  const { role, accepted } = found.reached;
  const entry = accepted.model.targets.get(name);
  if (entry?.revoked !== undefined) return { kind: 'withdrawn', revoked: entry.revoked, versions };
  if (entry?.unreadable === 'withdrawal')
    return { kind: 'unreadable', why: cannotBeRead(`${role} of ${view.gun}`, name, 'withdrawal') };
  if (entry === undefined || !isFresh(view, versions, now)) return { kind: 'silent' };
  const statement = named(role, found.reached, name, entry, now);
  if (statement.kind === 'names') return { kind: 'approved', digest: statement.digest, role, versions };
  const ended = 'error' in statement && isEnded(statement.error);
  return ended ? { kind: 'ended', why: statement.error.message } : { kind: 'silent' };
}

/** Before every expiry. */
const ALWAYS = 0;

/** Also those that said nothing: whoever has expired there may have another word by now. */
function isFresh(view: View, visited: Versions, now: number): boolean {
  try {
    refuseExpiredBase(view, now);
  } catch {
    return false;
  }
  return [...visited.keys()].every((role) => (view.targets.get(role)?.model.expires ?? 0) > now);
}

/**
 * Was this approval signed after that withdrawal? Floors hold older files off, but recovery (5.3.11) forgets them.
 *
 * The attack: after a recovery, with the new online keys, serve the role's file of before the withdrawal, or that of another
 * role which the search comes by. So no file may be older than the one that was seen then, one must be newer, and the
 * very role that approves must not have said so before.
 */
export function isAfter(
  approved: { readonly role: string; readonly versions: Versions },
  withdrawn: Versions,
): boolean {
  const common = [...approved.versions].flatMap(([role, is]) => {
    const was = withdrawn.get(role);
    return was === undefined ? [] : [{ role, is, was }];
  });
  return (
    common.every(({ role, is, was }) => (role === approved.role ? is > was : is >= was)) &&
    common.some(({ is, was }) => is > was)
  );
}
