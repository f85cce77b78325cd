import { messageOf, TufgateError } from '../../errors.ts';
import { imageName, parseImageName } from '../../oci/reference.ts';
import { visible } from '../../text/visible.ts';
import type { ListedImage } from './listing.ts';
import { whyNoReason } from './reason.ts';

const MAX_IMAGES = 10_000;
/** Told at once; the others are counted. */
const MAX_TOLD = 10;

/**
 * A list of images that somebody keeps: one a line, blank lines, `#` comments, and behind a name ` # ` the reason.
 * Here a mistake is an error, not a gap: what the file means must not depend on who skims the output.
 * @param file for messages
 * @throws usage, with file and lines
 */
export function readImageFile(text: string, file: string): readonly ListedImage[] {
  const found = new Map<string, { readonly entry: ListedImage; readonly line: number }>();
  const wrong: string[] = [];
  text.split('\n').forEach((line, at) => {
    try {
      const entry = readLine(at === 0 ? line.replace(/^\uFEFF/, '') : line);
      if (entry === undefined) return;
      const twin = found.get(imageName(entry.image));
      if (twin !== undefined && twin.entry.reason !== entry.reason)
        throw refuse(`${imageName(entry.image)} stands in line ${twin.line} too, with another reason`);
      if (twin === undefined) found.set(imageName(entry.image), { entry, line: at + 1 });
    } catch (error) {
      if (!(error instanceof TufgateError)) throw error;
      wrong.push(`${file}:${at + 1}: ${visible(messageOf(error))}`);
    }
  });
  if (wrong.length > 0) throw refuse(told(wrong));
  if (found.size > MAX_IMAGES) throw refuse(`${file} names more than ${MAX_IMAGES} images: split it`);
  return [...found.values()].map(({ entry }) => entry);
}

function readLine(line: string): ListedImage | undefined {
  const text = line.trim();
  if (text === '' || text.startsWith('#')) return undefined;
  const comment = text.search(/\s#/);
  const image = parseImageName(comment < 0 ? text : text.slice(0, comment).trimEnd());
  const reason = comment < 0 ? '' : text.slice(comment).replace(/^\s#\s*/, '');
  const why = reason === '' ? undefined : whyNoReason(reason);
  if (why !== undefined) throw refuse(why);
  const { digest } = image;
  return { image, ...(digest !== undefined && { digest }), ...(reason !== '' && { reason }) };
}

function told(wrong: readonly string[]): string {
  const rest = wrong.length - MAX_TOLD;
  return [...wrong.slice(0, MAX_TOLD), ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n');
}

function refuse(message: string): TufgateError {
  return new TufgateError('usage', message);
}
