import type { Keyboard } from '../approvals/keys/keyboard.ts';
import type { Config } from '../config/config.ts';
import type { Output } from './output.ts';

/** What every command gets: the configuration, loaded when it is asked for, and where to listen and speak. */
export interface CommandContext {
  /** The configuration file, as it was named. */
  readonly file: string;
  /** @throws config.invalid */
  readonly config: () => Config;
  /** The configuration as it is written, and what another text in its place would mean. @throws config.invalid */
  readonly text: () => string;
  readonly parse: (text: string) => Config;
  readonly out: Output;
  readonly stdin: Input;
}

/** What the operator types or pipes in. */
export type Input = Keyboard;
