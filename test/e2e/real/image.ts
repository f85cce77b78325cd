import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whereIs } from './needs.ts';
import { sha256, type Registry, type Stored } from './registry.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
export const LAYER = 'application/vnd.oci.image.layer.v1.tar';

/** An uncompressed layer: busybox with its `cat`, and `/says`, which holds one line. */
export function layerTar(says: string): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'tge-layer-'));
  try {
    mkdirSync(join(folder, 'bin'));
    cpSync(whereIs('busybox') ?? '/bin/busybox', join(folder, 'bin', 'busybox'), { dereference: true });
    symlinkSync('busybox', join(folder, 'bin', 'cat'));
    writeFileSync(join(folder, 'says'), `${says}\n`);
    const made = spawnSync('tar', ['-C', folder, '-c', '.'], { maxBuffer: 64 * 1024 * 1024 });
    return made.status === 0 ? Promise.resolve(made.stdout) : Promise.reject(new Error(made.stderr.toString()));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Pushes an OCI image of one layer that is already in the registry. */
export async function pushImage(
  registry: Registry,
  at: { readonly repository: string; readonly reference: string; readonly architecture?: string },
  layer: Stored,
): Promise<Stored> {
  const config = Buffer.from(
    JSON.stringify({
      architecture: at.architecture ?? 'amd64',
      os: 'linux',
      config: { Cmd: ['/bin/cat', '/says'] },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    }),
  );
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, ...(await registry.pushBlob(at.repository, config)) },
    layers: [{ mediaType: LAYER, ...layer }],
  };
  const reference = at.reference === '' ? sha256(Buffer.from(JSON.stringify(manifest))) : at.reference;
  return registry.pushManifest(at.repository, reference, MANIFEST, manifest);
}

/** Pushes an index of one image per architecture; each says its architecture. */
export async function pushIndex(
  registry: Registry,
  repository: string,
  tag: string,
  architectures: readonly string[],
): Promise<Stored> {
  const manifests = [];
  for (const architecture of architectures) {
    const layer = await registry.pushBlob(repository, await layerTar(`index ${architecture}`));
    const image = await pushImage(registry, { repository, reference: '', architecture }, layer);
    manifests.push({ mediaType: MANIFEST, ...image, platform: { architecture, os: 'linux' } });
  }
  return registry.pushManifest(repository, tag, INDEX, { schemaVersion: 2, mediaType: INDEX, manifests });
}
