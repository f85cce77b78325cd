import { isReason, type Reason, TufgateError } from '../errors.ts';

/**
 * The one table that turns a code into an OCI error (distribution-spec "Error Codes"). `satisfies` makes a new reason
 * a compile error until it is mapped. A refusal is 403, not 404: clients take a 404 from a mirror as "try elsewhere".
 */
interface Row {
  readonly status: number;
  readonly code: string;
}

const denied: Row = { status: 403, code: 'DENIED' };
const badGateway: Row = { status: 502, code: 'UNAVAILABLE' };

const TABLE = {
  'request.name': { status: 400, code: 'NAME_INVALID' },
  'request.digest': { status: 400, code: 'DIGEST_INVALID' },
  'request.push': { status: 405, code: 'UNSUPPORTED' },
  'policy.denied': denied,
  'policy.no-rule': denied,
  'policy.unknown-registry': denied,
  'policy.digest-outside-closure': denied,
  'policy.exemption-expired': denied,
  'trust.unsigned': denied,
  'trust.no-root': denied,
  'trust.signature': denied,
  'trust.threshold': denied,
  'trust.expired': denied,
  'trust.rollback': denied,
  'trust.equal-version': denied,
  'trust.hash': denied,
  'trust.malformed': denied,
  'trust.too-large': denied,
  'trust.wrong-name': denied,
  'trust.role-path': denied,
  'trust.signer-missing': denied,
  'trust.conflict': denied,
  'trust.root-chain': denied,
  'trust.pin': denied,
  'trust.withdrawn': denied,
  'trust.unreachable': { status: 503, code: 'UNAVAILABLE' },
  'upstream.not-found': { status: 404, code: 'MANIFEST_UNKNOWN' },
  'upstream.rate-limited': { status: 429, code: 'TOOMANYREQUESTS' },
  'upstream.unauthorized': badGateway,
  'upstream.unreachable': { status: 504, code: 'UNAVAILABLE' },
  'upstream.protocol': badGateway,
  'integrity.digest': badGateway,
  'integrity.length': badGateway,
} as const satisfies Record<Reason, Row>;

const INTERNAL: Row = { status: 500, code: 'UNKNOWN' };
/** Seconds that a client should wait where the peer said nothing. */
const RETRY_AFTER = 10;

/** What was asked for, where the code for "not found" depends on it. */
export type Asked = 'manifest' | 'blob' | 'name';
const NOT_FOUND = { manifest: 'MANIFEST_UNKNOWN', blob: 'BLOB_UNKNOWN', name: 'NAME_UNKNOWN' } as const;

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** OCI error JSON with our closed code in `detail.reason`. Faults of our own show as "internal", without their text. */
export function errorAnswer(error: unknown, asked: Asked = 'manifest'): ErrorAnswer {
  const known = error instanceof TufgateError && isReason(error.code) ? { error, reason: error.code } : undefined;
  const row = known === undefined ? INTERNAL : TABLE[known.reason];
  const code = known?.reason === 'upstream.not-found' ? NOT_FOUND[asked] : row.code;
  const message = known?.error.message ?? 'tufgate met a fault of its own; its log says more';
  const detail = { reason: known?.reason ?? 'internal' };
  return {
    status: row.status,
    headers: {
      'content-type': 'application/json',
      ...(row.status === 405 ? { allow: 'GET, HEAD' } : {}),
      ...retryAfter(row.status, known?.error),
    },
    body: JSON.stringify({ errors: [{ code, message, detail }] }),
  };
}

/** Beside 429 and 503, which always have one: what cannot be reached, where it is known when it is tried again. */
function retryAfter(status: number, error: TufgateError | undefined): Record<string, string> {
  const said = error?.detail['retryAfter'];
  if (typeof said === 'number' && said >= 0) return { 'retry-after': String(Math.ceil(said)) };
  return status === 429 || status === 503 ? { 'retry-after': String(RETRY_AFTER) } : {};
}
