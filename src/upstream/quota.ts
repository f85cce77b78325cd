/** What a registry lets this address, or these credentials, pull (Docker Hub). */
export interface Quota {
  /** Pulls. */
  readonly limit?: number;
  readonly remaining?: number;
}

// `100;w=21600`: pulls, and the seconds they are counted over. Others have sent a bare number.
const COUNT = /^\s*(\d{1,9})\s*(?:;|$)/;

/**
 * Reads `ratelimit-limit` and `ratelimit-remaining`. They are for people to look at: what cannot be read is not told.
 * @param headers lower-case names
 */
export function quotaOf(headers: ReadonlyMap<string, string>): Quota {
  const limit = countOf(headers.get('ratelimit-limit'));
  const remaining = countOf(headers.get('ratelimit-remaining'));
  return { ...(limit !== undefined && { limit }), ...(remaining !== undefined && { remaining }) };
}

function countOf(header: string | undefined): number | undefined {
  const digits = COUNT.exec(header ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}
