import { expect, test } from 'vitest';
import { wholeText } from './whole-text.ts';

async function* piped(...chunks: readonly (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  await Promise.resolve();
  yield* chunks;
}

test('all of it, also where a letter is cut in two', async () => {
  const [first, second] = [Buffer.from('ä').subarray(0, 1), Buffer.from('ä').subarray(1)];
  expect(await wholeText(piped('ngi', 'nx ', first, second))).toBe('nginx ä');
});

test('64 MiB are enough', async () => {
  const mebibytes = (count: number) => piped(...Array.from({ length: count }, () => Buffer.alloc(2 ** 20, 'a')));
  expect(await wholeText(mebibytes(64))).toHaveLength(64 * 2 ** 20);
  await expect(wholeText(mebibytes(65))).rejects.toMatchObject({ code: 'usage' });
});
