import { createHash } from 'node:crypto';
import { type Profiler, Session } from 'node:inspector';
import { setFlagsFromString } from 'node:v8';
import type { Outcome } from './gate.ts';

/**
 * Which way through the engine a refusal took: where it was thrown and from where that was called, and every block of
 * the trust code that ran, or did not, since the last request. Two attacks that went the same way test the same check.
 *
 * Keys and signatures that do not count are passed over in silence, and the refusal comes later. For those `whole` has
 * the blocks of every file of the update, each for itself: the key was read with another one than it signed.
 */
export interface Way {
  readonly refusal: string;
  readonly whole: string;
}

export class Trace {
  private readonly session = new Session();
  private segments: string[] = [];
  private requests = 0;

  /** Before the engine runs: code that was compiled earlier has no blocks, and code that is optimised does not count. */
  start(): void {
    Error.stackTraceLimit = 60;
    for (const flag of ['--no-opt', '--no-sparkplug']) setFlagsFromString(flag);
    this.session.connect();
    this.session.post('Profiler.enable');
    this.session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  stop(): void {
    this.session.disconnect();
    for (const flag of ['--opt', '--sparkplug']) setFlagsFromString(flag);
  }

  begin(): void {
    this.blocks();
    this.segments = [];
    this.requests = 0;
  }

  onRequest(): void {
    this.segments.push(this.blocks());
    this.requests = this.segments.length;
  }

  /** After a failure all that is stored is read and verified again; that is no part of the refusal. */
  onLoad(): void {
    this.segments.push(this.blocks());
  }

  end({ reason, digest, message, error }: Outcome): Way {
    this.segments.push(this.blocks());
    const updateFailed = error !== undefined && this.requests > 0;
    const blocks = updateFailed ? this.segments[this.requests] : this.segments.at(-1);
    const place = error === undefined ? (message ?? '').replace(/[0-9a-f]{12,}|\d+/g, '#') : throwSite(error);
    const refusal = [reason, digest === undefined, place, blocks].join('\n');
    return { refusal, whole: [refusal, ...this.segments.slice(0, this.requests)].join('\n') };
  }

  /** What ran since the last call. */
  private blocks(): string {
    let scripts: readonly Profiler.ScriptCoverage[] = [];
    this.session.post('Profiler.takePreciseCoverage', (_, answer) => (scripts = answer.result));
    const ran: string[] = [];
    for (const { url, functions } of scripts.filter((script) => CHECKS.test(script.url))) {
      for (const { ranges } of functions.filter((each) => (each.ranges[0]?.count ?? 0) > 0)) {
        const idle = ranges.filter(({ count }) => count === 0).map((range) => [range.startOffset, range.endOffset]);
        ran.push(JSON.stringify([url, ranges[0]?.startOffset, idle]));
      }
    }
    return createHash('sha256').update(ran.sort().join('\n')).digest('hex');
  }
}

const CHECKS = /\/src\/(trust|json|upstream)\//;

/** The deepest cause first: the strict JSON reader throws its own errors, which are then given a code. */
function throwSite(error: Error): string {
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at .*\/src\//.test(line));
  const below = error.cause instanceof Error ? throwSite(error.cause) : '';
  return [below, ...frames].join('\n');
}
