import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

/** Who asks, as the decision log shows it: the address, with the name of a verified client certificate where there is one. */
export function clientOf(incoming: IncomingMessage): { address: string; userAgent: string } {
  const address = (incoming.socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
  const certificate = certificateName(incoming);
  const userAgent = (incoming.headers['user-agent'] ?? '').slice(0, 200);
  return { address: certificate === undefined ? address : `${address} (${certificate})`, userAgent };
}

function certificateName(incoming: IncomingMessage): string | undefined {
  const socket = incoming.socket as Partial<TLSSocket>;
  if (socket.authorized !== true) return undefined;
  const name = socket.getPeerCertificate?.().subject.CN;
  return Array.isArray(name) ? name[0] : name;
}
