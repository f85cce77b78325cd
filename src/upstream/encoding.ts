import { TufgateError } from '../errors.ts';

/**
 * Content is hashed as it came, and `identity` was asked for: what is encoded all the same is refused, in words that name
 * the cause. Rejected: decoding it. A digest is one of bytes on the wire, a few of them can unfold to gigabytes, and the
 * offset of a resumed blob would count in other bytes than the server's.
 * @param what begins the message
 * @throws upstream.protocol
 */
export function refuseEncoded(what: string, headers: ReadonlyMap<string, string>): void {
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return;
  const shown = JSON.stringify(encoding.slice(0, 40));
  throw new TufgateError(
    'upstream.protocol',
    `${what}: the answer is encoded (Content-Encoding ${shown}), although nothing but identity was asked for; ` +
      'ask who runs that registry, or the proxy in between, to send it as it is',
  );
}
