import { copyFileSync } from 'node:fs';
import type { Dockerd } from './dockerd.ts';
import { layerTar } from './image.ts';
import type { Notary } from './notary.ts';
import type { Registry } from './registry.ts';
import type { Workspace } from './workspace.ts';

/** Builds, pushes and signs images as publishers do: `docker push`, `docker trust sign`, `docker trust revoke`. */
export class Publisher {
  private readonly docker: Dockerd;
  private readonly registry: Registry;
  private readonly env: Readonly<Record<string, string>>;
  private readonly signing = new Set<string>();

  private constructor(docker: Dockerd, registry: Registry, notary: Notary) {
    this.docker = docker;
    this.registry = registry;
    this.env = {
      DOCKER_CONTENT_TRUST_SERVER: notary.url,
      DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE: 'root-of-these-stories',
      DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE: 'repository-of-these-stories',
    };
  }

  static async start(space: Workspace, docker: Dockerd, registry: Registry, notary: Notary): Promise<Publisher> {
    const folder = space.folder('home', '.docker', 'tls', notary.host);
    copyFileSync(notary.ca, `${folder}/ca.crt`);
    const publisher = new Publisher(docker, registry, notary);
    await docker.must(['trust', 'key', 'generate', 'alice'], publisher.env);
    return publisher;
  }

  /** The name the publisher signs under: the registry he pushes to, and the repository. */
  gun(repository: string): string {
    return `${this.registry.host}/${repository}`;
  }

  /** Pushes an image that prints `says`. @returns its digest */
  async push(image: string, says: string): Promise<string> {
    const name = `${this.registry.host}/${image}`;
    const command = 'CMD ["/bin/cat", "/says"]';
    await this.docker.must(['import', '-c', command, '-', name], {}, await layerTar(says));
    await this.docker.must(['push', '-q', name]);
    const [repository = '', tag = ''] = image.split(':');
    return this.registry.digestOf(repository, tag);
  }

  /** Signs what was pushed last under this name. */
  async sign(image: string): Promise<void> {
    const [repository = ''] = image.split(':');
    await this.delegateOnce(repository);
    await this.docker.must(['trust', 'sign', `${this.registry.host}/${image}`], this.env);
  }

  async pushSigned(image: string, says: string): Promise<string> {
    const digest = await this.push(image, says);
    await this.sign(image);
    return digest;
  }

  async revoke(image: string): Promise<void> {
    await this.docker.must(['trust', 'revoke', '--yes', `${this.registry.host}/${image}`], this.env);
  }

  /** A colleague with a key of his own, who may sign from now on. */
  async addSigner(repository: string, name: string): Promise<void> {
    await this.docker.must(['trust', 'key', 'generate', name], this.env);
    await this.delegate(repository, name);
  }

  async removeSigner(repository: string, name: string): Promise<void> {
    await this.docker.must(['trust', 'signer', 'remove', '--force', name, this.gun(repository)], this.env);
  }

  private async delegateOnce(repository: string): Promise<void> {
    if (this.signing.has(repository)) return;
    this.signing.add(repository);
    await this.delegate(repository, 'alice');
  }

  private async delegate(repository: string, name: string): Promise<void> {
    const key = ['--key', `${name}.pub`];
    await this.docker.must(['trust', 'signer', 'add', ...key, name, this.gun(repository)], this.env);
  }
}
