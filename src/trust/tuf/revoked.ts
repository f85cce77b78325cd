/** Why and when somebody took an approval back, as it is signed. The texts are bounded and printable. */
export interface Revoked {
  /** Epoch milliseconds; also one that lies ahead binds at once. */
  readonly at: number;
  readonly by?: string;
  readonly reason?: string;
}

/** For whoever reads why it is refused. @param name what was withdrawn */
export function whyWithdrawn(name: string, { at, by, reason }: Revoked): string {
  const who = by === undefined ? '' : ` by ${by}`;
  const why = reason === undefined ? '' : `: ${reason}`;
  const when = new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
  return `${name} was withdrawn ${when}${who}${why}; pull another version, or ask those who approve images`;
}
