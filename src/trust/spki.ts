import { children, type DerValue, expectTag, oidOf, readOne, TAG } from './der.ts';
import type { KeyFacts } from './tuf/crypto-port.ts';

/**
 * What a SubjectPublicKeyInfo (RFC 5280, 3279, 5480) says, read without OpenSSL: it takes a hundred times as long to
 * make a key of one, and a file may list thousands of which one is ever used. Whether the point is on its curve is found
 * out there, when a signature is verified.
 *
 * A key has one encoding and one identity: named curves, the uncompressed point (as Go reads it), integers in their
 * shortest form, nothing behind the end. RSA-PSS keys (id-RSASSA-PSS) and Edwards curves are not known to Notary either.
 * @throws DerError
 */
export function readSpki(spki: Uint8Array): KeyFacts | undefined {
  const [algorithm, key, ...rest] = children(readOne(spki, TAG.sequence), TAG.sequence);
  const [oid, parameters, ...more] = children(algorithm, TAG.sequence);
  if (rest.length > 0 || more.length > 0) return undefined;
  const bits = expectTag(key, TAG.bitString).content;
  if (bits[0] !== 0) return undefined;
  switch (oidOf(oid)) {
    case '1.2.840.10045.2.1':
      return curveFacts(parameters, bits.subarray(1));
    case '1.2.840.113549.1.1.1':
      return parameters === undefined || parameters.tag === NULL ? rsaFacts(bits.subarray(1)) : undefined;
    default:
      return undefined;
  }
}

const NULL = 0x05;
const CURVES: ReadonlyMap<string, { readonly name: string; readonly bits: number }> = new Map([
  ['1.3.132.0.33', { name: 'secp224r1', bits: 224 }],
  ['1.2.840.10045.3.1.7', { name: 'prime256v1', bits: 256 }],
  ['1.3.132.0.34', { name: 'secp384r1', bits: 384 }],
  ['1.3.132.0.35', { name: 'secp521r1', bits: 521 }],
]);

function curveFacts(parameters: DerValue | undefined, point: Uint8Array): KeyFacts | undefined {
  const curve = parameters?.tag === TAG.oid ? CURVES.get(oidOf(parameters)) : undefined;
  if (curve === undefined || point.length !== 1 + 2 * Math.ceil(curve.bits / 8) || point[0] !== 0x04) return undefined;
  return { algorithm: 'ecdsa', bits: curve.bits, identity: `${curve.name}:00${Buffer.from(point).toString('hex')}` };
}

/** The exponent as Go bounds it: with 1 everybody signs, and one as long as the modulus takes milliseconds to verify. */
function rsaFacts(key: Uint8Array): KeyFacts | undefined {
  const [n, e, ...rest] = children(readOne(key, TAG.sequence), TAG.sequence).map(positive);
  if (n === undefined || e === undefined || rest.length > 0) return undefined;
  const exponent = Number.parseInt(e.toString('hex'), 16);
  if (exponent < 3 || exponent >= 2 ** 31) return undefined;
  const bits = 8 * n.length - (Math.clz32(n[0] ?? 0) - 24);
  return { algorithm: 'rsa', bits, identity: `rsa:${n.toString('base64url')}:${e.toString('base64url')}` };
}

/** Big-endian, without the sign's zero. */
function positive(value: DerValue): Buffer | undefined {
  const bytes = Buffer.from(expectTag(value, TAG.integer).content);
  const [first = 0x80, second = 0] = bytes;
  if (first >= 0x80 || (first === 0 && second < 0x80)) return undefined;
  return first === 0 ? bytes.subarray(1) : bytes;
}
