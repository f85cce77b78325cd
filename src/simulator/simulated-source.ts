import { TufgateError } from '../errors.ts';
import type { MetadataName, MetadataSource, Pieces } from '../trust/metadata-source.ts';
import { fileName } from '../trust/notary-source.ts';
import { tufFileName } from '../trust/tuf-file-name.ts';
import { NotaryRepository } from './notary-repository.ts';
import type { TufRepository } from './tuf-repository.ts';

/** The port to a simulated publisher, without a server between: what is asked for, and what is answered instead. */
export class SimulatedSource implements MetadataSource {
  /** Names without `.json`, and in Notary without the hash. */
  readonly asked: string[] = [];
  readonly bounds: number[] = [];
  readonly signals: (AbortSignal | undefined)[] = [];
  /** By such a name; `*` for all that have none of their own. */
  readonly instead = new Map<string, Answering>();
  publisher: NotaryRepository | TufRepository;

  constructor(publisher: NotaryRepository | TufRepository) {
    this.publisher = publisher;
  }

  async fetch(file: MetadataName, maxBytes: number, signal?: AbortSignal): Promise<Pieces | undefined> {
    const name = this.nameOf(file);
    const short = name.replace(/\.[0-9a-f]{64}$/, '');
    this.asked.push(short);
    this.bounds.push(maxBytes);
    this.signals.push(signal);
    const instead = this.instead.get(short) ?? this.instead.get('*');
    const bytes = instead === undefined ? this.published(name) : await instead();
    if (bytes !== undefined && bytes.length > maxBytes)
      throw new TufgateError('trust.too-large', `${short} is longer than ${maxBytes} bytes`);
    return bytes && [bytes];
  }

  /** What was asked for since the last time. */
  take(): string[] {
    return this.asked.splice(0);
  }

  private published(name: string): Uint8Array | undefined {
    const { publisher } = this;
    return publisher instanceof NotaryRepository ? publisher.fetch(name) : publisher.files.get(`${name}.json`);
  }

  private nameOf(file: MetadataName): string {
    const name = this.publisher instanceof NotaryRepository ? fileName(file) : tufFileName(file);
    return name.replace(/\.json$/, '');
  }
}

export type Answering = () => Promise<Uint8Array | undefined>;

export const gone: Answering = () => Promise.resolve(undefined);

export const down: Answering = () => Promise.reject(new TufgateError('trust.unreachable', 'connect ECONNREFUSED'));

export function answering(bytes: Uint8Array): Answering {
  return () => Promise.resolve(bytes);
}
