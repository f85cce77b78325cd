import { X509Certificate } from 'node:crypto';
import { children, type DerValue, expectTag, oidOf, readAll, readOne, TAG } from './der.ts';
import type { Certificate } from './tuf/crypto-port.ts';

/**
 * X.509 for the trust core. node:crypto (OpenSSL) parses the certificate and verifies its signature; what its
 * X509Certificate does not show on Node 20 (the signature algorithm, repeated common names, path length, critical
 * extensions) is read from the DER here.
 *
 * Rejected: @peculiar/x509, which needs a global reflection polyfill before its first import.
 */
const COMMON_NAME = '2.5.4.3';
const BASIC_CONSTRAINTS = '2.5.29.19';
const KEY_USAGE = '2.5.29.15';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const SUBJECT_ALT_NAME = '2.5.29.17';
const JUDGED: ReadonlySet<string> = new Set([BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE, SUBJECT_ALT_NAME]);
/** Everything with MD2, MD4, MD5 or SHA-1: RSA, DSA, ECDSA. RSA-PSS names its hash in parameters, with SHA-1 as default. */
const WEAK: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.1.2',
  '1.2.840.113549.1.1.3',
  '1.2.840.113549.1.1.4',
  '1.2.840.113549.1.1.5',
  '1.3.14.3.2.29',
  '1.3.14.3.2.15',
  '1.2.840.10040.4.3',
  '1.3.14.3.2.27',
  '1.2.840.10045.4.1',
]);
const RSA_PSS = '1.2.840.113549.1.1.10';
const SHA2: readonly string[] = ['2.16.840.1.101.3.4.2.1', '2.16.840.1.101.3.4.2.2', '2.16.840.1.101.3.4.2.3'];
/** keyCertSign is bit 5 of the first byte, counted from the left. */
const KEY_CERT_SIGN = 0x04;

interface Extension {
  readonly critical: boolean;
  readonly value: Uint8Array;
}

interface Inside {
  readonly x509: X509Certificate;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
}

/** What both sides of `issuedBy` need and the core must not see. */
const insides = new WeakMap<Certificate, Inside>();

/** @throws anything when it is not a certificate */
export function readCertificate(der: Uint8Array): Certificate {
  const x509 = new X509Certificate(der);
  const [tbs, signature, bits] = children(readOne(der, TAG.sequence), TAG.sequence);
  expectTag(bits, TAG.bitString);
  const fields = children(tbs, TAG.sequence);
  // version is [0], and absent in version 1
  const [, , issuer, validity, subject, spki, ...optional] = fields[0]?.tag === 0xa0 ? fields.slice(1) : fields;
  const [notBefore, notAfter] = children(validity, TAG.sequence);
  const extensions = extensionsOf(optional);
  const inside = {
    x509,
    issuer: expectTag(issuer, TAG.sequence).raw,
    subject: expectTag(subject, TAG.sequence).raw,
  };
  const certificate: Certificate = {
    der,
    spki: expectTag(spki, TAG.sequence).raw,
    commonNames: commonNamesOf(subject),
    notBefore: timeOf(notBefore),
    notAfter: timeOf(notAfter),
    ...constraintsOf(extensions.get(BASIC_CONSTRAINTS)),
    mayCertify: mayCertify(extensions.get(KEY_USAGE)),
    weakSignature: isWeak(signature),
    ...usagesOf(extensions.get(EXTENDED_KEY_USAGE)),
    unknownCritical: [...extensions].some(([oid, { critical }]) => critical && !JUDGED.has(oid)),
    issuedBy: (other) => issued(insides.get(other), inside),
  };
  insides.set(certificate, inside);
  return certificate;
}

function issued(above: Inside | undefined, below: Inside): boolean {
  if (above === undefined || Buffer.compare(below.issuer, above.subject) !== 0) return false;
  try {
    return below.x509.verify(above.x509.publicKey);
  } catch {
    return false;
  }
}

function commonNamesOf(subject: DerValue | undefined): readonly string[] {
  const attributes = children(subject, TAG.sequence).flatMap((set) => children(set, TAG.set));
  return attributes.flatMap((attribute) => {
    const [type, value] = children(attribute, TAG.sequence);
    return oidOf(type) === COMMON_NAME ? [textOf(value)] : [];
  });
}

/** Encodings that Go would convert (BMP, T61) match no name here. */
function textOf(value: DerValue | undefined): string {
  const plain: readonly (number | undefined)[] = [TAG.utf8, TAG.printable, TAG.ia5];
  return plain.includes(value?.tag)
    ? new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value?.content)
    : '';
}

function timeOf(value: DerValue | undefined): number {
  const text = Buffer.from(value?.content ?? []).toString('latin1');
  const short = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  const long = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  const found = value?.tag === TAG.utcTime ? short : value?.tag === TAG.generalizedTime ? long : null;
  if (found === null) throw new RangeError('a time in no known form');
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1).map(Number);
  const century = found === short ? (year < 50 ? 2_000 : 1_900) : 0;
  return new Date(0).setUTCFullYear(century + year, month - 1, day) + ((hour * 60 + minute) * 60 + second) * 1_000;
}

/** Extensions are [3]. One that stands twice hides the other: refused. */
function extensionsOf(optional: readonly DerValue[]): ReadonlyMap<string, Extension> {
  const found = new Map<string, Extension>();
  const wrapper = optional.find(({ tag }) => tag === 0xa3);
  if (wrapper === undefined) return found;
  for (const extension of children(readOne(wrapper.content, TAG.sequence), TAG.sequence)) {
    const [oid, ...rest] = children(extension, TAG.sequence);
    const critical = rest.length > 1 && expectTag(rest[0], TAG.boolean).content[0] !== 0;
    const name = oidOf(oid);
    if (found.has(name)) throw new RangeError('an extension stands twice');
    found.set(name, { critical, value: expectTag(rest.at(-1), TAG.octetString).content });
  }
  return found;
}

function constraintsOf(extension: Extension | undefined): { readonly isCa: boolean; readonly pathLength?: number } {
  if (extension === undefined) return { isCa: false };
  const parts = children(readOne(extension.value, TAG.sequence), TAG.sequence);
  const isCa = parts[0]?.tag === TAG.boolean && parts[0].content[0] !== 0;
  const length = parts.find(({ tag }) => tag === TAG.integer);
  if (length === undefined) return { isCa };
  return { isCa, pathLength: length.content.reduce((sum, byte) => sum * 256 + byte, 0) };
}

function mayCertify(extension: Extension | undefined): boolean {
  if (extension === undefined) return true;
  return ((readOne(extension.value, TAG.bitString).content[1] ?? 0) & KEY_CERT_SIGN) !== 0;
}

function usagesOf(extension: Extension | undefined): { readonly extendedKeyUsages?: readonly string[] } {
  if (extension === undefined) return {};
  return { extendedKeyUsages: children(readOne(extension.value, TAG.sequence), TAG.sequence).map(oidOf) };
}

function isWeak(algorithm: DerValue | undefined): boolean {
  const [oid, parameters] = children(algorithm, TAG.sequence);
  const name = oidOf(oid);
  if (name !== RSA_PSS) return WEAK.has(name);
  const hash = parameters && children(parameters, TAG.sequence).find(({ tag }) => tag === 0xa0);
  const inner = hash && readAll(hash.content)[0];
  return inner === undefined || !SHA2.includes(oidOf(children(inner, TAG.sequence)[0]));
}
