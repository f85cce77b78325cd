import { codeOf, isReason, TufgateError } from '../errors.ts';
import { type Captured, captureCollection, type CaptureOptions, type CaptureTask } from './capture-collection.ts';
import { isDown } from './down.ts';
import type { Pace } from './pace.ts';
import type { StoredCapture } from './stored-capture.ts';

export type CaptureResult =
  | { readonly kind: 'captured'; readonly gun: string; readonly captured: Captured }
  /** It is in the archive already, whole and unchanged. */
  | { readonly kind: 'present'; readonly gun: string; readonly stored: StoredCapture }
  | { readonly kind: 'not-found'; readonly gun: string }
  | { readonly kind: 'failed'; readonly gun: string; readonly error: TufgateError }
  /** The server went down before. */
  | { readonly kind: 'not-tried'; readonly gun: string };

export interface RunOptions extends CaptureOptions {
  readonly pace: Pace;
  /** Captures anew what is there. */
  readonly again: boolean;
}

/** One run over many collections of one server. Each is captured or not by itself; an outage ends the run for all. */
export class CaptureRun {
  private readonly options: RunOptions;
  private outage: TufgateError | undefined;

  constructor(options: RunOptions) {
    this.options = options;
  }

  /** Why the run was stopped early. */
  get stoppedBy(): TufgateError | undefined {
    return this.outage;
  }

  /** @throws faults of the machine only: a disk that is full */
  async capture(task: CaptureTask): Promise<CaptureResult> {
    const { gun } = task;
    const stored = await this.options.archive.find(gun);
    if (stored !== undefined && !this.options.again) return { kind: 'present', gun, stored };
    if (this.outage === undefined) await this.options.pace.collection();
    if (this.outage !== undefined) return { kind: 'not-tried', gun };
    try {
      const captured = await captureCollection(task, { ...this.options, before: stored });
      return captured === undefined ? { kind: 'not-found', gun } : { kind: 'captured', gun, captured };
    } catch (error) {
      if (!(error instanceof TufgateError) || !isReason(codeOf(error))) throw error;
      if (isDown(error)) this.outage ??= error;
      return { kind: 'failed', gun, error };
    }
  }
}
