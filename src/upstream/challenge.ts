/** What a 401 asks for: RFC 9110 section 11.6.1, several challenges in one header, quoted commas, any letter case. */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case; of equal names the first. */
  readonly params: ReadonlyMap<string, string>;
}

const SEPARATOR = /[\s,]*/y;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const EQUALS = /[ \t]*=[ \t]*(?=["!#$%&'*+.^_`|~0-9A-Za-z:/-])/y;
// `Negotiate abc==`: one opaque word up to the next comma, not a parameter.
const TOKEN68 = /[ \t]+[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
// Registries have sent unquoted URLs: more than RFC 9110's token, never a comma or space.
const BARE = /[^\s,"]+/y;

/** What cannot be read ends the list: the challenges before it stand. */
export function parseChallenges(header: string): readonly Challenge[] {
  const found: { scheme: string; params: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const hit = pattern.exec(header);
    if (hit === null) return undefined;
    at += hit[0].length;
    return hit[1] ?? hit[0];
  };
  for (;;) {
    take(SEPARATOR);
    const word = take(TOKEN)?.toLowerCase();
    if (word === undefined) return found;
    const current = found.at(-1);
    if (take(EQUALS) === undefined) {
      found.push({ scheme: word, params: new Map() });
      take(TOKEN68);
      continue;
    }
    const value = header[at] === '"' ? take(QUOTED)?.replaceAll(/\\(.)/g, '$1') : take(BARE);
    if (value === undefined || current === undefined) return found;
    if (!current.params.has(word)) current.params.set(word, value);
  }
}

/**
 * The scope to ask the token server for. A challenge's own scope is believed (ECR Public wants `aws`), but only for
 * pulling: an upstream that asks for `push` must not learn a token that could push.
 */
export function pullScope(challenged: string | undefined, wanted: string): string {
  const entries = (challenged ?? '')
    .split(/[\s]+/)
    .map(withoutWriting)
    .filter((entry) => entry !== '');
  return entries.length === 0 ? wanted : entries.join(' ');
}

function withoutWriting(entry: string): string {
  const colon = entry.lastIndexOf(':');
  if (colon < 0) return entry;
  return entry
    .slice(colon + 1)
    .split(',')
    .includes('pull')
    ? `${entry.slice(0, colon)}:pull`
    : '';
}
