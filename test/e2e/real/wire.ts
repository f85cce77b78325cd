import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { Transform } from 'node:stream';
import { listen } from './ports.ts';
import type { Workspace } from './workspace.ts';

/**
 * The wire between tufgate and its upstream: a reverse proxy that counts what is asked, and on demand flips one byte
 * of a manifest or blob, or stops in the middle of one until it is told to go on. Everything else passes unchanged.
 */
export class Wire {
  private readonly target: URL;
  private readonly asked: string[] = [];
  private readonly flipped = new Set<string>();
  private readonly stalls = new Map<string, { after: number; reached: boolean; goOn: () => void }>();
  private readonly cuts = new Map<string, number>();
  private readonly failures = new Map<string, number>();
  private port = 0;

  private constructor(target: string) {
    this.target = new URL(target);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  static async start(space: Workspace, target: string): Promise<Wire> {
    const wire = new Wire(target);
    const server = createServer((incoming, outgoing) => wire.pass(incoming, outgoing));
    wire.port = await listen(server);
    space.onClose(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return wire;
  }

  /** Every request so far, `METHOD path`; with `part` only those whose path contains it. */
  requests(part = ''): readonly string[] {
    return this.asked.filter((line) => line.includes(part));
  }

  /** From now on one byte in the middle of this manifest or blob is another. */
  flip(digest: string): void {
    this.flipped.add(digest);
  }

  /** This blob stops after so many bytes, with the connection left open. */
  stall(digest: string, after: number): void {
    this.stalls.set(digest, { after, reached: false, goOn: () => undefined });
  }

  stalled(digest: string): boolean {
    return this.stalls.get(digest)?.reached === true;
  }

  /** Goes on where it stopped, if anybody is left who waits for it. */
  release(digest: string): void {
    this.stalls.get(digest)?.goOn();
    this.stalls.delete(digest);
    this.failures.delete(digest);
  }

  /** The next connection for this blob is reset after so many bytes. */
  cut(digest: string, after: number): void {
    this.cuts.set(digest, after);
  }

  /** This blob is answered with a status, until it is released. */
  fail(digest: string, status: number): void {
    this.failures.set(digest, status);
  }

  private pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const path = incoming.url ?? '/';
    this.asked.push(`${incoming.method ?? ''} ${path}`);
    const failure = this.failures.get(digestIn(path));
    if (failure !== undefined) {
      outgoing.writeHead(failure).end();
      return;
    }
    const headers = { ...incoming.headers, host: this.target.host };
    const options = { host: this.target.hostname, port: this.target.port, method: incoming.method, path, headers };
    const upstream = request(options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(this.change(path, Number(answer.headers['content-length']), outgoing)).pipe(outgoing);
    });
    upstream.on('error', () => outgoing.destroy());
    outgoing.on('close', () => upstream.destroy());
    incoming.pipe(upstream);
  }

  private change(path: string, length: number, outgoing: ServerResponse): Transform {
    const digest = digestIn(path);
    const cut = this.cuts.get(digest);
    if (cut !== undefined) {
      this.cuts.delete(digest);
      return stopAfter(cut, () => outgoing.destroy());
    }
    if (this.flipped.has(digest)) return flipAt(Math.floor(length / 2));
    const stall = this.stalls.get(digest);
    if (stall !== undefined) return stopAfter(stall.after, (goOn) => Object.assign(stall, { reached: true, goOn }));
    return new Transform({ transform: (chunk, _encoding, done) => done(null, chunk) });
  }
}

function digestIn(path: string): string {
  return path.replace(/\?.*/, '').slice(path.lastIndexOf('/') + 1);
}

function flipAt(position: number): Transform {
  let offset = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const inside = position - offset;
      offset += chunk.length;
      if (inside < 0 || inside >= chunk.length) {
        done(null, chunk);
        return;
      }
      const copy = Buffer.from(chunk);
      copy.writeUInt8(copy.readUInt8(inside) ^ 1, inside);
      done(null, copy);
    },
  });
}

/** @param reached given what lets the rest through */
function stopAfter(bytes: number, reached: (goOn: () => void) => void): Transform {
  let [left, stopped] = [bytes, false];
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (stopped || chunk.length < left) {
        left -= chunk.length;
        done(null, chunk);
        return;
      }
      stopped = true;
      this.push(chunk.subarray(0, left));
      reached(() => done(null, chunk.subarray(left)));
    },
  });
}
