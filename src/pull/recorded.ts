import { isReason, messageOf, TufgateError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { type Repository, repositoryName } from '../oci/reference.ts';
import type { Decision } from '../policy/decision.ts';
import type { PullDeps } from './deps.ts';
import type { TagRuling } from './rule-on-tag.ts';

/** Who asks for what. */
export interface PullRequest {
  readonly repository: Repository;
  readonly client: Decision['client'];
  readonly method: string;
  /** Fires when the client went away. */
  readonly signal?: AbortSignal;
}

export interface TagRequest extends PullRequest {
  readonly tag: string;
}

export interface DigestRequest extends PullRequest {
  readonly digest: Digest;
}

/**
 * Runs one request and writes its decision, whatever the outcome, before the answer leaves: with
 * `decisions.on_failure: refuse` an answer that cannot be recorded is not given.
 *
 * @param run does the work and calls `rule` as soon as the ruling is known
 */
export async function recorded<T>(
  deps: Pick<PullDeps, 'decisions' | 'now'>,
  request: TagRequest | DigestRequest | PullRequest,
  kind: Decision['request'],
  run: (rule: (ruling: TagRuling) => void) => Promise<T>,
): Promise<T> {
  let ruling: TagRuling | undefined;
  let answer: T;
  try {
    answer = await run((made) => (ruling = made));
  } catch (error) {
    // Who left before the answer got nothing: that is no refusal.
    const left = request.signal?.aborted === true;
    if (!left) await deps.decisions.record(decision(deps.now(), request, kind, ruling, error));
    throw error;
  }
  await deps.decisions.record(decision(deps.now(), request, kind, ruling));
  return answer;
}

export function decision(
  at: number,
  request: TagRequest | DigestRequest | PullRequest,
  kind: Decision['request'],
  ruling: TagRuling | undefined,
  error?: unknown,
): Decision {
  const refusal = error ?? ruling?.refusal;
  const reason = refusal instanceof TufgateError && isReason(refusal.code) ? { reason: refusal.code } : {};
  const digest = ruling?.digest;
  return {
    at,
    event: error instanceof TufgateError && error.code.startsWith('integrity.') ? 'integrity' : 'pull',
    client: request.client,
    request: kind,
    method: request.method,
    repository: repositoryName(request.repository),
    ...('tag' in request ? { tag: request.tag } : {}),
    ...('digest' in request ? { asked: request.digest } : {}),
    verdict: error === undefined ? 'allow' : 'deny',
    mode: ruling?.mode ?? 'enforce',
    wouldDeny: error === undefined && ruling?.refusal !== undefined,
    ...reason,
    ...(refusal === undefined ? {} : { message: messageOf(refusal) }),
    ...(ruling?.rule === undefined ? {} : { rule: ruling.rule.id }),
    ...(digest === undefined ? {} : { digest }),
    sources: ruling?.sources ?? [],
  };
}
