import { describe, expect, test, vi } from 'vitest';
import { codeOf, messageOf } from '../errors.ts';
import { later, pause, type Schedule, within } from './patience.ts';

/** A clock that a test winds by hand. */
function timer() {
  const tasks = new Map<() => void, number>();
  const schedule: Schedule = (task, ms) => {
    tasks.set(task, ms);
    return () => tasks.delete(task);
  };
  return { tasks, schedule, ring: () => tasks.forEach((_, task) => task()) };
}

const unfinished = Symbol('unfinished');
const soon = (promise: Promise<unknown>): Promise<unknown> =>
  Promise.race([promise, new Promise((resolve) => setImmediate(resolve, unfinished))]);

describe('work with a deadline', () => {
  test('is cut off with trust.unreachable as the reason', async () => {
    const { tasks, schedule, ring } = timer();
    const late = within(schedule, 1_500, 'the update of app', (signal) => {
      const cut = new Promise<never>((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
      return cut;
    });
    expect([...tasks.values()]).toEqual([1_500]);
    ring();
    const error: unknown = await late.catch((cause: unknown) => cause);
    expect(codeOf(error)).toBe('trust.unreachable');
    expect(messageOf(error)).toBe('the update of app did not end within 1.5 seconds');
    expect(tasks.size).toBe(0);
  });

  test('gives its result, or its own error, and leaves no timer', async () => {
    const { tasks, schedule } = timer();
    expect(await within(schedule, 1, 'it', (signal) => Promise.resolve(signal.aborted))).toBe(false);
    await expect(within(schedule, 1, 'it', () => Promise.reject(new RangeError('own')))).rejects.toThrow(RangeError);
    expect(tasks.size).toBe(0);
  });
});

describe('a pause', () => {
  test('is over when its time is', async () => {
    const { tasks, schedule, ring } = timer();
    const { over } = pause(schedule, 20);
    expect([...tasks.values()]).toEqual([20]);
    expect(await soon(over)).toBe(unfinished);
    ring();
    expect(await soon(over)).toBeUndefined();
  });

  test('is over when it is cancelled, and rings no more', async () => {
    const { tasks, schedule } = timer();
    const { over, cancel } = pause(schedule, 20);
    cancel();
    expect(await soon(over)).toBeUndefined();
    expect(tasks.size).toBe(0);
  });
});

describe('the real clock', () => {
  test('runs a task once, unless it is cancelled, and keeps no process alive', () => {
    vi.useFakeTimers();
    try {
      let ran = 0;
      later(() => (ran += 1), 10);
      later(() => (ran += 10), 10)();
      vi.advanceTimersByTime(9);
      expect(ran).toBe(0);
      vi.advanceTimersByTime(100);
      expect(ran).toBe(1);
    } finally {
      vi.useRealTimers();
    }
    const unref = vi.spyOn(globalThis, 'setTimeout');
    later(() => undefined, 60_000)();
    expect((unref.mock.results[0]?.value as NodeJS.Timeout).hasRef()).toBe(false);
    unref.mockRestore();
  });
});
