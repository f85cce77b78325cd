import { constants, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { broken, dressed, type TufKey, tufKey } from '../../../src/simulator/tuf-key.ts';
import type { HostileCase } from '../case.ts';
import { memberOf } from './scene.ts';
import { attacks } from './stories.ts';

interface Signing extends Pick<HostileCase, 'move' | 'lets' | 'anchor'> {
  /** The key of the timestamp as the root lists it, and how it signs. */
  readonly key: () => TufKey;
}

const CHOSEN = 'Whoever labels the key chooses the verifier, and gives it what passes there.';
const MALLEABLE = 'One signature has many forms, and whoever compares them sees many signatures.';
const NO_KEY = 'A key that is none verifies what nobody signed, or takes the gate down.';
const FORMS = 'One key has many forms, and so many ids that count as many.';

const edwards = tufKey('ed25519', 'corpus timestamp');
const p256 = tufKey('p256', 'corpus timestamp');

/** RSA keys are slow to make: one of each size serves all. */
const pairs = new Map<number, { publicKey: KeyObject; privateKey: KeyObject }>();
function rsaPair(bits: number): { publicKey: KeyObject; privateKey: KeyObject } {
  const pair = pairs.get(bits) ?? generateKeyPairSync('rsa', { modulusLength: bits });
  pairs.set(bits, pair);
  return pair;
}

const listed = (key: TufKey, publicPart: unknown): TufKey => dressed(key, { keyval: { public: publicPart } });
const textOf = ({ entry }: TufKey): string => (entry['keyval'] as { public: string }).public;
const damaged = (key: TufKey, change: (signature: Buffer) => Buffer): TufKey => ({
  ...key,
  sign: (message) => change(Buffer.from(key.sign(message))),
});

/** An RSA key of our own, signing as told. */
function rsa(bits: number, how: { padding?: number; saltLength?: number }, hash = 'sha256'): TufKey {
  const { publicKey, privateKey } = rsaPair(bits);
  const pem = String(publicKey.export({ type: 'spki', format: 'pem' }));
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST, ...how };
  const entry = { keytype: 'rsa', scheme: 'rsassa-pss-sha256', keyval: { public: pem } };
  return dressed({ keyId: '', entry, sign: (message) => sign(hash, message, { key: privateKey, ...pss }) }, {});
}

/** Each stands alone for the timestamp: counted, it would be enough. */
const SIGNINGS: Readonly<Record<string, Signing>> = {
  'of-the-wrong-message': {
    move: 'Copies a signature over other bytes.',
    lets: 'Any signature that the publisher ever made will do.',
    anchor: 'TUF 5.4.2',
    key: () => ({ ...p256, ...broken(p256) }),
  },
  'ed25519-key-with-a-scheme-of-rsa': {
    move: 'Lists an Ed25519 key with the scheme rsassa-pss-sha256.',
    lets: CHOSEN,
    anchor: 'TUF 4.2',
    key: () => dressed(edwards, { scheme: 'rsassa-pss-sha256' }),
  },
  'ed25519-key-with-a-scheme-of-its-own': {
    move: 'Lists an Ed25519 key with a scheme that does not exist; tuf-js takes it.',
    lets: CHOSEN,
    anchor: 'TUF 4.2',
    key: () => dressed(edwards, { scheme: 'whatever' }),
  },
  'rsa-called-ed25519': {
    move: 'Lists a key of the type rsa with the scheme ed25519.',
    lets: CHOSEN,
    anchor: 'TUF 4.2',
    key: () => dressed(edwards, { keytype: 'rsa' }),
  },
  'p256-with-the-scheme-of-p384': {
    move: 'Lists a P-256 key with the scheme of P-384.',
    lets: 'Two clients disagree on which signatures count.',
    anchor: 'go-tuf #625',
    key: () => dressed(p256, { scheme: 'ecdsa-sha2-nistp384' }),
  },
  'certificate-type-of-notary': {
    move: 'Lists a key of the type ecdsa-x509, which only Notary has.',
    lets: 'A key of one format is read by the rules of another.',
    anchor: 'TUF 4.2',
    key: () => dressed(p256, { keytype: 'ecdsa-x509' }),
  },
  'short-rsa': {
    move: 'Lists an RSA key of 1024 bits.',
    lets: 'A key that a state, or a patient thief, can break.',
    anchor: 'TUF 4.2.2',
    key: () => rsa(1_024, {}),
  },
  'short-rsa-called-ecdsa': {
    move: 'Lists a short RSA key as one of ECDSA, which has no length to be checked.',
    lets: 'A key of 1024 bits counts: tuf-js took it.',
    anchor: 'TUF 4.2',
    key: () => dressed(rsa(1_024, {}), { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256' }),
  },
  'rsa-of-16384-bits': {
    move: 'Lists an RSA key of 16384 bits.',
    lets: "Every signature costs a second of everybody's time.",
    anchor: 'CVE-2020-6173',
    key: () => {
      const n = Buffer.alloc(2_048, 0xa5).toString('base64url');
      const huge = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' });
      return listed(rsa(2_048, {}), String(huge.export({ type: 'spki', format: 'pem' })));
    },
  },
  'pkcs1-instead-of-pss': {
    move: 'Signs with RSA PKCS #1 v1.5 where the scheme says PSS.',
    lets: 'A scheme that was given up for a reason is let in again.',
    anchor: 'TUF 4.2',
    key: () => rsa(2_048, { padding: constants.RSA_PKCS1_PADDING }),
  },
  'rsa-of-another-length': {
    move: 'Puts a zero byte before an RSA signature.',
    lets: MALLEABLE,
    anchor: 'RFC 8017 section 8.1.2',
    key: () => damaged(rsa(2_048, {}), (signature) => Buffer.concat([Buffer.alloc(1), signature])),
  },
  'ed25519-cut-short': {
    move: 'Cuts the last byte off an Ed25519 signature.',
    lets: 'The gate is down.',
    anchor: 'RFC 8032 section 5.1.7',
    key: () => damaged(edwards, (signature) => signature.subarray(0, 63)),
  },
  'ed25519-with-a-large-s': {
    move: 'Sets the high bits of an Ed25519 signature.',
    lets: MALLEABLE,
    anchor: 'RFC 8032 section 5.1.7',
    key: () => damaged(edwards, (signature) => (signature.writeUInt8(0xff, 63), signature)),
  },
  'ed25519-of-31-bytes': {
    move: 'Lists an Ed25519 key of 31 bytes.',
    lets: NO_KEY,
    anchor: 'CVE-2026-23991',
    key: () => listed(edwards, '09'.repeat(31)),
  },
  'ed25519-of-small-order': {
    move: 'Lists an Ed25519 key of small order, for which one signature fits every message.',
    lets: 'Whoever puts such a key into a root lets everybody sign.',
    anchor: 'RFC 8032 section 8.1',
    key: () => {
      const nothing = Buffer.from([1, ...Buffer.alloc(31)]);
      return { ...listed(edwards, nothing.toString('hex')), sign: () => Buffer.concat([nothing, Buffer.alloc(32)]) };
    },
  },
  'ed25519-that-is-no-point': {
    move: 'Lists an Ed25519 key that is no point of the curve.',
    lets: NO_KEY,
    anchor: 'RFC 8032 section 5.1.3',
    key: () => listed(edwards, Buffer.from([2, ...Buffer.alloc(31)]).toString('hex')),
  },
  'ed25519-not-in-hex': {
    move: 'Lists an Ed25519 key in base64.',
    lets: 'Hex that stops at the first other character: a key of no bytes.',
    anchor: 'TUF 4.2',
    key: () => listed(edwards, Buffer.from(textOf(edwards), 'hex').toString('base64')),
  },
  'key-that-is-a-number': {
    move: 'Lists a key whose public part is a number.',
    lets: 'The gate is down before any signature was looked at.',
    anchor: 'CVE-2026-23991',
    key: () => listed(p256, 7),
  },
  'key-of-nothing': {
    move: 'Lists a key whose PEM is empty.',
    lets: NO_KEY,
    anchor: 'CVE-2026-23991',
    key: () => listed(p256, '-----BEGIN PUBLIC KEY-----\n====\n-----END PUBLIC KEY-----\n'),
  },
  'point-that-is-not-on-the-curve': {
    move: 'Lists the hex of a point that is not on P-256.',
    lets: NO_KEY,
    anchor: 'TUF 4.2',
    key: () => listed(tufKey('p256-hex', 'corpus timestamp'), `04${'01'.repeat(64)}`),
  },
  'compressed-point': {
    move: 'Lists the hex of a compressed point.',
    lets: FORMS,
    anchor: 'go-tuf #733',
    key: () => {
      const key = tufKey('p256-hex', 'corpus timestamp');
      return listed(key, `02${textOf(key).slice(2, 66)}`);
    },
  },
  'pem-with-text-before-it': {
    move: 'Writes a line before a PEM key, which OpenSSL skips.',
    lets: FORMS,
    anchor: 'go-tuf #733',
    key: () => listed(p256, `-\n${textOf(p256)}`),
  },
  'pem-without-end': {
    move: 'Lists a PEM key of five thousand characters.',
    lets: 'Every key costs its reading before any signature is looked at.',
    anchor: 'CVE-2020-6173',
    key: () => listed(p256, textOf(p256).replace('-----END', `${'A'.repeat(5_000)}\n-----END`)),
  },
  'pem-with-bytes-behind-it': {
    move: 'Appends bytes to a key, which OpenSSL does not look at.',
    lets: FORMS,
    anchor: 'go-tuf #733',
    key: () => {
      const der = createPublicKey(textOf(p256)).export({ type: 'spki', format: 'der' });
      const long = Buffer.concat([der, Buffer.from('x')]).toString('base64');
      return listed(p256, `-----BEGIN PUBLIC KEY-----\n${long}\n-----END PUBLIC KEY-----\n`);
    },
  },
};

export const keysAndSignatures = attacks('key', {
  ...Object.fromEntries(
    Object.entries(SIGNINGS).map(([name, { key, ...told }]) => [
      name,
      {
        ...told,
        expect: 'trust.signature' satisfies HostileCase['expect'],
        learns: ['root 1', 'root 2'],
        story: (scene) => void scene.publisher.rotate('timestamp', [key()]).publish(),
      },
    ]),
  ),
  'that-is-not-listed': {
    move: 'Signs with a key that the root names and does not list.',
    lets: 'The key is looked for elsewhere: in the signature, or on the network.',
    anchor: 'TUF 4.3; CVE-2026-23992',
    expect: 'trust.signature',
    learns: ['root 1', 'root 2'],
    story(scene) {
      const { publisher } = scene;
      publisher.edits.set('root', (signed) => void Reflect.deleteProperty(memberOf(signed, 'keys'), edwards.keyId));
      publisher.rotate('timestamp', [edwards]).publish();
    },
  },
});
