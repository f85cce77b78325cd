import { readFileSync } from 'node:fs';
import { readImageFile } from '../../approvals/lists/image-file.ts';
import { imageListing, type ListedImage, type Skipped } from '../../approvals/lists/listing.ts';
import { listedImages } from '../../approvals/lists/running.ts';
import { messageOf, TufgateError } from '../../errors.ts';
import { type ImageName, imageName } from '../../oci/reference.ts';
import type { CommandContext } from '../context.ts';
import { gateNames, nameReader } from '../gate-names.ts';
import { wholeText } from '../whole-text.ts';
import { deniedWanted } from './denied-images.ts';

export interface ListOptions {
  readonly fromFile?: string;
  readonly fromRunning?: boolean;
  readonly denied?: boolean;
  readonly since?: string;
}

export interface Wanted {
  readonly images: readonly ListedImage[];
  readonly skipped: readonly Skipped[];
}

/** Whether a list was asked for, which may be empty. */
export function isListed({ fromFile, fromRunning, denied }: ListOptions): boolean {
  return fromFile !== undefined || fromRunning === true || denied === true;
}

/**
 * What is to be approved, from all the places that were named, each image once.
 * @param approvals the name of the trust source that they are approved in @throws usage · request.name
 */
export async function imagesToApprove(
  context: CommandContext,
  approvals: string,
  options: ListOptions,
  named: readonly string[],
): Promise<Wanted> {
  const config = context.config();
  const rename = gateNames(config, []);
  const readName = nameReader(config);
  refuseMisused(context, options);
  const found: ListedImage[] = named.map((text) => {
    const image = readName(text);
    return { image, ...(image.digest !== undefined && { digest: image.digest }) };
  });
  let skipped: readonly Skipped[] = [];
  if (options.fromFile !== undefined) {
    const text = options.fromFile === '-' ? await wholeText(context.stdin) : read(options.fromFile);
    found.push(...readImageFile(text, options.fromFile).map((each) => ({ ...each, image: rename(each.image) })));
  }
  if (options.fromRunning === true) {
    const listing = imageListing(listedImages(await wholeText(context.stdin)), rename);
    found.push(...listing.images);
    skipped = listing.skipped;
  }
  if (options.denied === true) found.push(...(await deniedWanted(context, approvals, options.since ?? '7d')));
  const images = [...new Map(found.map((each) => [`${imageName(each.image)} ${each.digest ?? ''}`, each])).values()];
  return withoutDoubt(images, skipped);
}

/** @throws usage */
function refuseMisused({ stdin }: CommandContext, { fromFile, fromRunning, denied, since }: ListOptions): void {
  if (fromFile === '-' && fromRunning === true)
    throw new TufgateError('usage', '--from-file - and --from-running both read stdin: name a file for one of them');
  if (fromRunning === true && stdin.isTTY === true)
    throw new TufgateError(
      'usage',
      '--from-running reads a list on stdin, and there is only a terminal: kubectl get pods -A -o json | tufgate approve --from-running --yes',
    );
  if (since !== undefined && denied !== true)
    throw new TufgateError('usage', '--since is about what was denied: say --denied too');
}

/** A tag that is listed with several digests: which of them it is to stand for is not for a list to say. */
function withoutDoubt(images: readonly ListedImage[], skipped: readonly Skipped[]): Wanted {
  const digests = new Map<string, Set<string>>();
  for (const { image, digest } of images) {
    const name = tagOf(image);
    digests.set(name, (digests.get(name) ?? new Set()).add(digest ?? 'what the upstream has now'));
  }
  const doubtful = [...digests].filter(([name, found]) => found.size > 1 && /:[^/@]*$/.test(name));
  const names = new Set(doubtful.map(([name]) => name));
  const why = (found: ReadonlySet<string>): string =>
    `it stands for several (${[...found].join(', ')}): approve one of them by name, TAG@DIGEST`;
  return {
    images: images.filter(({ image }) => !names.has(tagOf(image))),
    skipped: [...skipped, ...doubtful.map(([text, found]) => ({ text, why: why(found) }))],
  };
}

function tagOf({ registry, path, tag }: ImageName): string {
  return imageName({ registry, path, ...(tag !== undefined && { tag }) });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new TufgateError('usage', `cannot read the list ${file}: ${messageOf(cause)}`, { cause });
  }
}
