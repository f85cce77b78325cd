import { codeOf, messageOf, TufgateError } from '../errors.ts';
import type { Peer, PeerAnswer } from '../upstream/peer.ts';
import type { Pieces } from '../upstream/pieces.ts';
import type { MetadataName, MetadataSource } from './metadata-source.ts';

/** From the call to the last byte of one file. */
const DEADLINE_MS = 20_000;

/** How a format's files are asked for. */
export interface Naming {
  /** Below the peer's URL, without a leading slash for the file's own name. */
  readonly folder: string;
  readonly scope: string;
  fileName(file: MetadataName): string;
}

/**
 * Metadata over HTTP.
 *
 * Several servers are tried in order for as long as they cannot be reached; an answer, also "there is none", ends the
 * search, so that a mirror which lacks a file never makes another's word count for less. Redirects are not followed:
 * Notary's own client does not either, and a token must not travel. Only 404 says that there is no such file: a 403 that
 * ended the root chain would be a way to freeze it.
 */
export function httpSource(peers: readonly Peer[], naming: Naming): MetadataSource {
  return {
    async fetch(file, maxBytes, signal) {
      let unreachable: TufgateError | undefined;
      for (const peer of peers) {
        try {
          return readAnswer(peer, naming.fileName(file), await ask(peer, naming, file, maxBytes, signal));
        } catch (error) {
          if (codeOf(error) !== 'trust.unreachable') throw error;
          unreachable ??= error as TufgateError;
        }
      }
      throw unreachable ?? new TufgateError('trust.unreachable', 'the trust source has no URL');
    },
  };
}

async function ask(
  peer: Peer,
  naming: Naming,
  file: MetadataName,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<PeerAnswer> {
  const name = naming.fileName(file);
  try {
    return await peer.get(`${naming.folder}/${name}`, {
      headers: isImmutable(file) ? {} : { 'cache-control': 'no-cache' },
      scope: naming.scope,
      maxBytes,
      deadlineMs: DEADLINE_MS,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    throw asTrustError(peer, name, maxBytes, cause);
  }
}

/** A shared cache may hold current files for minutes (notary-server says max-age=300, the timestamp included). */
function isImmutable(file: MetadataName): boolean {
  return file.kind === 'by-hash' || (file.kind === 'role' && file.version !== undefined);
}

function readAnswer(peer: Peer, name: string, answer: PeerAnswer): Pieces | undefined {
  if (answer.status === 200) return answer.pieces;
  if (answer.status === 404) return undefined;
  const alarm = answer.status === 401 || answer.status === 403;
  throw new TufgateError(
    'trust.unreachable',
    `${peer.name} answered ${answer.status} for ${name}${alarm ? ': check its credentials' : ''}`,
    { detail: { status: answer.status, ...(alarm ? { alarm } : {}) } },
  );
}

function asTrustError(peer: Peer, name: string, maxBytes: number, cause: unknown): unknown {
  const code = codeOf(cause);
  const what = `${peer.name}, ${name}`;
  if (code === 'upstream.protocol') {
    // Clients read this message: where the server sent us, or what it said, stays in the cause.
    const why = `the answer is longer than ${maxBytes} bytes, or breaks the protocol`;
    return new TufgateError('trust.too-large', `${what}: ${why}`, { cause });
  }
  if (code === 'upstream.unauthorized') {
    const detail = { alarm: true };
    return new TufgateError('trust.unreachable', `${what}: ${messageOf(cause)}`, { cause, detail });
  }
  if (code === 'upstream.unreachable' || code === 'upstream.rate-limited') {
    return new TufgateError('trust.unreachable', `${what}: ${messageOf(cause)}`, { cause });
  }
  return cause;
}
