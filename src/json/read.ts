import { TufgateError } from '../errors.ts';

/**
 * A strict, bounded JSON reader (RFC 8259) for bytes from outside.
 *
 * JSON.parse keeps the last of two equal members, so a Go client and we could read different things from the same
 * signed bytes; it also puts names from the network on a plain object (`__proto__`, `constructor`). Here objects are
 * Maps, and refused are: duplicate members, a byte order mark, trailing data, invalid UTF-8, lone surrogates, too much
 * depth, too many values, integers that a double cannot hold, and, with `integersOnly`, every number not written as an
 * integer (`1.0`, `1e0`, `-0`), which canonical JSON cannot express.
 */
export type Json = null | boolean | number | string | JsonArray | JsonObject;
export type JsonArray = readonly Json[];
export type JsonObject = ReadonlyMap<string, Json>;

export interface JsonLimits {
  /** Nested arrays and objects; the top value is depth 1. */
  readonly depth: number;
  /** Values in all, members and elements counted. */
  readonly values: number;
  readonly integersOnly: boolean;
}

export class JsonError extends Error {
  override readonly name = 'JsonError';
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws JsonError, with the offset, and nothing else; the caller knows which code it means. */
export function readJson(bytes: Uint8Array, limits: JsonLimits): Json {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw new JsonError('not UTF-8', { cause });
  }
  return new Reader(text, limits).document();
}

/** As `readJson`, with the caller's code. `what` begins the message: "targets metadata". */
export function readJsonAs(
  code: 'trust.malformed' | 'upstream.protocol',
  what: string,
  bytes: Uint8Array,
  limits: JsonLimits,
): Json {
  try {
    return readJson(bytes, limits);
  } catch (cause) {
    if (cause instanceof JsonError)
      throw new TufgateError(code, `${what} is not acceptable JSON: ${cause.message}`, { cause });
    throw cause;
  }
}

const INTEGER = /-?(?:0|[1-9][0-9]*)/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const [QUOTE, BACKSLASH, FIRST_PLAIN] = [0x22, 0x5c, 0x20];
const HEX4 = /^[0-9a-fA-F]{4}$/;
const ESCAPES = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

class Reader {
  private at = 0;
  private values = 0;
  private readonly text: string;
  private readonly limits: JsonLimits;

  constructor(text: string, limits: JsonLimits) {
    this.text = text;
    this.limits = limits;
  }

  document(): Json {
    const value = this.value(1);
    this.space();
    if (this.at < this.text.length) this.fail('data after the end');
    return value;
  }

  private value(depth: number): Json {
    if (depth > this.limits.depth) this.fail(`nested deeper than ${this.limits.depth}`);
    if (++this.values > this.limits.values) this.fail(`more than ${this.limits.values} values`);
    this.space();
    switch (this.text[this.at] ?? '') {
      case '{':
        return this.object(depth);
      case '[':
        return this.array(depth);
      case '"':
        return this.string();
      case 't':
        return this.word('true', true);
      case 'f':
        return this.word('false', false);
      case 'n':
        return this.word('null', null);
      default:
        return this.number();
    }
  }

  private object(depth: number): JsonObject {
    const members = new Map<string, Json>();
    this.at++;
    if (this.peek('}')) return members;
    do {
      this.space();
      if (this.text[this.at] !== '"') this.fail('a member name was expected');
      const name = this.string();
      if (members.has(name)) this.fail(`member ${JSON.stringify(name.slice(0, 60))} stands twice`);
      this.expect(':');
      members.set(name, this.value(depth + 1));
    } while (this.comma('}'));
    return members;
  }

  private array(depth: number): JsonArray {
    const elements: Json[] = [];
    this.at++;
    if (this.peek(']')) return elements;
    do elements.push(this.value(depth + 1));
    while (this.comma(']'));
    return elements;
  }

  private string(): string {
    this.at++;
    let out = this.plain();
    if (this.text.charCodeAt(this.at) === BACKSLASH) out = this.escaped(out);
    if (this.text.charCodeAt(this.at) !== QUOTE) this.fail('a string does not end, or holds a control character');
    this.at++;
    return out;
  }

  /** Everything up to the next quote, backslash or control character. */
  private plain(): string {
    const from = this.at;
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      // Also at the end of the text, where the code is NaN.
      if (!(code >= FIRST_PLAIN) || code === QUOTE || code === BACKSLASH) return this.text.slice(from, this.at);
      this.at++;
    }
  }

  /** Only an escape can bring a lone surrogate in: UTF-8 has none. */
  private escaped(begun: string): string {
    let out = begun;
    while (this.text.charCodeAt(this.at) === BACKSLASH) out += this.escape() + this.plain();
    if (!out.isWellFormed()) this.fail('a lone surrogate');
    return out;
  }

  private escape(): string {
    const letter = this.text[this.at + 1] ?? '';
    if (letter === 'u') {
      const hex = this.text.slice(this.at + 2, this.at + 6);
      if (!HEX4.test(hex)) this.fail('a bad \\u escape');
      this.at += 6;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const plain = ESCAPES.get(letter);
    if (plain === undefined) this.fail('a bad escape');
    this.at += 2;
    return plain;
  }

  private number(): number {
    const token = this.match(this.limits.integersOnly ? INTEGER : NUMBER);
    if (token === '') this.fail('a value was expected');
    const next = this.text[this.at];
    if (next === '.' || next === 'e' || next === 'E') this.fail('a number not written as an integer');
    const value = Number(token);
    const integral = !/[.eE]/.test(token);
    if (integral ? !Number.isSafeInteger(value) : !Number.isFinite(value)) this.fail('a number out of range');
    if (this.limits.integersOnly && Object.is(value, -0)) this.fail('minus zero');
    return value;
  }

  private word<T extends boolean | null>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) this.fail('a value was expected');
    this.at += word.length;
    return value;
  }

  private comma(end: string): boolean {
    this.space();
    const found = this.text[this.at];
    if (found !== ',' && found !== end) this.fail(`"," or "${end}" was expected`);
    this.at++;
    return found === ',';
  }

  private peek(char: string): boolean {
    this.space();
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  private expect(char: string): void {
    if (!this.peek(char)) this.fail(`"${char}" was expected`);
  }

  private space(): void {
    while (isSpace(this.text.charCodeAt(this.at))) this.at++;
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  private fail(why: string): never {
    throw new JsonError(`${why} (at character ${this.at})`);
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
