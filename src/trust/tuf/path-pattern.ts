/**
 * TUF 1.0 path patterns: `*`, `?`, `[abc]`, `[a-z]` and `[!…]`, none of which crosses a `/`; as many segments as the
 * name, compared by code point and in their case on every system (SPEC 4.5, "paths").
 *
 * TUF clients match with their language's own glob, and outside this core they disagree: `{a,b}`, `+(a)`, `\*`, `[^a]`,
 * a leading `!` or `#`. Such a pattern is not `acceptable`, for one client would see a delegation where another sees
 * none. No regular expression is made of it, and stars cost no more than pattern plus name squared (CVE-2026-26996).
 *
 * Read in place: thousands of patterns are compared with each name, and what were made of them would have to be made
 * each time, or be kept, at many times their size.
 *
 * Greedy, and after a mismatch one step back to the last star alone: an earlier star can never do better.
 */
export function matches(pattern: string, name: string, steps: Steps = FREE): boolean {
  let token = 0;
  let char = 0;
  let star = NONE;
  let from = NONE;
  while (char < name.length) {
    steps.spend(1);
    const wanted = name.charCodeAt(char);
    const own = token < pattern.length ? pattern.charCodeAt(token) : NONE;
    if (own === STAR) {
      star = ++token;
      from = char;
    } else if (own === wanted && own !== CLASS) {
      token++;
      char++;
      if (own === SLASH) star = NONE;
    } else if (wanted !== SLASH && (own === ANY || (own === CLASS && classHas(pattern, token, name, char, steps)))) {
      token = own === ANY ? token + 1 : pattern.indexOf(']', token) + 1;
      char += width(name, char);
    } else if (star === NONE || wanted === SLASH) return false;
    else {
      token = star;
      char = from += width(name, from);
    }
  }
  while (pattern.charCodeAt(token) === STAR) token++;
  return token === pattern.length;
}

/** What comparing costs: about one for each character that is compared. */
export interface Steps {
  /** @throws when it is too much */
  spend(count: number): void;
}

export function acceptable(pattern: string): boolean {
  return pattern.split('/').every((segment) => !FOREIGN.test(segment) && hasReadableClasses(segment));
}

const FREE: Steps = { spend: () => undefined };
const NONE = -1;
const STAR = 0x2a;
const ANY = 0x3f;
const CLASS = 0x5b;
const SLASH = 0x2f;
/** What some client reads as something else than itself: escapes, braces, negation, comments, extended globs. */
const FOREIGN = /[\\{}]|^[!#]|[?*+@!]\(/;
/** In a class only the `!` that begins it means anything; these would mean more to some client, or end the segment. */
const FOREIGN_IN_CLASS: ReadonlySet<number> = new Set(Array.from('[^!-/', (char) => codePoint(char, 0)));

function hasReadableClasses(segment: string): boolean {
  for (let at = segment.indexOf('['); at !== NONE;) {
    const end = segment.indexOf(']', at);
    if (inClass(segment, at, end, 0) === undefined) return false;
    at = segment.indexOf('[', end);
  }
  return true;
}

function classHas(pattern: string, open: number, name: string, char: number, steps: Steps): boolean {
  const end = pattern.indexOf(']', open);
  steps.spend(Math.max(end - open, 0));
  return inClass(pattern, open, end, codePoint(name, char)) === true;
}

/** Characters, and ranges in order of code points, between brackets. Undefined when that is not what stands there. */
function inClass(pattern: string, open: number, end: number, char: number): boolean | undefined {
  const negated = pattern[open + 1] === '!';
  let at = open + (negated ? 2 : 1);
  if (at >= end) return undefined;
  let found = false;
  while (at < end) {
    const first = codePoint(pattern, at);
    at += width(pattern, at);
    const isRange = pattern[at] === '-';
    const last = isRange ? codePoint(pattern, at + 1) : first;
    if (isRange) at += 1 + width(pattern, at + 1);
    // A range that is cut off ends behind the class.
    if (at > end || first > last || FOREIGN_IN_CLASS.has(first) || FOREIGN_IN_CLASS.has(last)) return undefined;
    found ||= first <= char && char <= last;
  }
  return found !== negated;
}

function codePoint(text: string, at: number): number {
  return text.codePointAt(at) ?? NONE;
}

function width(text: string, at: number): number {
  return codePoint(text, at) > 0xffff ? 2 : 1;
}
