import { expect, test } from 'vitest';
import { linesOf, MAX_LINE } from './lines.ts';

async function lines(...chunks: readonly (string | Uint8Array)[]): Promise<string[]> {
  async function* input(): AsyncGenerator<string | Uint8Array> {
    await Promise.resolve();
    yield* chunks;
  }
  const found: string[] = [];
  for await (const line of linesOf(input())) found.push(line);
  return found;
}

test('lines are put together from chunks, the last one without its end too', async () => {
  expect(await lines('ngi', Buffer.from('nx\nbusy'), 'box')).toEqual(['nginx', 'busybox']);
});

test('a line without end is held to its bound', async () => {
  const [long = ''] = await lines(...Array.from({ length: 30 }, () => 'a'.repeat(1_000)), '\n');
  expect(long).toHaveLength(MAX_LINE);
});

test('a stream without end is left', async () => {
  const endless = Array.from({ length: 20 }, () => `${'a'.repeat(2 ** 20 - 1)}\n`);
  await expect(lines(...endless)).rejects.toMatchObject({ code: 'usage' });
});
