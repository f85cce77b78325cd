import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/**
 * Certificates for simulated publishers and CAs, in hand-made DER: good ones, and every bad one that a test wants
 * (SHA-1, wrong dates, no CA, too long a path). Not for anything real.
 */
export interface CertificateOptions {
  /** The last one is what clients look at. */
  readonly commonNames: readonly string[];
  /** Epoch milliseconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** A new P-256 pair when absent. */
  readonly keys?: KeyPair;
  /** Self-signed when absent. */
  readonly issuer?: IssuedCertificate;
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** keyCertSign in the key usage; as `ca` when absent. */
  readonly mayCertify?: boolean;
  /** Object identifiers; codeSigning (as Notary's own tool) when absent, no extension when empty. */
  readonly extendedKeyUsages?: readonly string[];
  readonly hash?: 'sha256' | 'sha1';
  /** Adds a critical extension that nobody knows. */
  readonly unknownCritical?: boolean;
}

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export interface IssuedCertificate {
  readonly pem: string;
  readonly keys: KeyPair;
  /** DER of the subject. */
  readonly subject: Buffer;
}

export const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

export function newKeyPair(algorithm: 'ecdsa' | 'rsa' | 'ed25519' = 'ecdsa', size?: string | number): KeyPair {
  if (algorithm === 'ed25519') return generateKeyPairSync('ed25519');
  if (algorithm === 'rsa') return generateKeyPairSync('rsa', { modulusLength: Number(size ?? 2048) });
  return generateKeyPairSync('ec', { namedCurve: String(size ?? 'P-256') });
}

export function issueCertificate(options: CertificateOptions): IssuedCertificate {
  const keys = options.keys ?? newKeyPair();
  const subject = nameOf(options.commonNames);
  const signer = options.issuer ?? { keys, subject };
  const hash = options.hash ?? 'sha256';
  const algorithm = algorithmOf(signer.keys.privateKey, hash);
  const tbs = sequence(
    tagged(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    signer.subject,
    sequence(time(options.notBefore), time(options.notAfter)),
    subject,
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensionsOf(options))),
  );
  const signature = sign(hash, tbs, signer.keys.privateKey);
  const der = sequence(tbs, algorithm, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return { pem: pemOf(der), keys, subject };
}

function extensionsOf(options: CertificateOptions): readonly Buffer[] {
  const { ca = false, pathLength, unknownCritical = false } = options;
  const usages = options.extendedKeyUsages ?? (ca ? [] : [CODE_SIGNING]);
  const length = pathLength === undefined ? [] : [tlv(0x02, Buffer.from([pathLength]))];
  return [
    extension('2.5.29.19', true, sequence(...(ca ? [tlv(0x01, Buffer.from([0xff]))] : []), ...length)),
    extension(
      '2.5.29.15',
      true,
      tlv(0x03, (options.mayCertify ?? ca) ? Buffer.from([1, 0x06]) : Buffer.from([5, 0xa0])),
    ),
    ...(usages.length > 0 ? [extension('2.5.29.37', false, sequence(...usages.map(oid)))] : []),
    ...(unknownCritical ? [extension('1.3.6.1.4.1.99999.1', true, tlv(0x05, Buffer.alloc(0)))] : []),
  ];
}

function extension(name: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [tlv(0x01, Buffer.from([0xff]))] : [];
  return sequence(oid(name), ...flag, tlv(0x04, value));
}

function nameOf(commonNames: readonly string[]): Buffer {
  return sequence(...commonNames.map((name) => tlv(0x31, sequence(oid('2.5.4.3'), tlv(0x0c, Buffer.from(name))))));
}

function algorithmOf(key: KeyObject, hash: 'sha256' | 'sha1'): Buffer {
  if (key.asymmetricKeyType === 'ec')
    return sequence(oid(hash === 'sha1' ? '1.2.840.10045.4.1' : '1.2.840.10045.4.3.2'));
  return sequence(oid(hash === 'sha1' ? '1.2.840.113549.1.1.5' : '1.2.840.113549.1.1.11'), tlv(0x05, Buffer.alloc(0)));
}

function time(at: number): Buffer {
  const text = new Date(at).toISOString().replace(/[-:T]|\.\d+/g, '');
  return tlv(0x18, Buffer.from(text));
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(arc: number): number[] {
  const bytes = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift((rest % 128) + 128);
  return bytes;
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function tagged(tag: number, content: Buffer): Buffer {
  return tlv(tag, content);
}

function tlv(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const hex = length.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 + bytes.length]), bytes, content]);
}

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
