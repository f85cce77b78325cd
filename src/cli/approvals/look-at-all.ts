import { Draft } from '../../approvals/edit/draft.ts';
import type { ListedImage } from '../../approvals/lists/listing.ts';
import { composeJudge } from '../../compose.ts';
import { messageOf, TufgateError } from '../../errors.ts';
import { imageName } from '../../oci/reference.ts';
import { inOrder } from '../../upstream/in-order.ts';
import type { CommandContext } from '../context.ts';
import { lookAt, type Looked, nameOf } from './look-at.ts';
import type { OwnContext } from './own-context.ts';

export interface Sighted {
  readonly looked: readonly Looked[];
  readonly failed: readonly Failed[];
}

/** An image that is not to be approved. */
export interface Failed {
  readonly image: string;
  readonly error: unknown;
  /** What was seen of it all the same. */
  readonly lines: readonly string[];
}

export interface LookOptions {
  /** What was withdrawn may come back. */
  readonly reinstate?: boolean;
  /** A trust source speaks against it, and it is approved all the same. */
  readonly despite?: boolean;
}

/** Of a longer list only the manifests are looked at: registries count what is pulled. */
const BRIEF_FROM = 6;
const AT_ONCE = 4;

/** Looks at each, and shows it. What cannot be had, or must not be approved, is told, and stops none of the others. */
export async function lookAtAll(
  { own, context, now }: OwnContext,
  images: readonly ListedImage[],
  { reinstate = false, despite = false }: LookOptions,
): Promise<Sighted> {
  const config = context.config();
  const standing = new Draft(await own.standing(), now(), own.source.publish.lifetimes);
  const judge = await composeJudge(config);
  const looked: Looked[] = [];
  const failed: Failed[] = [];
  try {
    const sources = [...config.trust.keys()].filter((name) => name !== own.source.name);
    const deps = {
      judge,
      standing,
      read: own.files,
      sources,
      brief: images.length >= BRIEF_FROM,
      reinstate,
      now: now(),
    };
    const look = async (image: ListedImage): Promise<Looked | Failed> => {
      try {
        const found = await lookAt(deps, image);
        return found.alarming && !despite ? alarmed(found) : found;
      } catch (error) {
        return { image: imageName(image.image), error, lines: [] };
      }
    };
    for await (const each of inOrder(images, AT_ONCE, look)) {
      if ('error' in each) failed.push(each);
      else looked.push(each);
      show(context, each, looked.length + failed.length, images.length);
    }
    return { looked, failed };
  } finally {
    await judge.close();
  }
}

function alarmed(found: Looked): Failed {
  const why = `a trust source speaks against ${nameOf(found)} (see above)`;
  const error = new TufgateError('trust.conflict', `${why}: find out why; to approve it all the same say --despite`);
  return { image: nameOf(found), error, lines: found.lines };
}

/** The failure of the only one is told where the command ends. */
function show({ out }: CommandContext, each: Looked | Failed, count: number, of: number): void {
  for (const line of each.lines) out.message(line);
  if ('error' in each && of > 1) out.message(`${each.image} is left out: ${messageOf(each.error)}`);
  if (of > 1) out.progress(`${count} of ${of} images`);
}
