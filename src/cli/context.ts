import type { Config } from '../config/config.ts';
import type { Output } from './output.ts';

/** What every command gets: the configuration, loaded when it is asked for, and where to speak. */
export interface CommandContext {
  /** @throws config.invalid */
  readonly config: () => Config;
  readonly out: Output;
}
