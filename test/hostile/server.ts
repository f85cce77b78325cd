import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer, Scene } from './case.ts';

/**
 * The corpus over HTTP on loopback: `/<case>/<step>` is the URL of a trust source, below it are the files of that step.
 * Steps never change, so that one case can be shown to many clients at once.
 */
export class CorpusServer {
  /** Called when a request will get no more bytes: whoever tests can let its clock run instead of waiting. */
  onStuck: () => void = () => undefined;
  onRequest: () => void = () => undefined;
  private readonly scenes = new Map<string, Scene>();
  private readonly pages = new Map<string, string>();
  private readonly http = createServer((request, response) => this.answer(request, response));

  add(id: string, scene: Scene): this {
    this.scenes.set(id, scene);
    return this;
  }

  /** A document of JSON beside the cases. */
  page(path: string, content: unknown): this {
    this.pages.set(path, `${JSON.stringify(content, null, 2)}\n`);
    return this;
  }

  /** @param port 0 = any free one */
  async listen(port = 0): Promise<URL> {
    await new Promise<void>((resolve, reject) => {
      this.http.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    return new URL(`http://127.0.0.1:${(this.http.address() as AddressInfo).port}`);
  }

  async close(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    this.onRequest();
    const { pathname } = new URL(request.url ?? '/', 'http://corpus');
    const page = this.pages.get(pathname);
    if (page !== undefined) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(page);
      return;
    }
    const [, id = '', step = '', rest = ''] = /^\/([^/]+)\/(\d+)(\/.*)$/.exec(pathname) ?? [];
    const found = this.scenes.get(id)?.steps[Number(step)]?.answers.get(rest);
    if (found === undefined || request.method !== 'GET') refuse(response, 404, {});
    else this.give(response, found);
  }

  private give(response: ServerResponse, answer: Answer): void {
    switch (answer.kind) {
      case 'bytes':
        response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', ...answer.headers }).end(answer.bytes);
        return;
      case 'status':
        refuse(response, answer.status, answer.headers ?? {});
        return;
      case 'hang':
        this.onStuck();
        return;
      case 'stall':
        response.writeHead(200, { 'content-length': answer.bytes.length });
        response.write(answer.bytes.subarray(0, 1), () => this.onStuck());
        return;
      case 'endless':
        response.writeHead(200).write(answer.bytes);
        pour(response);
        return;
      case 'cut':
        response.writeHead(200, { 'content-length': answer.bytes.length });
        response.write(answer.bytes.subarray(0, answer.bytes.length >> 1), () => response.destroy());
        return;
    }
  }
}

const SPACES = Buffer.alloc(64 * 1024, ' ');

function pour(response: ServerResponse): void {
  if (response.destroyed) return;
  while (response.write(SPACES));
  response.once('drain', () => pour(response));
}

function refuse(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>): void {
  const errors = [{ code: status === 404 ? 'METADATA_NOT_FOUND' : 'UNKNOWN', message: '', detail: null }];
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ errors }));
}
