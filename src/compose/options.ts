import type { Logger } from '../telemetry/logger.ts';
import type { Schedule } from '../trust/patience.ts';

export interface ComposeOptions {
  readonly log?: Logger;
  /** Epoch milliseconds; the system's clock unless a test brings its own. */
  readonly clock?: () => number;
  /** Milliseconds of a clock that never jumps; the process's own unless a test brings its own. */
  readonly elapsed?: () => number;
  /** Where keys and passphrases may be; the process's own unless a test brings its own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Timers of what goes on in the background; the real ones unless a test brings its own. */
  readonly schedule?: Schedule;
  /** The file that the thread of large collections runs; the built one unless a test brings its own. */
  readonly trustWorker?: URL;
  /** The file that the thread which hashes blobs runs; the built one unless a test brings its own. */
  readonly hashWorker?: URL;
  /** Timers of the scrubber; the real ones unless a test brings its own. */
  readonly scrubSchedule?: Schedule;
}
