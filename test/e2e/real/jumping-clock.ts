import { renameSync, writeFileSync } from 'node:fs';
import { must } from './run.ts';
import type { Workspace } from './workspace.ts';

/** The wall clock of a program of ours, which can be set while it runs; its timers stay right, as on a real machine. */
export class JumpingClock {
  readonly env: Readonly<Record<string, string>>;
  private readonly file: string;

  private constructor(file: string, library: string) {
    this.file = file;
    // The file is read once a second: at each question for the time it would be the gate's main work.
    const rules = { FAKETIME_TIMESTAMP_FILE: file, FAKETIME_CACHE_DURATION: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
    this.env = { LD_PRELOAD: library, ...rules };
    this.set(0);
  }

  static async make(space: Workspace): Promise<JumpingClock> {
    const printed = await must('faketime', ['-f', '+0', 'env']);
    return new JumpingClock(space.at('clock'), /^LD_PRELOAD=(.*)$/m.exec(printed)?.[1] ?? '');
  }

  /** @param days ahead of the machine; seen within two seconds */
  set(days: number): void {
    writeFileSync(`${this.file}.new`, `+${days}d\n`);
    renameSync(`${this.file}.new`, this.file);
  }
}
