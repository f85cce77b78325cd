import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Client } from './client.ts';
import type { Origin } from './origin.ts';
import { registriesConf } from './podman.ts';
import { must, run, type Finished } from './run.ts';
import type { Workspace } from './workspace.ts';

/** skopeo, copying into a folder: what it got is read from the layer. */
export class Skopeo implements Client {
  readonly goesAround = false;
  readonly showsMessages = true;
  readonly showsMessagesByName = true;
  private readonly space: Workspace;
  private readonly env: NodeJS.ProcessEnv;

  constructor(space: Workspace, gate: string, origin: Origin) {
    this.space = space;
    writeFileSync(space.at('skopeo-registries.conf'), registriesConf(gate));
    writeFileSync(space.at('empty-registries.conf'), '');
    this.env = space.env({ ...origin.env });
  }

  pull(image: string): Promise<Finished> {
    return this.copy(image, 'skopeo-registries.conf');
  }

  async says(image: string): Promise<string> {
    const folder = this.folderOf(image);
    const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, 'utf8')) as { layers: { digest: string }[] };
    const layer = manifest.layers[0]?.digest.replace('sha256:', '') ?? '';
    return (await must('tar', ['-xOf', `${folder}/${layer}`, './says'])).trim();
  }

  forget(image: string): Promise<void> {
    rmSync(this.folderOf(image), { recursive: true });
    return Promise.resolve();
  }

  pullAround(image: string): Promise<Finished> {
    return this.copy(image, 'empty-registries.conf');
  }

  private copy(image: string, conf: string): Promise<Finished> {
    const settings = ['--registries-conf', this.space.at(conf)];
    return run('skopeo', [...settings, 'copy', `docker://${image}`, `dir:${this.folderOf(image)}`], { env: this.env });
  }

  private folderOf(image: string): string {
    return this.space.folder('skopeo', image.replaceAll(/[^a-z0-9]/g, '-'));
  }
}
