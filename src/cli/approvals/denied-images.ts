import { join } from 'node:path';
import { deniedImages, type DeniedImage } from '../../approvals/lists/denied.ts';
import type { ListedImage } from '../../approvals/lists/listing.ts';
import { policyOf } from '../../compose.ts';
import { TufgateError } from '../../errors.ts';
import { imageName } from '../../oci/reference.ts';
import { countWords } from '../../text/size-words.ts';
import { openSqliteStore } from '../../state/sqlite/store.ts';
import { requireState } from '../stored-state.ts';
import { parseDuration } from '../time-words.ts';
import type { CommandContext } from '../context.ts';

/** What this gate refused, or would have refused, and an approval lets in. @throws usage · state.failed */
export async function deniedWanted(
  context: CommandContext,
  approvals: string,
  since: string,
): Promise<readonly ListedImage[]> {
  const ms = parseDuration(since);
  if (ms === undefined)
    throw new TufgateError('usage', `--since ${JSON.stringify(since.slice(0, 40))} is no time such as 7d or 36h`);
  const config = context.config();
  requireState(config);
  const state = openSqliteStore(join(config.data, 'tufgate.db'));
  try {
    const options = { policy: policyOf(config), approvals, since: context.now() - ms };
    const { images, beyond, complete } = await deniedImages(state, options);
    for (const each of beyond) context.out.message(`left out: ${told(each)}: ${each.why}`);
    if (!complete) context.out.message('there are more decisions than were read: the newest were');
    for (const each of images) context.out.message(told(each));
    return images.map(({ image }) => ({ image, ...(image.digest !== undefined && { digest: image.digest }) }));
  } finally {
    await state.close();
  }
}

function told({ image, count, lastAt, tags }: DeniedImage): string {
  const named = tags.length === 0 ? '' : `, tag ${tags.slice(0, 4).join(', ')}`;
  return `${imageName(image)} (asked for ${countWords(count, 'time')}, last ${new Date(lastAt).toISOString()}${named})`;
}
