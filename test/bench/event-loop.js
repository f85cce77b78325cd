import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

const TICK_MS = 2;

/**
 * The largest delays of the event loop since the last `reset`, milliseconds. `own` is the largest that was not spent
 * waiting for a CPU: on a machine that others use too, that one is of our own making.
 */
export function watchEventLoop() {
  const histogram = monitorEventLoopDelay({ resolution: TICK_MS });
  let last = { at: performance.now(), waited: waitedForCpu() };
  let own = 0;
  histogram.enable();
  setInterval(() => {
    const now = { at: performance.now(), waited: waitedForCpu() };
    own = Math.max(own, now.at - last.at - TICK_MS - (now.waited - last.waited));
    last = now;
  }, TICK_MS).unref();
  return {
    reset() {
      histogram.reset();
      own = 0;
    },
    report: () => ({ max: histogram.max / 1e6, p99: histogram.percentile(99) / 1e6, own }),
  };
}

/** Of the main thread, milliseconds; Linux only. */
function waitedForCpu() {
  return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1e6;
}
