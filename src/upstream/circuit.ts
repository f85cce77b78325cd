import { backOffMs } from '../back-off.ts';
import { FailingRepositories } from './failing.ts';
import { Wait } from './wait.ts';

/** `closed`: asked as always · `open`: left alone · `half-open`: one question is under way that will tell. */
export type CircuitState = 'closed' | 'open' | 'half-open';

export interface CircuitOptions {
  /** Epoch milliseconds; may jump. */
  readonly clock: () => number;
  /** 0 to below 1. */
  readonly random: () => number;
  /** Told of each change. */
  readonly onState?: (state: CircuitState) => void;
}

/** One question that was let through. Exactly one of these is called when it is over; what comes after that is ignored. */
export interface Attempt {
  /** The peer answered, whatever it said. */
  succeeded(): void;
  /** It could not be reached. @param why for people */
  failed(why: string): void;
  /** It answered for this repository, but only that it cannot (5xx). @param why for people */
  broken(why: string): void;
  /** Nobody knows: the one who asked has left. */
  abandoned(): void;
}

export type Entrance = { readonly kind: 'go'; readonly attempt: Attempt } | Shut;

export interface Shut {
  readonly kind: 'shut';
  /** When the first question of those failed that opened it, epoch milliseconds. */
  readonly since: number;
  /** Until it may be asked again; above 0. */
  readonly retryMs: number;
  /** What the last question that counted failed of. */
  readonly why: string;
}

/** One after the other, with no answer in between. */
export const FAILURES = 5;
/** Short: whoever waits for a blob tries again within seconds, and a registry that restarts is back within a minute. */
export const PAUSE = { baseMs: 2_000, mostMs: 30_000 } as const;
/** A probe that has said nothing for so long no longer keeps the next one back: it may hang for a minute yet. */
export const PROBE_MS = 15_000;

/**
 * Whether a peer is worth a question. One that has failed again and again is left alone for a while: asking on holds
 * clients for their whole patience, and falls upon a server that tries to get up. After the pause one question goes
 * through, and its end decides: all go on, or the pause doubles.
 *
 * Not a verdict on anything but reachability: a refusal (401, 403, 404, 429) is an answer.
 *
 * A 5xx may be of one repository only. Whoever knows a broken one would otherwise poll it, open the circuit for every
 * repository of the registry, and keep it open by being the probe each time. So 5xx counts from the second repository on
 * that gives it with no good answer in between, and a probe decides nothing by a 5xx of a repository that is known to
 * fail, or that is the only one: others may probe at once, it waits. The price: while only one is in use, 5xx stops nobody.
 */
export class Circuit {
  readonly #options: CircuitOptions;
  #state: CircuitState = 'closed';
  readonly #failing = new FailingRepositories();
  #failures = 0;
  #openings = 0;
  #since = 0;
  #why = '';
  #pause: Wait | undefined;
  #probe: { readonly attempt: object; readonly time: Wait } | undefined;

  constructor(options: CircuitOptions) {
    this.#options = options;
  }

  /** Asks to be let through. @param scope what tells repositories apart */
  enter(scope: string): Entrance {
    const now = this.#options.clock();
    if (this.#pause === undefined) return { kind: 'go', attempt: this.#attempt(scope) };
    const wait = this.#probe?.time.left(now) ?? this.#pause.left(now);
    const retryMs = Math.max(wait, this.#failing.left(scope, now));
    if (retryMs > 0) return { kind: 'shut', since: this.#since, retryMs, why: this.#why };
    const attempt = this.#attempt(scope);
    this.#probe = { attempt, time: new Wait(PROBE_MS, now) };
    this.#become('half-open');
    return { kind: 'go', attempt };
  }

  #attempt(scope: string): Attempt {
    let over = false;
    const once = (end: () => void) => (): void => {
      if (!over) end();
      over = true;
    };
    const attempt: Attempt = {
      succeeded: once(() => this.#close()),
      failed: (why) => once(() => this.#failed(attempt, why))(),
      broken: (why) => once(() => this.#broken(attempt, scope, why))(),
      abandoned: once(() => this.#abandoned(attempt)),
    };
    return attempt;
  }

  #close(): void {
    this.#failing.clear();
    this.#failures = 0;
    this.#openings = 0;
    this.#pause = undefined;
    this.#probe = undefined;
    this.#become('closed');
  }

  /** Of an open circuit only the probe's failure counts: what was under way when it opened says nothing new. */
  #failed(attempt: object, why: string): void {
    if (this.#pause !== undefined && this.#probe?.attempt !== attempt) return;
    this.#why = why;
    if (this.#failures === 0) this.#since = this.#options.clock();
    this.#failures += 1;
    if (this.#failures >= FAILURES) this.#open();
  }

  #broken(attempt: object, scope: string, why: string): void {
    const { clock, random } = this.#options;
    const news = this.#failing.add(scope);
    const counts = this.#failing.several && (this.#pause === undefined || news);
    if (this.#pause !== undefined) this.#failing.hold(scope, PAUSE, clock(), random);
    if (counts) this.#failed(attempt, why);
    else this.#abandoned(attempt);
  }

  #open(): void {
    const { clock, random } = this.#options;
    this.#openings += 1;
    this.#pause = new Wait(backOffMs(this.#openings, PAUSE, random), clock());
    this.#probe = undefined;
    this.#become('open');
  }

  /** The next one takes its place at once. */
  #abandoned(attempt: object): void {
    if (this.#probe?.attempt !== attempt) return;
    this.#probe = undefined;
    this.#become('open');
  }

  #become(state: CircuitState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState?.(state);
  }
}
