import { address, isLoopback } from './address.ts';
import type { Address, ListenConfig } from './config.ts';
import { type Field, type Reader, section } from './field.ts';
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
  if (found === undefined) return undefined;
  if (!open.has('tls') && !insecure && !isLoopback(found.host))
    open.failAt(
      'address',
      `address: ${found.host} is not loopback, and plain HTTP can be read and changed by others: add tls, or say \`insecure: true\``,
    );
  return { ...found, insecure, ...present({ tls: certs }) };
});

type Tls = NonNullable<ListenConfig['tls']>;

const tls: Reader<Tls> = section('such as `{ cert: proxy.crt, key: proxy.key }`', (open, field: Field) => {
  const cert = open.required('cert', certificateFile, 'name the PEM file with the certificate');
  const key = open.required('key', keyFile, 'name the PEM file with its private key');
  const clientCa = open.optional('client_ca', certificateFile);
  checkPair(field, cert, key, 'cert and key');
  return cert === undefined || key === undefined ? undefined : { cert, key, ...present({ clientCa }) };
});
