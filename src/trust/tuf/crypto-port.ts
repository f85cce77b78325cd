/**
 * What the trust core needs and is not written in it: the NIST curves, RSA and X.509. `src/trust/crypto.ts` implements
 * it with node:crypto; the core itself stays free of the platform (invariant 9). Ed25519 is verified in the core.
 *
 * No method throws. Whatever is wrong, unsupported or too weak is `false` or `undefined`, because all of it comes from
 * outside and may come before any signature was checked.
 */
export interface Crypto {
  /** `eddsa` is verified in the core, and false here. */
  verify(spki: Uint8Array, method: SignatureMethod, message: Uint8Array, signature: Uint8Array): boolean;
  /** An RSA or NIST-curve public key in DER SubjectPublicKeyInfo; undefined for any other and for trailing bytes. */
  readKey(spki: Uint8Array): KeyFacts | undefined;
  /**
   * PEM bundle → certificates in order; undefined when a block is no certificate, or anything else stands there.
   * @param most no more are read; a bundle that has more is undefined
   */
  readCertificates(pem: string, most: number): readonly Certificate[] | undefined;
}

export type SignatureMethod =
  | 'eddsa'
  /** Notary: exactly r‖s, SHA-256 for every curve. */
  | 'ecdsa'
  /** Notary: SHA-256, a salt of exactly 32 bytes. */
  | 'rsapss'
  /** Notary: SHA-256. */
  | 'rsapkcs1v15'
  /** TUF 1.0: DER, the hash that belongs to the curve. */
  | 'ecdsa-sha2-nistp256'
  | 'ecdsa-sha2-nistp384'
  /** TUF 1.0: any length of the salt, as its other clients. */
  | 'rsassa-pss-sha256'
  | 'rsassa-pss-sha384'
  | 'rsassa-pss-sha512';

export interface KeyFacts {
  readonly algorithm: 'ecdsa' | 'rsa';
  /** Length of the modulus or of the curve's field. */
  readonly bits: number;
  /** The same for every encoding of the same key (compressed points, optional parameters): thresholds count these. */
  readonly identity: string;
}

export interface Certificate {
  readonly der: Uint8Array;
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** Of the subject, in order; the last one counts, as in Go. */
  readonly commonNames: readonly string[];
  /** Epoch milliseconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** basicConstraints says CA. */
  readonly isCa: boolean;
  readonly pathLength?: number;
  /** keyUsage is absent, or allows to sign certificates. */
  readonly mayCertify: boolean;
  /** Signed with SHA-1 or something weaker. */
  readonly weakSignature: boolean;
  /** Object identifiers; absent without the extension. */
  readonly extendedKeyUsages?: readonly string[];
  /** A critical extension that the core does not judge, name constraints among them. */
  readonly unknownCritical: boolean;
  /** The names chain and the signature verifies; nothing else is judged. */
  issuedBy(issuer: Certificate): boolean;
}
