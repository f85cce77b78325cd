import { backOffMs, type BackOff } from '../back-off.ts';
import { Wait } from './wait.ts';

interface Failing {
  probes: number;
  held: Wait | undefined;
}

/** So many at once are an outage, whoever asked. Names come from clients, so they are bounded. */
const MOST = 64;

/**
 * The repositories that a registry answered with 5xx since it last answered well. One alone says nothing of the others:
 * anybody finds a repository that is broken, or a name that a registry stumbles over, and polls it.
 */
export class FailingRepositories {
  readonly #known = new Map<string, Failing>();

  /** @returns whether this one was not known as failing before; always, once there is no room to know it */
  add(scope: string): boolean {
    if (this.#known.has(scope)) return false;
    if (this.#known.size < MOST) this.#known.set(scope, { probes: 0, held: undefined });
    return true;
  }

  /** More than one fails: it may well be the registry. */
  get several(): boolean {
    return this.#known.size > 1;
  }

  /** It was a probe and failed: others first. Doubles each time, so that a registry that is down is left in peace by all. */
  hold(scope: string, pause: BackOff, now: number, random: () => number): void {
    const failing = this.#known.get(scope);
    if (failing === undefined) return;
    failing.probes += 1;
    failing.held = new Wait(backOffMs(failing.probes, pause, random), now);
  }

  /** @returns milliseconds until it may be a probe again */
  left(scope: string, now: number): number {
    return this.#known.get(scope)?.held?.left(now) ?? 0;
  }

  clear(): void {
    this.#known.clear();
  }
}
