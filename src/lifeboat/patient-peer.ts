import { codeOf, messageOf, TufgateError } from '../errors.ts';
import type { Peer, PeerAnswer, PeerRequest } from '../upstream/peer.ts';
import { type Pace, retryAfterOf, waitFor } from './pace.ts';

/** Tries in all: with nothing said by the server, about a minute and a half; with Retry-After, as long as it says each time. */
const MOST = { busy: 7, silent: 5, fault: 2 } as const;
type Trouble = keyof typeof MOST;

const BUSY: ReadonlySet<number> = new Set([429, 503]);
const SILENT: ReadonlySet<number> = new Set([502, 504]);
/** Asking again does not help: a name that is wrong, a certificate that nobody vouches for. */
const HOPELESS = /^(?:ENOTFOUND|ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|UND_ERR_PRX_TLS)/;

/**
 * A peer that waits as long as the server asks, and asks again: 429 and 503 with their Retry-After, an outage for a few
 * tries, a 500 once (Notary gives one when two requests make it sign a timestamp at once). Bounded: what comes after the
 * last try is handed on as it is.
 */
export function patientPeer(peer: Peer, pace: Pace): Peer {
  return {
    name: peer.name,
    async get(path, request) {
      for (let attempt = 0; ; attempt++) {
        await pace.request();
        const outcome = await tryOnce(peer, path, request);
        const wait = waitAfter(outcome, attempt, pace);
        if (wait === undefined || !pace.hold(wait, whyOf(outcome))) return settled(outcome);
      }
    },
    open: (path, request) => peer.open(path, request),
    close: () => peer.close(),
  };
}

type Outcome = { readonly answer: PeerAnswer } | { readonly error: unknown };

async function tryOnce(peer: Peer, path: string, request: PeerRequest): Promise<Outcome> {
  try {
    return { answer: await peer.get(path, request) };
  } catch (error) {
    return { error };
  }
}

function settled(outcome: Outcome): PeerAnswer {
  if ('error' in outcome) throw outcome.error;
  return outcome.answer;
}

/** Milliseconds; undefined when it is not to be tried again. */
function waitAfter(outcome: Outcome, attempt: number, pace: Pace): number | undefined {
  const trouble = troubleOf(outcome);
  if (trouble === undefined || attempt + 1 >= MOST[trouble]) return undefined;
  const asked = 'answer' in outcome ? outcome.answer.headers.get('retry-after') : retryAfterOf(outcome.error);
  return waitFor(attempt, trouble === 'busy' ? asked : undefined, pace.now());
}

function troubleOf(outcome: Outcome): Trouble | undefined {
  if ('answer' in outcome) {
    const { status } = outcome.answer;
    if (BUSY.has(status)) return 'busy';
    if (SILENT.has(status)) return 'silent';
    return status === 500 ? 'fault' : undefined;
  }
  const code = codeOf(outcome.error);
  if (code === 'upstream.rate-limited') return 'busy';
  return code === 'upstream.unreachable' && !isHopeless(outcome.error) ? 'silent' : undefined;
}

function isHopeless(error: unknown): boolean {
  const code = error instanceof TufgateError ? error.detail['code'] : undefined;
  return typeof code === 'string' && HOPELESS.test(code);
}

function whyOf(outcome: Outcome): string {
  return 'answer' in outcome ? `it answered ${outcome.answer.status}` : messageOf(outcome.error);
}
