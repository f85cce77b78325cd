import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codeOf, messageOf } from '../../src/errors.ts';
import type { Digest } from '../../src/oci/digest.ts';
import { BlobFlights } from '../../src/pull/blob/flights.ts';
import { MemoryBlobStore } from '../../src/simulator/memory-blob-store.ts';
import { RegistrySimulator } from '../../src/simulator/registry.ts';
import { patternBlob } from '../../src/simulator/registry-body.ts';
import { type Lie, redirectTo } from '../../src/simulator/registry-lies.ts';
import { createPeer, type PeerOptions } from '../../src/upstream/peer.ts';
import { RegistryClient } from '../../src/upstream/registry-client.ts';

/** What an upstream can do to a blob on its way, over real sockets: the pull ends whole and verified, or with a code. */
const REPO = 'acme/app';
const SIZE = 2_000_000;
const source = patternBlob(SIZE, 7);
const bytes = Buffer.concat([...source.read(0)]);
const path = `/v2/${REPO}/blobs/${source.digest}`;

let registry: RegistrySimulator;
let store: MemoryBlobStore;
let clock: number;
const cleanup: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  clock = 0;
  store = new MemoryBlobStore();
  registry = await RegistrySimulator.start();
  registry.addPatternBlob(REPO, SIZE, 7);
});
afterEach(async () => {
  await Promise.all(cleanup.splice(0).map((end) => end()));
  await registry.close();
});

interface Gate {
  readonly flights: BlobFlights;
  readonly upstream: RegistryClient;
}

function gate(over: Partial<PeerOptions> & { deadlineMs?: number; url?: URL } = {}): Gate {
  const now = (): number => clock;
  const { url = registry.url, deadlineMs = 5_000 } = over;
  const peer = createPeer({ name: 'sim', config: {}, connections: 8, clock: now, ...over, url });
  const upstream = new RegistryClient(peer, { url, clock: now, credentials: false, deadlineMs });
  const flights = new BlobFlights({ store, now, delay: () => Promise.resolve() });
  cleanup.push(
    () => flights.close(),
    () => upstream.close(),
  );
  return { flights, upstream };
}

interface Pulled {
  readonly outcome: string;
  readonly message: string;
  readonly got: Buffer;
}

/** What the server does: open, copy, close; and what a client has of it. */
async function pull({ flights, upstream }: Gate, digest: Digest = source.digest, size = SIZE): Promise<Pulled> {
  const chunks: Buffer[] = [];
  const to = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  const fetch = (offset: number, signal: AbortSignal) => upstream.blob(REPO, digest, { offset, signal });
  try {
    const reading = await flights.open({ digest, size, origin: REPO, fetch });
    await reading.copyTo(to, { start: 0, end: size - 1 }, new AbortController().signal).finally(() => reading.close());
    return { outcome: 'ok', message: '', got: Buffer.concat(chunks) };
  } catch (error) {
    return { outcome: codeOf(error), message: messageOf(error), got: Buffer.concat(chunks) };
  }
}

/** Whole and verified, whatever happened on the way. */
async function expectWhole(pulled: Promise<Pulled>): Promise<void> {
  const { outcome, message, got } = await pulled;
  expect(outcome, message).toBe('ok');
  expect(got.equals(bytes)).toBe(true);
}

/** Refused: no client has all of it, and nothing is kept. */
async function expectRefused(pulled: Promise<Pulled>, code: string): Promise<string> {
  const { outcome, message, got } = await pulled;
  expect(outcome, message).toBe(code);
  expect(got.length).toBeLessThan(SIZE);
  expect(await store.stat(source.digest)).toBeUndefined();
  return message;
}

type Step = (request: IncomingMessage, response: ServerResponse) => void;

/** One answer after the other; the last one from then on. */
function inOrder(...steps: Step[]): Lie {
  let next = 0;
  return {
    kind: 'answer',
    answer: (request, response) => steps[Math.min(next++, steps.length - 1)]!(request, response),
  };
}

interface Part {
  readonly content?: Buffer;
  readonly etag?: string;
  /** The connection is reset before this byte. */
  readonly resetAt?: number;
}

/** What a registry answers from `Range`, or from the start. */
function part({ content = bytes, etag = '"1"', resetAt = Infinity }: Part = {}): Step {
  return ({ headers, socket }, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    const range = { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
    const length = { 'content-length': content.length - from, etag };
    response.writeHead(from === 0 ? 200 : 206, from === 0 ? length : { ...range, ...length });
    if (resetAt === Infinity) response.end(content.subarray(from));
    else response.write(content.subarray(from, resetAt), () => socket.resetAndDestroy());
  };
}

const fails: Step = (_, response) => void response.writeHead(503).end('try later');
const silent: Step = () => undefined;
const ranges = (): (string | undefined)[] => registry.seen.map(({ headers }) => headers.range);

describe('silence', () => {
  test('before the headers ends the pull with a code, and without a byte', async () => {
    registry.lie(path, { kind: 'answer', answer: silent });
    const message = await expectRefused(pull(gate({ deadlineMs: 50 })), 'upstream.unreachable');
    expect(message).toContain('not answered within 50 ms');
  });

  test('in the body is a broken connection: it is resumed, and the client notices nothing', async () => {
    registry.lie(path, { kind: 'stall', bytes: 700_000 }, 1);
    await expectWhole(pull(gate({ timeouts: { idleMs: 50 } })));
    expect(ranges()).toEqual([undefined, 'bytes=700000-']);
  });

  test('of one blob keeps no other blob waiting', async () => {
    registry.lie(path, { kind: 'stall', bytes: 700_000 });
    const world = gate();
    const stalled = pull(world);
    const other = registry.addPatternBlob(REPO, 300_000, 8);
    expect(await pull(world, other, 300_000)).toMatchObject({ outcome: 'ok' });
    registry.release();
    await expectWhole(stalled);
  });
});

test('a byte now and then for an hour: broken off when a minute brought too little, resumed, given up; others go on', async () => {
  const drip: Step = ({ headers }, response) => {
    const from = Number(/\d+/.exec(headers.range ?? '')?.[0] ?? 0);
    const range = { 'content-range': `bytes ${from}-${SIZE - 1}/${SIZE}` };
    response.writeHead(from === 0 ? 200 : 206, from === 0 ? {} : range);
    const next = (at: number): void => {
      clock += 10_000;
      if (!response.destroyed) response.write(bytes.subarray(at, at + 1), () => setImmediate(next, at + 1));
    };
    next(from);
  };
  registry.lie(path, { kind: 'answer', answer: drip });
  const world = gate();
  const other = registry.addPatternBlob(REPO, 300_000, 8);
  const [dripped, meanwhile] = await Promise.all([pull(world), pull(world, other, 300_000)]);
  expect(meanwhile.outcome).toBe('ok');
  expect(dripped.outcome).toBe('upstream.unreachable');
  expect(dripped.message).toContain('less than 64 KiB a minute');
  expect(registry.count(path)).toBe(6);
});

describe('a connection that is reset in the middle', () => {
  test('goes on by Range, through a 503 or two', async () => {
    registry.lie(path, inOrder(part({ resetAt: 600_000 }), fails, fails, part({ resetAt: 1_500_000 }), part()));
    await expectWhole(pull(gate()));
    expect(ranges()).toHaveLength(5);
    expect(ranges()[1]).toBe(ranges()[2]);
  });

  test('and then only 503: it ends with a code', async () => {
    registry.lie(path, inOrder(part({ resetAt: 600_000 }), fails));
    await expectRefused(pull(gate()), 'upstream.unreachable');
    expect(registry.count(path)).toBe(6);
  });

  test('goes on although the ETag is another now: the digest is the name of the content', async () => {
    registry.lie(path, inOrder(part({ resetAt: 600_000 }), part({ etag: '"2"' })));
    await expectWhole(pull(gate()));
  });

  test('goes on with the bytes of another blob: refused, under whatever ETag', async () => {
    for (const etag of ['"1"', '"2"']) {
      registry.lie(path, inOrder(part({ resetAt: 600_000 }), part({ etag, content: Buffer.alloc(SIZE, 'other') })));
      await expectRefused(pull(gate()), 'integrity.digest');
    }
  });

  test.each([SIZE - 1, SIZE + 1])('goes on with a blob of %i bytes: refused at once', async (size) => {
    const content = Buffer.concat([bytes, Buffer.of(1)]).subarray(0, size);
    registry.lie(path, inOrder(part({ resetAt: 600_000 }), part({ content })));
    await expectRefused(pull(gate()), 'integrity.length');
    expect(registry.count(path)).toBe(2);
  });

  test('is asked from the start where it answers 200 to a Range, or a 206 that starts elsewhere', async () => {
    const whole: Step = (_, response) => void response.writeHead(200, { 'content-length': SIZE }).end(bytes);
    const elsewhere: Step = (_, response) => {
      const headers = { 'content-range': `bytes 5-${SIZE - 1}/${SIZE}`, 'content-length': SIZE - 5 };
      response.writeHead(206, headers).end(bytes.subarray(5));
    };
    for (const then of [[whole], [elsewhere, whole]]) {
      registry.lie(path, inOrder(part({ resetAt: 600_000 }), ...then));
      await expectWhole(pull(gate()));
      await store.delete(source.digest);
    }
  });
});

describe('an answer', () => {
  test.each(['gzip', 'br', 'zstd'])(
    'that is %s although nobody asked for it is refused, in words that say so',
    async (encoding) => {
      registry.lie(path, { kind: 'headers', headers: { 'content-encoding': encoding } });
      const message = await expectRefused(pull(gate()), 'upstream.protocol');
      expect(message).toContain(`Content-Encoding "${encoding}"`);
      expect(registry.seen[0]?.headers['accept-encoding']).toBe('identity');
      registry.repent();
      await expectWhole(pull(gate()));
    },
  );

  test('without end is cut off at the size of the blob', async () => {
    registry.lie(path, { kind: 'endless' });
    await expectRefused(pull(gate()), 'integrity.length');
  });

  test('that announces too much is not read; one that announces too little is asked for the rest', async () => {
    registry.lie(path, { kind: 'answer', answer: part({ content: Buffer.concat([bytes, bytes]) }) });
    await expectRefused(pull(gate()), 'integrity.length');
    registry.lie(path, { kind: 'short', bytes: 900_000 }, 1);
    await expectWhole(pull(gate()));
    expect(ranges().at(-1)).toBe('bytes=900000-');
  });

  test('that redirects in a circle, or into a private network, is refused', async () => {
    registry.lie(path, redirectTo(path));
    expect(await expectRefused(pull(gate()), 'upstream.protocol')).toContain('more than 10');
    registry.lie(path, redirectTo('http://169.254.169.254/latest/meta-data'));
    expect(await expectRefused(pull(gate()), 'upstream.protocol')).toContain('private network');
  });
});

describe('on the wire, by hand', () => {
  /** A server that says what it likes, request by request. */
  async function server(answer: (request: string, socket: Socket) => void): Promise<URL> {
    const sockets = new Set<Socket>();
    const listening: Server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).on('data', (data) => answer(data.toString('latin1'), socket));
    });
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    cleanup.push(() => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => listening.close(resolve));
    });
    return new URL(`http://127.0.0.1:${String((listening.address() as AddressInfo).port)}`);
  }

  const head = (length: number): string => `HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n`;

  test('a Content-Length larger than what comes is a broken connection, which is resumed, and given up', async () => {
    let asked = 0;
    const url = await server((_, socket) => {
      asked += 1;
      socket.end(Buffer.concat([Buffer.from(head(SIZE)), bytes.subarray(0, 500_000)]));
    });
    await expectRefused(pull(gate({ url })), 'upstream.unreachable');
    expect(asked).toBeGreaterThan(1);
  });

  test('a Content-Length smaller than what comes: the rest is nobody’s answer, and what follows is not poisoned', async () => {
    const forged = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil';
    const url = await server((request, socket) => {
      if (request.includes('/tags/')) socket.write(`${head(15)}{"tags":["ok"]}`);
      else socket.write(Buffer.concat([Buffer.from(head(10)), bytes.subarray(0, 10), Buffer.from(forged)]));
    });
    const { upstream } = gate({ url });
    const { body } = await upstream.blob(REPO, source.digest, { offset: 0 });
    const got = Buffer.alloc(100);
    expect(await body.read(got, () => false)).toBe(10);
    expect(await body.read(got.subarray(10))).toBe(0);
    expect(got.subarray(0, 10).equals(bytes.subarray(0, 10))).toBe(true);
    expect(await upstream.tags(REPO, 10)).toEqual(['ok']);
  });

  test.each([
    ['two lengths', 'upstream.unreachable', 'content-length: 10\r\ncontent-length: 20\r\n\r\n'],
    ['a length and chunks', 'upstream.unreachable', 'content-length: 10\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['a line that is no header', 'upstream.unreachable', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['headers without end', 'upstream.protocol', `x: ${'x'.repeat(100_000)}`],
  ])('%s: refused before a byte of the body', async (_, code, text) => {
    const url = await server((__, socket) => void socket.write(`HTTP/1.1 200 OK\r\n${text}`));
    expect(await pull(gate({ url }))).toMatchObject({ outcome: code, got: Buffer.alloc(0) });
  });
});
