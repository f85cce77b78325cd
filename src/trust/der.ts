/**
 * Just enough DER (ITU-T X.690) to read a certificate: definite lengths in their shortest form, one-byte tags. What is
 * not that is a DerError; nothing is guessed.
 */
export interface DerValue {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag and length included. */
  readonly raw: Uint8Array;
}

export class DerError extends Error {
  override readonly name = 'DerError';
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  printable: 0x13,
  ia5: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The values that follow each other in these bytes, to the last byte. @throws DerError */
export function readAll(bytes: Uint8Array): readonly DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length;) {
    const value = readAt(bytes, at);
    values.push(value);
    at += value.raw.length;
  }
  return values;
}

/** Exactly one value of this tag. @throws DerError */
export function readOne(bytes: Uint8Array, tag: number): DerValue {
  const [value, ...rest] = readAll(bytes);
  if (rest.length > 0) throw new DerError('more than one value');
  return expectTag(value, tag);
}

/** The values inside a constructed one. @throws DerError */
export function children(value: DerValue | undefined, tag: number): readonly DerValue[] {
  return readAll(expectTag(value, tag).content);
}

export function expectTag(value: DerValue | undefined, tag: number): DerValue {
  if (value?.tag !== tag) throw new DerError(`tag ${tag} was expected, not ${value?.tag ?? 'the end'}`);
  return value;
}

export function oidOf(value: DerValue | undefined): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of expectTag(value, TAG.oid).content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - 40 * top, ...rest].join('.');
}

function readAt(bytes: Uint8Array, start: number): DerValue {
  const tag = bytes[start] ?? 0;
  if ((tag & 0x1f) === 0x1f) throw new DerError('a long tag');
  const first = bytes[start + 1];
  if (first === undefined) throw new DerError('cut off');
  const { length, size } = first < 0x80 ? { length: first, size: 0 } : longLength(bytes, start + 2, first & 0x7f);
  const content = start + 2 + size;
  if (content + length > bytes.length) throw new DerError('cut off');
  return { tag, content: bytes.subarray(content, content + length), raw: bytes.subarray(start, content + length) };
}

/** No bytes, and bytes that are cut off, make a length too small for their number; too many make one past any end. */
function longLength(bytes: Uint8Array, at: number, size: number): { readonly length: number; readonly size: number } {
  const length = bytes.subarray(at, at + size).reduce((sum, byte) => sum * 256 + byte, 0);
  if (length < 0x80 || length < 256 ** (size - 1)) throw new DerError('a length not in its shortest form');
  return { length, size };
}
