import { constants } from 'node:crypto';
import { newKeyPair } from '../../../src/simulator/notary-certificate.ts';
import { certifiedKey, type NotaryKey, plainKey } from '../../../src/simulator/notary-key.ts';
import { delegationKey } from '../../../src/simulator/notary-repository.ts';
import type { ValidCase } from '../case.ts';
import { again, certified, rsaKey, signingWith } from './keys.ts';
import { DAY, GOOD, GUN, memberOf, NOW } from './scene.ts';
import { oddities } from './stories.ts';

const RELEASES = 'targets/releases';
const METHODS = 'notary-v1 section 2, methods';

type Made = readonly [odd: string, key: () => NotaryKey];

/** Every kind of key that Notary reads. */
const KEYS: Readonly<Record<string, Made>> = {
  'p-224': ['a key on P-224', () => plainKey('ecdsa', newKeyPair('ecdsa', 'P-224'))],
  'p-384': [
    'a key on P-384, which signs over SHA-256 all the same',
    () => plainKey('ecdsa', newKeyPair('ecdsa', 'P-384')),
  ],
  'p-521': ['a key on P-521, whose signatures have 132 bytes', () => plainKey('ecdsa', newKeyPair('ecdsa', 'P-521'))],
  ed25519: ['an Ed25519 key', () => plainKey('ed25519')],
  rsa: ['an RSA key of 2048 bits', () => rsaKey(2_048)],
  'long-rsa': ['an RSA key of 3072 bits', () => rsaKey(3_072)],
  'rsa-pkcs1': ['an RSA key that signs by PKCS #1 v1.5', () => pkcs1(rsaKey(2_048))],
  'expired-certificate': ['a key whose certificate ended years ago', () => certified({ notAfter: NOW - DAY })],
  'nameless-certificate': ['a key whose certificate names nobody', () => certified({ commonNames: [] })],
  'rsa-certificate': ['an RSA key in a certificate', () => again(rsaKey(2_048))],
  'upper-case-method': [
    'a key whose signatures say ECDSA in capitals',
    () => ({ ...plainKey('ecdsa'), method: 'ECDSA' }),
  ],
};

/** Root keys come in certificates made out to the collection. */
const ROOT_KEYS: Readonly<Record<string, Made>> = {
  'p-384': ['a certificate of a P-384 key', () => certified({ keys: newKeyPair('ecdsa', 'P-384') })],
  'p-521': ['a certificate of a P-521 key', () => certified({ keys: newKeyPair('ecdsa', 'P-521') })],
  rsa: ['a certificate of an RSA key', () => again(rsaKey(2_048))],
  'for-all-below': [
    'a certificate for everything below docker.io/library',
    () => certified({ commonNames: ['docker.io/library/*'] }),
  ],
  'for-a-whole-registry': [
    'a certificate for everything below docker.io',
    () => certified({ commonNames: ['docker.io/*'] }),
  ],
  'two-names': [
    'a certificate with two common names, of which the last one counts',
    () => certified({ commonNames: ['*', GUN] }),
  ],
  'begins-tomorrow': [
    'a certificate that begins in twenty hours',
    () => certified({ notBefore: NOW + 20 * 3_600_000 }),
  ],
  'ends-today': ['a certificate with three hours left', () => certified({ notAfter: NOW + 3 * 3_600_000 })],
  'server-usage': ['a certificate for servers', () => certified({ extendedKeyUsages: ['1.3.6.1.5.5.7.3.1'] })],
  'mail-usage': [
    'a certificate for mail, where no CA is pinned',
    () => certified({ extendedKeyUsages: ['1.3.6.1.5.5.7.3.4'] }),
  ],
  'no-usage': ['a certificate without any purpose', () => certified({ extendedKeyUsages: [] })],
  'unknown-critical': [
    'a certificate with an unknown critical extension, where no CA is pinned',
    () => certified({ unknownCritical: true }),
  ],
};

function pkcs1(key: NotaryKey): NotaryKey {
  return signingWith(key, 'rsapkcs1v15', { key: key.pair.privateKey, padding: constants.RSA_PKCS1_PADDING });
}

type Stories = Parameters<typeof oddities>[1];

function keyOf(role: string): Stories {
  return Object.fromEntries(
    Object.entries(KEYS).map(([name, [odd, key]]) => [
      `${role.replace('/', '-')}-${name}`,
      {
        odd: `The ${role} role has ${odd}.`,
        anchor: METHODS,
        story(scene) {
          if (role === RELEASES) scene.publisher.delegate(RELEASES, { keys: [key()] }).sign('1', GOOD, 1_024, RELEASES);
          else scene.publisher.rotate(role, [key()]);
          scene.publisher.publish();
          scene.pull();
        },
      },
    ]),
  );
}

export const validKeys: readonly ValidCase[] = oddities('key', {
  ...keyOf('targets'),
  ...keyOf('snapshot'),
  ...keyOf('timestamp'),
  ...keyOf(RELEASES),
  ...Object.fromEntries(
    Object.entries(ROOT_KEYS).map(([name, [odd, key]]) => [
      `root-${name}`,
      {
        odd: `The root has ${odd}.`,
        anchor: 'notary-v1 section 4',
        story(scene) {
          scene.onFirstUse().publisher.rotate('root', [key()]).publish();
          scene.pull();
        },
      },
    ]),
  ),
  'scheme-in-the-entry': {
    odd: 'A key entry has a scheme and key id algorithms, as TUF 1.0 writes them.',
    anchor: 'notary-v1 pitfall 7',
    story(scene) {
      scene.edit('root', (signed) => {
        for (const key of Object.values(memberOf(signed, 'keys'))) {
          Object.assign(key as object, { scheme: 'ecdsa', keyid_hash_algorithms: ['md5'] });
        }
      });
      scene.pull();
    },
  },
  'private-part-filled-in': {
    odd: 'A key entry has something in its private part, which is no part of its id.',
    anchor: 'notary-v1 section 2, key ids',
    story(scene) {
      scene.edit('root', (signed) => {
        for (const key of Object.values(memberOf(signed, 'keys')))
          ((key as { keyval: object }).keyval as { private: string }).private = 'x';
      });
      scene.pull();
    },
  },
  'private-part-missing': {
    odd: 'A key entry has no private part at all.',
    anchor: 'notary-v1 section 2, key ids',
    story(scene) {
      scene.edit('root', (signed) => {
        for (const key of Object.values(memberOf(signed, 'keys')))
          delete (key as { keyval: { private?: null } }).keyval.private;
      });
      scene.pull();
    },
  },
  'unsupported-beside-a-good-one': {
    odd: 'A role has two keys, one of a type that does not exist yet.',
    anchor: 'notary-v1 pitfall 11',
    story(scene) {
      const future = { ...plainKey('ecdsa'), entry: { keytype: 'ml-dsa', keyval: { private: null, public: 'AAAA' } } };
      const role = scene.publisher.of('targets');
      scene.publisher.rotate('targets', [...role.keys, future]);
      role.signers = role.keys.slice(0, 1);
      scene.publisher.publish();
      scene.pull();
    },
  },
  'one-key-in-two-certificates': {
    odd: 'One key stands twice in a role that needs one signature.',
    anchor: 'notary-v1 pitfall 9',
    story(scene) {
      const [key] = scene.publisher.of('targets').keys;
      scene.publisher.rotate('targets', [key!, again(key!)]).publish();
      scene.pull();
    },
  },
  'bundle-with-an-intermediate': {
    odd: 'A delegation key is a bundle of a leaf and its authority.',
    anchor: 'notary-v1 section 2',
    story(scene) {
      const ca = certified({ commonNames: ['Acme CA'], ca: true });
      const leaf = delegationKey(RELEASES, NOW);
      const pem = (key: NotaryKey): string => Buffer.from(key.entry.keyval.public, 'base64').toString();
      const key = certifiedKey(pem(leaf) + pem(ca), leaf.pair);
      scene.publisher
        .delegate(RELEASES, { keys: [key] })
        .sign('1', GOOD, 1_024, RELEASES)
        .publish();
      scene.pull();
    },
  },
  'sixty-four-of-them': {
    odd: 'A role has sixty-four keys, one of which has signed.',
    anchor: 'limits',
    story(scene) {
      const role = scene.publisher.of('targets');
      scene.publisher.rotate('targets', [...role.keys, ...Array.from({ length: 63 }, () => plainKey('ecdsa'))]);
      role.signers = role.keys.slice(0, 1);
      scene.publisher.publish();
      scene.pull();
    },
  },
});
