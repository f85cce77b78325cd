import { expect, test } from 'vitest';
import { Gathering, joined } from './pieces.ts';

const KIB = 1024;

function gathered(...chunks: Uint8Array[]): Gathering {
  const gathering = new Gathering();
  for (const chunk of chunks) gathering.add(chunk);
  return gathering;
}

test('what was added comes back in its order, however it was cut', () => {
  const bytes = Buffer.from(Array.from({ length: 700 * KIB }, (_, i) => i % 251));
  for (const cut of [7_001, 64 * KIB, 256 * KIB, 700 * KIB]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / cut) }, (_, i) =>
      bytes.subarray(i * cut, (i + 1) * cut),
    );
    const gathering = gathered(...chunks);
    expect(gathering.length).toBe(bytes.length);
    expect(Buffer.compare(joined(gathering.pieces()), bytes)).toBe(0);
  }
});

test('the attack: an answer in chunks of a byte costs no object a byte', () => {
  const gathering = new Gathering();
  for (let i = 0; i < 600 * KIB; i++) gathering.add(Buffer.of(i % 256));
  expect(gathering.pieces().map(({ length }) => length)).toEqual([4 * KIB, 256 * KIB, 256 * KIB, 84 * KIB]);
});

test('a small body takes little memory, a large one pieces that can be moved to another thread', () => {
  expect(gathered(Buffer.alloc(10)).pieces()[0]?.buffer.byteLength).toBe(4 * KIB);
  const pieces = gathered(Buffer.alloc(1_000 * KIB)).pieces();
  expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBe(4);
  for (const { buffer } of pieces) expect(buffer.byteLength).toBe(256 * KIB);
});

test('nothing is one empty piece', () => {
  expect(new Gathering().pieces()).toEqual([new Uint8Array(0)]);
  expect(joined([])).toHaveLength(0);
});

test('one piece is the body itself', () => {
  const piece = Buffer.from('metadata');
  expect(joined([piece])).toBe(piece);
});
