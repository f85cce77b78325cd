import { TufgateError } from '../errors.ts';
import type { PeerAnswer } from './peer.ts';

export interface Asked {
  /** The upstream. */
  readonly upstream: string;
  /** `library/nginx:1.27`, for people. */
  readonly image: string;
  readonly credentials: boolean;
}

/**
 * The answer of a registry that is not what was asked for, as an error. Its body is not repeated: it is a stranger's
 * text, and of no set form (a 429 of Docker Hub is plain text at times). 429 is not met here: see rate-limit.ts.
 */
export function refusal({ upstream, image, credentials }: Asked, answer: Omit<PeerAnswer, 'pieces'>): TufgateError {
  const { status, foreign } = answer;
  const who = foreign ? `${upstream}'s storage` : upstream;
  const say = (code: ConstructorParameters<typeof TufgateError>[0], message: string): TufgateError =>
    new TufgateError(code, message, { detail: { upstream, status } });
  if (status === 404 || status === 410)
    return say(
      'upstream.not-found',
      `${who} has no ${image} (${status}); check the name, and that it was pushed there`,
    );
  if (status === 401 || status === 403) {
    const hint = credentials
      ? `check that upstreams."${upstream}".credentials are valid and may pull it`
      : `it is private or does not exist; upstreams."${upstream}".credentials are not configured`;
    return say('upstream.unauthorized', `${who} refused ${image} (${status}): ${hint}`);
  }
  if (status === 408 || status === 429 || status >= 500)
    return say('upstream.unreachable', `${who} failed on ${image} (${status}); try again later, or ask who runs it`);
  return say(
    'upstream.protocol',
    `${who} answered ${image} with status ${status}, which makes no sense; check its url`,
  );
}
