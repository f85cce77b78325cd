import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const STEP_MS = 20;

/** Stands before a registry, hands its answers on at this speed, and remembers when the first byte of a blob left. */
export interface Relay {
  readonly url: string;
  /** Epoch milliseconds, with fractions. */
  firstAt(): number;
  close(): Promise<void>;
}

export async function startRelay(origin: string, blobPath: string, bytesPerSecond: number): Promise<Relay> {
  let firstAt = NaN;
  const server = createServer((asked, answer) => {
    const onward = request(origin + (asked.url ?? ''), { method: asked.method, headers: asked.headers }, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      void (async () => {
        for await (const chunk of got as AsyncIterable<Buffer>) {
          const step = Math.min(chunk.length, Math.ceil((bytesPerSecond * STEP_MS) / 1_000));
          for (let sent = 0; sent < chunk.length; sent += step) {
            if (asked.url === blobPath && Number.isNaN(firstAt)) firstAt = performance.timeOrigin + performance.now();
            answer.write(chunk.subarray(sent, sent + step));
            if (bytesPerSecond !== Infinity) await sleep(STEP_MS);
          }
        }
        answer.end();
      })().catch(() => answer.destroy());
    });
    if (asked.url === blobPath) firstAt = NaN;
    answer.on('close', () => onward.destroy());
    onward.on('error', () => answer.destroy());
    onward.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}`, firstAt: () => firstAt, close };
}
