/**
 * TUF 1.0 path patterns: `*`, `?`, `[abc]`, `[a-z]` and `[!…]`, none of which crosses a `/`; as many segments as the
 * name, compared by code point and in their case on every system (SPEC 4.5, "paths").
 *
 * TUF clients match with their language's own glob, and outside this core they disagree: `{a,b}`, `+(a)`, `\*`, `[^a]`,
 * a leading `!` or `#`. Such a pattern is not `acceptable`, for one client would see a delegation where another sees
 * none. No regular expression is made of it, and stars cost no more than pattern plus name squared (CVE-2026-26996).
 */
export function matches(pattern: string, name: string): boolean {
  if (beginsOtherwise(pattern, name)) return false;
  const segments = pattern.split('/');
  const names = name.split('/');
  return segments.length === names.length && segments.every((segment, i) => matchesSegment(segment, names[i] ?? ''));
}

export function acceptable(pattern: string): boolean {
  return pattern.split('/').every((segment) => !FOREIGN.test(segment) && parse(segment) !== undefined);
}

/** Of ten thousand delegations nearly all are of other repositories: that shows before the pattern is read as one. */
export function beginsOtherwise(pattern: string, name: string): boolean {
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === '*' || char === '?' || char === '[') return false;
    if (char !== name[at]) return true;
  }
  return false;
}

type Token = typeof STAR | ((char: string) => boolean);

const STAR = '*';
/** What some client reads as something else than itself: escapes, braces, negation, comments, extended globs. */
const FOREIGN = /[\\{}]|^[!#]|[?*+@!]\(/;
/** In a class only the `!` that begins it means anything; these would mean more to some client. */
const FOREIGN_IN_CLASS = new Set(['[', '^', '!', '-']);

function parse(segment: string): readonly Token[] | undefined {
  const chars = Array.from(segment);
  const tokens: Token[] = [];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? '';
    if (char === '*') tokens.push(STAR);
    else if (char === '?') tokens.push(() => true);
    else if (char !== '[') tokens.push((other) => other === char);
    else {
      const end = chars.indexOf(']', at);
      const oneOf = end === -1 ? undefined : parseClass(chars.slice(at + 1, end));
      if (oneOf === undefined) return undefined;
      tokens.push(oneOf);
      at = end;
    }
  }
  return tokens;
}

/** What stands between the brackets: characters, and ranges in order of code points. */
function parseClass(chars: readonly string[]): Token | undefined {
  const negated = chars[0] === '!';
  const ranges: (readonly [number, number])[] = [];
  for (let at = negated ? 1 : 0; at < chars.length;) {
    const size = chars[at + 1] === '-' ? 3 : 1;
    const [first = '', last = ''] = [chars[at], chars[at + size - 1]];
    if (FOREIGN_IN_CLASS.has(first) || FOREIGN_IN_CLASS.has(last)) return undefined;
    if (codePoint(first) > codePoint(last)) return undefined;
    ranges.push([codePoint(first), codePoint(last)]);
    at += size;
  }
  if (ranges.length === 0) return undefined;
  return (char) => ranges.some(([low, high]) => low <= codePoint(char) && codePoint(char) <= high) !== negated;
}

/** Greedy, and after a mismatch one step back to the last star alone: an earlier star can never do better. */
function matchesSegment(segment: string, name: string): boolean {
  const tokens = parse(segment);
  if (tokens === undefined) return false;
  const chars = Array.from(name);
  let token = 0;
  let char = 0;
  let retry: { readonly token: number; char: number } | undefined;
  while (char < chars.length) {
    const wanted = tokens[token];
    if (wanted === STAR) retry = { token: ++token, char };
    else if (wanted?.(chars[char] ?? '') === true) {
      token++;
      char++;
    } else if (retry === undefined) return false;
    else {
      token = retry.token;
      char = ++retry.char;
    }
  }
  return tokens.slice(token).every((left) => left === STAR);
}

/** Below every other for nothing at all: a range that is cut off ends before it begins. */
function codePoint(char: string): number {
  return char.codePointAt(0) ?? -1;
}
