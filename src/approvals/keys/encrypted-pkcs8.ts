import { createCipheriv, type KeyObject, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

/**
 * Rounds of PBKDF2. OpenSSL's default, which is also the only one that KeyObject.export has, is 2,048: some ten million guesses
 * a second on one graphics card. openssl reads any number; 600,000 take a fifth of a second here.
 */
const ROUNDS = 600_000;

const HMAC_SHA256 = Buffer.from('300c06082a864886f70d02090500', 'hex');
const [PBES2, PBKDF2, AES_256_CBC] = ['06092a864886f70d01050d', '06092a864886f70d01050c', '060960864801650304012a'].map(
  (oid) => Buffer.from(oid, 'hex'),
) as [Buffer, Buffer, Buffer];

/**
 * PKCS#8 EncryptedPrivateKeyInfo (RFC 5958) in PEM: PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC (RFC 8018), what
 * `openssl pkcs8 -topk8 -v2 aes-256-cbc -iter 600000` writes.
 */
export async function encryptedPkcs8(key: KeyObject, passphrase: string): Promise<string> {
  const [salt, iv] = [randomBytes(16), randomBytes(16)];
  const secret = await promisify(pbkdf2)(Buffer.from(passphrase, 'utf8'), salt, ROUNDS, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', secret, iv);
  const data = Buffer.concat([cipher.update(key.export({ type: 'pkcs8', format: 'der' })), cipher.final()]);
  const derivation = sequence(PBKDF2, sequence(octets(salt), integer(ROUNDS), HMAC_SHA256));
  const scheme = sequence(PBES2, sequence(derivation, sequence(AES_256_CBC, octets(iv))));
  return pem(sequence(scheme, octets(data)));
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function octets(bytes: Uint8Array): Buffer {
  return tlv(0x04, bytes);
}

/** Positive, of at most 31 bits. */
function integer(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  const skip = bytes.findIndex((byte, i) => byte !== 0 || (bytes[i + 1] ?? 0x80) >= 0x80);
  return tlv(0x02, bytes.subarray(skip));
}

/** Keys of ours are far below 64 KiB. */
function tlv(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const head = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...head), content]);
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${lines.join('\n')}\n-----END ENCRYPTED PRIVATE KEY-----\n`;
}
