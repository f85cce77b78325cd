import { messageOf, TufgateError } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { type ImageName, imageName, parseImageName, repositoryName } from '../../oci/reference.ts';
import { visibleStart } from '../../text/visible.ts';
import type { Listed } from './listed.ts';

/** Images to be approved, each once, in the order they came, and what was left out. */
export interface ImageListing {
  readonly images: readonly ListedImage[];
  readonly skipped: readonly Skipped[];
}

export interface ListedImage {
  readonly image: ImageName;
  /** What runs under that name, or what the name itself says. Absent: the tag is all that is known. */
  readonly digest?: Digest;
  /** For this one image, from the list. */
  readonly reason?: string;
  /** For people: what of its entry was not taken over. */
  readonly note?: string;
}

export interface Skipped {
  /** Printable. */
  readonly text: string;
  /** Printable. */
  readonly why: string;
}

/** What a daemon calls an image that it pulled by the gate's own name, as the gate reads it. */
export type Rename = (image: ImageName) => ImageName;

const MAX_IMAGES = 10_000;
const SHOWN = 120;
const MAX_WHY = 400;

/** @throws usage when there are too many */
export function imageListing(listed: readonly Listed[], rename: Rename = (image) => image): ImageListing {
  const images = new Map<string, ListedImage>();
  const skipped = new Map<string, Skipped>();
  for (const each of listed) {
    const read = each.kind === 'name' ? readName(each, rename) : skip(each.text, each.why);
    if ('image' in read) images.set(keyOf(read), read);
    else skipped.set(`${read.text}\n${read.why}`, read);
    if (images.size + skipped.size > MAX_IMAGES)
      throw new TufgateError('usage', `more than ${MAX_IMAGES} different images: split the list`);
  }
  return { images: withoutVague([...images.values()]), skipped: [...skipped.values()] };
}

function readName({ text, runs }: Extract<Listed, { kind: 'name' }>, rename: Rename): ListedImage | Skipped {
  let image: ImageName;
  try {
    image = rename(parseImageName(text));
  } catch (error) {
    return skip(text, messageOf(error));
  }
  // The digest in a name binds; what runs under it may be the manifest of one platform.
  if (image.digest !== undefined) return { image, digest: image.digest };
  return runs === undefined ? { image } : { image, ...digestOf(image, runs, rename) };
}

/** A runtime that has the content from two repositories names one of them: its digest says nothing of the other. */
function digestOf(image: ImageName, runs: string, rename: Rename): Pick<ListedImage, 'digest' | 'note'> {
  try {
    const found = rename(parseImageName(runs));
    if (found.digest !== undefined && repositoryName(found) === repositoryName(image)) return { digest: found.digest };
  } catch {
    // Said below.
  }
  return { note: `what runs is ${visibleStart(runs, SHOWN)}, of another repository: its digest was left out` };
}

/** A pod that has not started has no digest yet: its image is listed already when another pod runs it. */
function withoutVague(images: readonly ListedImage[]): readonly ListedImage[] {
  const known = new Set(images.flatMap(({ image, digest }) => (digest === undefined ? [] : [imageName(image)])));
  return images.filter(({ image, digest }) => digest !== undefined || !known.has(imageName(image)));
}

function keyOf({ image, digest }: ListedImage): string {
  return `${imageName(image)} ${digest ?? ''}`;
}

function skip(text: string, why: string): Skipped {
  return { text: visibleStart(text, SHOWN), why: visibleStart(why, MAX_WHY) };
}
