import { setImmediate, setTimeout } from 'node:timers/promises';
import type Database from 'better-sqlite3';
import type { StateStore } from '../store.ts';
import { TrustAdvancer } from './advance.ts';
import { HighestClock } from './clock.ts';
import { Closure } from './closure.ts';
import { DecisionTable } from './decisions.ts';
import { damaged, stateFault } from './fault.ts';
import { TrustFiles } from './files.ts';
import { openDatabase } from './open.ts';
import { TrustReader } from './trust.ts';
import { Turns } from '../../disk/sqlite/turns.ts';
import { WithdrawalTable } from './withdrawals.ts';

const CHECKPOINT_PAGES = 1_000;

/** Between the parts of a large file others may write; they try more often than that. */
const BREATH_MS = 5;

/**
 * The state store in one SQLite file. Every operation is one transaction, synced to disk before its promise resolves:
 * a `kill -9` or a power cut takes nothing back that was answered. The server and the command line open the same file
 * at once; readers never wait for the writer (WAL).
 *
 * Calls run on the event loop: a worker would cost a message each way, and these are single rows by key.
 * @param file created with mode 0600 when missing, its folder too; or `:memory:`
 * @param checkpointPages who commits once the log has so many pages moves them into the database: fewer for a connection
 *   that may take its time, so that it does this for the others too
 * @throws startup.directory · state.newer-version · state.damaged
 */
export function openSqliteStore(file: string, checkpointPages = CHECKPOINT_PAGES): StateStore {
  const db = openDatabase(file);
  db.pragma(`wal_autocheckpoint = ${checkpointPages}`);
  try {
    return assemble(db, file);
  } catch (cause) {
    db.close();
    throw damaged(file, 'its tables are not those of its version', cause);
  }
}

function assemble(db: Database.Database, file: string): StateStore {
  const reads = new Turns();
  const writes = new Turns();
  const files = new TrustFiles(db);
  const trust = new TrustReader(db, files);
  const advancer = new TrustAdvancer(db, trust, files);
  const clock = new HighestClock(db);
  const closure = new Closure(db);
  const decisions = new DecisionTable(db);
  const withdrawals = new WithdrawalTable(db);
  const touch = db.prepare('UPDATE clock SET highest = highest WHERE id = 1');

  /** What it throws becomes the rejection, with a code. */
  async function attempt<T>(doing: string, run: () => T, turns = writes): Promise<T> {
    try {
      return await turns.take(run);
    } catch (cause) {
      throw stateFault(file, doing, cause);
    }
  }

  /** Never behind a write that waits for the lock: reading needs none. */
  const read = <T>(doing: string, run: () => T): Promise<T> => attempt(doing, run, reads);

  void attempt('sweeping metadata', () => files.sweepAll()).catch(() => undefined);

  async function advanceTrust(...[collection, from, step, at]: Parameters<StateStore['advanceTrust']>) {
    for (const part of await attempt('weighing metadata', () => advancer.staging(step))) {
      await attempt('storing metadata', part);
      await setTimeout(BREATH_MS);
    }
    const { answer, sweep } = await attempt('advancing trust', () => advancer.advance(collection, from, step, at));
    await sweepFiles(sweep);
    return answer;
  }

  /** What cannot be swept now is swept at the next start; what it was part of has been done. */
  async function sweepFiles(hashes: readonly string[]): Promise<void> {
    const sweep = async (sha256: string): Promise<void> => {
      while (await attempt('deleting metadata', () => files.sweep(sha256))) await setTimeout(BREATH_MS);
    };
    await Promise.all(hashes.map(sweep)).catch(() => undefined);
  }

  async function prune(before: number, maxBytes: number): Promise<void> {
    while (await attempt('pruning the decision log', () => decisions.prunePortion(before, maxBytes)))
      await setImmediate();
    await attempt('giving back free pages', () => db.pragma('incremental_vacuum(1000)'));
  }

  return {
    loadTrust: (collection) => read('loading trust', () => trust.load(collection)),
    trustBytes: (collection) => read('weighing trust', () => trust.bytes(collection)),
    advanceTrust,
    async forgetTrust(collection) {
      const sweep = await attempt('forgetting trust', () => {
        withdrawals.touch();
        return advancer.forget(collection);
      });
      await sweepFiles(sweep ?? []);
      return sweep !== undefined;
    },
    listTrust: () => read('listing trust', () => trust.list()),
    endedTags: (collection, digests) => read('reading ended tags', () => trust.endedTags(collection, digests)),
    removals: (collection, tags) => read('reading removals', () => trust.removals(collection, tags)),
    raiseClock: (now) => attempt('raising the clock', () => clock.raise(now)),
    highestClock: () => read('reading the clock', () => clock.highest()),
    lowerClock: (to) => attempt('lowering the clock', () => clock.lower(to)),
    withdraw: (withdrawal) => attempt('storing a withdrawal', () => withdrawals.withdraw(withdrawal)),
    withdrawals: (repository, digests) => read('reading withdrawals', () => withdrawals.of(repository, digests)),
    liftWithdrawal: (withdrawal) => attempt('lifting a withdrawal', () => withdrawals.lift(withdrawal)),
    withdrawalsMoved: () => withdrawals.moved(),
    pendingWithdrawals: (most) => read('reading withdrawals', () => withdrawals.pending(most)),
    carriedOut: (withdrawal) => attempt('marking a withdrawal', () => withdrawals.carriedOut(withdrawal)),
    recordManifest: (parent, children) => attempt('recording a manifest', () => closure.record(parent, children)),
    ancestors: (digest, depth, except) => read('reading the closure', () => closure.ancestors(digest, depth, except)),
    descendants: (digest, depth) => read('reading the closure', () => closure.descendants(digest, depth)),
    manifestsBelow: (digest, most) => read('reading the closure', () => closure.manifestsBelow(digest, most)),
    giveOut: (given) => attempt('recording what was given out', () => closure.giveOut(given)),
    givenOut: (repository, digests) => read('reading what was given out', () => closure.givenOut(repository, digests)),
    givenOutAnywhere: (digests) => read('reading what was given out', () => closure.givenOutAnywhere(digests)),
    tagsAbove: (digest, depth, which, most) =>
      read('reading what was given out', () => closure.tagsAbove(digest, depth, which, most)),
    lastGivenOut: (repository, tag) => read('reading what was given out', () => closure.lastGivenOut(repository, tag)),
    givenOutAfter: (after, most) => read('reading what was given out', () => closure.givenOutAfter(after, most)),
    appendDecisions: (batch) => attempt('storing decisions', () => decisions.append(batch)),
    decisions: (filter) => read('reading decisions', () => decisions.select(filter)),
    pruneDecisions: prune,
    check: () => attempt('a test write', () => void touch.run()),
    close: () =>
      attempt('closing', () => {
        if (!db.open) return;
        clock.keep();
        db.close();
      }),
  };
}
