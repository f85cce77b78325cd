import { TufgateError } from '../errors.ts';

/** Runs `task` once after `ms`; the answer cancels it. */
export type Schedule = (task: () => void, ms: number) => () => void;

/** With the real clock; never keeps the process alive. */
export function later(task: () => void, ms: number): () => void {
  const timer = setTimeout(task, ms);
  timer.unref();
  return () => clearTimeout(timer);
}

/** Resolves after `ms`, or when it is cancelled. */
export function pause(schedule: Schedule, ms: number): { readonly over: Promise<void>; readonly cancel: () => void } {
  let end: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (end = resolve));
  const stop = schedule(end, ms);
  const cancel = (): void => {
    stop();
    end();
  };
  return { over, cancel };
}

/** One deadline for many steps. The signal's reason is `trust.unreachable`. */
export async function within<T>(
  schedule: Schedule,
  ms: number,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const late = (): void =>
    controller.abort(new TufgateError('trust.unreachable', `${what} did not end within ${ms / 1000} seconds`));
  const cancel = schedule(late, ms);
  try {
    return await work(controller.signal);
  } finally {
    cancel();
  }
}
