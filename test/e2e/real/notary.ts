import { writeFileSync } from 'node:fs';
import { request as ask } from 'node:https';
import { setClockAhead } from './moved-clock.ts';
import { freePort } from './ports.ts';
import { Program } from './program.ts';
import { must } from './run.ts';
import type { Workspace } from './workspace.ts';

/** The real notary-server, in memory, behind TLS of a CA made on the spot. */
export class Notary {
  readonly host: string;
  readonly ca: string;
  private readonly space: Workspace;
  private readonly caPem: string;
  private program: Program | undefined;

  private constructor(space: Workspace, host: string, caPem: string) {
    this.space = space;
    this.host = host;
    this.caPem = caPem;
    this.ca = space.at('tls', 'ca.pem');
  }

  get url(): string {
    return `https://${this.host}`;
  }

  static async start(space: Workspace): Promise<Notary> {
    const notary = new Notary(space, `localhost:${await freePort()}`, await makeCertificates(space));
    writeFileSync(space.at('notary.json'), JSON.stringify(notary.config()));
    const program = await Program.start({
      command: 'notary-server',
      args: ['-config', space.at('notary.json')],
      env: space.env(),
      logFile: space.at('notary.log'),
      ready: async () => (await notary.get('/_notary_server/health')).status === 200,
    });
    space.onClose(() => program.stop());
    notary.program = program;
    return notary;
  }

  /** Sets the server's clock so many days ahead of this machine's. It must not go back. */
  aheadBy(days: number): void {
    setClockAhead(this.program?.pid ?? 0, days * 86_400);
  }

  /** Shut down for good. */
  async stop(): Promise<void> {
    await this.program?.stop();
  }

  /** A file of a collection as the server gives it now. */
  async metadata(gun: string, role: string): Promise<Buffer> {
    const { status, body } = await this.get(`/v2/${gun}/_trust/tuf/${role}.json`);
    if (status !== 200) throw new Error(`${role} of ${gun}: ${status} ${body.toString()}`);
    return body;
  }

  /** The TUF key ids of a collection's root role: what a pin holds. */
  async rootKeys(gun: string): Promise<string[]> {
    const root = JSON.parse((await this.metadata(gun, 'root')).toString()) as RootFile;
    return root.signed.roles.root.keyids;
  }

  private get(path: string): Promise<{ status: number; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const asking = ask(this.url + path, { ca: this.caPem, agent: false }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }));
      });
      asking.on('error', reject).end();
    });
  }

  private config(): unknown {
    const tls = { tls_key_file: this.space.at('tls', 'server.key'), tls_cert_file: this.space.at('tls', 'server.pem') };
    return {
      server: { http_addr: this.host.replace('localhost', '127.0.0.1'), ...tls },
      trust_service: { type: 'local', key_algorithm: 'ecdsa' },
      storage: { backend: 'memory' },
      logging: { level: 'info' },
    };
  }
}

interface RootFile {
  readonly signed: { readonly roles: { readonly root: { readonly keyids: string[] } } };
}

/** A CA and a certificate for localhost in `tls/`, good for stories with a clock months ahead. @returns the CA's PEM */
async function makeCertificates(space: Workspace): Promise<string> {
  const cwd = space.folder('tls');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const openssl = (...args: string[]): Promise<string> => must('openssl', args, { cwd, env: space.env() });
  const basic = ['-addext', 'basicConstraints=critical,CA:TRUE'];
  await openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '400',
    '-subj',
    '/CN=e2e',
    ...basic,
  );
  await openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  writeFileSync(`${cwd}/names`, 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n');
  const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '400', '-extfile', 'names'];
  await openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.pem', ...signer);
  return must('cat', [`${cwd}/ca.pem`]);
}
