import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Updater } from 'tuf-js';
import { DownloadHTTPError, DownloadLengthMismatchError } from 'tuf-js/dist/error.js';
import type { ServedFiles } from '../src/simulator/tuf-files.ts';

/** What it says of a name: the sha256 of the target, `none`, or that the update or the search failed, and how. */
export type TufJsVerdict =
  | { readonly kind: 'found'; readonly sha256: string | undefined; readonly length: number }
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly message: string };

const BASE = 'http://repository.invalid';

/**
 * tuf-js as the other opinion: a client with a folder of its own that reads a simulated repository without network.
 * It asks the machine for the time: `vi.useFakeTimers({ now, toFake: ['Date'] })`.
 */
export class TufJsClient {
  /** Paths asked for, oldest first. */
  readonly requests: string[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'tuf-js-'));

  constructor(root: Uint8Array) {
    writeFileSync(join(this.folder, 'root.json'), root);
  }

  /** One update, with what earlier ones left in the folder, and a search for each name. */
  async resolve(files: ServedFiles, ...names: readonly string[]): Promise<readonly TufJsVerdict[]> {
    let updater: Updater;
    try {
      updater = this.updater(files);
      await updater.refresh();
    } catch (error) {
      return names.map(() => refused(error));
    }
    const verdicts: TufJsVerdict[] = [];
    for (const name of names) verdicts.push(await search(updater, name));
    return verdicts;
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true });
  }

  /** An Updater refreshes once in its life. */
  private updater(files: ServedFiles): Updater {
    const fetcher = {
      downloadBytes: (url: string, limit: number) => Promise.resolve().then(() => this.download(files, url, limit)),
      downloadFile: () => Promise.reject(new Error('targets are not downloaded here')),
    };
    return new Updater({ metadataDir: this.folder, metadataBaseUrl: BASE, fetcher });
  }

  private download(files: ServedFiles, url: string, limit: number): Buffer {
    const path = url.slice(BASE.length + 1);
    this.requests.push(path);
    const bytes = files.get(path);
    if (bytes === undefined) throw new DownloadHTTPError('not found', 404);
    if (bytes.length > limit) throw new DownloadLengthMismatchError('too long');
    return Buffer.from(bytes);
  }
}

async function search(updater: Updater, name: string): Promise<TufJsVerdict> {
  try {
    const found = await updater.getTargetInfo(name);
    if (found === undefined) return { kind: 'none' };
    return { kind: 'found', sha256: found.hashes['sha256'], length: found.length };
  } catch (error) {
    return refused(error);
  }
}

function refused(error: unknown): TufJsVerdict {
  return { kind: 'refused', message: String(error) };
}
