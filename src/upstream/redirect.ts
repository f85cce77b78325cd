import { TufgateError } from '../errors.ts';

export const MAX_REDIRECTS = 10;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
// What a storage host needs to see; everything else is between the registry and us.
const KEPT: ReadonlySet<string> = new Set(['accept', 'accept-encoding', 'range', 'user-agent']);

export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

/**
 * Where a redirect leads. Messages name hosts only: the query of a storage URL is a signature, as good as a password.
 * @throws upstream.protocol when it leads nowhere sensible, or from https to http
 */
export function redirectTarget(peer: string, from: URL, location: string | undefined): URL {
  const refuse = (why: string): TufgateError =>
    new TufgateError(
      'upstream.protocol',
      `${peer}: ${from.host} sent a redirect that ${why}; it was not followed. Ask who runs that registry, or check its url`,
    );
  if (location === undefined) throw refuse('has no Location');
  if (!URL.canParse(location, from.href)) throw refuse('has no valid Location');
  const to = new URL(location, from);
  if (to.protocol !== 'https:' && to.protocol !== 'http:') throw refuse('leaves HTTP');
  if (to.username !== '' || to.password !== '') throw refuse('carries credentials');
  if (from.protocol === 'https:' && to.protocol === 'http:') throw refuse(`leads from https to http (${to.host})`);
  to.hash = '';
  return to;
}

/** Headers that may go on to another origin. */
export function foreignHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => KEPT.has(name.toLowerCase())));
}
