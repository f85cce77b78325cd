import { performance } from 'node:perf_hooks';
import { Pool } from 'undici';

export interface LoadReport {
  readonly answers: number;
  readonly refused: number;
  /** Milliseconds, from the instant a request was due, so that a stall counts for all that had to wait behind it. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface SteadyLoad {
  /** What was answered up to now does not count: both sides were not warm yet. */
  reset(): void;
  stop(): Promise<LoadReport>;
}

/** Asks for these paths in turn, so many times a second, until it is stopped. */
export function steadyLoad(url: string, paths: readonly string[], perSecond: number): SteadyLoad {
  const pool = new Pool(url, { connections: 32 });
  const took: number[] = [];
  const open = new Set<Promise<void>>();
  const begun = performance.now();
  let refused = 0;
  let sent = 0;
  const ask = async (path: string, due: number): Promise<void> => {
    const { statusCode, body } = await pool.request({ path, method: 'GET' });
    await body.dump();
    took.push(performance.now() - due);
    if (statusCode !== 200) refused++;
  };
  const timer = setInterval(() => {
    for (; sent < ((performance.now() - begun) / 1_000) * perSecond; sent++) {
      const answer = ask(paths[sent % paths.length] ?? '', begun + (sent / perSecond) * 1_000);
      open.add(answer);
      void answer.finally(() => open.delete(answer));
    }
  }, 1);
  return {
    reset() {
      took.length = 0;
      refused = 0;
    },
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      await pool.close();
      const sorted = took.toSorted((a, b) => a - b);
      const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
      return { answers: sorted.length, refused, p50: at(0.5), p99: at(0.99), max: at(1) };
    },
  };
}
