import { codeOf, messageOf, TufgateError } from '../errors.ts';
import type { Peer, PeerAnswer } from '../upstream/peer.ts';
import type { MetadataName, MetadataSource } from './metadata-source.ts';

/** From the call to the last byte of one file. */
const DEADLINE_MS = 20_000;

/**
 * Notary v1 over HTTP: `/v2/<gun>/_trust/tuf/…`.
 *
 * Several servers are tried in order for as long as they cannot be reached; an answer, also "there is none", ends the
 * search, so that a mirror which lacks a file never makes another's word count for less. Redirects are not followed:
 * Notary's own client does not either, and a token must not travel.
 *
 * @param gun checked against the grammar of image names, so it needs no escaping in the path
 */
export function notarySource(peers: readonly Peer[], gun: string): MetadataSource {
  return {
    async fetch(file, maxBytes, signal) {
      let unreachable: TufgateError | undefined;
      for (const peer of peers) {
        try {
          return readAnswer(peer, file, await ask(peer, gun, file, maxBytes, signal));
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
  gun: string,
  file: MetadataName,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<PeerAnswer> {
  // A shared cache may hold current files for minutes (notary-server says max-age=300, the timestamp included).
  const current = file.kind === 'timestamp' || file.kind === 'newest-root' || file.kind === 'root';
  try {
    return await peer.get(`/v2/${gun}/_trust/tuf/${fileName(file)}`, {
      headers: current ? { 'cache-control': 'no-cache' } : {},
      scope: `repository:${gun}:pull`,
      maxBytes,
      deadlineMs: DEADLINE_MS,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    throw asTrustError(peer, file, maxBytes, cause);
  }
}

function readAnswer(peer: Peer, file: MetadataName, answer: PeerAnswer): Uint8Array | undefined {
  if (answer.status === 200) return answer.bytes;
  if (answer.status === 404) return undefined;
  const alarm = answer.status === 401 || answer.status === 403;
  throw new TufgateError(
    'trust.unreachable',
    `${peer.name} answered ${answer.status} for ${fileName(file)}${alarm ? ': check its credentials' : ''}`,
    { detail: { status: answer.status, ...(alarm ? { alarm } : {}) } },
  );
}

function asTrustError(peer: Peer, file: MetadataName, maxBytes: number, cause: unknown): unknown {
  const code = codeOf(cause);
  const what = `${peer.name}, ${fileName(file)}`;
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

/** Role names passed the name rule of the format before they came here: no dots, no upper case, no `..`. */
export function fileName(file: MetadataName): string {
  switch (file.kind) {
    case 'newest-root':
      return 'root.json';
    case 'root':
      return `${file.version}.root.json`;
    case 'timestamp':
      return 'timestamp.json';
    case 'by-hash':
      return `${file.role}.${file.sha256}.json`;
    case 'role':
      throw new TufgateError('internal', 'Notary names its files by hash');
  }
}
