import type { MetadataSource, Pieces } from '../metadata-source.ts';
import type { FromWorker } from './messages.ts';
import { type PlainError, revived } from './plain-error.ts';

type Fetch = Extract<FromWorker, { kind: 'fetch' }>;

interface Waiting {
  resolve(pieces: Pieces | undefined): void;
  reject(error: unknown): void;
}

/** Metadata that the main thread fetches: connections, credentials and their renewal stay there. */
export class FarSources {
  private readonly post: (message: FromWorker) => void;
  private readonly waiting = new Map<number, Waiting>();
  /** By collection: as the main thread saw them last. */
  private readonly stamps = new Map<string, string>();
  private asked = 0;

  constructor(post: (message: FromWorker) => void) {
    this.post = post;
  }

  of(collection: string): MetadataSource {
    return {
      fetch: (file, maxBytes, signal) => this.fetch({ collection, file, maxBytes }, signal),
      stamp: () => Promise.resolve(this.stamps.get(collection)),
    };
  }

  stamped(collection: string, stamp: string): void {
    this.stamps.set(collection, stamp);
  }

  private async fetch(wanted: Omit<Fetch, 'kind' | 'id'>, signal?: AbortSignal): Promise<Pieces | undefined> {
    signal?.throwIfAborted();
    const id = this.asked++;
    const arrives = new Promise<Pieces | undefined>((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    const abandon = (): void => this.abandon(id, signal?.reason);
    signal?.addEventListener('abort', abandon);
    this.post({ kind: 'fetch', id, ...wanted });
    try {
      return await arrives;
    } finally {
      signal?.removeEventListener('abort', abandon);
    }
  }

  arrived(id: number, pieces: Pieces | undefined): void {
    this.take(id)?.resolve(pieces);
  }

  failed(id: number, error: PlainError): void {
    this.take(id)?.reject(revived(error));
  }

  private abandon(id: number, reason: unknown): void {
    const waiting = this.take(id);
    // It may have arrived in this very turn.
    if (waiting === undefined) return;
    this.post({ kind: 'abandon', id });
    waiting.reject(reason);
  }

  private take(id: number): Waiting | undefined {
    const found = this.waiting.get(id);
    this.waiting.delete(id);
    return found;
  }
}
