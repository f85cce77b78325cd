import { constants, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { newKeyPair } from '../../../src/simulator/notary-certificate.ts';
import { type NotaryKey, plainKey } from '../../../src/simulator/notary-key.ts';
import type { HostileCase } from '../case.ts';
import { again, rsaKey, signingWith, strangeKey } from './keys.ts';
import { attacks } from './stories.ts';

interface Signing extends Pick<HostileCase, 'move' | 'lets' | 'anchor'> {
  /** The key of the timestamp as the root lists it, and how it signs. */
  readonly key: () => NotaryKey;
}

const CHOSEN = 'The attacker chooses the verifier, and gives it what passes there: CVE-2015-9258.';
const MALLEABLE = 'One signature has many forms, and whoever compares them sees many signatures.';
const NO_KEY = 'A key that is none verifies what nobody signed, or takes the gate down.';

function spki(key: NotaryKey): Buffer {
  return key.pair.publicKey.export({ type: 'spki', format: 'der' });
}

/** One bit of a good signature. */
function damaged(key: NotaryKey, change: (signature: Buffer) => Buffer): NotaryKey {
  return { ...key, sign: (message) => change(key.sign(message)) };
}

/** Each stands alone for the timestamp: counted, it would be enough. */
const SIGNINGS: Readonly<Record<string, Signing>> = {
  'ed25519-key-with-method-ecdsa': {
    move: 'Calls a signature of an Ed25519 key one of ECDSA.',
    lets: CHOSEN,
    anchor: 'notary-v1 pitfall 11; CVE-2015-9258',
    key: () => ({ ...plainKey('ed25519'), method: 'ecdsa' }),
  },
  'ecdsa-in-der': {
    move: 'Writes an ECDSA signature in DER.',
    lets: MALLEABLE,
    anchor: 'notary-v1 pitfall 10',
    key: () => {
      const key = plainKey('ecdsa');
      return signingWith(key, 'ecdsa', key.pair.privateKey);
    },
  },
  'ecdsa-p384-over-sha384': {
    move: 'Signs with P-384 over SHA-384, where Notary takes SHA-256 for every curve.',
    lets: 'Two clients disagree on which signatures count.',
    anchor: 'notary-v1 pitfall 10',
    key: () => {
      const key = plainKey('ecdsa', newKeyPair('ecdsa', 'P-384'));
      return signingWith(key, 'ecdsa', { key: key.pair.privateKey, dsaEncoding: 'ieee-p1363' }, 'sha384');
    },
  },
  'pss-with-another-salt': {
    move: 'Signs with RSA-PSS and a salt as long as it can be.',
    lets: 'Two clients disagree on which signatures count.',
    anchor: 'notary-v1 pitfall 10',
    key: () => {
      const key = rsaKey(2_048);
      const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN };
      return signingWith(key, 'rsapss', { key: key.pair.privateKey, ...pss });
    },
  },
  'rsa-of-another-length': {
    move: 'Puts a zero byte before an RSA signature.',
    lets: MALLEABLE,
    anchor: 'notary-v1 section 2, methods',
    key: () => damaged(rsaKey(2_048), (signature) => Buffer.concat([Buffer.alloc(1), signature])),
  },
  'ed25519-cut-short': {
    move: 'Cuts the last byte off an Ed25519 signature.',
    lets: 'The gate is down.',
    anchor: 'notary-v1 section 2, methods',
    key: () => damaged(plainKey('ed25519'), (signature) => signature.subarray(0, 63)),
  },
  'ed25519-with-a-large-s': {
    move: 'Sets the high bits of an Ed25519 signature.',
    lets: MALLEABLE,
    anchor: 'RFC 8032 section 5.1.7',
    key: () => damaged(plainKey('ed25519'), (signature) => (signature.writeUInt8(0xff, 63), signature)),
  },
  'ed25519-of-small-order': {
    move: 'Lists an Ed25519 key of small order, for which one signature fits every message.',
    lets: 'Whoever puts such a key into a root lets everybody sign.',
    anchor: 'RFC 8032 section 8.1',
    key: () => {
      const nothing = Buffer.from([1, ...Buffer.alloc(31)]);
      const always = Buffer.concat([nothing, Buffer.alloc(32)]);
      return { ...strangeKey(plainKey('ed25519'), 'ed25519', nothing), sign: () => always };
    },
  },
  'ed25519-that-is-no-point': {
    move: 'Lists an Ed25519 key that is no point of the curve.',
    lets: NO_KEY,
    anchor: 'RFC 8032 section 5.1.3',
    key: () => strangeKey(plainKey('ed25519'), 'ed25519', Buffer.from([2, ...Buffer.alloc(31)])),
  },
  'ed25519-of-31-bytes': {
    move: 'Lists an Ed25519 key of 31 bytes.',
    lets: NO_KEY,
    anchor: 'CVE-2026-23991',
    key: () => strangeKey(plainKey('ed25519'), 'ed25519', Buffer.alloc(31, 9)),
  },
  'rsa-of-16384-bits': {
    move: 'Lists an RSA key of 16384 bits.',
    lets: "Every signature costs a second of everybody's time.",
    anchor: 'CVE-2020-6173',
    key: () => {
      const n = Buffer.alloc(2_048, 0xa5).toString('base64url');
      const huge = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' });
      return strangeKey(rsaKey(2_048), 'rsa', huge.export({ type: 'spki', format: 'der' }));
    },
  },
  'rsa-called-ecdsa': {
    move: 'Lists a short RSA key as one of ECDSA, which has no length to be checked.',
    lets: 'A key of 1024 bits counts: tuf-js took it.',
    anchor: 'notary-v1 pitfall 11',
    key: () => strangeKey(rsaKey(1_024), 'ecdsa', spki(rsaKey(1_024))),
  },
  'on-a-compressed-point': {
    move: 'Writes a P-256 key with a compressed point.',
    lets: 'One key has two forms, and so two ids that count as two.',
    anchor: 'notary-v1 pitfall 9',
    key: () => {
      const key = plainKey('ecdsa');
      const point = spki(key).subarray(-65);
      const short = Buffer.concat([Buffer.from([2 + (point.at(-1)! & 1)]), point.subarray(1, 33)]);
      const head = Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex');
      return strangeKey(key, 'ecdsa', Buffer.concat([head, short]));
    },
  },
  'with-bytes-behind-it': {
    move: 'Appends bytes to a key, which OpenSSL does not look at.',
    lets: 'One key has many forms, and so many ids that count as many.',
    anchor: 'notary-v1 pitfall 9',
    key: () => {
      const key = plainKey('ecdsa');
      return strangeKey(key, 'ecdsa', Buffer.concat([spki(key), Buffer.from('x')]));
    },
  },
  'of-an-edwards-key-called-ecdsa': {
    move: 'Lists an X.509 form of an Ed25519 key as one of ECDSA.',
    lets: CHOSEN,
    anchor: 'notary-v1 pitfall 11',
    key: () =>
      strangeKey(
        plainKey('ed25519'),
        'ecdsa',
        generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }),
      ),
  },
  'that-is-no-der': {
    move: 'Lists a key of random bytes.',
    lets: NO_KEY,
    anchor: 'CVE-2026-23991',
    key: () => strangeKey(plainKey('ecdsa'), 'ecdsa', Buffer.from('no key')),
  },
  'of-an-unknown-type': {
    move: 'Lists a key of a type that nobody knows.',
    lets: 'What cannot be verified is taken as verified.',
    anchor: 'notary-v1 section 2, methods',
    key: () => strangeKey(plainKey('ecdsa'), 'post-quantum', Buffer.alloc(32)),
  },
};

export const keysAndSignatures = attacks('signature', {
  ...Object.fromEntries(
    Object.entries(SIGNINGS).map(([name, { key, ...told }]) => [
      name,
      {
        ...told,
        expect: 'trust.signature' satisfies HostileCase['expect'],
        learns: ['root 2'],
        story: (scene) => void scene.publisher.rotate('timestamp', [key()]).publish(),
      },
    ]),
  ),
  'in-base64url': {
    move: 'Writes a signature in the alphabet of URLs.',
    lets: MALLEABLE,
    anchor: 'notary-v1 pitfall 6',
    expect: 'trust.signature',
    story(scene) {
      const text = Buffer.from(scene.pull().publisher.resign('timestamp').bytesOf('timestamp')).toString();
      const urls = (sig: string): string => Buffer.from(sig, 'base64').toString('base64url');
      const other = text.replace(/"sig":"([^"]+)"/, (_, sig: string) => `"sig":"${urls(sig)}"`);
      scene.lie('timestamp', Buffer.from(other));
    },
  },
  'ecdsa-key-with-method-rsa': {
    move: 'Calls the signature of an ECDSA key on the snapshot one of RSA.',
    lets: CHOSEN,
    anchor: 'notary-v1 pitfall 11; CVE-2015-9258',
    expect: 'trust.signature',
    learns: ['root 2', 'floor timestamp'],
    story(scene) {
      scene.publisher.rotate('snapshot', [{ ...plainKey('ecdsa'), method: 'rsapkcs1v15' }]).publish();
    },
  },
  'rsa-key-with-method-eddsa': {
    move: 'Calls the signature of an RSA key on targets one of Ed25519.',
    lets: CHOSEN,
    anchor: 'notary-v1 pitfall 11; CVE-2015-9258',
    expect: 'trust.signature',
    learns: ['root 2', 'floor timestamp', 'floor snapshot'],
    story(scene) {
      scene.publisher.rotate('targets', [{ ...rsaKey(2_048), method: 'eddsa' }]).publish();
    },
  },
  'of-the-wrong-message': {
    move: 'Copies a signature of the publisher onto targets of its own.',
    lets: 'Any signature that the publisher ever made will do.',
    anchor: 'TUF 5.6.3',
    expect: 'trust.signature',
    learns: ['root 2', 'floor timestamp', 'floor snapshot'],
    story(scene) {
      const key = plainKey('ecdsa');
      const copied = key.sign(Buffer.from('something that was signed once'));
      scene.publisher.rotate('targets', [{ ...key, sign: () => copied }]).publish();
    },
  },
  'on-an-unknown-curve': {
    move: 'Lists a key on secp256k1 for targets.',
    lets: 'Two clients disagree on which keys count.',
    anchor: 'notary-v1 section 2, methods',
    expect: 'trust.signature',
    learns: ['root 2', 'floor timestamp', 'floor snapshot'],
    story(scene) {
      scene.publisher.rotate('targets', [plainKey('ecdsa', newKeyPair('ecdsa', 'secp256k1'))]).publish();
    },
  },
  'by-one-key-under-two-ids': {
    move: 'Lists one key plainly and in a certificate, and signs targets with both.',
    lets: 'A threshold of two is met by one person.',
    anchor: 'notary-v1 pitfall 9',
    expect: 'trust.threshold',
    learns: ['root 2', 'floor timestamp', 'floor snapshot'],
    story(scene) {
      const role = scene.publisher.of('targets');
      role.threshold = 2;
      scene.publisher.rotate('targets', [role.keys[0]!, again(role.keys[0]!)]).publish();
    },
  },
});
