import {
  constants,
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { canonicalOf, type Plain } from './tuf-document.ts';

/** Makes one entry of `signatures`. What it writes need not be a signature, nor the key id its own. */
export interface TufSigner {
  readonly keyId: string;
  sign(message: Uint8Array): Uint8Array;
}

/** A key of a simulated publisher, with the form it has in metadata. */
export interface TufKey extends TufSigner {
  /** `{"keytype", "scheme", "keyval"}` as it stands in `keys`. */
  readonly entry: Plain;
}

interface Form {
  readonly keytype: string;
  readonly scheme: string;
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null;
  readonly private: (name: string) => KeyObject;
  readonly public: (key: KeyObject) => string;
  readonly saltLength?: number;
}

const ecdsa256 = { scheme: 'ecdsa-sha2-nistp256', hash: 'sha256', private: curveKey('P-256'), public: pem } as const;
const ecdsa384 = { scheme: 'ecdsa-sha2-nistp384', hash: 'sha384', private: curveKey('P-384'), public: pem } as const;
const rsa = {
  keytype: 'rsa',
  scheme: 'rsassa-pss-sha256',
  hash: 'sha256',
  private: rsaKey(2048),
  public: pem,
} as const;

const FORMS = {
  ed25519: { keytype: 'ed25519', scheme: 'ed25519', hash: null, private: edwardsKey, public: edwardsHex },
  rsa,
  'rsa-4096': { ...rsa, private: rsaKey(4096) },
  'rsa-sha384': { ...rsa, scheme: 'rsassa-pss-sha384', hash: 'sha384' },
  'rsa-sha512': { ...rsa, scheme: 'rsassa-pss-sha512', hash: 'sha512' },
  /** Legal PSS with the longest salt, where everyone else writes the length of the hash. */
  'rsa-long-salt': { ...rsa, saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN },
  /** Below the 2,048 bits that the specification asks for. */
  'rsa-1024': { ...rsa, private: rsaKey(1024) },
  p256: { ...ecdsa256, keytype: 'ecdsa' },
  /** Older repositories repeat the scheme as the key type, */
  'p256-typed': { ...ecdsa256, keytype: 'ecdsa-sha2-nistp256' },
  /** and Sigstore's first roots wrote the bare point. */
  'p256-hex': { ...ecdsa256, keytype: 'ecdsa-sha2-nistp256', public: pointHex },
  p384: { ...ecdsa384, keytype: 'ecdsa' },
  'p384-typed': { ...ecdsa384, keytype: 'ecdsa-sha2-nistp384' },
} as const satisfies Record<string, Form>;

export type TufKeyKind = keyof typeof FORMS;
export const TUF_KEY_KINDS = Object.keys(FORMS) as readonly TufKeyKind[];

const made = new Map<string, TufKey>();

/**
 * The key of that name, made once. The same name gives the same key in every run, so that a generated test can be
 * repeated; only RSA keys, which Node cannot make from a seed, are other ones in another process.
 */
export function tufKey(kind: TufKeyKind, name: string): TufKey {
  const id = `${kind} ${name}`;
  const key = made.get(id) ?? makeKey(FORMS[kind], name);
  made.set(id, key);
  return key;
}

function makeKey(form: Form, name: string): TufKey {
  const key = form.private(name);
  const { keytype, scheme } = form;
  const entry = { keytype, scheme, keyval: { public: form.public(createPublicKey(key)) } };
  return { entry, keyId: keyIdOf(entry), sign: (message) => signWith(key, form, message) };
}

/** The same key with other or more members in its entry, and the key id that follows from them. */
export function dressed(key: TufKey, members: Plain): TufKey {
  const entry = { ...key.entry, ...members };
  return { ...key, entry, keyId: keyIdOf(entry) };
}

/** The same key under a key id of someone's choice. */
export function under(keyId: string, key: TufKey): TufKey {
  return { ...key, keyId };
}

/** An absent signer, as tuf-on-ci leaves one: an entry with the empty signature. */
export function silent({ keyId }: TufSigner): TufSigner {
  return { keyId, sign: () => new Uint8Array() };
}

/** A signature that is well-formed and wrong: that of another message. */
export function broken(signer: TufSigner): TufSigner {
  return { keyId: signer.keyId, sign: (message) => signer.sign(Buffer.concat([message, Buffer.from(' ')])) };
}

function keyIdOf(entry: Plain): string {
  return createHash('sha256')
    .update(canonicalOf(JSON.stringify(entry)))
    .digest('hex');
}

function signWith(key: KeyObject, { hash, saltLength }: Form, message: Uint8Array): Uint8Array {
  if (key.asymmetricKeyType !== 'rsa') return sign(hash, message, key);
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return sign(hash, message, { key, padding, saltLength: saltLength ?? constants.RSA_PSS_SALTLEN_DIGEST });
}

function edwardsKey(name: string): KeyObject {
  const seed = createHash('sha256').update(name).digest();
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

function curveKey(crv: 'P-256' | 'P-384'): (name: string) => KeyObject {
  const [curve, hash] = crv === 'P-256' ? (['prime256v1', 'sha256'] as const) : (['secp384r1', 'sha384'] as const);
  return (name) => {
    const d = createHash(hash).update(name).digest();
    const point = createECDH(curve);
    point.setPrivateKey(d);
    const [x, y] = [1, 1 + d.length].map((at) => point.getPublicKey().subarray(at, at + d.length));
    const jwk = { kty: 'EC', crv, d: base64url(d), x: base64url(x), y: base64url(y) };
    return createPrivateKey({ key: jwk, format: 'jwk' });
  };
}

function rsaKey(modulusLength: number): () => KeyObject {
  return () => generateKeyPairSync('rsa', { modulusLength }).privateKey;
}

function base64url(bytes: Buffer | undefined): string {
  return bytes?.toString('base64url') ?? '';
}

function pem(key: KeyObject): string {
  return String(key.export({ type: 'spki', format: 'pem' }));
}

function edwardsHex(key: KeyObject): string {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex');
}

function pointHex(key: KeyObject): string {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return `04${Buffer.from(x, 'base64url').toString('hex')}${Buffer.from(y, 'base64url').toString('hex')}`;
}
