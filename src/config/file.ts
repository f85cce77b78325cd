import { createPrivateKey, X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import { type Field, quote, type Reader } from './field.ts';

/**
 * Files that the configuration names are opened when it is loaded: a path that is wrong is a line in the start-up
 * message, not a failed pull at night.
 */
const WHY = new Map([
  ['ENOENT', 'there is no such file: create it or correct the path'],
  ['EACCES', 'permission denied: make it readable for the user that tufgate runs as'],
  ['EISDIR', 'it is a directory: name a file'],
  ['ENOTDIR', 'a part of the path is not a directory: correct the path'],
]);
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;
const utf8 = new TextDecoder();

export interface NamedFile {
  /** Absolute. */
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** A path, not looked at; absolute or relative to the configuration file. */
export const path: Reader<string> = (field) => {
  const text = field.text('a path');
  if (text === undefined) return undefined;
  return text.includes('\0') ? field.fail('a path cannot hold NUL') : resolve(field.world.directory, text);
};

export const contents: Reader<NamedFile> = (field) => {
  const file = path(field);
  if (file === undefined) return undefined;
  try {
    return { file, bytes: field.world.readFile(file) };
  } catch (error) {
    return field.fail(`cannot read ${quote(file)}: ${whyNot(error)}`);
  }
};

/** The path of a file that can be read. */
export const readable: Reader<string> = (field) => contents(field)?.file;

/** A PEM file with at least one certificate, each of which can be read. */
export const certificates: Reader<{ readonly file: string; readonly pem: string }> = (field) => {
  const found = contents(field);
  if (found === undefined) return undefined;
  const pem = utf8.decode(found.bytes);
  const blocks = pem.match(CERTIFICATE) ?? [];
  if (blocks.length === 0)
    return field.fail(`${quote(found.file)} holds no certificate: expected PEM, "-----BEGIN CERTIFICATE-----"`);
  const bad = blocks.findIndex((block) => certificateOf(block) === undefined);
  return bad < 0
    ? { file: found.file, pem }
    : field.fail(`certificate ${bad + 1} in ${quote(found.file)} cannot be read: is the file damaged?`);
};

export const certificateFile: Reader<string> = (field) => certificates(field)?.file;

/** A PEM file with a private key that is not encrypted. */
export const keyFile: Reader<string> = (field) => {
  const found = contents(field);
  if (found === undefined) return undefined;
  try {
    createPrivateKey(Buffer.from(found.bytes));
    return found.file;
  } catch {
    return field.fail(`${quote(found.file)} holds no private key that can be read: expected PEM without a passphrase`);
  }
};

/** Reports at `field` when both files can be read and the key is another one's. */
export function checkPair(field: Field, cert: string | undefined, key: string | undefined, names: string): void {
  if (cert === undefined || key === undefined) return;
  if (!belongTogether(field.world.readFile, cert, key))
    field.fail(`${names}: the key does not belong to the (first) certificate`);
}

function belongTogether(readFile: (path: string) => Uint8Array, cert: string, key: string): boolean {
  try {
    const certificate = new X509Certificate(readFile(cert));
    return certificate.checkPrivateKey(createPrivateKey(Buffer.from(readFile(key))));
  } catch {
    return false;
  }
}

function certificateOf(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

export function whyNot(error: unknown): string {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  return WHY.get(code) ?? (code === '' ? 'it cannot be read' : `it cannot be read (${code})`);
}
