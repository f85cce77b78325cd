/** RFC 9110 section 14: one range, or the whole; several ranges and nonsense are ignored, as the RFC allows. */
export type Range =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

/** @param size bytes of the blob; `end` of the answer is inclusive */
export function readRange(header: string | undefined, size: number): Range {
  const found = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/i.exec(header?.trim() ?? '');
  const [, first = '', last = ''] = found ?? [];
  if (found === null || (first === '' && last === '')) return { kind: 'whole' };
  if (first === '') return suffix(Number(last), size);
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return { kind: 'whole' };
  return start >= size ? { kind: 'unsatisfiable' } : { kind: 'part', start, end };
}

/**
 * RFC 9110 13.1.5: who has a part already wants the rest of the same, or else the whole anew. Compared strongly: a weak validator
 * names no bytes, and a date never fits what has none.
 * @param etag with its quotes
 */
export function rangeUnlessOther(
  { range, 'if-range': ifRange }: { readonly range?: string | undefined; readonly 'if-range'?: string | undefined },
  etag: string,
  size: number,
): Range {
  return ifRange === undefined || ifRange.trim() === etag ? readRange(range, size) : { kind: 'whole' };
}

function suffix(length: number, size: number): Range {
  if (length === 0 || size === 0) return { kind: 'unsatisfiable' };
  return { kind: 'part', start: Math.max(0, size - length), end: size - 1 };
}
