import type { IncomingMessage, ServerResponse } from 'node:http';

/** How a path is answered wrongly. Positions and lengths count in bytes of the whole content. */
export type Lie =
  /** One bit of the byte at `at` (default: the middle) is turned over. */
  | { readonly kind: 'flip'; readonly at?: number }
  /** A body that ends properly after `bytes`; the length says so too. */
  | { readonly kind: 'short'; readonly bytes: number }
  /** The connection dies after `bytes`, though the length promised all. */
  | { readonly kind: 'cut'; readonly bytes: number }
  /** Silence after `bytes`, until `release()`. */
  | { readonly kind: 'stall'; readonly bytes: number }
  /** Sends more and more, without a length, as long as the client reads. */
  | { readonly kind: 'endless' }
  /** Other headers over the right body; undefined takes one away. */
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string | undefined>> }
  /** Does not know Range: 200 and everything. */
  | { readonly kind: 'no-range' }
  /** A 206 that starts elsewhere than asked, and says where it starts (`honest`) or does not. */
  | { readonly kind: 'wrong-range'; readonly start: number; readonly honest: boolean }
  /** Whatever the test likes: redirects, 429, 500, torn headers. */
  | { readonly kind: 'answer'; readonly answer: (request: IncomingMessage, response: ServerResponse) => void };

/** @returns a lie that answers with a status, headers and a text */
export function status(code: number, headers: Readonly<Record<string, string>> = {}, text = ''): Lie {
  const answer = (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(code, { 'content-length': Buffer.byteLength(text), ...headers }).end(text);
  };
  return { kind: 'answer', answer };
}

/** 429 with Retry-After, in seconds. */
export function rateLimited(retryAfter: number): Lie {
  return status(429, { 'retry-after': String(retryAfter) }, 'Too Many Requests');
}

/** A redirect; the way to loops, to other schemes, and to those who fish for credentials. */
export function redirectTo(location: string, code = 307): Lie {
  return status(code, { location });
}

/** The connection is reset before a byte of the answer. */
export const RESET: Lie = { kind: 'answer', answer: (request) => void request.socket.resetAndDestroy() };

export class Lies {
  private readonly byPath = new Map<string, { readonly lie: Lie; left: number }>();
  private readonly waiting = new Set<() => void>();

  set(path: string, lie: Lie, times: number): void {
    this.byPath.set(path, { lie, left: times });
  }

  take(path: string): Lie | undefined {
    const found = this.byPath.get(path);
    if (found === undefined) return undefined;
    if (--found.left <= 0) this.byPath.delete(path);
    return found.lie;
  }

  clear(path: string | undefined): void {
    if (path === undefined) this.byPath.clear();
    else this.byPath.delete(path);
  }

  /** Settles with the next `release()`. */
  held(): Promise<void> {
    return new Promise((resolve) => this.waiting.add(resolve));
  }

  release(): void {
    for (const goOn of this.waiting) goOn();
    this.waiting.clear();
  }
}
