import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { TufgateError } from '../errors.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { Collection, StateStore, StoredTrust } from '../state/store.ts';
import { EVERYTHING } from '../trust/collection-name.ts';
import { confirm } from './ask.ts';
import type { CommandContext } from './context.ts';
import { pinWordsFor } from './coverage.ts';
import { EXIT } from './exit-code.ts';
import { recordAct } from './record-act.ts';
import { requireState } from './stored-state.ts';
import { storedOf } from './stored-collections.ts';
import { storedFacts } from './stored-facts.ts';

interface ForgetOptions {
  readonly source?: string;
  readonly yes?: boolean;
}

/** Drops what is known of one collection, floors included: the protection against older metadata begins anew. */
export async function forgetTrust(
  context: CommandContext,
  options: ForgetOptions,
  [repository = '']: readonly string[],
): Promise<number> {
  const config = context.config();
  requireState(config);
  const state = openSqliteStore(join(config.data, 'tufgate.db'));
  try {
    const collection = single(await storedOf(state, config.trust, repository, options.source));
    refuseUnmeant(collection, repository, options.source);
    await forget(context, config, state, collection, options);
    return EXIT.done;
  } finally {
    await state.close();
  }
}

/** One at a time: what is lost by each must be read by somebody. @throws usage */
function single(collections: readonly Collection[]): Collection {
  const [collection] = collections;
  if (collection !== undefined && collections.length === 1) return collection;
  const sources = collections.map(({ source }) => source).join(', ');
  throw new TufgateError('usage', `several trust sources have it (${sources}): say which one with --source`);
}

/**
 * A TUF 1.0 repository speaks for all images: the name of one of them, or a slip of the finger, must not cost the floors of
 * all. @throws usage
 */
function refuseUnmeant({ source, gun }: Collection, repository: string, named: string | undefined): void {
  if (gun !== EVERYTHING || repository === EVERYTHING || named !== undefined) return;
  const how = `to forget it, say: tufgate trust forget "${EVERYTHING}" --source ${source}`;
  throw new TufgateError('usage', `${source} is one repository for all images, ${repository} among them; ${how}`);
}

async function forget(
  context: CommandContext,
  config: Config,
  state: StateStore,
  collection: Collection,
  options: ForgetOptions,
): Promise<void> {
  const { out } = context;
  const stored = await state.loadTrust(collection);
  if (stored === undefined) throw new TufgateError('upstream.not-found', `${collection.gun} is no longer stored`);
  const then = whatThen(config, collection);
  for (const line of [...losses(collection, stored), '', then]) out.message(line);
  await confirm(context, options, `Forget ${called(collection)} of ${collection.source}?`);
  const { root } = storedFacts(stored);
  const message = `${called(collection)} of ${collection.source} ${collection.gun === EVERYTHING ? 'were' : 'was'} forgotten: root version ${root.version}, keys ${root.keys.join(', ')}`;
  await recordAct(state, config, { command: 'trust forget', about: collection.gun, message });
  await state.forgetTrust(collection);
  if (out.json) out.document({ forgotten: { ...collection, ...storedFacts(stored) }, then });
  else out.fact(`${message}. A gate that runs begins anew with its next check.`);
}

function losses({ source, gun }: Collection, stored: StoredTrust): readonly string[] {
  const { anchor, root, versions, hasView, checkedAt } = storedFacts(stored);
  const begun = anchor === 'first-use' ? 'first use: nobody pinned it' : `pinned by ${anchor}`;
  const seen = checkedAt === undefined ? 'never confirmed' : `confirmed ${new Date(checkedAt).toISOString()}`;
  return [
    `This is lost of ${called({ source, gun })} (${source}):`,
    `  anchor        ${begun}`,
    `  root chain    versions ${stored.roots[0]?.version ?? '?'} to ${root.version}`,
    ...root.keys.map((key, i) => `  ${i === 0 ? 'root keys    ' : '             '} ${key}`),
    `  lowest        ${[...versions].map(([role, version]) => `${role} ${version}`).join(', ') || 'none'}: older ones were refused`,
    `  view          ${hasView ? `its tags and digests, ${seen}; what was superseded too` : 'none'}`,
    ...(gun === EVERYTHING ? ['  withdrawn     what it took back: refused again only where it says so now'] : []),
  ];
}

function called({ gun }: Collection): string {
  return gun === EVERYTHING ? 'all images' : gun;
}

function whatThen({ trust }: Config, { source, gun }: Collection): string {
  const config = trust.get(source);
  if (config === undefined) return `${source} is no longer configured: nothing of it will be believed.`;
  const pin = pinWordsFor(config, gun);
  if (pin !== null)
    return `Trust begins anew at the pin ${pin}; metadata older than what was seen will be accepted once.`;
  if (config.kind === 'tuf' || config.firstUse === 'refuse')
    return 'No pin covers it: nothing will be believed until there is one.';
  return 'first_use is "remember", and no pin covers it: whoever answers next is believed, an attacker as well as the publisher.';
}
