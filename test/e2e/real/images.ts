import type { World } from './world.ts';

/** The tags that every client's stories pull, and what their images say. Digests are of the signed images. */
export interface Published {
  readonly moved: string;
  readonly gone: string;
  readonly unsigned: string;
  readonly badManifest: string;
  readonly revoked: string;
}

/** Fills a repository with good and bad tags, signed by `docker trust`. */
export async function publishTags(world: World, repository: string): Promise<Published> {
  const { publisher, registry } = world;
  await publisher.pushSigned(`${repository}:1.0`, 'signed');
  const revoked = await publisher.pushSigned(`${repository}:revoked`, 'to be revoked');
  const moved = await publisher.pushSigned(`${repository}:moved`, 'what was signed');
  await publisher.push(`${repository}:moved`, 'what the registry says');
  const gone = await publisher.pushSigned(`${repository}:gone`, 'what is gone');
  await publisher.push(`${repository}:gone`, 'what came instead');
  await registry.deleteManifest(repository, gone);
  const unsigned = await publisher.push(`${repository}:2.0`, 'nobody signed this');
  const badManifest = await publisher.pushSigned(`${repository}:bad-manifest`, 'a flipped manifest');
  await publisher.pushSigned(`${repository}:bad-layer`, 'a flipped layer');
  world.wire.flip(badManifest);
  world.wire.flip(await registry.layerOf(repository, 'bad-layer'));
  return { moved, gone, unsigned, badManifest, revoked };
}
