import { createHash } from 'node:crypto';
import { request } from 'node:http';

export interface Pulled {
  /** 0: there was no answer. */
  readonly status: number;
  readonly bytes: number;
  /** As long as it was announced to be: a client takes it for good. */
  readonly complete: boolean;
  /** `sha256:…` of what came. */
  readonly digest: string;
  /** Milliseconds. */
  readonly took: number;
}

export interface PullOptions {
  /** `bytes=…` */
  readonly range?: string;
  readonly signal?: AbortSignal;
  readonly onBytes?: (bytes: Buffer) => void;
}

/** One request on a connection of its own. Never rejects: a gate that dies over it is one of the answers. */
export function pull(url: string, { range, signal, onBytes }: PullOptions = {}): Promise<Pulled> {
  const began = performance.now();
  const hash = createHash('sha256');
  let [status, bytes] = [0, 0];
  return new Promise((resolve) => {
    const end = (complete: boolean): void =>
      resolve({
        status,
        bytes,
        complete,
        digest: `sha256:${hash.copy().digest('hex')}`,
        took: performance.now() - began,
      });
    const headers = range === undefined ? {} : { range };
    const asked = request(url, { agent: false, headers, ...(signal && { signal }) }, (answer) => {
      status = answer.statusCode ?? 0;
      answer.on('data', (chunk: Buffer) => {
        hash.update(chunk);
        bytes += chunk.length;
        onBytes?.(chunk);
      });
      answer.on('error', () => end(false));
      answer.on('end', () => end(answer.complete && bytes === Number(answer.headers['content-length'])));
    });
    asked.on('error', () => end(false));
    asked.end();
  });
}
