/**
 * Has the client, by what it says in If-None-Match, this very content already? RFC 9110 13.1.2: a list, compared weakly, for
 * GET and HEAD; `*` is any.
 *
 * @param etag with its quotes; ours have no comma in them
 */
export function hasAlready(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header === etag || header.trim() === '*') return true;
  return header.split(',').some((each) => each.trim().replace(/^W\//, '') === etag);
}
