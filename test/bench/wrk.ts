import { execFile } from 'node:child_process';

/** What `wrk --latency` measured: requests a second, milliseconds, and the answers that were no success. */
export interface WrkReport {
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly requests: number;
  /** Other statuses than 2xx and 3xx. */
  readonly refused: number;
  /** Connections that failed, reads, writes and time-outs. */
  readonly socketErrors: number;
}

export interface WrkOptions {
  readonly connections: number;
  readonly seconds: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * GET, again and again. One thread: the other core is the server's. (HEAD wrk cannot measure: it waits for a body; see `heads.ts`.)
 * @throws where wrk is missing, with what to install
 */
export async function wrk(url: string, { connections, seconds, headers = {} }: WrkOptions): Promise<WrkReport> {
  const sent = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  return readWrk(await run(['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...sent, url]));
}

function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('wrk', args, (error, stdout) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT') reject(new Error('wrk is not installed: apt-get install wrk'));
      else reject(new Error(`wrk ended with ${error.message}`, { cause: error }));
    });
  });
}

/** @throws for anything but what wrk 4 prints */
export function readWrk(text: string): WrkReport {
  const number = (pattern: RegExp): number | undefined => {
    const found = pattern.exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const requestsPerSecond = number(/^Requests\/sec:\s+([\d.]+)/m);
  const requests = number(/^\s+(\d+) requests in /m);
  if (requestsPerSecond === undefined || requests === undefined) throw new Error(`not what wrk prints: ${text}`);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? [];
  return {
    requestsPerSecond,
    requests,
    p50: timeOf(/^\s+50%\s+(\S+)/m.exec(text)?.[1]),
    p99: timeOf(/^\s+99%\s+(\S+)/m.exec(text)?.[1]),
    max: timeOf(/^\s+Latency\s+\S+\s+\S+\s+(\S+)/m.exec(text)?.[1]),
    refused: number(/Non-2xx or 3xx responses: (\d+)/) ?? 0,
    socketErrors: errors.reduce((sum, each) => sum + Number(each), 0),
  };
}

const UNITS = new Map([
  ['us', 0.001],
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
]);

/** `1.25ms` in milliseconds. */
function timeOf(text = ''): number {
  const [, value, unit = ''] = /^([\d.]+)(us|ms|s|m)$/.exec(text) ?? [];
  const factor = UNITS.get(unit);
  if (value === undefined || factor === undefined) throw new Error(`not a time that wrk prints: ${text}`);
  return Number(value) * factor;
}
