import { codeOf, messageOf, TufgateError } from '../errors.ts';
import type { Attempt, Circuit, Shut } from './circuit.ts';
import type { Peer } from './peer.ts';

interface Answered {
  readonly status: number;
  readonly foreign: boolean;
}

/**
 * A registry behind a circuit: while it cannot be reached, who asks is told at once, and when to come back.
 *
 * For registries alone. A trust server is asked once in `check_every` whoever pulls, and what follows from its silence is
 * ruled by `freshness`: an answer that a circuit makes up would count as such a silence, and whoever can make a trust
 * server fail five times in a row would hold back a revocation for the pause after it, too.
 *
 * The registry answers for itself only: a storage host that fails, to which it redirected, is no failure of the registry,
 * and manifests go on.
 */
export function guardedPeer(peer: Peer, circuit: Circuit): Peer {
  const guarded = async <T extends Answered>(scope: string, ask: () => Promise<T>): Promise<T> => {
    const entrance = circuit.enter(scope);
    if (entrance.kind === 'shut') throw unreachable(peer.name, entrance);
    const { attempt } = entrance;
    try {
      const answer = await ask();
      if (answer.status >= 500 && !answer.foreign) attempt.broken(`it answered ${answer.status}`);
      else attempt.succeeded();
      return answer;
    } catch (error) {
      judge(attempt, error);
      throw error;
    }
  };
  return {
    name: peer.name,
    get: (path, request) => guarded(request.scope, () => peer.get(path, request)),
    open: (path, request) => guarded(request.scope, () => peer.open(path, request)),
    close: () => peer.close(),
  };
}

/**
 * Who left, who waited here for a connection, or was refused by the token server has learnt nothing of the registry. A
 * token server that answers 5xx was asked for one repository, and may stumble over that one only.
 */
function judge(attempt: Attempt, error: unknown): void {
  const detail = error instanceof TufgateError ? error.detail : {};
  if (codeOf(error) !== 'upstream.unreachable' || detail['busy'] === true) attempt.abandoned();
  else if (detail['foreign'] === true) attempt.succeeded();
  else if (Number(detail['status']) >= 500) attempt.broken(messageOf(error));
  else attempt.failed(messageOf(error));
}

function unreachable(peer: string, { since, retryMs, why }: Shut): TufgateError {
  const retryAfter = Math.ceil(retryMs / 1000);
  const message =
    `${peer} cannot be reached since ${new Date(since).toISOString()} (${why}); it is tried again in ${retryAfter} s. ` +
    'What is cached is served meanwhile';
  return new TufgateError('upstream.unreachable', message, { detail: { peer, retryAfter } });
}
