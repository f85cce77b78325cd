import { writeFileSync } from 'node:fs';
import { request as ask } from 'node:https';
import { freePort } from './ports.ts';
import { Program } from './program.ts';
import { must } from './run.ts';
import type { Workspace } from './workspace.ts';

const PASSPHRASE = 'only-for-these-stories';

/** The real notary-server, in memory, behind TLS of a CA made on the spot; and the `notary` client to sign with. */
export class Notary {
  readonly host: string;
  readonly ca: string;
  private readonly space: Workspace;
  private readonly caPem: string;

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
    return notary;
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

  /** Makes a collection with the `notary` client and publishes it. */
  async init(gun: string): Promise<void> {
    await this.client('init', '-p', gun);
  }

  /** Signs with the collection's targets key: what `docker trust` cannot do, an index for example. */
  async sign(gun: string, tag: string, target: { digest: string; size: number }): Promise<void> {
    const hex = target.digest.replace('sha256:', '');
    await this.client('addhash', '-p', gun, tag, String(target.size), '--sha256', hex);
  }

  private client(...args: string[]): Promise<string> {
    const words = ['ROOT', 'TARGETS', 'SNAPSHOT', 'DELEGATION'].map((role) => [
      `NOTARY_${role}_PASSPHRASE`,
      PASSPHRASE,
    ]);
    const common = ['-s', this.url, '--tlscacert', this.ca, '-d', this.space.folder('notary-client')];
    return must('notary', [...common, ...args], { env: this.space.env(Object.fromEntries(words) as Passphrases) });
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

type Passphrases = Record<string, string>;

interface RootFile {
  readonly signed: { readonly roles: { readonly root: { readonly keyids: string[] } } };
}

/** A CA and a certificate for localhost in `tls/`. @returns the CA's PEM */
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
    '2',
    '-subj',
    '/CN=e2e',
    ...basic,
  );
  await openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  writeFileSync(`${cwd}/names`, 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n');
  const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names'];
  await openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.pem', ...signer);
  return must('cat', [`${cwd}/ca.pem`]);
}
