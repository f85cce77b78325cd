import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.ts';

/**
 * A temporary folder and everything started in it, closed in reverse order. The name is short: Unix sockets live
 * below it, and their paths end at 107 bytes. Mounts that a dead container left below it are detached before removal.
 */
export class Workspace {
  readonly path = mkdtempSync(join(tmpdir(), 'tge-'));
  private readonly closers: (() => Promise<unknown>)[] = [];

  /** Absolute path below the workspace. */
  at(...names: string[]): string {
    return join(this.path, ...names);
  }

  folder(...names: string[]): string {
    mkdirSync(this.at(...names), { recursive: true });
    return this.at(...names);
  }

  /** Environment for programs: nothing of the user's own settings. */
  env(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
    return { PATH: path, HOME: this.folder('home'), TMPDIR: this.folder('tmp'), ...extra };
  }

  onClose(closer: () => Promise<unknown>): void {
    this.closers.push(closer);
  }

  async close(): Promise<void> {
    for (const closer of this.closers.splice(0).reverse()) await closer().catch(() => undefined);
    for (const mount of this.mounts()) await run('umount', ['-l', mount]);
    rmSync(this.path, { recursive: true, force: true });
  }

  private mounts(): string[] {
    const points = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '');
    return points.filter((point) => point.startsWith(this.path + '/')).reverse();
  }
}
