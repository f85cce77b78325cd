import { TufgateError } from '../../errors.ts';
import { type Digest, parseDigest } from '../../oci/digest.ts';
import { imageName, type ImageName, parseImageName, repositoryName } from '../../oci/reference.ts';
import { evictable } from '../../pull/evictable.ts';
import type { StateStore } from '../../state/store.ts';
import { sizeWords } from '../../text/size-words.ts';
import { EXIT } from '../exit-code.ts';
import type { CommandContext } from '../context.ts';
import { type OpenCache, withCache } from './open-cache.ts';

type Asked = { readonly name: string } & ({ readonly digest: Digest } | { readonly image: ImageName });

interface Removed {
  readonly digest: Digest;
  readonly size: number;
}

/** Removes blobs by digest, or all of an image but what other images that were pulled need. What is being read is read to its end. */
export async function removeFromCache(context: CommandContext, _: object, names: readonly string[]): Promise<number> {
  const asked = names.map(parse);
  const { out } = context;
  return await withCache(context, {}, async (cache) => {
    const removed: Removed[] = [];
    const missing: string[] = [];
    for (const each of asked) {
      const gone = await remove(cache, await digestsOf(cache, each));
      if (gone.length === 0) missing.push(each.name);
      removed.push(...gone);
    }
    if (out.json) out.document({ removed, missing });
    else for (const { digest, size } of removed) out.fact(`removed  ${digest}  ${sizeWords(size)}`);
    for (const name of missing) out.message(`tufgate: nothing is cached of ${name} that nothing else needs`);
    return missing.length > 0 ? EXIT.notFound : EXIT.done;
  });
}

/** @throws request.name, request.digest, usage */
function parse(name: string): Asked {
  return /^sha(?:256|512):/.test(name) ? { name, digest: parseDigest(name) } : { name, image: parseImageName(name) };
}

async function digestsOf({ state }: OpenCache, asked: Asked): Promise<readonly Digest[]> {
  if ('digest' in asked) return [asked.digest];
  if (state === undefined)
    throw new TufgateError('upstream.not-found', `nothing was pulled yet: ${asked.name} is not known`);
  return await belowImage(state, asked.image);
}

async function belowImage(state: StateStore, image: ImageName): Promise<readonly Digest[]> {
  const repository = repositoryName(image);
  const digest = image.digest ?? (await state.lastGivenOut(repository, image.tag ?? ''));
  if (digest === undefined) throw new TufgateError('upstream.not-found', `${imageName(image)} was never pulled`);
  // As if it was taken back in this repository: what another one needs stays.
  const stored = (of: Parameters<typeof repositoryName>[0]): Promise<ReadonlyMap<Digest, unknown>> =>
    Promise.resolve(new Map(repositoryName(of) === repository ? [[digest, true]] : []));
  return [...(await evictable(state, { stored }, digest))];
}

async function remove({ store }: OpenCache, digests: readonly Digest[]): Promise<Removed[]> {
  const removed: Removed[] = [];
  for (const digest of digests) {
    const size = await store.stat(digest);
    await store.delete(digest);
    if (size !== undefined) removed.push({ digest, size });
  }
  return removed;
}
