import type { Client } from './client.ts';
import { Dockerd } from './dockerd.ts';
import type { Origin } from './origin.ts';
import type { Finished } from './run.ts';
import type { Workspace } from './workspace.ts';

/** Docker with tufgate as `--registry-mirror`. There is no setting that keeps it from going around a mirror. */
export class DockerClient implements Client {
  readonly goesAround = true;
  readonly showsMessages = false;
  readonly showsMessagesByName = true;
  private readonly docker: Dockerd;

  private constructor(docker: Dockerd) {
    this.docker = docker;
  }

  static async start(space: Workspace, gate: string, origin: Origin): Promise<DockerClient> {
    return new DockerClient(await Dockerd.start(space, { name: 'client', mirror: `http://${gate}`, env: origin.env }));
  }

  pull(image: string): Promise<Finished> {
    return this.docker.run(['pull', image]);
  }

  async says(image: string): Promise<string> {
    return (await this.docker.must(['run', '--rm', '--network', 'none', image])).trim();
  }

  async forget(image: string): Promise<void> {
    await this.docker.must(['rmi', image]);
  }

  /** Only Docker Hub is mirrored: a name of another registry goes straight there. */
  pullAround(image: string): Promise<Finished> {
    return this.pull(image.replace('docker.io/', 'registry.example/'));
  }
}
