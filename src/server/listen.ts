import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Address, ListenConfig } from '../config/config.ts';
import { messageOf, TufgateError } from '../errors.ts';

/** Slow headers and idle connections end; a body on its way out may take as long as the client needs. */
const TIMEOUTS = { headersTimeout: 30_000, requestTimeout: 60_000, keepAliveTimeout: 75_000 };

export interface Listener {
  /** `http://127.0.0.1:5000`, with the real port. */
  readonly url: string;
  readonly port: number;
  /** Stops taking connections, lets requests in progress end, at most `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
}

/** @throws startup.listen with the address, the cause and what to do */
export async function listen(config: ListenConfig | Address, handler: RequestListener): Promise<Listener> {
  const tls = 'tls' in config ? config.tls : undefined;
  const server = tls === undefined ? createHttpServer(TIMEOUTS, handler) : tlsServer(tls, handler);
  await bind(server, config);
  const { port } = server.address() as AddressInfo;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return { url: `${tls === undefined ? 'http' : 'https'}://${host}:${port}`, port, close: (ms) => close(server, ms) };
}

function tlsServer(tls: NonNullable<ListenConfig['tls']>, handler: RequestListener): Server {
  const client =
    tls.clientCa === undefined ? {} : { ca: readFile(tls.clientCa), requestCert: true, rejectUnauthorized: true };
  const options = {
    ...TIMEOUTS,
    cert: readFile(tls.cert),
    key: readFile(tls.key),
    minVersion: 'TLSv1.2' as const,
    ...client,
  };
  try {
    return createHttpsServer(options, handler);
  } catch (cause) {
    const why = `${tls.cert} with ${tls.key}: ${messageOf(cause)}`;
    throw new TufgateError('startup.listen', `${why}; give a PEM certificate and its PEM key`, { cause });
  }
}

function readFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new TufgateError('startup.listen', `cannot read ${file}: ${messageOf(cause)}; check listen.tls`, { cause });
  }
}

async function bind(server: Server, { host, port }: Address): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, resolve);
    });
  } catch (cause) {
    throw new TufgateError('startup.listen', `cannot listen on ${host}:${port}: ${bindHint(cause)}`, { cause });
  }
}

function bindHint(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') return 'the port is taken; stop the other program, or change listen in the configuration';
  if (code === 'EACCES') return 'not allowed; use a port above 1023, or give the process the right to bind it';
  return messageOf(cause);
}

async function close(server: Server, graceMs: number): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(cut);
}
