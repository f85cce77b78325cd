import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../../disk/sync-folder.ts';
import { TufgateError } from '../../errors.ts';
import type { BlobReader, BlobWriter } from '../blob-store.ts';
import type { Stamp } from '../index/stamp.ts';
import { failing, FsBlobReader, type SharedFile } from './shared-file.ts';

export interface Destination {
  readonly temporary: string;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Called before so many bytes more are written. @throws cache.failed */
  readonly makeRoom: (bytes: number) => Promise<void>;
  /** Resolves when nobody is about to remove what lies under this name. */
  readonly free: () => Promise<void>;
  /** It has its name, for good: it is to be known from now on. Called at most once. @throws cache.failed */
  readonly keep: (stamp: Stamp, grown: number) => Promise<void>;
  /** Called once when it is given up; `grown` is the sum that room was made for. */
  readonly gone: (grown: number) => void;
}

/**
 * A temporary file that becomes a blob by rename. Order of a commit: data to disk, rename, folder to disk, row. A power cut
 * in between leaves the temporary file or the whole blob, never a blob with holes; one without a row is found later, and hashed
 * before anybody gets it.
 */
export class FsBlobWriter implements BlobWriter {
  readonly #file: SharedFile;
  readonly #destination: Destination;
  #grown = 0;
  #written = 0;
  #ended = false;

  constructor(file: SharedFile, destination: Destination) {
    this.#file = file;
    this.#destination = destination;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#ended) throw gone();
    this.#grown += chunk.length;
    await this.#destination.makeRoom(chunk.length);
    await failing('write a blob', () => this.#file.write(chunk, this.#written));
    this.#written += chunk.length;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- a closed file must reject, not throw
  async reader(): Promise<BlobReader> {
    return new FsBlobReader(this.#file.hold(), () => this.#written);
  }

  async commit(): Promise<void> {
    if (this.#ended) throw gone();
    if (this.#written !== this.#destination.size) {
      await this.abort();
      throw new TufgateError('cache.failed', `a blob of ${this.#destination.size} bytes was given ${this.#written}`);
    }
    this.#ended = true;
    try {
      await failing('keep a blob', () => this.#land());
    } catch (error) {
      await this.#discard();
      throw error;
    }
    await this.#file.release();
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#discard();
  }

  async #land(): Promise<void> {
    const { temporary, path } = this.#destination;
    const shard = dirname(path);
    await this.#file.sync();
    const created = await mkdir(shard, { recursive: true });
    await this.#destination.free();
    await rename(temporary, path);
    await syncFolder(shard);
    if (created !== undefined) await syncFolder(dirname(shard));
    await this.#enter();
  }

  /** A file that cannot be counted is not kept: else the cache would grow beyond its limit. After the rename: that changes ctime. */
  async #enter(): Promise<void> {
    try {
      const stamp = await this.#file.stamp();
      if (stamp?.size !== this.#written) throw new Error('its file was changed while it was written');
      await this.#destination.keep(stamp, this.#grown);
    } catch (error) {
      await rm(this.#destination.path, { force: true }).catch(() => undefined); // the next start finds it
      throw error;
    }
  }

  async #discard(): Promise<void> {
    await rm(this.#destination.temporary, { force: true }).catch(() => undefined); // the next start removes it
    this.#destination.gone(this.#grown);
    await this.#file.release();
  }
}

function gone(): TufgateError {
  return new TufgateError('cache.failed', 'the temporary blob is gone already');
}
