import { describe, expect, test } from 'vitest';
import { code, message } from '../../../../test/thrown.ts';
import { type Json, readJson } from '../../../json/read.ts';
import { JSON_LIMITS } from '../limits.ts';
import { malformed, Members } from './member.ts';

const json = (text: string): Json => readJson(Buffer.from(text), JSON_LIMITS);
const members = (text: string, ...known: readonly string[]): Members => new Members('root of app', json(text), known);
const all = members('{"s":"x","i":3,"o":{"a":1},"l":["a","b"],"n":null,"mixed":["a",1]}');

describe('a member', () => {
  test('is given as what it was asked for', () => {
    expect(all.what).toBe('root of app');
    expect(all.get('i')).toBe(3);
    expect(all.get('none')).toBeUndefined();
    expect(all.string('s')).toBe('x');
    expect(all.integer('i', 3)).toBe(3);
    expect(all.record('o')).toEqual(new Map([['a', 1]]));
    expect(all.array('l')).toEqual(['a', 'b']);
    expect(all.strings('l')).toEqual(['a', 'b']);
  });

  test('that may be missing is empty when it is, or is null', () => {
    for (const name of ['n', 'none']) {
      expect(all.optionalObject(name)).toEqual(new Map());
      expect(all.optionalArray(name)).toEqual([]);
      expect(all.strings(name)).toEqual([]);
    }
    expect(all.optionalObject('o')).toEqual(new Map([['a', 1]]));
    expect(all.optionalArray('l')).toEqual(['a', 'b']);
  });

  test.each<[string, () => unknown]>([
    ['has no string i', () => all.string('i')],
    ['has no string none', () => all.string('none')],
    ['has no integer i of at least 4', () => all.integer('i', 4)],
    ['has no integer s of at least 0', () => all.integer('s', 0)],
    ['has no integer none of at least 0', () => all.integer('none', 0)],
    ['has no object l', () => all.record('l')],
    ['has no object none', () => all.record('none')],
    ['has no object s', () => all.optionalObject('s')],
    ['has no list o', () => all.array('o')],
    ['has no list s', () => all.optionalArray('s')],
    ['has something in mixed that is not a string', () => all.strings('mixed')],
  ])('%s: the file is malformed', (why, work) => {
    expect(code(work)).toBe('trust.malformed');
    expect(message(work)).toBe(`root of app ${why}; nothing of it is believed`);
  });

  test('is an integer that a double holds', () => {
    const big = new Members(
      'root of app',
      new Map<string, Json>([
        ['i', 2 ** 53],
        ['f', 1.5],
      ]),
      [],
    );
    expect(code(() => big.integer('i', 0))).toBe('trust.malformed');
    expect(code(() => big.integer('f', 0))).toBe('trust.malformed');
  });
});

describe('an object', () => {
  test.each(['[]', 'null', '"x"', '1'])('is not %s', (text) => {
    expect(message(() => members(text))).toBe('root of app is not a JSON object; nothing of it is believed');
  });

  test('has no member that a Go client would take for a known one', () => {
    for (const twin of ['Expires', 'EXPIRES', 'expire\u017f']) {
      const work = () => members(`{"expires":1,"${twin}":2}`, 'type', 'expires');
      expect(code(work)).toBe('trust.malformed');
      expect(message(work)).toContain(`"${twin}", which differs from expires only in case`);
    }
    expect(code(() => members('{"\u212aeys":1}', 'keys'))).toBe('trust.malformed');
  });

  test('may have members that nobody here knows, in any case', () => {
    expect(members('{"expires":1,"custom":2,"Custom":3}', 'expires').get('Custom')).toBe(3);
  });
});

test('what is malformed says that nothing of it is believed', () => {
  expect(malformed('root of app', 'is odd')).toMatchObject({
    code: 'trust.malformed',
    message: 'root of app is odd; nothing of it is believed',
  });
});
