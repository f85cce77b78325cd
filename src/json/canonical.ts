import type { Json } from './read.ts';

const utf8 = new TextEncoder();

/**
 * OLPC canonical JSON, the form that TUF and Notary sign: no white space, members sorted by code point (which is the
 * order of their UTF-8 bytes, not JavaScript's UTF-16 order), and only `"` and `\` escaped, control characters raw.
 * It is not RFC 8785. The tree must come from `readJson` with `integersOnly`: the received tree, not a rebuilt model,
 * so that members we do not know are covered by the signature too.
 */
export function canonicalJson(value: Json): Uint8Array {
  const out: string[] = [];
  write(value, out);
  return utf8.encode(out.join(''));
}

function write(value: Json, out: string[]): void {
  if (value === null || typeof value === 'boolean') out.push(String(value));
  else if (typeof value === 'number') out.push(integer(value));
  else if (typeof value === 'string') out.push(quote(value));
  else if (value instanceof Map) writeObject(value as ReadonlyMap<string, Json>, out);
  else writeArray(value as readonly Json[], out);
}

function writeObject(members: ReadonlyMap<string, Json>, out: string[]): void {
  const names = [...members.keys()].sort(byCodePoint);
  out.push('{');
  names.forEach((name, i) => {
    out.push(i === 0 ? '' : ',', quote(name), ':');
    write(members.get(name) ?? null, out);
  });
  out.push('}');
}

function writeArray(elements: readonly Json[], out: string[]): void {
  out.push('[');
  elements.forEach((element, i) => {
    if (i > 0) out.push(',');
    write(element, out);
  });
  out.push(']');
}

function integer(value: number): string {
  if (!Number.isSafeInteger(value)) throw new RangeError('canonical JSON has integers only');
  return String(value);
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
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
