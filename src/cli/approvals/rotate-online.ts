import { mkdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { instantText } from '../../text/instant-text.ts';
import { createKeyFile, publicFileOf } from '../../approvals/keys/key-file.ts';
import { keyFilesIn } from '../../approvals/keys/key-files.ts';
import { TufgateError } from '../../errors.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { parseDuration } from '../time-words.ts';
import { carryOut } from './carry-out.ts';
import { ownContext, type OwnContext, type OwnOptions } from './own-context.ts';
import { standingQuorum } from './change-who-signs.ts';

interface RotateOptions extends OwnOptions {
  readonly olderThan?: string;
}

/**
 * A new key for timestamp and snapshot, made in the folder of keys; the root keys sign that it counts. From then on the gate signs with
 * it, and the one before is deleted. With `--older-than` nothing happens while the key is younger: for a job that runs each day.
 */
export async function rotateOnline(context: CommandContext, options: RotateOptions): Promise<number> {
  const the = ownContext(context, options);
  const { keys, online } = the.own.source.publish;
  if (online !== undefined)
    throw new TufgateError(
      'usage',
      `publish.online is ${online}: replace that key where it is, and name the new one with tufgate approvals authorize timestamp snapshot --add KEY --remove ID`,
    );
  const old = await keysInUse(the);
  if (options.olderThan !== undefined && isYounger(the, options.olderThan, old)) {
    if (context.out.json) context.out.document({ repository: the.own.source.name, published: false });
    else context.out.fact(`The online key is younger than ${options.olderThan}: nothing was changed.`);
    return EXIT.done;
  }
  const file = join(keys, `online-${instantText(the.now()).replace(/[^0-9]/g, '')}.pem`);
  // Where the folder was lost, this is how the gate gets a key again.
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  const { entry } = await createKeyFile(file, 'ed25519');
  const quorum = { keys: [entry], threshold: 1, distrust: [] };
  const changes = (['timestamp', 'snapshot'] as const).map((role) => ({ kind: 'authorize', role, ...quorum }) as const);
  try {
    const done = [`Timestamp and snapshot are signed by ${file} from now on.`];
    const code = await carryOut(the, options, changes, { facts: { key: file }, done });
    if (options.propose === undefined) await remove(old);
    return code;
  } catch (error) {
    // What failed may have come after the publication: then the gate signs with it already.
    if (!(await keysInUse(the)).includes(file)) await remove([file]);
    throw error;
  }
}

async function keysInUse(the: OwnContext): Promise<readonly string[]> {
  const { quorum } = await standingQuorum(the, 'timestamp');
  return keyFilesIn(the.own.source.publish.keys).flatMap(({ keyId, file }) =>
    quorum.keyIds.includes(keyId) ? [file] : [],
  );
}

function isYounger({ now }: OwnContext, olderThan: string, files: readonly string[]): boolean {
  const age = parseDuration(olderThan);
  if (age === undefined) throw new TufgateError('usage', '--older-than needs a time such as 90d');
  const made = files.map((file) => statSync(publicFileOf(file)).mtimeMs);
  return made.length > 0 && now() - Math.min(...made) < age;
}

async function remove(files: readonly string[]): Promise<void> {
  for (const file of files) for (const each of [file, publicFileOf(file)]) await rm(each, { force: true });
}
