import { address, isLoopback } from './address.ts';
import type { Address, ListenConfig } from './config.ts';
import { type Field, quote, type Reader, section } from './field.ts';
import { certificateFile, checkPair, keyFile } from './file.ts';
import { present } from './present.ts';
import { boolean } from './quantity.ts';

const EXAMPLE = 'such as `{ address: 127.0.0.1:5000 }`';

/** One or more listeners; no two on one address. */
export const listeners: Reader<readonly ListenConfig[]> = (field) => {
  const items = field.items('such as `- address: 127.0.0.1:5000`');
  if (items === undefined) return undefined;
  if (items.length === 0) return field.fail('is an empty list: name at least one address');
  const found: ListenConfig[] = [];
  for (const item of items) {
    const one = listener(item);
    if (one === undefined) continue;
    if (found.some((other) => sameAddress(other, one))) item.fail('this address is listened on already');
    found.push(one);
  }
  return found;
};

export const admin: Reader<Address> = section('such as `{ address: 127.0.0.1:5001 }`', (open) =>
  open.required('address', address, 'add `address: 127.0.0.1:5001`'),
);

/** Port 0 is another one each time. */
export function sameAddress(a: Address, b: Address): boolean {
  return a.port !== 0 && a.port === b.port && a.host === b.host;
}

const listener: Reader<ListenConfig> = section(EXAMPLE, (open) => {
  const found = open.required('address', address, 'add `address: 127.0.0.1:5000`');
  const certs = open.optional('tls', tls);
  const insecure = open.optional('insecure', boolean) ?? false;
  const handOff = open.optional('hand_off', internalLocation);
  if (found === undefined) return undefined;
  if (open.has('hand_off') && !isLoopback(found.host)) open.failAt('address', `address: ${found.host} ${HAND_OFF_FAR}`);
  else if (!open.has('tls') && !insecure && !isLoopback(found.host))
    open.failAt(
      'address',
      `address: ${found.host} is not loopback, and plain HTTP can be read and changed by others: add tls, or say \`insecure: true\``,
    );
  return { ...found, insecure, ...present({ tls: certs, handOff }) };
});

/**
 * Neither TLS nor `insecure` lifts it. Whoever asks such a listener without the web server gets empty answers, and says himself on whose
 * behalf he asks: only this machine may.
 */
const HAND_OFF_FAR =
  'is not loopback: a listener with hand_off is for a web server on this machine alone; let clients reach that one';

const PREFIX = /^\/(?:[A-Za-z0-9_-]+\/)+$/;
const OURS = /^\/(?:v2|tuf)\//;
const PREFIX_EXAMPLE = 'the prefix of an internal location, with a slash at both ends, such as /_tufgate/';

const internalLocation: Reader<string> = (field) => {
  const text = field.text(PREFIX_EXAMPLE);
  if (text === undefined) return undefined;
  if (!PREFIX.test(text)) return field.fail(`${quote(text)} is not allowed: expected ${PREFIX_EXAMPLE}`);
  return OURS.test(text)
    ? field.fail(`${quote(text)} is where clients ask: expected another prefix, such as /_tufgate/`)
    : text;
};

type Tls = NonNullable<ListenConfig['tls']>;

const tls: Reader<Tls> = section('such as `{ cert: proxy.crt, key: proxy.key }`', (open, field: Field) => {
  const cert = open.required('cert', certificateFile, 'name the PEM file with the certificate');
  const key = open.required('key', keyFile, 'name the PEM file with its private key');
  const clientCa = open.optional('client_ca', certificateFile);
  checkPair(field, cert, key, 'cert and key');
  return cert === undefined || key === undefined ? undefined : { cert, key, ...present({ clientCa }) };
});
