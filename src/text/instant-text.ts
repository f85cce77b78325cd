/**
 * `2026-11-27T09:16:10Z`: whole seconds, UTC, the one form that every TUF client reads (TUF 1.0 section 4.2.1).
 * @param at epoch milliseconds; the rest of its second is cut off
 */
export function instantText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
