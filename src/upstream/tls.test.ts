import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CERT, KEY } from './tls-fixture.ts';
import { createPeer, type Peer, type PeerAnswer } from './peer.ts';

const cleanup: (() => Promise<unknown>)[] = [];
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tufgate-tls-'));
  cleanup.push(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'cert.pem'), CERT);
  await writeFile(join(folder, 'key.pem'), KEY);
});

afterAll(async () => {
  for (const end of cleanup.reverse()) await end();
});

/** Asks every client for a certificate; `answer` says where to redirect to, if anywhere. */
async function secureServer(answer: (path: string) => string | undefined): Promise<{ url: URL; clients: string[] }> {
  const clients: string[] = [];
  const names = new WeakMap<object, string>();
  const server = createServer(
    { cert: CERT, key: KEY, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      clients.push(names.get(request.socket) ?? 'nobody');
      const location = answer(request.url ?? '');
      response.writeHead(location === undefined ? 200 : 307, location === undefined ? {} : { location }).end('yes');
    },
  );
  server.on('secureConnection', (socket) => {
    const certificate = socket.getPeerCertificate() as { subject?: { CN?: string } };
    names.set(socket, certificate.subject?.CN ?? 'nobody');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: new URL(`https://127.0.0.1:${String((server.address() as AddressInfo).port)}`), clients };
}

function peer(url: URL, config: object): Peer {
  const made = createPeer({ name: 'sim', url, config, connections: 2, clock: () => 0 });
  cleanup.push(() => made.close());
  return made;
}

function ask(from: Peer, path: string): Promise<PeerAnswer> {
  return from.get(path, { scope: 'repository:x:pull', maxBytes: 100, deadlineMs: 5_000, followRedirects: true });
}

describe('TLS', () => {
  it('trusts the configured CA, and nothing unknown without it', async () => {
    const server = await secureServer(() => undefined);
    expect((await ask(peer(server.url, { ca: join(folder, 'cert.pem') }), '/v2/')).status).toBe(200);
    const refused = ask(peer(server.url, {}), '/v2/');
    await expect(refused).rejects.toMatchObject({ code: 'upstream.unreachable' });
    await expect(refused).rejects.toThrow('not trusted');
  });

  it('shows the client certificate to the configured origin alone, not to where it redirects, nor on the way back', async () => {
    const config = {
      ca: join(folder, 'cert.pem'),
      clientCert: join(folder, 'cert.pem'),
      clientKey: join(folder, 'key.pem'),
    };
    const back: { url?: string } = {};
    const other = await secureServer((path) => (path === '/back' ? back.url : undefined));
    const home = await secureServer((path) => (path === '/v2/' ? undefined : new URL(path, other.url).href));
    back.url = new URL('/v2/', home.url).href;
    const client = peer(home.url, config);
    expect((await ask(client, '/out')).status).toBe(200);
    expect((await ask(client, '/back')).status).toBe(200);
    expect(other.clients).toEqual(['nobody', 'nobody']);
    expect(home.clients).toEqual(['tufgate test', 'tufgate test', 'nobody']);
  });

  it('is not given up by a redirect to plain http', async () => {
    const home = await secureServer(() => 'http://127.0.0.1:1/x');
    const asked = ask(peer(home.url, { ca: join(folder, 'cert.pem') }), '/out');
    await expect(asked).rejects.toMatchObject({ code: 'upstream.protocol' });
    await expect(asked).rejects.toThrow('from https to http');
  });
});
