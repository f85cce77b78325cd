import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bodyOf } from '../../test/readable-body.ts';
import { codeOf } from '../errors.ts';
import { readAll } from './body.ts';
import type { Received } from './wire.ts';

function received(chunks: Iterable<Uint8Array> | Readable, declared?: string): Received {
  const headers = new Map(declared === undefined ? [] : [['content-length', declared]]);
  return { status: 200, headers, body: bodyOf(chunks instanceof Readable ? chunks : Readable.from(chunks)) } as never;
}

test('a body is what came, whatever length was declared', async () => {
  const lengths = fc.constantFrom(undefined, '0', '-1', '1.5', 'x', '3', '40', '1000', 'Infinity');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 20 })), lengths, async (chunks, declared) => {
      const pieces = await readAll('vendor', 'GET /', received(chunks, declared), 1_000).catch(codeOf);
      if (declared === 'Infinity') expect(pieces).toBe('upstream.protocol');
      else expect(Buffer.concat(pieces as Uint8Array[])).toEqual(Buffer.concat(chunks));
    }),
  );
});

test('one that is longer than allowed is not read to its end, declared or not', async () => {
  for (const declared of [undefined, '2', '11']) {
    const stream = Readable.from([Buffer.alloc(6), Buffer.alloc(5)]);
    expect(await readAll('vendor', 'GET /', received(stream, declared), 10).catch(codeOf)).toBe('upstream.protocol');
    expect(stream.destroyed).toBe(true);
  }
});

test('one that comes as fast as it can be read leaves turns of the event loop to others', async () => {
  let turns = 0;
  let reading = true;
  const count = (): void => {
    turns++;
    if (reading) setImmediate(count);
  };
  setImmediate(count);
  await readAll('vendor', 'GET /', received(Array<Buffer>(64).fill(Buffer.alloc(64 * 1024))), 1 << 30);
  reading = false;
  expect(turns).toBeGreaterThanOrEqual(32);
});
