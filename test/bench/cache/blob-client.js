/**
 * The client of the benchmark, a process of its own: asks for one URL on several connections at once, reads into one buffer a
 * connection and throws the bytes away, so that it costs as little as a client can. Spoken to over IPC.
 */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';

const BUFFER_BYTES = 1 << 20;

const epoch = () => performance.timeOrigin + performance.now();

/** @returns epoch milliseconds of first and last byte of the body, and the bytes of it. Rejects when it is not whole. */
function get(url, stopAfter = Infinity, range = undefined) {
  return new Promise((resolve, reject) => {
    const { hostname, port, pathname, search } = new URL(url);
    let head = '';
    let length;
    let bytes = 0;
    let firstAt;
    const take = (count) => {
      if (count <= 0) return;
      firstAt ??= epoch();
      bytes += count;
      if (bytes < Math.min(length, stopAfter)) return;
      resolve({ firstAt, lastAt: epoch(), bytes });
      socket.destroy();
    };
    const read = (count, buffer) => {
      if (length !== undefined) return take(count) ?? true;
      head += buffer.toString('latin1', 0, count);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return true;
      if (!/^HTTP\/1.1 20[06] /.test(head)) return socket.destroy(new Error(head.slice(0, 500)));
      length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      take(head.length - end - 4);
      return true;
    };
    const socket = connect({
      host: hostname,
      port: Number(port),
      onread: { buffer: Buffer.allocUnsafeSlow(BUFFER_BYTES), callback: read },
    });
    socket.on('connect', () => {
      const ranged = range === undefined ? '' : `Range: ${range}\r\n`;
      socket.write(
        `GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n${ranged}Connection: close\r\n\r\n`,
      );
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`the answer ended after ${bytes} of ${length} bytes`)));
  });
}

/** Bytes a second of sha256 on one core. */
function hashRate(bytes) {
  const block = Buffer.alloc(BUFFER_BYTES, 'x');
  const hash = createHash('sha256');
  const began = performance.now();
  for (let done = 0; done < bytes; done += block.length) hash.update(block);
  hash.digest();
  return (bytes / (performance.now() - began)) * 1000;
}

process.on('message', async (asked) => {
  if (asked === 'close') return process.disconnect();
  try {
    if (asked.hash !== undefined) return process.send({ rate: hashRate(asked.hash) });
    const begunAt = epoch();
    const answers = await Promise.all(
      Array.from({ length: asked.connections ?? 1 }, () => get(asked.url, asked.stopAfter, asked.range)),
    );
    process.send({
      begunAt,
      firstAt: Math.min(...answers.map((answer) => answer.firstAt)),
      lastAt: Math.max(...answers.map((answer) => answer.lastAt)),
      bytes: answers.reduce((sum, answer) => sum + answer.bytes, 0),
    });
  } catch (error) {
    process.send({ error: String(error) });
  }
});
process.send('ready');
