import { createHash } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { createWire, type Received, TIMEOUTS, type Wire } from './wire.ts';

const MIB = 1024 * 1024;
const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).reverse()) await end();
});

/** Answers each request with what `write` puts on its connection. */
async function serving(write: (socket: Socket) => void): Promise<{ wire: Wire; url: URL }> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined).on('data', () => write(socket));
    cleanup.push(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/blob`);
  const wire = createWire({ name: 'sim', home: url, config: {}, connections: 2, timeouts: TIMEOUTS });
  cleanup.push(
    () => server.close(),
    () => wire.close(),
  );
  return { wire, url };
}

const get = (wire: Wire, url: URL): Promise<Received> => wire.send(url, { method: 'GET', headers: {} });

/** No two places alike within a read. */
function counted(length: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i, 2654435761);
  return Buffer.from(words.buffer, 0, length);
}

function chunked(bytes: Buffer, cuts: readonly number[]): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const chunk = bytes.subarray(at, at + (cuts[i % cuts.length] ?? 1));
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
    at += chunk.length;
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

const whole = counted(12 * MIB + 7);
const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 60_000, max: 900_000 })), {
  minLength: 1,
  maxLength: 5,
});
const pauses = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 7 });

test('what is read is what was sent, in whatever pieces it comes and however often its reader pauses', async () => {
  let framed: Buffer = whole;
  let head = '';
  const { wire, url } = await serving((socket) => void (socket.write(head), socket.write(framed)));
  const cases = fc.asyncProperty(fc.boolean(), sizes, sizes, pauses, async (inChunks, cuts, rooms, waits) => {
    framed = inChunks
      ? chunked(
          whole,
          cuts.map((cut) => cut + 500),
        )
      : whole;
    const length = inChunks ? 'transfer-encoding: chunked' : `content-length: ${whole.length}`;
    head = `HTTP/1.1 200 OK\r\n${length}\r\n\r\n`;
    const { body } = await get(wire, url);
    const hash = createHash('sha256');
    for (let i = 0; ; i++) {
      const room = Buffer.alloc((rooms[i % rooms.length] ?? 1) + 20_000);
      const count = await body.read(room, () => i % 3 > 0);
      if (count === 0) break;
      hash.update(room.subarray(0, count));
      // Nobody reads for some turns: what arrives meanwhile must not land on what is held.
      for (let turn = waits[i % waits.length] ?? 0; turn > 0; turn--) await new Promise(setImmediate);
    }
    expect(hash.digest('hex')).toBe(createHash('sha256').update(whole).digest('hex'));
  });
  await fc.assert(cases, { numRuns: 25 });
});

test('headers that come byte by byte, or behind much else, are what was sent', async () => {
  const value = 'v'.repeat(8_000);
  const { wire, url } = await serving((socket) => {
    const head = `HTTP/1.1 200 OK\r\nx-one: ${value}1\r\nx-two: ${value}2\r\ncontent-length: 3\r\n\r\nyes`;
    void (async () => {
      for (let at = 0; at < head.length; at += 1_501) {
        socket.write(head.slice(at, at + 1_501));
        await new Promise(setImmediate);
      }
    })();
  });
  const { headers, body } = await get(wire, url);
  expect([headers.get('x-one'), headers.get('x-two')]).toEqual([`${value}1`, `${value}2`]);
  const room = Buffer.alloc(3);
  await body.read(room, () => false);
  expect(room.toString()).toBe('yes');
});

test('nothing is read ahead of a reader but what the connection has in hand', async () => {
  let connection: Socket | undefined;
  const { wire, url } = await serving((socket) => {
    connection = socket;
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${64 * MIB}\r\n\r\n`);
    const more = (): void => {
      while (socket.bytesWritten < 64 * MIB && socket.write(Buffer.alloc(MIB)));
      socket.once('drain', more);
    };
    more();
  });
  const { body } = await get(wire, url);
  expect(await body.read(Buffer.alloc(10))).toBe(10);
  await sleep(200);
  const taken = (): number => (connection?.bytesWritten ?? 0) - (connection?.writableLength ?? 0);
  const before = taken();
  await sleep(100);
  expect(taken()).toBe(before);
  expect(taken()).toBeLessThan(32 * MIB); // most of it the kernel's
  body.destroy();
});

test('what came before a connection broke is read first, then why', async () => {
  const { wire, url } = await serving((socket) => {
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc');
  });
  const { body } = await get(wire, url);
  const room = Buffer.alloc(10);
  expect(await body.read(room, () => false)).toBe(3);
  expect(room.toString('latin1', 0, 3)).toBe('abc');
  await expect(body.read(room)).rejects.toThrow();
  await body.over;
});

test('who leaves is told so at once, also before the answer, and the connection is given up', async () => {
  let closed = 0;
  const { wire, url } = await serving((socket) => socket.on('close', () => (closed += 1)));
  const abort = new AbortController();
  const reason = new Error('left');
  const asked = wire.send(url, { method: 'GET', headers: {}, signal: abort.signal });
  await sleep(50);
  abort.abort(reason);
  await expect(asked).rejects.toBe(reason);
  await sleep(50);
  expect(closed).toBe(1);
});
