import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 50;

/**
 * Polls until `probe` gives something other than undefined or false.
 * @param what named in the message when it does not come
 * @param withinMs deadline, milliseconds
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  withinMs = 20_000,
): Promise<Exclude<T, undefined | false>> {
  const deadline = Date.now() + withinMs;
  let last: unknown;
  while (Date.now() < deadline) {
    const found = await Promise.resolve()
      .then(probe)
      .catch((error: unknown) => void (last = error));
    if (found !== undefined && found !== false) return found as Exclude<T, undefined | false>;
    await pause(POLL_MS);
  }
  throw new Error(`${what} did not come within ${withinMs} ms`, { cause: last });
}
