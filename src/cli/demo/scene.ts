import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeGate, type Gate } from '../../compose.ts';
import { parseConfig } from '../../config/schema.ts';
import { type Listener, listen } from '../../server/listen.ts';
import { NotaryRepository } from '../../simulator/notary-repository.ts';
import { NotaryServer } from '../../simulator/notary-server.ts';
import { type AddedImage, RegistrySimulator } from '../../simulator/registry.ts';
import { createLogger } from '../../telemetry/logger.ts';

/**
 * The stage of the demo: a registry and a trust server in this process, on loopback, with real signatures by keys made
 * on the spot, and tufgate before them exactly as `serve` runs it. Closing it leaves nothing behind.
 */
export interface Scene {
  readonly gate: Gate;
  /** Where a client would point: `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly repository: string;
  readonly registry: RegistrySimulator;
  readonly signed: AddedImage;
  readonly unsigned: AddedImage;
  readonly tampered: AddedImage;
  /** What the publisher signed, and what the registry put in its place. */
  readonly moved: { readonly signed: AddedImage; readonly now: AddedImage };
  readonly rootKey: string;
  close(): Promise<void>;
}

const REGISTRY = 'demo.registry';
const REPOSITORY = 'acme/hello';

export async function openScene(): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'tufgate-demo-'));
  const registry = await RegistrySimulator.start();
  const images = addImages(registry);
  const publisher = publish(images);
  const trust = new NotaryServer().add(publisher);
  await trust.listen();
  const rootKey = publisher.of('root').keys[0]?.keyId ?? '';
  const gate = await openGate(folder, registry.url, trust.url, rootKey);
  const listener = await listen({ host: '127.0.0.1', port: 0 }, gate.registryListener);
  return {
    gate,
    url: listener.url,
    repository: REPOSITORY,
    registry,
    ...images,
    rootKey,
    close: () => closeAll(listener, gate, trust, registry, folder),
  };
}

function addImages(registry: RegistrySimulator): Pick<Scene, 'signed' | 'unsigned' | 'tampered' | 'moved'> {
  const image = (tag: string, content: string): AddedImage =>
    registry.addImage({ repository: REPOSITORY, tag, layers: [Buffer.from(content.repeat(20_000))] });
  const signed = image('1.0', 'hello, signed world\n');
  const unsigned = image('2.0-nightly', 'nobody looked at this\n');
  const tampered = image('1.1', 'hello, soon to be tampered with\n');
  const original = image('stable', 'what the publisher signed as stable\n');
  const replaced = image('stable', 'what the registry serves as stable today\n');
  registry.lie(`/v2/${REPOSITORY}/blobs/${tampered.layers[0] ?? ''}`, { kind: 'flip' });
  return { signed, unsigned, tampered, moved: { signed: original, now: replaced } };
}

function publish({ signed, tampered, moved }: Pick<Scene, 'signed' | 'tampered' | 'moved'>): NotaryRepository {
  const publisher = new NotaryRepository(`${REGISTRY}/${REPOSITORY}`, Date.now());
  publisher.delegate('targets/releases');
  for (const [tag, image] of [
    ['1.0', signed],
    ['1.1', tampered],
    ['stable', moved.signed],
  ] as const) {
    publisher.sign(tag, image.digest, image.size, 'targets/releases');
  }
  return publisher.publish();
}

async function openGate(folder: string, registry: URL, trust: URL, rootKey: string): Promise<Gate> {
  const yaml = `
data: ./data
listen: [{ address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
upstreams: { ${REGISTRY}: { url: "${registry.href}" } }
default_upstream: ${REGISTRY}
trust:
  publisher:
    type: notary
    url: "${trust.href}"
    gun: "{registry}/{repository}"
    pins: { ${REGISTRY}/: { keys: [${rootKey}] } }
policy:
  - match: "**"
    require: [publisher]
`;
  const unreadable = (path: string): never => {
    throw new Error(`the demo reads no file, but was asked for ${path}`);
  };
  const config = parseConfig(yaml, join(folder, 'demo.yaml'), unreadable, {});
  return await composeGate(config, { log: createLogger({ level: 'error', format: 'json' }, silence) });
}

/** The demo tells its story itself. */
const silence = { write: () => true } as unknown as NodeJS.WritableStream;

async function closeAll(
  listener: Listener,
  gate: Gate,
  trust: NotaryServer,
  registry: RegistrySimulator,
  folder: string,
): Promise<void> {
  await listener.close(0);
  await gate.close();
  await trust.close();
  await registry.close();
  await rm(folder, { recursive: true, force: true });
}
