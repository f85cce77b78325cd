import { describe, it } from 'vitest';
import { messageOf } from '../../../src/errors.ts';
import { PythonTuf } from './python-tuf.ts';

/**
 * `describe` that needs python-tuf. Where it cannot be had (no python3, no venv, no index): a failure in CI (`CI=true`), and elsewhere a
 * skip that says why. It is got before the tests are listed, for only then can they be skipped.
 */
export async function pythonStories(title: string, body: (open: () => Promise<PythonTuf>) => void): Promise<void> {
  try {
    const python = await PythonTuf.open();
    describe(title, () => body(() => Promise.resolve(python)));
  } catch (error) {
    const why = messageOf(error).slice(0, 2_000);
    if (process.env['CI'] === undefined)
      describe.skip(`${title} [skipped: ${why}]`, () => body(() => Promise.reject(new Error(why))));
    else
      describe(title, () => {
        it('has what it needs', () => {
          throw new Error(why);
        });
      });
  }
}
