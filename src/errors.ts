/**
 * The one error type. `code` is a closed union: the reasons an outsider may see (design contract, `detail.reason` in
 * OCI errors) and the faults that only an operator meets. Decisions are made on `code`, never on `message`.
 */
export const REASONS = [
  'request.name',
  'request.digest',
  'request.push',
  'policy.denied',
  'policy.no-rule',
  'policy.unknown-registry',
  'policy.digest-outside-closure',
  'policy.exemption-expired',
  'trust.unsigned',
  'trust.no-root',
  'trust.signature',
  'trust.threshold',
  'trust.expired',
  'trust.rollback',
  'trust.equal-version',
  'trust.hash',
  'trust.malformed',
  'trust.too-large',
  'trust.wrong-name',
  'trust.role-path',
  'trust.signer-missing',
  'trust.conflict',
  'trust.root-chain',
  'trust.pin',
  'trust.withdrawn',
  'trust.unreachable',
  'upstream.not-found',
  'upstream.rate-limited',
  'upstream.unauthorized',
  'upstream.unreachable',
  'upstream.protocol',
  'integrity.digest',
  'integrity.length',
] as const;

/** Why a request was refused: the closed list of the contract. */
export type Reason = (typeof REASONS)[number];

/** Faults of the machine or of its configuration; a client never learns more than "internal". */
export type Fault =
  | 'config.invalid'
  | 'usage'
  | 'startup.listen'
  | 'startup.directory'
  | 'state.newer-version'
  | 'state.damaged'
  | 'state.failed'
  | 'cache.newer-version'
  | 'cache.failed'
  /** Somebody else published meanwhile: rebase. */
  | 'approvals.stale'
  /** A key that cannot be read, opened or used, or that may not sign this. */
  | 'approvals.key'
  /** An archive or backup whose bytes are not those that were written. */
  | 'archive.damaged'
  | 'internal';

export type Code = Reason | Fault;

export interface ErrorDetail {
  /** What the reader should know beside the message; plain values only, never secrets. */
  readonly [key: string]: string | number | boolean | undefined;
}

export class TufgateError extends Error {
  override readonly name = 'TufgateError';
  readonly code: Code;
  readonly detail: ErrorDetail;

  /** @param message what was refused, why, and what to do next; written for the person who reads it. */
  constructor(code: Code, message: string, options: { cause?: unknown; detail?: ErrorDetail } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = options.detail ?? {};
  }
}

const reasons: ReadonlySet<string> = new Set(REASONS);

export function isReason(code: Code): code is Reason {
  return reasons.has(code);
}

/** The code of anything thrown; what is not ours is `internal`. */
export function codeOf(error: unknown): Code {
  return error instanceof TufgateError ? error.code : 'internal';
}

/** Message for people, of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
