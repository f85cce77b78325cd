import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { request } from 'undici';
import { RegistrySimulator } from './registry.ts';
import { patternBlob } from './registry-body.ts';

const REPO = 'acme/hello';
const running: RegistrySimulator[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((registry) => registry.close()));
});

async function start(): Promise<RegistrySimulator> {
  const registry = await RegistrySimulator.start();
  running.push(registry);
  return registry;
}

async function get(registry: RegistrySimulator, path: string): Promise<Buffer> {
  const { body } = await request(new URL(path, registry.url));
  return Buffer.from(await body.arrayBuffer());
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

describe('the simulator', () => {
  it('is honest until told otherwise, and again when it repents', async () => {
    const registry = await start();
    const digest = registry.addBlob(REPO, Buffer.from('a blob'));
    const path = `/v2/${REPO}/blobs/${digest}`;
    expect(digestOf(await get(registry, path))).toBe(digest);
    registry.lie(path, { kind: 'flip' });
    const flipped = await get(registry, path);
    expect(flipped).toHaveLength(6);
    expect(digestOf(flipped)).not.toBe(digest);
    registry.lie(path, { kind: 'short', bytes: 2 }, 1);
    expect((await get(registry, path)).toString()).toBe('a ');
    expect(digestOf(await get(registry, path))).toBe(digest);
    expect(registry.count(path)).toBe(4);
  });

  it('cuts a connection after exactly so many bytes', async () => {
    const registry = await start();
    const path = `/v2/${REPO}/blobs/${registry.addPatternBlob(REPO, 3_000_000)}`;
    registry.lie(path, { kind: 'cut', bytes: 1_500_001 });
    const { body } = await request(new URL(path, registry.url));
    let received = 0;
    body.on('data', (chunk: Buffer) => (received += chunk.length));
    await new Promise((resolve) => body.once('error', resolve));
    expect(received).toBe(1_500_001);
  });

  it('holds a body back until the test lets it go', async () => {
    const registry = await start();
    const path = `/v2/${REPO}/blobs/${registry.addBlob(REPO, Buffer.from('a blob'))}`;
    registry.lie(path, { kind: 'stall', bytes: 2 });
    const { body } = await request(new URL(path, registry.url));
    const chunks: string[] = [];
    body.on('data', (chunk: Buffer) => {
      chunks.push(chunk.toString());
      registry.release();
    });
    await new Promise((resolve) => body.once('end', resolve));
    expect(chunks).toEqual(['a ', 'blob']);
  });

  it('moves tags, and serves indexes', async () => {
    const registry = await start();
    const [one, two] = ['1', '2'].map((text) => registry.addImage({ repository: REPO, layers: [Buffer.from(text)] }));
    const index = registry.addIndex(REPO, 'latest', [one!, two!]);
    expect(digestOf(await get(registry, `/v2/${REPO}/manifests/latest`))).toBe(index.digest);
    registry.moveTag(REPO, 'latest', two!.digest);
    expect(digestOf(await get(registry, `/v2/${REPO}/manifests/latest`))).toBe(two!.digest);
  });

  it('makes pattern blobs that read alike from every offset', () => {
    const source = patternBlob(2_500_000, 7);
    const whole = Buffer.concat([...source.read(0)]);
    expect([whole.length, digestOf(whole)]).toEqual([source.size, source.digest]);
    for (const from of [1, 7, 8, 1_048_575, 1_048_576, 1_048_580, 2_499_999])
      expect(Buffer.concat([...source.read(from)]).equals(whole.subarray(from))).toBe(true);
  });
});
