import type { Json } from './read.ts';

const utf8 = new TextEncoder();

/**
 * OLPC canonical JSON, the form that TUF and Notary sign: no white space, members sorted by code point (which is the
 * order of their UTF-8 bytes, not JavaScript's UTF-16 order), and only `"` and `\` escaped, control characters raw.
 * It is not RFC 8785. The tree must come from `readJson` with `integersOnly`: the received tree, not a rebuilt model,
 * so that members we do not know are covered by the signature too.
 */
export function canonicalJson(value: Json): Uint8Array {
  return utf8.encode(write(value));
}

/**
 * The same document as a file. Canonical JSON has control characters raw, and no reader of JSON takes them so: the line ends of a PEM
 * key made a file that nobody could read. Between the values of canonical JSON stands nothing, so each of them is within a string.
 */
export function readableJson(canonical: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(canonical);
  const escaped = text.replace(/[\u0000-\u001f]/g, escape);
  return escaped === text ? canonical : utf8.encode(escaped);
}

function escape(control: string): string {
  return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function write(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return integer(value);
  if (typeof value === 'string') return quote(value);
  return value instanceof Map ? writeObject(value) : writeArray(value as readonly Json[]);
}

function writeObject(members: ReadonlyMap<string, Json>): string {
  let out = '{';
  for (const name of inOrder(members)) {
    if (out.length > 1) out += ',';
    out += `${quote(name)}:${write(members.get(name) ?? null)}`;
  }
  return `${out}}`;
}

/** Most files are written in this order already: then nothing needs sorting. */
function inOrder(members: ReadonlyMap<string, Json>): readonly string[] {
  const names = [...members.keys()];
  const sorted = names.every((name, i) => i === 0 || byCodePoint(names[i - 1] ?? '', name) < 0);
  return sorted ? names : names.sort(byCodePoint);
}

function writeArray(elements: readonly Json[]): string {
  return `[${elements.map(write).join(',')}]`;
}

function integer(value: number): string {
  if (!Number.isSafeInteger(value)) throw new RangeError('canonical JSON has integers only');
  return String(value);
}

const SPECIAL = /["\\]/;

function quote(text: string): string {
  return SPECIAL.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}

/** Compares by code point: surrogates are lifted above U+E000-U+FFFF, where UTF-8 has them. */
export function byCodePoint(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return lift(x) - lift(y);
  }
  return a.length - b.length;
}

function lift(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
