import { TufgateError } from '../errors.ts';
import { nodeCrypto } from '../trust/crypto.ts';
import {
  acceptDelegated,
  acceptRoot,
  acceptSnapshot,
  acceptTargets,
  acceptTimestamp,
  completeView,
  findTarget,
  finishRoots,
  type Found,
  type Inquiry,
  newestRoot,
  rolesToLoad,
  type Signers,
  snapshotWanted,
  startChain,
  type TrustContext,
  type Trusted,
  type View,
  type Wanted,
  withRole,
} from '../trust/tuf/collection.ts';
import { tufFormat } from '../trust/tuf/format/tuf.ts';
import { fileName } from './tuf-files.ts';
import type { TufRepository } from './tuf-repository.ts';

/** The smallest updater there is: the trust core against a simulated repository, without network or database. */
export interface Refreshed {
  readonly trusted: Trusted;
  readonly view: View;
  readonly forgotten: readonly string[];
}

/** Pinned to the repository's first root, unless told. */
export function contextOf(repository: TufRepository, pinned = 1): TrustContext {
  const anchor = { kind: 'root-file', bytes: repository.at('root', pinned) } as const;
  return { format: tufFormat, gun: 'vendor', anchor, crypto: nodeCrypto };
}

/** @throws whatever the core throws */
export function refresh(ctx: TrustContext, repository: TufRepository, now: number, before?: Trusted): Refreshed {
  const rooted = finishRoots(ctx, walkRoots(ctx, repository, before), now);
  const forgotten = [...rooted.forgotten];
  let trusted = acceptTimestamp(ctx, rooted.trusted, served(repository, 'timestamp.json'), now);
  trusted = acceptSnapshot(ctx, trusted, fileOf(repository, snapshotWanted(trusted)), now);
  for (const wanted of rolesToLoad(ctx, trusted)) {
    const accepted = acceptTargets(ctx, trusted, wanted.role, fileOf(repository, wanted), now);
    trusted = accepted.trusted;
    forgotten.push(...accepted.forgotten);
  }
  return { trusted, view: completeView(ctx, trusted, now), forgotten };
}

export function walkRoots(ctx: TrustContext, { files }: TufRepository, before?: Trusted): Trusted {
  let trusted = before ?? start(ctx);
  for (;;) {
    const next = files.get(fileName('root', newestRoot(trusted).model.version + 1, true));
    if (next === undefined) return trusted;
    trusted = acceptRoot(ctx, trusted, next);
  }
}

export interface Answer {
  readonly found: Found | TufgateError;
  /** With the roles that were loaded for the answer. */
  readonly view: View;
  /** In the order in which they were asked for. */
  readonly loaded: readonly string[];
}

/** Asks for a target until no file is missing any more. Among named signers a file that is refused is one less. */
export function ask(
  ctx: TrustContext,
  repository: TufRepository,
  before: View,
  name: string,
  now: number,
  signers?: Signers,
): Answer {
  const loaded: string[] = [];
  const asked = { signers, failed: new Map<string, TufgateError>(), inquiries: new Map<string, Inquiry>() };
  let view = before;
  try {
    for (;;) {
      const step = findTarget(ctx, view, name, now, asked);
      if (step.kind === 'found') return { found: step.found, view, loaded };
      loaded.push(step.wanted.role);
      try {
        view = withRole(view, acceptDelegated(ctx, step, fileOf(repository, step.wanted), now));
      } catch (error) {
        if (step.signer === undefined || !(error instanceof TufgateError)) throw error;
        asked.failed.set(step.signer, error);
      }
    }
  } catch (error) {
    if (!(error instanceof TufgateError)) throw error;
    return { found: error, view, loaded };
  }
}

function start(ctx: TrustContext): Trusted {
  if (ctx.anchor.kind !== 'root-file') throw new Error('the simulated updater starts at a pinned root file');
  return startChain(ctx, ctx.anchor.bytes);
}

function fileOf(repository: TufRepository, { role, entry, versioned }: Wanted): Uint8Array {
  return served(repository, fileName(role, entry.version ?? 0, versioned));
}

function served({ files }: TufRepository, name: string): Uint8Array {
  const bytes = files.get(encodeURIComponent(name));
  if (bytes === undefined) throw new Error(`the simulated repository has no ${name}`);
  return bytes;
}
