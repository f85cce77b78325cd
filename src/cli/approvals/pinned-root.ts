import { readFileSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { codeOf, messageOf, TufgateError } from '../../errors.ts';
import type { CommandContext } from '../context.ts';

/**
 * The root that this signer trusts: `--root FILE`, else the one that the configuration pins for the source of that name. Never one
 * that comes with what is to be signed.
 * @throws usage · config.invalid
 */
export async function pinnedRoot(
  { config }: CommandContext,
  { root }: { readonly root?: string },
  repository: string,
): Promise<Uint8Array> {
  if (root !== undefined) return readRoot(root);
  const source = configured(config).trust.get(repository);
  if (source?.kind === 'tuf' && source.root.bytes.length > 0) return await Promise.resolve(source.root.bytes);
  throw new TufgateError(
    'usage',
    `the configuration pins no root of ${repository}: name the root file that you trust with --root FILE`,
  );
}

/** Who signs elsewhere has no configuration, and is not to make one for this. @throws config.invalid */
function configured(config: CommandContext['config']): Config {
  try {
    return config();
  } catch (error) {
    if (codeOf(error) !== 'config.invalid') throw error;
    const fix = 'where there is no configuration, name the root file that you trust with --root FILE';
    throw new TufgateError('config.invalid', `${messageOf(error)}; ${fix}`, { cause: error });
  }
}

function readRoot(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new TufgateError('usage', `cannot read the root file ${file}: ${messageOf(cause)}`, { cause });
  }
}
