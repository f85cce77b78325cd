import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Hashing } from '../../src/verify/hashing.ts';

const MIB = 1024 * 1024;
const hexOf = (algorithm: string, ...pieces: Uint8Array[]): string =>
  pieces.reduce((hash, piece) => hash.update(piece), createHash(algorithm)).digest('hex');

/** What everything promises that hashes blobs. */
export function hashingContract(name: string, make: () => Hashing): void {
  describe(`the hashing contract, ${name}`, () => {
    let hashing: Hashing;
    beforeEach(() => (hashing = make()));
    afterEach(() => hashing.close());

    function filled(bytes: number, text: string): Buffer {
      const memory = hashing.memory(bytes);
      memory.write(text.repeat(Math.ceil(bytes / text.length)).slice(0, bytes));
      return memory;
    }

    test.each(['sha256', 'sha512'] as const)('%s of little, of much and of nothing', async (algorithm) => {
      for (const size of [0, 5, 3 * MIB + 1]) {
        const bytes = filled(size, 'tufgate');
        const hash = hashing.begin(algorithm, size);
        if (size > 0) await hash.update(bytes);
        expect(await hash.finish()).toBe(hexOf(algorithm, bytes));
      }
    });

    test('updates count in the order in which they are given, waited for or not', async () => {
      const [a, b] = [filled(MIB, 'a'), filled(MIB, 'b')];
      const hash = hashing.begin('sha256', 3 * MIB);
      const done = [hash.update(a), hash.update(b.subarray(1, 9)), hash.update(a.subarray(7))];
      expect(await hash.finish()).toBe(hexOf('sha256', a, b.subarray(1, 9), a.subarray(7)));
      await Promise.all(done);
    });

    test('bytes may be overwritten once their update resolved, and not before', async () => {
      const bytes = filled(2 * MIB, 'first');
      const wanted = hexOf('sha256', Buffer.from(bytes), Buffer.alloc(bytes.length, 'x'));
      const hash = hashing.begin('sha256', 4 * MIB);
      await hash.update(bytes);
      bytes.fill('x');
      await hash.update(bytes);
      bytes.fill('y');
      expect(await hash.finish()).toBe(wanted);
    });

    test('hashes that run at the same time do not mix', async () => {
      const pieces = ['a', 'b', 'c'].map((text) => filled(MIB, text));
      const hashes = pieces.map(() => hashing.begin('sha256', 2 * MIB));
      await Promise.all(hashes.map((hash, i) => hash.update(pieces[i]!)));
      await Promise.all(hashes.map((hash, i) => hash.update(pieces[i]!)));
      const found = await Promise.all(hashes.map((hash) => hash.finish()));
      expect(found).toEqual(pieces.map((piece) => hexOf('sha256', piece, piece)));
    });

    test('one that nobody wants to know any more ends, and its updates resolve', async () => {
      const bytes = filled(MIB, 'a');
      const dropped = hashing.begin('sha256', 2 * MIB);
      const done = dropped.update(bytes);
      dropped.drop();
      await done;
      const kept = hashing.begin('sha256', 2 * MIB);
      await kept.update(bytes);
      expect(await kept.finish()).toBe(hexOf('sha256', bytes));
    });

    test('memory is as large as was asked for, and its own', () => {
      const [a, b] = [hashing.memory(10), hashing.memory(10)];
      a.fill(1);
      expect([a.length, b.length, b[0]]).toEqual([10, 10, 0]);
    });
  });
}
