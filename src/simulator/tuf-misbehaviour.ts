import type { ServerResponse } from 'node:http';

/** How a web server answers wrongly, or a network treats the answer. */
export type TufMisbehaviour =
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Other bytes; with `headers`, compressed ones and a wrong `content-length` too. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly headers?: Readonly<Record<string, string>> }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** Promises all, sends half of it and falls silent. */
  | { readonly kind: 'stall' }
  /** One byte at a time. */
  | { readonly kind: 'drip'; readonly everyMs: number }
  /** Closes the connection in the middle of the body, */
  | { readonly kind: 'cut' }
  /** or before any answer. */
  | { readonly kind: 'drop' }
  /** Starts the right answer and never ends it. */
  | { readonly kind: 'endless' };

const CHUNK = Buffer.alloc(64 * 1024, ' ');

/** @param bytes the right answer */
export function misbehave(response: ServerResponse, wrong: TufMisbehaviour, bytes: Uint8Array): void {
  const half = bytes.subarray(0, bytes.length >> 1);
  switch (wrong.kind) {
    case 'status':
      response.writeHead(wrong.status, wrong.headers).end();
      return;
    case 'bytes':
      response.writeHead(200, wrong.headers).end(wrong.bytes);
      return;
    case 'hang':
      return;
    case 'stall':
      response.writeHead(200, { 'content-length': bytes.length }).write(half);
      return;
    case 'drip':
      response.writeHead(200, { 'content-length': bytes.length });
      drip(response, bytes, wrong.everyMs);
      return;
    case 'cut':
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(half, () => response.destroy());
      return;
    case 'drop':
      response.destroy();
      return;
    case 'endless':
      response.writeHead(200).write(bytes);
      pour(response);
      return;
  }
}

function drip(response: ServerResponse, bytes: Uint8Array, everyMs: number): void {
  let sent = 0;
  const timer = setInterval(() => {
    response.write(bytes.subarray(sent, ++sent));
    if (sent < bytes.length) return;
    clearInterval(timer);
    response.end();
  }, everyMs);
  response.once('close', () => clearInterval(timer));
}

function pour(response: ServerResponse): void {
  if (response.destroyed) return;
  while (response.write(CHUNK));
  response.once('drain', () => pour(response));
}
