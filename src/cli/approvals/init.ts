import { makeRepository } from '../../approvals/publish/make-repository.ts';
import { TufgateError } from '../../errors.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { carryOut } from './carry-out.ts';
import { publicKeys, thresholdOf } from './key-options.ts';
import { ownContext, type OwnContext, type OwnOptions } from './own-context.ts';
import { keyFilesIn } from '../../approvals/keys/key-files.ts';
import { createKeyFile } from '../../approvals/keys/key-file.ts';
import { openSigner } from '../../approvals/keys/open-signer.ts';
import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { FIRST_KEY_FILES } from '../../approvals/publish/first-keys.ts';
import type { KeyEntry } from '../../approvals/document/documents.ts';

/** Makes the repository with one signer, as `npm start` does. */
export async function initApprovals(context: CommandContext, options: OwnOptions): Promise<number> {
  const the = ownContext(context, options);
  await refuseMade(the);
  await makeRepository(the.own, the.approvals);
  const { name, publish } = the.own.source;
  if (context.out.json) context.out.document({ repository: name, folder: publish.folder, keys: publish.keys });
  else context.out.fact(`${name} is made: published in ${publish.folder}, its keys in ${publish.keys}.`);
  return EXIT.done;
}

interface RootOptions extends OwnOptions {
  readonly rootKey?: readonly string[];
  readonly rootThreshold?: string;
  readonly targetsKey?: readonly string[];
  readonly targetsThreshold?: string;
  readonly bulkKey?: readonly string[];
  readonly bulkThreshold?: string;
}

/**
 * A proposal for a repository whose root and approvals several people sign: the beginning of a ceremony. Only the online key is made
 * here; the others are named by their public halves.
 */
export async function initRoot(
  context: CommandContext,
  options: RootOptions,
  [file]: readonly string[],
): Promise<number> {
  const the = ownContext(context, options);
  await refuseMade(the);
  const root = await publicKeys(the, options.rootKey ?? []);
  if (root.length === 0) throw new TufgateError('usage', 'whose root is it? --root-key FILE.pub, once for each');
  const targets = options.targetsKey === undefined ? root : await publicKeys(the, options.targetsKey);
  const bulk = options.bulkKey === undefined ? targets : await publicKeys(the, options.bulkKey);
  const threshold = {
    root: thresholdOf(options.rootThreshold, root.length),
    targets: options.targetsThreshold ?? options.rootThreshold,
  };
  const quorums = {
    root: { keys: root, threshold: threshold.root },
    targets: { keys: targets, threshold: thresholdOf(threshold.targets, targets.length) },
    bulk: { keys: bulk, threshold: thresholdOf(options.bulkThreshold ?? threshold.targets, bulk.length) },
  };
  const online = { keys: [await onlineKey(the)], threshold: 1 };
  const change = { kind: 'create', ...quorums, timestamp: online, snapshot: online } as const;
  const propose = file ?? options.propose;
  if (propose === undefined) throw new TufgateError('usage', 'name a file for the proposal');
  return await carryOut(the, { ...options, propose }, [change], { facts: {}, done: [] });
}

async function onlineKey({ own, approvals }: OwnContext): Promise<KeyEntry> {
  const { keys, online } = own.source.publish;
  if (online !== undefined) return (await openSigner(online, approvals)).entry;
  const file = join(keys, FIRST_KEY_FILES.online);
  const known = keyFilesIn(keys).find((each) => each.file === file);
  if (known !== undefined) return known.entry;
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  return (await createKeyFile(file, 'ed25519')).entry;
}

async function refuseMade({ own }: OwnContext): Promise<void> {
  if ((await own.pinned()) === undefined) return;
  throw new TufgateError('usage', `${own.source.name} is there already, in ${own.source.publish.folder}`);
}
