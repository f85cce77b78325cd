import { type ErrorDetail, messageOf, TufgateError } from '../errors.ts';

const TIMEOUTS: ReadonlySet<string> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
]);
const RESETS: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);
const CERTIFICATE = /^(?:ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|UND_ERR_PRX_TLS)/;

/** True when asking again on a fresh connection may help: a keep-alive socket that the other side had closed. */
export function isReset(error: unknown): boolean {
  return RESETS.has(systemCode(error));
}

/**
 * What undici or a socket threw, as one of ours.
 * @param what was being done, without queries: `GET /v2/library/nginx/manifests/1.27`
 */
export function failure(peer: string, what: string, error: unknown): TufgateError {
  if (error instanceof TufgateError) return error;
  const code = systemCode(error);
  const say = (reason: 'upstream.unreachable' | 'upstream.protocol', why: string): TufgateError =>
    new TufgateError(reason, `${peer}: ${what}: ${why}`, { cause: error, detail: detailOf(peer, code) });
  if (TIMEOUTS.has(code))
    return say('upstream.unreachable', 'no answer in time; check that it is up and that no firewall is in between');
  if (code === 'EFORBIDDENADDRESS')
    return say(
      'upstream.protocol',
      `${messageOf(error)}, where this registry may not send tufgate; it was not followed`,
    );
  if (CERTIFICATE.test(code))
    return say(
      'upstream.unreachable',
      `its certificate is not trusted (${code}); set \`ca\` if a private CA signed it`,
    );
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW')
    return say('upstream.protocol', `the answer is not HTTP/1.1 (${code})`);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return say('upstream.unreachable', 'its name does not resolve; check the url, or DNS');
  if (code === 'ECONNREFUSED')
    return say('upstream.unreachable', 'connection refused; check that it is up, and the url');
  return say('upstream.unreachable', `the connection broke (${code === '' ? messageOf(error) : code})`);
}

function detailOf(peer: string, code: string): ErrorDetail {
  return code === '' ? { peer } : { peer, code };
}

/** Connecting to several addresses fails with an AggregateError: then the code of the first. */
function systemCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return systemCode(error.errors[0]);
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return '';
  // llhttp's errors and proxied TLS errors wrap the telling one.
  return error.code === 'UND_ERR' && error.cause !== undefined ? systemCode(error.cause) : error.code;
}
