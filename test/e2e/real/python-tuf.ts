import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { whereIs } from './needs.ts';
import { must, run } from './run.ts';

/** The reference implementation, and what it takes for ECDSA. */
const PACKAGES = ['tuf>=6,<8', 'securesystemslib[crypto]>=1.3,<2'];
const NEEDED = 'import cryptography, securesystemslib.signer, tuf.ngclient';
const SCRIPTS = fileURLToPath(new URL('.', import.meta.url));

/** python-tuf: where it is installed as it is, else in a virtual environment that is made for this run and removed with it. */
export class PythonTuf {
  private readonly python: string;
  private readonly made: string | undefined;

  private constructor(python: string, made?: string) {
    this.python = python;
    this.made = made;
  }

  /** @throws when there is no python3, no venv, or pip does not reach its index */
  static async open(): Promise<PythonTuf> {
    const python = whereIs('python3');
    if (python === undefined) throw new Error('apt-get install -y --no-install-recommends python3 python3-venv');
    if ((await run(python, ['-c', NEEDED])).code === 0) return new PythonTuf(python);
    const folder = mkdtempSync(join(tmpdir(), 'tge-python-'));
    const remove = (): void => rmSync(folder, { recursive: true, force: true });
    process.once('exit', remove);
    try {
      await must(python, ['-m', 'venv', folder]);
      const own = join(folder, 'bin', 'python');
      const quiet = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
      await must(own, [...quiet, ...PACKAGES], { timeout: 170_000 });
      await must(own, ['-c', NEEDED]);
      return new PythonTuf(own, folder);
    } catch (error) {
      remove();
      throw error;
    }
  }

  /** The JSON that a script beside this file prints. */
  async script(name: string, ...args: readonly string[]): Promise<string> {
    return await must(this.python, [join(SCRIPTS, name), ...args]);
  }

  close(): void {
    if (this.made !== undefined) rmSync(this.made, { recursive: true, force: true });
  }
}
