import { issueCertificate } from '../../../src/simulator/notary-certificate.ts';
import { certifiedKey, type NotaryKey, plainKey } from '../../../src/simulator/notary-key.ts';
import type { HostileCase } from '../case.ts';
import { again, certified, rsaCertified, strangeKey } from './keys.ts';
import { DAY, GUN, NOW } from './scene.ts';
import { attacks } from './stories.ts';

interface RootKey extends Pick<HostileCase, 'move' | 'lets' | 'anchor' | 'expect'> {
  readonly key: () => NotaryKey;
}

const BINDING = 'A key that was never made out to this collection speaks for it.';
const FORGEABLE = 'Who can forge one weak signature owns the collection.';

/** The certificate of a root key is all that binds a collection to its name. */
const ROOT_KEYS: Readonly<Record<string, RootKey>> = {
  'made-out-to-everything': {
    move: 'Rotates to a root key whose certificate is made out to a bare star.',
    lets: 'One key speaks for every collection of every registry.',
    anchor: 'notary-v1 pitfall 15',
    expect: 'trust.wrong-name',
    key: () => certified({ commonNames: ['*'] }),
  },
  'made-out-to-another-branch': {
    move: 'Rotates to a root key whose certificate is made out to another branch of the registry.',
    lets: 'The key of one team speaks for another.',
    anchor: 'notary-v1 pitfall 15',
    expect: 'trust.wrong-name',
    key: () => certified({ commonNames: ['docker.io/lib/*'] }),
  },
  'made-out-to-nothing-and-a-star': {
    move: 'Rotates to a root key whose certificate is made out to "/*".',
    lets: 'A star below nothing covers everything.',
    anchor: 'notary-v1 pitfall 15',
    expect: 'trust.wrong-name',
    key: () => certified({ commonNames: ['/*'] }),
  },
  'without-a-certificate': {
    move: 'Rotates to a plain root key, which has no name at all.',
    lets: BINDING,
    anchor: 'notary-v1 pitfall 12',
    expect: 'trust.signature',
    key: () => plainKey('ecdsa'),
  },
  'of-an-authority': {
    move: 'Rotates to a root key whose leaf certificate is one of an authority.',
    lets: 'An authority signs as if it were each of those that it certifies.',
    anchor: 'notary-v1 pitfall 12',
    expect: 'trust.signature',
    key: () => certified({ ca: true }),
  },
  'bundled-with-a-second-leaf': {
    move: 'Rotates to a root key whose bundle holds a second leaf, made out to somebody else.',
    lets: 'Which of two names holds depends on who reads the bundle.',
    anchor: 'notary-v1 pitfall 12',
    expect: 'trust.signature',
    key: () => {
      const { pem, keys } = issueCertificate({ commonNames: [GUN], notBefore: NOW, notAfter: NOW + DAY });
      return certifiedKey(
        pem + issueCertificate({ commonNames: ['x'], notBefore: NOW, notAfter: NOW + DAY }).pem,
        keys,
      );
    },
  },
  'that-ends-before-it-begins': {
    move: 'Rotates to a root key whose certificate ends before it begins.',
    lets: 'A check of one of its dates alone finds nothing wrong.',
    anchor: 'notary-v1 pitfall 12',
    expect: 'trust.signature',
    key: () => certified({ notBefore: NOW + 2 * DAY, notAfter: NOW + DAY }),
  },
  'not-yet-valid': {
    move: 'Rotates to a root key whose certificate begins the day after tomorrow.',
    lets: 'A key that is kept for later is used now.',
    anchor: 'notary-v1 pitfall 13',
    expect: 'trust.expired',
    key: () => certified({ notBefore: NOW + 2 * DAY }),
  },
  'signed-with-sha-1': {
    move: 'Rotates to a root key whose certificate was signed over SHA-1.',
    lets: FORGEABLE,
    anchor: 'notary-v1 pitfall 12',
    expect: 'trust.signature',
    key: () => certified({ hash: 'sha1' }),
  },
  'of-a-short-rsa-key': {
    move: 'Rotates to an RSA root key of 1024 bits.',
    lets: FORGEABLE,
    anchor: 'notary-v1 section 2, methods',
    expect: 'trust.signature',
    key: () => rsaCertified(1_024),
  },
  'with-words-between-the-blocks': {
    move: 'Puts words between the certificates of a bundle.',
    lets: 'One bundle has many texts, and so one key has many ids.',
    anchor: 'notary-v1 pitfall 7',
    expect: 'trust.signature',
    key: () => {
      const { pem, keys } = issueCertificate({ commonNames: [GUN], notBefore: NOW, notAfter: NOW + DAY });
      return certifiedKey(`# mine\n${pem}`, keys);
    },
  },
  'in-bytes-that-are-no-text': {
    move: 'Serves a bundle that is not UTF-8.',
    lets: 'The gate is down, or reads what nobody wrote.',
    anchor: 'CVE-2026-23991',
    expect: 'trust.signature',
    key: () => strangeKey(certified(), 'ecdsa-x509', Buffer.from([0xff, 0xfe])),
  },
  'with-a-block-that-is-no-certificate': {
    move: 'Serves a PEM block whose content is no DER.',
    lets: 'The gate is down.',
    anchor: 'CVE-2026-23991',
    expect: 'trust.signature',
    key: () => {
      const block = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
      return strangeKey(certified(), 'ecdsa-x509', Buffer.from(block));
    },
  },
  'with-nine-certificates': {
    move: 'Serves a bundle of nine certificates.',
    lets: 'Paths through a large bundle cost more than the gate can pay.',
    anchor: 'notary-v1 pitfall 25',
    expect: 'trust.signature',
    key: () => {
      const { pem, keys } = issueCertificate({ commonNames: [GUN], notBefore: NOW, notAfter: NOW + DAY });
      const ca = issueCertificate({ commonNames: ['ca'], notBefore: NOW, notAfter: NOW + DAY, ca: true }).pem;
      return certifiedKey(pem + ca.repeat(8), keys);
    },
  },
  'of-another-kind-of-key': {
    move: 'Calls an RSA certificate one of an elliptic curve.',
    lets: 'A verifier is chosen by what the file says, not by what the key is: CVE-2015-9258.',
    anchor: 'notary-v1 pitfall 11',
    expect: 'trust.signature',
    key: () => {
      const key = rsaCertified(2_048);
      return strangeKey(key, 'ecdsa-x509', Buffer.from(key.entry.keyval.public, 'base64'));
    },
  },
};

export const certificates = attacks('certificate', {
  ...Object.fromEntries(
    Object.entries(ROOT_KEYS).map(([name, { key, ...told }]) => [
      name,
      {
        ...told,
        learns: told.expect === 'trust.expired' ? ['root 2'] : [],
        story(scene) {
          scene.onFirstUse().pull();
          scene.publisher.rotate('root', [key()]).publish();
        },
      },
    ]),
  ),
  'of-a-whole-other-collection': {
    move: 'Answers for this collection with another one, whole and validly signed by its own publisher.',
    lets: 'Whoever may publish anything may publish as anybody.',
    anchor: 'TUF 1.5.2, wrong software; notary-v1 pitfall 12',
    expect: 'trust.wrong-name',
    story(scene) {
      scene
        .onFirstUse()
        .publisher.rotate('root', [certified({ commonNames: ['docker.io/mallory/alpine'] })])
        .publish();
    },
  },
  'listed-under-the-id-of-another': {
    move: 'Lists a key of its own under the key id of the publisher.',
    lets: 'Whoever compares ids only takes the thief for the publisher.',
    anchor: 'notary-v1 pitfall 7',
    expect: 'trust.signature',
    story(scene) {
      const root = scene.publisher.of('root');
      const [mine] = root.keys;
      root.keys = [{ ...again(certified()), keyId: mine!.keyId }];
      scene.publisher.touch('root').publish();
    },
  },
});
