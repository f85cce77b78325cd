import { describe, expect, test } from 'vitest';
import { oid, sequence, tlv } from '../../test/der.ts';
import { children, DerError, expectTag, oidOf, readAll, readOne, TAG } from './der.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const BYTE = hex('02 01 07');

describe('a value', () => {
  test('is given with its tag, its content, and all its bytes', () => {
    const [first, second, ...rest] = readAll(hex('02 01 07 04 02 aabb'));
    expect(first).toEqual({ tag: TAG.integer, content: hex('07'), raw: BYTE });
    expect(second).toEqual({ tag: TAG.octetString, content: hex('aabb'), raw: hex('04 02 aabb') });
    expect(rest).toEqual([]);
  });

  test.each([0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff])('of %i bytes has its length in the shortest form', (length) => {
    const content = Buffer.alloc(length, 5);
    expect(readOne(tlv(0x04, content), 0x04).content).toEqual(content);
  });

  test('may have a length of four bytes', () => {
    const bytes = Buffer.alloc(6 + 0x1000000);
    hex('04 84 01000000').copy(bytes);
    expect(readOne(bytes, 0x04).content).toHaveLength(0x1000000);
  });

  test.each([
    ['has a long tag', '1f 01 00'],
    ['has a long tag in another class', 'bf 01 00'],
    ['ends after its tag', '04'],
    ['ends before its content does', '04 02 aa'],
    ['has a long length and ends before its content does', `04 81 80 ${'aa'.repeat(127)}`],
    ['ends within its length', '04 82 01'],
    ['ends within its length, of which the first byte is large', '04 82 80'],
    ['has a length to be found later', '30 80 0000'],
    ['has a length to be found later, and as many bytes', `30 80 ${'00'.repeat(128)}`],
    ['has a length of one byte that needs none', `04 81 7f ${'aa'.repeat(127)}`],
    ['has a length of two bytes that needs one', `04 82 00ff ${'aa'.repeat(255)}`],
    ['has a length of five bytes', '04 85 0100000000'],
  ])('that %s is refused', (_, text) => {
    expect(() => readAll(hex(text))).toThrow(DerError);
  });

  test('is named in the error that refuses it', () => {
    expect(new DerError('cut off').name).toBe('DerError');
  });
});

describe('exactly one value', () => {
  test('is neither none nor two', () => {
    expect(readOne(BYTE, TAG.integer).raw).toEqual(BYTE);
    expect(() => readOne(hex(''), TAG.integer)).toThrow(DerError);
    expect(() => readOne(Buffer.concat([BYTE, BYTE]), TAG.integer)).toThrow(DerError);
  });

  test('is of the tag that is expected', () => {
    expect(() => readOne(BYTE, TAG.octetString)).toThrow(DerError);
    expect(() => expectTag(undefined, TAG.integer)).toThrow(DerError);
  });
});

test('the values inside another are read to the last byte', () => {
  const [outer] = readAll(sequence(BYTE, BYTE));
  expect(children(outer, TAG.sequence).map(({ raw }) => raw)).toEqual([BYTE, BYTE]);
  expect(() => children(outer, TAG.set)).toThrow(DerError);
  expect(() => children(undefined, TAG.sequence)).toThrow(DerError);
  expect(() => children(readAll(sequence(BYTE, hex('02')))[0], TAG.sequence)).toThrow(DerError);
});

test.each(['0.9', '1.2.840.113549.1.1.11', '1.3.128.16384', '2.5.4.3', '2.999.1'])(
  'the object identifier %s',
  (name) => {
    expect(oidOf(readAll(oid(name))[0])).toBe(name);
  },
);

test('an object identifier is nothing else', () => {
  expect(() => oidOf(readAll(BYTE)[0])).toThrow(DerError);
});
