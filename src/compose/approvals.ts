import { Readable } from 'node:stream';
import { KeepFresh } from '../approvals/publish/keep-fresh.ts';
import type { Config } from '../config/config.ts';
import { ExpiryWatch } from '../telemetry/expiry-watch.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Env } from '../approvals/keys/env.ts';
import type { Keyboard } from '../approvals/keys/keyboard.ts';
import { openSigner } from '../approvals/keys/open-signer.ts';
import { keyFilesIn } from '../approvals/keys/key-files.ts';
import type { Signer } from '../approvals/keys/signer.ts';
import { codeOf, messageOf, TufgateError } from '../errors.ts';
import { Passphrases } from '../approvals/keys/passphrase.ts';
import { OwnRepository, type OwnSource } from '../approvals/publish/own-repository.ts';
import type { Schedule } from '../trust/patience.ts';
import { lockFile } from '../state/sqlite/lock.ts';

/** Where keys and passphrases come from. */
export interface KeyHolder {
  readonly env: Env;
  readonly keyboard: Keyboard;
  readonly say: (line: string) => void;
}

/** The repositories of approvals that this configuration keeps, each with the means to sign and publish. */
export interface Approvals {
  readonly own: readonly OwnRepository[];
  readonly passphrases: Passphrases;
  readonly env: Env;
}

/** @param now epoch milliseconds */
export function composeApprovals(config: Config, holder: KeyHolder, now: () => number): Approvals {
  const passphrases = new Passphrases(holder);
  const { env } = holder;
  const own = ownSources(config).map((source) => {
    const { keys, online } = source.publish;
    const open = (keyIds: readonly string[]): Promise<Signer> =>
      openSigner(online ?? onlineKeyIn(keys, keyIds), { env, passphrases });
    return new OwnRepository({ source, now, lock: lockFile, online: open });
  });
  return { own, passphrases, env };
}

export function ownSources({ trust }: Config): readonly OwnSource[] {
  return [...trust.values()].flatMap((source) =>
    source.kind === 'tuf' && source.publish !== undefined ? [{ ...source, publish: source.publish }] : [],
  );
}

export interface Keeping {
  /** The process's own when absent. */
  readonly env?: Env;
  /** Timers; the real ones when absent. */
  readonly schedule?: Schedule;
  readonly now: () => number;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'trustExpires'>;
}

/** What ends is looked for so often. */
const REMIND_MS = 43_200_000;

/** What a gate does for the repositories that it keeps. It has nobody to ask: it signs with a plain key file, a variable or a program. */
export function keepApprovalsFresh(config: Config, keeping: Keeping): readonly KeepFresh[] {
  const { env = process.env, now, log, metrics, schedule } = keeping;
  const holder = { env, keyboard: Readable.from([]), say: (line: string) => log.warn({}, line) };
  const watch = new ExpiryWatch(log, now, SIGN_ANEW);
  return composeApprovals(config, holder, now).own.map((own) => {
    const { name } = own.source;
    let reminded = Number.NEGATIVE_INFINITY;
    const keepFresh = async (): Promise<number | undefined> => {
      const due = await own.keepFresh();
      if (now() - reminded < REMIND_MS) return due;
      reminded = now();
      const first = await own.earliestEnd();
      if (first === undefined) return due;
      metrics.trustExpires(name, PUBLISHED, first.expires);
      watch.note({ source: name, gun: name }, new Map([[first.role, first.expires]]));
      return due;
    };
    return new KeepFresh({ keepFresh, now, onFailure: notFresh(name, log), ...(schedule && { schedule }) });
  });
}

/** A fault of ours comes with where it was; what somebody has to mend, in words. */
function notFresh(name: string, log: Logger): (error: unknown) => void {
  return (error) => {
    const code = codeOf(error);
    const fields = code === 'internal' ? { source: name, err: error } : { source: name, code };
    const then = 'other gates stop believing it once its timestamp ends';
    log.error(fields, `${name} could not be signed anew: ${messageOf(error)}; ${then}`);
  };
}

/** Beside the collection that the gate reads: all that is published, also what nobody asks for. */
const PUBLISHED = 'published';

const SIGN_ANEW = {
  before: 'sign it anew with tufgate approvals renew, before pulls that rest on it are refused',
  after: 'pulls that rest on it are refused until it is signed anew: tufgate approvals renew',
};

/** The one that the newest root names: while keys are rotated there may be two. */
function onlineKeyIn(folder: string, keyIds: readonly string[]): string {
  const found = keyFilesIn(folder).find(({ keyId }) => keyIds.includes(keyId));
  if (found !== undefined) return found.file;
  const why = `none of the keys in ${folder} may sign timestamp and snapshot (${keyIds.join(', ')})`;
  throw new TufgateError('approvals.key', `${why}: restore it, or rotate it with tufgate approvals rotate online`);
}
