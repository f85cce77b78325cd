import { createCipheriv } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pushImage } from '../../e2e/real/image.ts';
import { Registry, type Stored } from '../../e2e/real/registry.ts';
import type { Workspace } from '../../e2e/real/workspace.ts';
import { NotaryRepository } from '../../../src/simulator/notary-repository.ts';
import { NotaryServer } from '../../../src/simulator/notary-server.ts';

const CHUNK = Buffer.alloc(1 << 20);

/** A real registry and a simulated trust server: where tufgate and its peers get everything from. */
export interface Origin {
  readonly registry: Registry;
  readonly notary: NotaryServer;
  /** Pushes and signs `acme/NAME:1.0`, whose one layer is this many bytes that do not compress. */
  image(name: string, bytes: number): Promise<BenchImage>;
  close(): Promise<void>;
}

export interface BenchImage {
  readonly repository: string;
  readonly layer: Stored;
  readonly keyId: string;
  /** `/v2/…` of tag and layer. */
  readonly tagPath: string;
  readonly layerPath: string;
}

export async function startOrigin(space: Workspace): Promise<Origin> {
  const registry = await Registry.start(space);
  const notary = new NotaryServer();
  await notary.listen();
  return {
    registry,
    notary,
    async image(name, bytes) {
      const repository = `acme/${name}`;
      const file = space.at(`layer-${name}`);
      const cipher = createCipheriv('aes-128-ctr', Buffer.from(name.padEnd(16).slice(0, 16)), Buffer.alloc(16));
      await pipeline(Readable.from(zeros(bytes)), cipher, createWriteStream(file));
      const layer = await registry.pushFile(repository, file);
      const pushed = await pushImage(registry, { repository, reference: '1.0' }, layer);
      const signed = new NotaryRepository(`reg.example/${repository}`, Date.now()).sign(
        '1.0',
        pushed.digest,
        pushed.size,
      );
      notary.add(signed.publish());
      const keyId = signed.of('root').keys[0]?.keyId ?? '';
      const paths = {
        tagPath: `/v2/${repository}/manifests/1.0`,
        layerPath: `/v2/${repository}/blobs/${layer.digest}`,
      };
      return { repository, layer, keyId, ...paths };
    },
    close: () => notary.close(),
  };
}

/** How the gate of a benchmark is set: everything but `data`, `listen` and `admin`. */
export function gateConfig(
  origin: Origin,
  images: readonly BenchImage[],
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    upstreams: { 'reg.example': { url: origin.registry.url } },
    default_upstream: 'reg.example',
    trust: {
      vendor: {
        type: 'notary',
        url: origin.notary.url.href,
        gun: '{registry}/{repository}',
        pins: { 'reg.example/': { keys: images.map(({ keyId }) => keyId) } },
      },
    },
    policy: [{ match: 'reg.example/acme/**', require: ['vendor'] }],
    cache: { max_size: '40GiB' },
    log: { level: 'info', format: 'json' },
    ...more,
  };
}

function* zeros(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= CHUNK.length) yield CHUNK.subarray(0, Math.min(left, CHUNK.length));
}
