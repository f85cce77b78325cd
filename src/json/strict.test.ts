import { describe, expect, test } from 'vitest';
import { codeOf, messageOf, TufgateError } from '../errors.ts';
import { byCodePoint, canonicalJson } from './canonical.ts';
import { type Json, JsonError, type JsonLimits, readJson, readJsonAs } from './read.ts';

const strict: JsonLimits = { depth: 20, values: 1000, integersOnly: true };
const any: JsonLimits = { ...strict, integersOnly: false };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string, limits = strict): Json => readJson(bytes(text), limits);

describe('the reader takes', () => {
  test.each(['0', '7', '10', '-1', '-120', '9007199254740991', '-9007199254740991'])('the integer %s', (text) => {
    expect(read(text)).toBe(Number(text));
    expect(read(text, any)).toBe(Number(text));
  });

  test.each(['1.5', '10.25', '-0.125', '1e2', '1E2', '1E+2', '1.5e-3', '12e10', '0e0', '1.0', '-0', '1e300'])(
    'the number %s, where it is not signed',
    (text) => {
      expect(read(text, any)).toBe(Number(text));
    },
  );

  test.each([
    ['true', true],
    ['false', false],
    ['null', null],
    ['[]', []],
    ['[[],[1,[2]],"a"]', [[], [1, [2]], 'a']],
    ['{}', new Map()],
    ['{"a":{"b":[true]}}', new Map([['a', new Map([['b', [true]]])]])],
    [' \t\r\n[ 1 ,\n\n2 ]\t\t', [1, 2]],
    [' { "a" : 1 , "b" : 2 } ', new Map(Object.entries({ a: 1, b: 2 }))],
  ])('%s', (text, value) => {
    expect(read(text)).toEqual(value);
  });

  test('every escape, between plain text and one after the other', () => {
    expect(read('"\\"\\\\\\/\\b\\f\\n\\r\\t"')).toBe('"\\/\b\f\n\r\t');
    expect(read('"a\\u00e9b\\u00C9\\ud83d\\ude00c"')).toBe('a\u00e9b\u00c9\u{1f600}c');
    expect(read('" \u007f"')).toBe(' \u007f');
  });
});

describe('the reader says what it met, and where', () => {
  test.each([
    ['', 'a value was expected (at character 0)'],
    ['-', 'a value was expected (at character 0)'],
    ['x', 'a value was expected (at character 0)'],
    ['tru', 'a value was expected (at character 0)'],
    ['nul!', 'a value was expected (at character 0)'],
    ['[1,]', 'a value was expected (at character 3)'],
    ['1.0', 'a number not written as an integer (at character 1)'],
    ['1e0', 'a number not written as an integer (at character 1)'],
    ['1E0', 'a number not written as an integer (at character 1)'],
    ['-0', 'minus zero (at character 2)'],
    ['9007199254740992', 'a number out of range (at character 16)'],
    ['-9007199254740992', 'a number out of range (at character 17)'],
    ['01', 'data after the end (at character 1)'],
    ['1 1', 'data after the end (at character 2)'],
    ['{a":1}', 'a member name was expected (at character 1)'],
    ['{"a":1,}', 'a member name was expected (at character 7)'],
    ['{"a" 1}', '":" was expected (at character 5)'],
    ['{"a":1;', '"," or "}" was expected (at character 6)'],
    ['[1}', '"," or "]" was expected (at character 2)'],
    ['[1', '"," or "]" was expected (at character 2)'],
    ['{"a":1,"a":2}', 'member "a" stands twice (at character 10)'],
    ['"ab', 'a string does not end, or holds a control character (at character 3)'],
    ['"a\u001f"', 'a string does not end, or holds a control character (at character 2)'],
    ['"\\', 'a bad escape (at character 1)'],
    ['"\\x"', 'a bad escape (at character 1)'],
    ['"\\u00e"', 'a bad \\u escape (at character 1)'],
    ['"\\u00eg"', 'a bad \\u escape (at character 1)'],
    ['"\\ud800"', 'a lone surrogate (at character 7)'],
    ['"\\ude00\\ud83d"', 'a lone surrogate (at character 13)'],
  ])('%j: %s', (text, why) => {
    expect(() => read(text)).toThrow(new JsonError(why));
  });

  test('numbers that no double holds are refused also where fractions are allowed', () => {
    expect(() => read('1e999', any)).toThrow('out of range');
    expect(() => read('9007199254740992', any)).toThrow('out of range');
    expect(() => read('1.', any)).toThrow('not written as an integer');
    expect(() => read('1e', any)).toThrow('not written as an integer');
    expect(() => read('1e+', any)).toThrow('not written as an integer');
  });

  test('a long name is quoted in part', () => {
    const name = 'n'.repeat(61);
    expect(() => read(`{"${name}":1,"${name}":1}`)).toThrow(`member "${'n'.repeat(60)}" stands twice`);
  });

  test('depth is counted through arrays and objects alike', () => {
    expect(() => read('{"a":{"a":{"a":1}}}', { ...strict, depth: 3 })).toThrow('nested deeper than 3');
    expect(() => read('[{"a":[1]}]', { ...strict, depth: 3 })).toThrow('nested deeper than 3');
    expect(read('[{"a":1}]', { ...strict, depth: 3 })).toEqual([new Map([['a', 1]])]);
    expect(() => read('{"a":1,"b":2}', { ...strict, values: 2 })).toThrow('more than 2 values');
  });
});

describe('whose fault it is', () => {
  test('a file that is not JSON is the error its reader means, with the cause', () => {
    const malformed = () => readJsonAs('trust.malformed', 'targets metadata', bytes('['), strict);
    expect(malformed).toThrow(TufgateError);
    try {
      malformed();
    } catch (error) {
      expect(codeOf(error)).toBe('trust.malformed');
      expect(messageOf(error)).toBe('targets metadata is not acceptable JSON: a value was expected (at character 1)');
      expect((error as TufgateError).cause).toMatchObject({ name: 'JsonError' });
    }
    expect(readJsonAs('upstream.protocol', 'a token', bytes('{}'), strict)).toEqual(new Map());
  });

  test('bytes that are not UTF-8 leave the decoder as the cause', () => {
    try {
      readJson(Uint8Array.of(0xff), strict);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(JsonError);
      expect((error as JsonError).cause).toBeInstanceOf(TypeError);
    }
  });

  test('a fault that is not of the file is not laid on it', () => {
    const endless = { ...strict, depth: Infinity, values: Infinity };
    const deep = bytes('['.repeat(1_000_000));
    expect(() => readJsonAs('trust.malformed', 'targets metadata', deep, endless)).toThrow(RangeError);
  });
});

describe('the canonical form', () => {
  const written = (value: Json): string => new TextDecoder().decode(canonicalJson(value));

  test.each(['true', 'false', 'null', '0', '-12', '[]', '[1,[2,"a"],{}]', '{"a":[],"b":{"c":null}}'])(
    'of %s is itself',
    (text) => {
      expect(written(read(text))).toBe(text);
    },
  );

  test('sorts members by code point wherever they stand', () => {
    expect(written(read('[{"b":1,"a":2,"c":3}]'))).toBe('[{"a":2,"b":1,"c":3}]');
    expect(written(read('{"c":1,"b":2,"a":3}'))).toBe('{"a":3,"b":2,"c":1}');
  });

  test('has integers only', () => {
    expect(() => written(1.5)).toThrow(RangeError);
    expect(() => written(2 ** 53)).toThrow(RangeError);
  });

  test('lifts exactly the surrogates above the rest', () => {
    for (const lifted of ['\u{10000}', '\u{10ffff}', '\ud800', '\udfff']) {
      expect(byCodePoint(lifted, '\uffff')).toBeGreaterThan(0);
      expect(byCodePoint('\ue000', lifted)).toBeLessThan(0);
    }
    expect(byCodePoint('\ud7ff', '\ue000')).toBeLessThan(0);
    expect(byCodePoint('a', 'ab')).toBeLessThan(0);
    expect(byCodePoint('a', 'a')).toBe(0);
  });
});
