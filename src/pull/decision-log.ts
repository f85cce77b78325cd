import { codeOf, messageOf, TufgateError } from '../errors.ts';
import type { Decision } from '../policy/decision.ts';
import { decisionKey, storedBytes, writeDecision } from '../state/decision-key.ts';
import type { CountedDecision, DecisionStore } from '../state/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { decisionFacts } from './decision-facts.ts';
import { ToldAllows } from './told-allows.ts';

/** Runs `task` once after `ms`; the answer cancels it. */
export type Schedule = (task: () => void, ms: number) => () => void;

export interface DecisionLogOptions {
  readonly store: Pick<DecisionStore, 'appendDecisions' | 'pruneDecisions'>;
  readonly log: Logger;
  /** `refuse`: a pull whose decision cannot be stored is refused. */
  readonly onFailure: 'serve' | 'refuse';
  readonly keepMs: number;
  readonly maxBytes: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly schedule?: Schedule;
  /** For the metrics. */
  readonly onLost?: (decisions: number) => void;
  readonly onFailed?: () => void;
}

const MAX_QUEUED = 10_000;
const BATCH = 500;
const DELAY_MS = { allow: 200, deny: 10, durable: 2 } as const;
const RETRY_MS = { first: 1_000, last: 30_000 } as const;
const PRUNE_MS = 3_600_000;
/** Sooner, when so much of the allowed size was written since; but not more often than this. */
const OVER = 0.1;
const PRUNE_AGAIN_MS = 5_000;

/** Equal decisions, the newest as it is. */
interface Entry {
  decision: Decision;
  count: number;
  firstAt: number;
  at: number;
  readonly waiting: { resolve: () => void; reject: (error: TufgateError) => void }[];
}
type Queue = Map<string, Entry>;

/**
 * The decision log: at once to the structured log, where equal allows that follow fast are one line with a count, in batches to
 * the database.
 *
 * Guarantee: memory stays bounded whatever clients ask and however long the database fails. Equal decisions fold into
 * counts, whatever the client calls itself; a client that floods the queue with distinct names loses allows first, the oldest before the newer, counted;
 * denials go only when nothing else is left. So does the database: it is pruned hourly, and within seconds when a flood
 * may have taken it a tenth over its size. With `refuse` nothing is promised before it is on the disk.
 */
export class DecisionLog {
  readonly #options: DecisionLogOptions;
  readonly #schedule: Schedule;
  readonly #allows: ToldAllows;
  #denied: Queue = new Map();
  #allowed: Queue = new Map();
  #timer: { due: number; cancel: () => void } | undefined;
  #writing: Promise<void> = Promise.resolve();
  #retryMs = 0;
  #closed = false;
  #cancelPruning: () => void = () => undefined;
  #pruned = 0;
  /** Bytes since then, about: what folds into a row is counted again, which only prunes sooner. */
  #written = 0;
  #hurried = false;
  /** Decisions that never reached the database. */
  lost = 0;
  /** Failed writes. */
  failures = 0;

  /** Prunes at once, and then hourly, or when too much was written. */
  constructor(options: DecisionLogOptions) {
    this.#options = options;
    this.#schedule = options.schedule ?? later;
    this.#allows = new ToldAllows({ tell: (decision, count) => this.#tell(decision, count), schedule: this.#schedule });
    this.#prune();
  }

  get queued(): number {
    return this.#denied.size + this.#allowed.size;
  }

  /**
   * With `serve` it never fails. With `refuse` it resolves when the row is durable.
   * @throws state.failed with `refuse`: the caller must refuse the pull
   */
  record(decision: Decision): Promise<void> {
    const key = decisionKey(decision);
    // What would have been denied is evidence, and has its own line each time, as denials have.
    if (isAllow(decision) && !decision.wouldDeny) this.#allows.note(key, decision);
    else this.#tell(decision, 1);
    if (this.#closed) return this.#tooLate();
    const entry = this.#enqueue(key, { decision, count: 1, firstAt: decision.at, at: decision.at, waiting: [] });
    if (this.#options.onFailure === 'serve') this.#makeRoom();
    if (this.#options.onFailure === 'serve') {
      this.#flushIn(this.#retryMs || (this.queued >= BATCH ? 0 : DELAY_MS[decision.verdict]));
      return Promise.resolve();
    }
    const durable = new Promise<void>((resolve, reject) => entry.waiting.push({ resolve, reject }));
    this.#makeRoom();
    this.#flushIn(DELAY_MS.durable);
    return durable;
  }

  /** Resolves when all that is queued now was written, or failed to be. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#writeAll());
    return this.#writing;
  }

  /** Writes the rest; what still cannot be written is lost, and counted. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelPruning();
    this.#allows.close();
    await this.flush();
    this.#timer?.cancel();
    for (const queue of [this.#denied, this.#allowed]) for (const key of queue.keys()) this.#lose(queue, key);
  }

  #tell(decision: Decision, count: number): void {
    const words = `${decision.event}: ${decision.verdict} ${decision.repository}`;
    const facts = decisionFacts(decision);
    const { log } = this.#options;
    if (!isAllow(decision)) log.warn({ decision: facts }, words);
    else if (count === 1) log.info({ decision: facts }, words);
    else log.info({ decision: { ...facts, count } }, `${words} (${count} times)`);
  }

  #tooLate(): Promise<void> {
    this.#countLost(1);
    return this.#options.onFailure === 'serve' ? Promise.resolve() : Promise.reject(notStored('the log is closed'));
  }

  /** To its equals, or to the end of the queue: which of the old ones is lost first matters less than a queue that is easy to follow. */
  #enqueue(key: string, entry: Entry): Entry {
    const queue = isAllow(entry.decision) ? this.#allowed : this.#denied;
    const known = queue.get(key);
    if (known === undefined) queue.set(key, entry);
    else fold(known, entry);
    return known ?? entry;
  }

  #makeRoom(): void {
    while (this.queued > MAX_QUEUED) {
      const queue = this.#allowed.size > 0 ? this.#allowed : this.#denied;
      for (const oldest of queue.keys()) {
        this.#lose(queue, oldest);
        break;
      }
    }
  }

  #lose(queue: Queue, key: string): void {
    const entry = queue.get(key);
    queue.delete(key);
    if (entry === undefined) return;
    this.#countLost(entry.count);
    for (const { reject } of entry.waiting) reject(notStored('too many decisions wait for the database'));
  }

  #countLost(decisions: number): void {
    this.lost += decisions;
    this.#options.onLost?.(decisions);
  }

  #flushIn(ms: number): void {
    const due = this.#options.now() + ms;
    if (this.#timer !== undefined && this.#timer.due <= due) return;
    this.#timer?.cancel();
    this.#timer = { due, cancel: this.#schedule(() => void this.flush(), ms) };
  }

  async #writeAll(): Promise<void> {
    for (let left = this.queued; left > 0; left -= BATCH) {
      if (!(await this.#writeBatch())) return;
    }
  }

  async #writeBatch(): Promise<boolean> {
    const batch = [...take(this.#denied, BATCH)];
    batch.push(...take(this.#allowed, BATCH - batch.length));
    if (batch.length === 0) return true;
    try {
      const decisions = batch.map(({ decision, count, firstAt, at }) => ({ ...decision, count, firstAt, at }));
      await this.#options.store.appendDecisions(decisions);
      this.#retryMs = 0;
      this.#countWritten(decisions);
      for (const { waiting } of batch) for (const { resolve } of waiting) resolve();
      return true;
    } catch (error) {
      this.#failed(batch, error);
      return false;
    }
  }

  #failed(batch: readonly Entry[], error: unknown): void {
    this.failures++;
    this.#options.onFailed?.();
    this.#options.log.error({ err: error, decisions: batch.length, lost: this.lost }, 'decisions could not be stored');
    for (const entry of batch) {
      const refusedNow = entry.waiting.splice(0);
      for (const { reject } of refusedNow) reject(notStored(messageOf(error), error));
      // A pull that is refused for want of its record must not be recorded as allowed later.
      if (refusedNow.length === 0 || entry.decision.verdict === 'deny') this.#putBack(entry);
      else this.#countLost(entry.count);
    }
    this.#retryMs = Math.min(RETRY_MS.last, this.#retryMs === 0 ? RETRY_MS.first : this.#retryMs * 2);
    if (!this.#closed && this.queued > 0) this.#flushIn(this.#retryMs);
  }

  #putBack(entry: Entry): void {
    this.#enqueue(decisionKey(entry.decision), entry);
    this.#makeRoom();
  }

  #countWritten(batch: readonly CountedDecision[]): void {
    for (const decision of batch) this.#written += storedBytes(writeDecision(decision));
    const { maxBytes, now } = this.#options;
    if (this.#closed || this.#hurried || this.#written <= maxBytes * OVER) return;
    this.#hurried = true;
    this.#cancelPruning();
    const wait = Math.max(0, this.#pruned + PRUNE_AGAIN_MS - now());
    this.#cancelPruning = this.#schedule(() => this.#prune(), wait);
  }

  #prune(): void {
    const { store, now, keepMs, maxBytes, log } = this.#options;
    this.#pruned = now();
    this.#written = 0;
    this.#hurried = false;
    store.pruneDecisions(now() - keepMs, maxBytes).catch((error: unknown) => {
      log.warn({ err: error, code: codeOf(error) }, 'the decision log could not be pruned');
    });
    this.#cancelPruning = this.#schedule(() => this.#prune(), PRUNE_MS);
  }
}

/** What can be told once for many, and is lost first. */
function isAllow({ event, verdict }: Decision): boolean {
  return event === 'pull' && verdict === 'allow';
}

/** The newer one's own facts stay. */
function fold(known: Entry, other: Entry): void {
  if (other.at >= known.at) known.decision = other.decision;
  known.count += other.count;
  known.firstAt = Math.min(known.firstAt, other.firstAt);
  known.at = Math.max(known.at, other.at);
  known.waiting.push(...other.waiting);
}

function* take(queue: Queue, most: number): Generator<Entry> {
  for (const [key, entry] of queue) {
    if (most-- <= 0) return;
    queue.delete(key);
    yield entry;
  }
}

function notStored(why: string, cause?: unknown): TufgateError {
  return new TufgateError(
    'state.failed',
    `the decision could not be recorded (${why}), and \`decisions.on_failure: refuse\` serves nothing unrecorded`,
    { cause },
  );
}

function later(task: () => void, ms: number): () => void {
  const timer = setTimeout(task, ms);
  timer.unref();
  return () => clearTimeout(timer);
}
