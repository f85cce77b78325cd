import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'undici';
import { freePort } from './ports.ts';
import { Program } from './program.ts';
import type { Workspace } from './workspace.ts';

const IMAGES = 'application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json';

export interface Stored {
  readonly digest: string;
  readonly size: number;
}

/** The Go registry, with deletion on: what tufgate stands before, and what publishers push to. */
export class Registry {
  readonly host: string;
  private readonly logFile: string;

  private constructor(host: string, logFile: string) {
    this.host = host;
    this.logFile = logFile;
  }

  /** Its output so far: a line for each answer. */
  get log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  get url(): string {
    return `http://${this.host}`;
  }

  static async start(space: Workspace): Promise<Registry> {
    const registry = new Registry(`127.0.0.1:${await freePort()}`, space.at('registry.log'));
    writeFileSync(space.at('registry.yml'), registry.config(space.folder('registry')));
    const program = await Program.start({
      command: 'docker-registry',
      args: ['serve', space.at('registry.yml')],
      env: space.env({ OTEL_TRACES_EXPORTER: 'none' }),
      logFile: registry.logFile,
      ready: async () => (await request(`${registry.url}/v2/`)).statusCode === 200,
    });
    space.onClose(() => program.stop());
    return registry;
  }

  /** Uploads bytes as a blob. */
  async pushBlob(repository: string, bytes: Buffer): Promise<Stored> {
    const digest = sha256(bytes);
    await this.upload(repository, digest, bytes, bytes.length);
    return { digest, size: bytes.length };
  }

  /** Uploads a file as a blob, streaming: for blobs that should not be in memory. */
  async pushFile(repository: string, file: string): Promise<Stored> {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
    const digest = `sha256:${hash.digest('hex')}`;
    const size = statSync(file).size;
    await this.upload(repository, digest, createReadStream(file), size);
    return { digest, size };
  }

  /** @param reference tag or digest */
  async pushManifest(repository: string, reference: string, mediaType: string, manifest: unknown): Promise<Stored> {
    const body = Buffer.from(JSON.stringify(manifest));
    await this.call('PUT', `/v2/${repository}/manifests/${reference}`, { 'content-type': mediaType }, body);
    return { digest: sha256(body), size: body.length };
  }

  async digestOf(repository: string, tag: string): Promise<string> {
    const headers = await this.call('HEAD', `/v2/${repository}/manifests/${tag}`, { accept: IMAGES });
    return String(headers['docker-content-digest']);
  }

  /** Digest of the first layer of a single image. */
  async layerOf(repository: string, tag: string): Promise<string> {
    const answer = await request(`${this.url}/v2/${repository}/manifests/${tag}`, { headers: { accept: IMAGES } });
    const manifest = (await answer.body.json()) as { readonly layers: readonly { readonly digest: string }[] };
    return manifest.layers[0]?.digest ?? '';
  }

  async deleteManifest(repository: string, digest: string): Promise<void> {
    await this.call('DELETE', `/v2/${repository}/manifests/${digest}`, {});
  }

  private async upload(repository: string, digest: string, body: Buffer | NodeJS.ReadableStream, size: number) {
    const started = await this.call('POST', `/v2/${repository}/blobs/uploads/`, {});
    const target = new URL(String(started['location']), this.url);
    target.searchParams.set('digest', digest);
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(size) };
    await this.call('PUT', target.pathname + target.search, headers, body);
  }

  private async call(
    method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE',
    path: string,
    headers: Record<string, string>,
    body?: Buffer | NodeJS.ReadableStream,
  ): Promise<Record<string, string | string[] | undefined>> {
    const answer = await request(this.url + path, { method, headers, body: (body as Buffer | undefined) ?? null });
    const text = await answer.body.text();
    if (answer.statusCode < 300) return answer.headers;
    throw new Error(`${method} ${path} was answered with ${answer.statusCode}: ${text}`);
  }

  private config(folder: string): string {
    return JSON.stringify({
      version: 0.1,
      log: { level: 'warn' },
      storage: { filesystem: { rootdirectory: folder }, delete: { enabled: true } },
      http: { addr: this.host },
    });
  }
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
