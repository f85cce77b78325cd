import { isIP } from 'node:net';
import type { Address } from './config.ts';
import { quote, type Reader } from './field.ts';

const EXAMPLE = 'HOST:PORT such as 127.0.0.1:5000, or 0.0.0.0:5000 for every interface';
const ADDRESS = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})$/;

/** `127.0.0.1:5000`, `[::1]:5000`, `localhost:0`. The brackets do not become part of the host. */
export const address: Reader<Address> = (field) => {
  const text = field.text(EXAMPLE);
  if (text === undefined) return undefined;
  const [, six, plain, digits] = ADDRESS.exec(text) ?? [];
  const host = six ?? plain;
  const port = Number(digits);
  const readable = host !== undefined && (six === undefined || isIP(six) === 6) && port <= 65_535;
  return readable ? { host, port } : field.fail(`${quote(text)} is not an address: expected ${EXAMPLE}`);
};

/** Only what this machine itself can reach. Names other than `localhost` may lead anywhere. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}
