import type { IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

const webServers = new WeakSet<Socket>();

/** Who asks on this connection does so for others, and says for whom in `X-Real-IP`; from anybody else that is a claim, and ignored. */
export function asksForOthers({ socket }: IncomingMessage): void {
  webServers.add(socket);
}

/** Who asks, as the decision log shows it: the address, with the name of a verified client certificate where there is one. */
export function clientOf(incoming: IncomingMessage): { address: string; userAgent: string } {
  const address = (addressSaid(incoming) ?? incoming.socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
  const certificate = certificateName(incoming);
  const userAgent = (incoming.headers['user-agent'] ?? '').slice(0, 200);
  return { address: certificate === undefined ? address : `${address} (${certificate})`, userAgent };
}

function addressSaid({ socket, headers }: IncomingMessage): string | undefined {
  const said = headers['x-real-ip'];
  return webServers.has(socket) && typeof said === 'string' && isIP(said) !== 0 ? said : undefined;
}

function certificateName(incoming: IncomingMessage): string | undefined {
  const socket = incoming.socket as Partial<TLSSocket>;
  if (socket.authorized !== true) return undefined;
  const name = socket.getPeerCertificate?.().subject.CN;
  return Array.isArray(name) ? name[0] : name;
}
