import { notaryFormat } from '../trust/tuf/format/notary.ts';
import { nodeCrypto } from '../trust/crypto.ts';
import {
  acceptRoot,
  acceptSnapshot,
  acceptTargets,
  acceptTimestamp,
  type Anchor,
  completeView,
  finishRoots,
  newestRoot,
  rolesToLoad,
  snapshotWanted,
  startChain,
  type TrustContext,
  type Trusted,
  type View,
  type Wanted,
} from '../trust/tuf/collection.ts';
import type { NotaryRepository } from './notary-repository.ts';

/** The smallest updater there is: the trust core against a simulated collection, without network or database. */
export interface Refreshed {
  readonly trusted: Trusted;
  readonly view: View;
  readonly forgotten: readonly string[];
}

export function contextOf(gun: string, anchor: Anchor = { kind: 'first-use' }): TrustContext {
  return { format: notaryFormat, gun, anchor, crypto: nodeCrypto };
}

/** Starts from the repository's first root, or for a pinned root file from that. */
export function firstRoot(ctx: TrustContext, repository: NotaryRepository): Trusted {
  return startChain(ctx, ctx.anchor.kind === 'root-file' ? ctx.anchor.bytes : fileOf(repository, '1.root'));
}

/** @throws whatever the core throws */
export function refresh(ctx: TrustContext, repository: NotaryRepository, now: number, before?: Trusted): Refreshed {
  const rooted = finishRoots(ctx, walkRoots(ctx, repository, before ?? firstRoot(ctx, repository)), now);
  const forgotten = [...rooted.forgotten];
  let trusted = acceptTimestamp(ctx, rooted.trusted, fileOf(repository, 'timestamp'), now);
  trusted = acceptSnapshot(ctx, trusted, fileOf(repository, hashed(snapshotWanted(trusted))), now);
  for (let next = rolesToLoad(ctx, trusted); next.length > 0; next = rolesToLoad(ctx, trusted)) {
    for (const wanted of next) {
      const accepted = acceptTargets(ctx, trusted, wanted.role, fileOf(repository, hashed(wanted)), now);
      trusted = accepted.trusted;
      forgotten.push(...accepted.forgotten);
    }
  }
  return { trusted, view: completeView(ctx, trusted, now), forgotten };
}

export function walkRoots(ctx: TrustContext, repository: NotaryRepository, before: Trusted): Trusted {
  let trusted = before;
  for (;;) {
    const next = repository.fetch(`${newestRoot(trusted).model.version + 1}.root`);
    if (next === undefined) return trusted;
    trusted = acceptRoot(ctx, trusted, next);
  }
}

function hashed({ role, entry }: Wanted): string {
  return `${role}.${entry.hashes.sha256 ?? ''}`;
}

function fileOf(repository: NotaryRepository, name: string): Uint8Array {
  const bytes = repository.fetch(name);
  if (bytes === undefined) throw new Error(`the simulated collection has no ${name}`);
  return bytes;
}
