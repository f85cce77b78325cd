import { TufgateError } from '../errors.ts';
import type { MetadataName, MetadataSource } from '../trust/metadata-source.ts';
import { fileName } from '../trust/notary-source.ts';
import { joined } from '../upstream/pieces.ts';
import { MAX_COLLECTION_BYTES } from './limits.ts';

/**
 * Keeps every file that passes by, byte for byte, and asks no second time for one that never changes.
 *
 * The attack: a server that was not asked for a signature yet sends file after file; so all that one collection may bring
 * together is bounded here.
 */
export class RecordingSource implements MetadataSource {
  private readonly source: MetadataSource;
  private readonly files = new Map<string, Uint8Array>();
  private total = 0;

  constructor(source: MetadataSource) {
    this.source = source;
  }

  /** Asks, also for a file that is recorded: it may have changed. What was recorded under its name goes. */
  async fetch(file: MetadataName, maxBytes: number, signal?: AbortSignal): Promise<readonly Uint8Array[] | undefined> {
    const known = file.kind === 'by-hash' ? this.files.get(fileName(file)) : undefined;
    if (known !== undefined) return [known];
    const pieces = await this.source.fetch(file, maxBytes, signal);
    if (pieces === undefined) return undefined;
    const bytes = joined(pieces);
    this.keep(fileName(file), bytes);
    return [bytes];
  }

  /** As it is recorded, else as the source has it. */
  async get(file: MetadataName, maxBytes: number): Promise<Uint8Array | undefined> {
    const known = this.files.get(fileName(file));
    if (known !== undefined) return known;
    const pieces = await this.fetch(file, maxBytes);
    return pieces && joined(pieces);
  }

  private keep(name: string, bytes: Uint8Array): void {
    const total = this.total + bytes.length - (this.files.get(name)?.length ?? 0);
    if (total > MAX_COLLECTION_BYTES)
      throw new TufgateError('trust.too-large', `its files are longer than ${MAX_COLLECTION_BYTES} bytes together`);
    this.total = total;
    this.files.set(name, bytes);
  }
}
