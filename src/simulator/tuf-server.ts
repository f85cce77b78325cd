import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServedFiles } from './tuf-files.ts';
import { misbehave, type TufMisbehaviour } from './tuf-misbehaviour.ts';

/**
 * The web server of simulated TUF 1.0 repositories, on 127.0.0.1: plain files, each repository in a folder of its own,
 * and misbehaviour that can be switched on per path. Paths are taken as they were sent: no URL parser folds them.
 */
export interface TufRequest {
  readonly method: string;
  /** Without the first `/`, as it was sent. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

export class TufServer {
  /** What was asked, oldest first. */
  readonly requests: TufRequest[] = [];
  /** By path (`vendor/timestamp.json`), or `*` for all. */
  readonly misbehaviours = new Map<string, TufMisbehaviour>();
  private readonly held = new Map<string, { readonly asked: () => void; readonly free: Promise<void> }>();
  private readonly folders = new Map<string, ServedFiles>();
  private readonly http = createServer((request, response) => this.answer(request, response));

  /** Any free port of 127.0.0.1. */
  async listen(): Promise<URL> {
    await new Promise<void>((resolve, reject) => {
      this.http.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return this.url;
  }

  get url(): URL {
    const { port } = this.http.address() as AddressInfo;
    return new URL(`http://127.0.0.1:${port}`);
  }

  async close(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  /** Serves these files, as they are when asked for, below `folder`; what was there is gone. */
  serve(folder: string, files: ServedFiles): this {
    this.folders.set(folder, files);
    return this;
  }

  remove(folder: string): this {
    this.folders.delete(folder);
    return this;
  }

  /** The answer to a path is held back until it is released. `asked`: somebody waits for it. */
  hold(path: string): { readonly asked: Promise<void>; release(): void } {
    let release = (): void => undefined;
    let tell = (): void => undefined;
    const free = new Promise<void>((resolve) => (release = resolve));
    const asked = new Promise<void>((resolve) => (tell = resolve));
    this.held.set(path, { asked: tell, free });
    return { asked, release };
  }

  /** How often a path was asked for. */
  count(path: string): number {
    return this.requests.filter((request) => request.path === path).length;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '').replace(/^\//, '').replace(/\?.*$/, '');
    this.requests.push({ method: request.method ?? '', path, headers: request.headers });
    const held = this.held.get(path);
    held?.asked();
    if (held === undefined) this.give(path, request, response);
    else void held.free.then(() => this.give(path, request, response));
  }

  private give(path: string, request: IncomingMessage, response: ServerResponse): void {
    const cut = path.lastIndexOf('/');
    const bytes = this.folders.get(path.slice(0, Math.max(0, cut)))?.get(path.slice(cut + 1));
    const wrong = this.misbehaviours.get(path) ?? this.misbehaviours.get('*');
    if (request.method !== 'GET') response.writeHead(405).end();
    else if (wrong !== undefined) misbehave(response, wrong, bytes ?? Buffer.from('{}'));
    else if (bytes === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(bytes);
  }
}
