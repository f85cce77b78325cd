import { createServer } from 'node:http';
import { listen } from './ports.ts';
import type { Workspace } from './workspace.ts';

/**
 * Stands where the internet would be: the HTTPS proxy that every client is told to use. It counts who tries to go to
 * the origin around the gate, and refuses. Go programs never send loopback addresses to a proxy, so the gate itself is
 * reached directly.
 */
export class Origin {
  private readonly tried: string[] = [];
  private port = 0;

  static async start(space: Workspace): Promise<Origin> {
    const origin = new Origin();
    const server = createServer((request, response) => {
      origin.tried.push(request.url ?? '');
      response.writeHead(403).end();
    });
    server.on('connect', (request, socket) => {
      origin.tried.push(request.url ?? '');
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    origin.port = await listen(server);
    space.onClose(() => new Promise((resolve) => server.close(resolve)));
    return origin;
  }

  /** `host:port` of every attempt so far. */
  get attempts(): readonly string[] {
    return this.tried;
  }

  /** What makes a client come here. */
  get env(): Readonly<Record<string, string>> {
    const url = `http://127.0.0.1:${this.port}`;
    return { HTTPS_PROXY: url, https_proxy: url, HTTP_PROXY: url, http_proxy: url };
  }
}
