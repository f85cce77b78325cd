import type { TrustStore } from '../../state/store.ts';
import type { Asked } from '../asked.ts';
import type { Opened } from '../collection.ts';
import { collectionKey } from '../collection-name.ts';
import { Collections } from '../collections.ts';
import { nodeCrypto } from '../crypto.ts';
import type { TrustEvent } from '../trust-event.ts';
import { notaryFormat } from '../tuf/format/notary.ts';
import { tufFormat } from '../tuf/format/tuf.ts';
import { FarSources } from './far-source.ts';
import {
  type FromWorker,
  type PlainOpened,
  type Replies,
  type Request,
  type ToWorker,
  type WorkerSettings,
} from './messages.ts';
import { plainError } from './plain-error.ts';
import { plainEvent } from './plain-event.ts';

/** One collection near `limits.metadata` fits; the rest is opened again from the database when it is asked for. */
const MAX_HELD_BYTES = 96 << 20;

/** The worker's side: the same collections as anywhere, behind messages. */
export class Desk {
  private readonly post: (message: FromWorker) => void;
  private readonly sources: FarSources;
  private readonly collections: Collections;
  private now = 0;

  constructor(store: TrustStore, settings: WorkerSettings, post: (message: FromWorker) => void) {
    const on = (event: TrustEvent): void => this.post({ kind: 'event', event: plainEvent(event) });
    this.post = post;
    this.sources = new FarSources(post);
    this.collections = new Collections({ ...settings, store, maxHeldBytes: MAX_HELD_BYTES, now: () => this.now, on });
  }

  async take(message: Exclude<ToWorker, { kind: 'close' }>): Promise<void> {
    this.now = message.now;
    switch (message.kind) {
      case 'file':
        this.sources.arrived(message.id, message.pieces);
        break;
      case 'no-file':
        this.sources.failed(message.id, message.error);
        break;
      case 'request':
        if (message.stamp !== undefined) this.sources.stamped(collectionKey(message.opened), message.stamp);
        await this.answer(message.id, message.opened, message.request);
        break;
    }
  }

  private async answer(id: number, opened: PlainOpened, request: Request): Promise<void> {
    try {
      const reply = await this.collections.with(this.opened(opened), (asked) => replyOf(asked, request));
      this.post({ kind: 'reply', id, reply });
    } catch (error) {
      this.post({ kind: 'error', id, error: plainError(error) });
    }
  }

  private opened(plain: PlainOpened): Opened {
    const { source, gun, name, anchor } = plain;
    const format = plain.format === 'notary' ? notaryFormat : tufFormat;
    return {
      source,
      gun,
      ctx: { format, gun: name, anchor, crypto: nodeCrypto },
      metadata: this.sources.of(collectionKey(plain)),
    };
  }
}

async function replyOf(asked: Asked, request: Request): Promise<Replies[Request['kind']]> {
  switch (request.kind) {
    case 'ask':
      return await asked.ask(request.question);
    case 'naming':
      return await asked.naming(request.digests, request.prefix);
    case 'standings':
      return await asked.standings(request.names);
    case 'names':
      return await asked.names(request.prefix);
    case 'refresh':
      await asked.refreshOlderThan(request.olderThanMs);
      return undefined;
  }
}
