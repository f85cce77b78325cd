import type { Digest } from '../../oci/digest.ts';
import type { SignedTag } from '../../state/store.ts';
import type { Told } from '../ask-standing.ts';
import type { Opened } from '../collection.ts';
import type { MetadataName, Pieces } from '../metadata-source.ts';
import type { Answer, Question } from '../question.ts';
import type { Anchor } from '../tuf/collection.ts';
import type { PlainError } from './plain-error.ts';
import type { PlainEvent } from './plain-event.ts';

/** Settings of the worker, the same as those of the thread that starts it. */
export interface WorkerSettings {
  /** The state database: the worker has a connection of its own. */
  readonly database: string;
  readonly checkEveryMs: number;
  readonly staleIfUnreachableMs: number | 'until_expiry';
  readonly maxBytes: number;
}

/** What a collection is opened with, but for what cannot travel: the worker has the same code and the same crypto. */
export interface PlainOpened {
  readonly source: string;
  readonly gun: string;
  readonly format: 'notary' | 'tuf';
  /** What messages call it. */
  readonly name: string;
  readonly anchor: Anchor;
}

export function plainOpened({ source, gun, ctx }: Opened): PlainOpened {
  return { source, gun, format: ctx.format.kind, name: ctx.gun, anchor: ctx.anchor };
}

/** What can be asked, as `Asked` has it. */
export type Request =
  | { readonly kind: 'ask'; readonly question: Question }
  | { readonly kind: 'naming'; readonly digests: readonly Digest[]; readonly prefix: string }
  | { readonly kind: 'standings'; readonly names: readonly string[] }
  | { readonly kind: 'names'; readonly prefix: string }
  | { readonly kind: 'refresh'; readonly olderThanMs: number };

export interface Replies {
  readonly ask: Answer;
  readonly naming: readonly SignedTag[];
  readonly standings: readonly Told[];
  readonly names: readonly string[];
  readonly refresh: undefined;
}

/** Each carries the main thread's instant: the worker has no clock of its own. */
export type ToWorker =
  | {
      readonly kind: 'request';
      readonly id: number;
      readonly now: number;
      readonly opened: PlainOpened;
      readonly request: Request;
      /** Of the collection's source, where it has one: the worker cannot look itself. */
      readonly stamp?: string | undefined;
    }
  /** Their memory is moved, not copied. */
  | { readonly kind: 'file'; readonly id: number; readonly now: number; readonly pieces: Pieces | undefined }
  | { readonly kind: 'no-file'; readonly id: number; readonly now: number; readonly error: PlainError }
  | { readonly kind: 'close' };

export type FromWorker =
  | { readonly kind: 'reply'; readonly id: number; readonly reply: Replies[Request['kind']] }
  | { readonly kind: 'error'; readonly id: number; readonly error: PlainError }
  | {
      readonly kind: 'fetch';
      readonly id: number;
      readonly collection: string;
      readonly file: MetadataName;
      readonly maxBytes: number;
    }
  | { readonly kind: 'abandon'; readonly id: number }
  | { readonly kind: 'event'; readonly event: PlainEvent };
