import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { freePort } from './ports.ts';
import { Program } from './program.ts';
import { must } from './run.ts';
import type { Workspace } from './workspace.ts';

const CONFIG = fileURLToPath(new URL('../../../config/nginx.conf', import.meta.url));

/** Of one answer, as nginx's access log shows it. */
export interface Served {
  readonly request: string;
  readonly status: number;
  /** Inside nginx: of the file when it sent one. */
  readonly uri: string;
}

/** nginx with the file that we publish: only ports, paths and the user are other ones. */
export class Nginx {
  readonly #space: Workspace;
  readonly #tls: number;
  readonly #plain: number;

  private constructor(space: Workspace, tls: number, plain: number) {
    this.#space = space;
    this.#tls = tls;
    this.#plain = plain;
  }

  /** `127.0.0.1:PORT`, plain HTTP, which the published file does not have. */
  get host(): string {
    return `127.0.0.1:${this.#plain}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  get tlsUrl(): string {
    return `https://127.0.0.1:${this.#tls}`;
  }

  get certificate(): string {
    return this.#space.at('nginx.crt');
  }

  /** What was served, the oldest first. */
  get served(): readonly Served[] {
    const line = /"([^"]*)" (\d+) .* uri=(\S+) /;
    const lines = readFileSync(this.#space.at('access.log'), 'utf8').split('\n');
    return lines.flatMap((text) => {
      const [, asked = '', status = '', uri = ''] = line.exec(text) ?? [];
      return asked === '' ? [] : [{ request: asked, status: Number(status), uri }];
    });
  }

  /** What it complained about. */
  get errors(): string {
    return readFileSync(this.#space.at('error.log'), 'utf8');
  }

  /**
   * @param gate port of the listener with `hand_off: /_tufgate/`
   * @param blobs the folder that nginx sends from
   */
  static async start(space: Workspace, gate: number, blobs: string): Promise<Nginx> {
    const nginx = new Nginx(space, await freePort(), await freePort());
    if (!existsSync(nginx.certificate)) await Nginx.makeCertificate(space);
    writeFileSync(space.at('nginx.conf'), nginx.#config(gate, blobs));
    const program = await Program.start({
      command: 'nginx',
      args: ['-c', space.at('nginx.conf'), '-e', space.at('start.log'), '-g', 'daemon off;'],
      env: space.env(),
      logFile: space.at('nginx.log'),
      ready: async () => (await request(`${nginx.url}/v2/`)).statusCode === 200,
    });
    space.onClose(() => program.stop());
    return nginx;
  }

  /** `nginx.crt` and `nginx.key`, for 127.0.0.1. */
  static async makeCertificate(space: Workspace): Promise<void> {
    const pair = ['-newkey', 'rsa:2048', '-nodes', '-keyout', space.at('nginx.key'), '-out', space.at('nginx.crt')];
    const name = ['-subj', '/CN=gate', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
    await must('openssl', ['req', '-x509', ...pair, ...name], { env: space.env() });
  }

  #config(gate: number, blobs: string): string {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${this.#space.folder('nginx-tmp')};`,
    );
    const changes: readonly (readonly [string, string])[] = [
      ['user tufgate;', 'user root;'],
      ['worker_connections 8192;', 'worker_connections 512;'],
      ['/var/log/nginx', this.#space.path],
      ['/run/nginx.pid', this.#space.at('nginx.pid')],
      ['server 127.0.0.1:5002;', `server 127.0.0.1:${gate};`],
      ['listen 443 ssl reuseport;', `listen 127.0.0.1:${this.#tls} ssl reuseport;`],
      ['listen [::]:443 ssl reuseport;', `listen ${this.host} reuseport;`],
      ['/etc/tufgate/proxy.crt', this.certificate],
      ['/etc/tufgate/proxy.key', this.#space.at('nginx.key')],
      ['/var/lib/tufgate/cache/v1/blobs/', `${blobs}/`],
      ['server_tokens off;', `server_tokens off;\n${temporary.join('\n')}`],
    ];
    let text = readFileSync(CONFIG, 'utf8');
    for (const [published, here] of changes) {
      if (!text.includes(published)) throw new Error(`config/nginx.conf has no ${published} any more`);
      text = text.replaceAll(published, here);
    }
    return text;
  }
}
