import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byCodePoint, canonicalJson, readableJson } from './canonical.ts';
import { JsonError, readJson } from './read.ts';

const limits = { depth: 20, values: 1000, integersOnly: true };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string, over = {}) => readJson(bytes(text), { ...limits, ...over });
const canonical = (text: string): string => new TextDecoder().decode(canonicalJson(read(text)));

test.each([
  ['a duplicate member', '{"a":1,"a":2}'],
  ['a duplicate member spelled with an escape', '{"a":1,"\\u0061":2}'],
  ['a byte order mark', '\ufeff{}'],
  ['trailing data', '{} {}'],
  ['a lone surrogate', '"\\ud800"'],
  ['a float', '1.0'],
  ['an exponent', '1e0'],
  ['minus zero', '-0'],
  ['an integer beyond 2^53', '9007199254740993'],
  ['a leading zero', '01'],
  ['a raw control character', '"\n"'],
  ['a trailing comma', '[1,]'],
  ['a missing value', '{"a":}'],
  ['nothing', ''],
])('refuses %s', (_, text) => {
  expect(() => read(text)).toThrow(JsonError);
});

test('refuses bytes that are not UTF-8', () => {
  expect(() => readJson(new Uint8Array([0x22, 0xff, 0x22]), limits)).toThrow(/UTF-8/);
});

test('refuses depth and number of values over the limit, and takes them at the limit', () => {
  expect(() => read('[[[1]]]', { depth: 3 })).toThrow(/deeper/);
  expect(read('[[1]]', { depth: 3 })).toEqual([[1]]);
  expect(() => read('[1,2,3]', { values: 3 })).toThrow(/values/);
  expect(read('[1,2]', { values: 3 })).toEqual([1, 2]);
});

test('keeps names such as __proto__ as plain members of a Map', () => {
  const tree = read('{"__proto__":1,"constructor":2}') as ReadonlyMap<string, unknown>;
  expect([...tree]).toEqual([
    ['__proto__', 1],
    ['constructor', 2],
  ]);
});

test('the canonical form sorts by code point and escapes only quote and backslash', () => {
  expect(canonical('{"b":1,"a":"\\u003c\\n\\"\\\\"}')).toBe('{"a":"<\n\\"\\\\","b":1}');
  expect(canonical('{"\\ud83d\\ude00":1,"\\ufb00":2}')).toBe('{"\ufb00":2,"\u{1f600}":1}');
});

test('agrees with JSON.parse on whatever JSON.stringify writes', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = JSON.stringify(value);
      let ours: unknown;
      try {
        ours = toPlain(read(text, { integersOnly: false, depth: 100, values: 1e6 }));
      } catch (error) {
        expect(error).toBeInstanceOf(JsonError);
        return;
      }
      expect(ours).toEqual(JSON.parse(text));
    }),
  );
});

test('the canonical form is a fixed point', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.oneof(fc.integer(), fc.constant(null))), (value) => {
      const once = canonical(JSON.stringify(value));
      if (/\p{Cc}/u.test(once)) return; // raw control characters are canonical, but not JSON
      expect(canonical(once)).toBe(once);
    }),
  );
});

test('as a file it is JSON that comes to the same canonical form', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), (value) => {
      const once = canonicalJson(read(JSON.stringify(value)));
      const file = readableJson(once);
      expect(canonicalJson(readJson(file, limits))).toEqual(once);
      expect(Object.fromEntries(readJson(file, limits) as Map<string, string>)).toEqual({ ...value });
    }),
  );
  expect(new TextDecoder().decode(readableJson(bytes('{"a":"\n\u0001"}')))).toBe('{"a":"\\u000a\\u0001"}');
  const plain = bytes('{"a":"ü"}');
  expect(readableJson(plain)).toBe(plain);
});

test('any bytes give a value or a JsonError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (input) => {
      try {
        readJson(input, limits);
      } catch (error) {
        expect(error).toBeInstanceOf(JsonError);
      }
    }),
  );
});

test('the order is that of the UTF-8 bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
      expect(Math.sign(byCodePoint(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }),
  );
});

function toPlain(value: unknown): unknown {
  if (value instanceof Map) {
    const out: Record<string, unknown> = {};
    for (const [k, v] of value as Map<string, unknown>)
      Object.defineProperty(out, k, { value: toPlain(v), enumerable: true, writable: true, configurable: true });
    return out;
  }
  return Array.isArray(value) ? value.map(toPlain) : value;
}
