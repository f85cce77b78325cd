import {
  type CertificateOptions,
  issueCertificate,
  type IssuedCertificate,
} from '../../../src/simulator/notary-certificate.ts';
import { certifiedKey, type NotaryKey, plainKey, rootKey } from '../../../src/simulator/notary-key.ts';
import { NotaryRepository } from '../../../src/simulator/notary-repository.ts';
import type { HostileCase } from '../case.ts';
import { DAY, EVIL, GUN, NOW, type NotaryScene } from './scene.ts';
import { attacks } from './stories.ts';

const YEAR = 365 * DAY;
const EMAIL = '1.3.6.1.5.5.7.3.4';

function certificate(over: Partial<CertificateOptions>): IssuedCertificate {
  return issueCertificate({ commonNames: ['Acme CA'], notBefore: NOW - YEAR, notAfter: NOW + YEAR, ca: true, ...over });
}

/** A root key for the collection, below this authority. */
function leafOf(issuer: IssuedCertificate, bundle = '', over: Partial<CertificateOptions> = {}): NotaryKey {
  const { pem, keys } = certificate({ commonNames: [GUN], ca: false, issuer, ...over });
  return certifiedKey(pem + bundle, keys);
}

interface Path extends Pick<HostileCase, 'move' | 'lets' | 'anchor'> {
  /** The authority that is pinned, and the root key that claims to come from it. */
  readonly path: () => readonly [IssuedCertificate, NotaryKey];
}

const ANYBODY = 'Anybody who has any certificate becomes an authority for all collections below the pin.';

const PATHS: Readonly<Record<string, Path>> = {
  'by-another-authority-of-that-name': {
    move: 'Makes an authority with the name of the pinned one, and a root key below it.',
    lets: 'A name is all that it takes.',
    anchor: 'RFC 5280 section 6.1.3',
    path: () => [certificate({}), leafOf(certificate({}))],
  },
  'by-another-authority': {
    move: 'Has a root key certified by an authority that is not the pinned one.',
    lets: 'Every authority of the world speaks for the collection.',
    anchor: 'notary-v1 section 4',
    path: () => [certificate({}), leafOf(certificate({ commonNames: ['Mallory CA'] }))],
  },
  'by-a-circle-of-authorities': {
    move: 'Bundles a root key with seven authorities of its own, each of which has issued all the others.',
    lets: 'There are as many paths as orders of the seven: 7 KB, signed by nobody, stop the gate for seconds.',
    anchor: 'RFC 5280 section 8; notary-v1 pitfall 25',
    path: () => {
      const mine = certificate({ commonNames: ['Mallory CA'] });
      const others = Array.from({ length: 6 }, () => certificate({ commonNames: ['Mallory CA'], keys: mine.keys }));
      return [certificate({}), leafOf(mine, [mine, ...others].map(({ pem }) => pem).join(''))];
    },
  },
  'by-a-leaf': {
    move: 'With a certificate that the pinned authority gave it for itself, certifies a root key.',
    lets: ANYBODY,
    anchor: 'RFC 5280 section 4.2.1.9',
    path: () => {
      const leaf = certificate({ commonNames: ['mallory'], ca: false, mayCertify: true });
      return [leaf, leafOf(leaf)];
    },
  },
  'by-an-authority-that-may-not-certify': {
    move: 'Certifies a root key with an authority whose key usage does not allow it.',
    lets: ANYBODY,
    anchor: 'RFC 5280 section 4.2.1.3',
    path: () => {
      const ca = certificate({ mayCertify: false });
      return [ca, leafOf(ca)];
    },
  },
  'by-too-long-a-path': {
    move: 'Puts an authority of its own below one that may have none below.',
    lets: 'An authority that was limited to leaves makes more of its kind.',
    anchor: 'RFC 5280 section 4.2.1.9',
    path: () => {
      const ca = certificate({ pathLength: 0 });
      const below = certificate({ commonNames: ['Mallory CA'], issuer: ca });
      return [ca, leafOf(below, below.pem)];
    },
  },
  'by-an-intermediate-that-has-expired': {
    move: 'Certifies a root key with an intermediate that ended yesterday.',
    lets: 'An authority that was given up goes on for ever.',
    anchor: 'RFC 5280 section 6.1.3; notary-v1 pitfall 12',
    path: () => {
      const ca = certificate({});
      const below = certificate({ commonNames: ['Old CA'], issuer: ca, notAfter: NOW - DAY });
      return [ca, leafOf(below, below.pem)];
    },
  },
  'by-an-intermediate-over-sha-1': {
    move: 'Certifies a root key with an intermediate that was signed over SHA-1.',
    lets: 'Who finds one collision is an authority.',
    anchor: 'notary-v1 pitfall 12',
    path: () => {
      const ca = certificate({});
      const below = certificate({ commonNames: ['Weak CA'], issuer: ca, hash: 'sha1' });
      return [ca, leafOf(below, below.pem)];
    },
  },
  'with-unknown-limits': {
    move: 'Certifies a root key whose own certificate has a critical extension which nobody knows.',
    lets: 'Limits that the authority set are passed over.',
    anchor: 'RFC 5280 section 4.2',
    path: () => {
      const ca = certificate({});
      return [ca, leafOf(ca, '', { unknownCritical: true })];
    },
  },
  'for-another-purpose': {
    move: 'Uses a certificate for electronic mail as a root key.',
    lets: 'Whoever has a mailbox at the authority signs images.',
    anchor: 'notary-v1 section 4, extended key usage',
    path: () => {
      const ca = certificate({});
      return [ca, leafOf(ca, '', { extendedKeyUsages: [EMAIL] })];
    },
  },
  'below-an-intermediate-for-another-purpose': {
    move: 'Certifies a root key with an intermediate that is for electronic mail.',
    lets: 'The purpose of the last certificate alone counts, and that one the attacker wrote.',
    anchor: 'notary-v1 section 4, extended key usage',
    path: () => {
      const ca = certificate({});
      const below = certificate({ commonNames: ['Mail CA'], issuer: ca, extendedKeyUsages: [EMAIL] });
      return [ca, leafOf(below, below.pem)];
    },
  },
};

/** Another publisher's collection of the same name stands in for this one. */
function impostor(scene: NotaryScene): void {
  const other = new NotaryRepository(GUN, NOW).sign('1', EVIL, 9).publish();
  for (const [name, bytes] of other.files()) scene.lie(name, bytes);
}

export const pins = attacks('pin', {
  ...Object.fromEntries(
    Object.entries(PATHS).map(([name, { path, ...told }]) => [
      name,
      {
        ...told,
        expect: 'trust.pin' satisfies HostileCase['expect'],
        // While the chain is walked dates do not count: an expired intermediate is refused when the chain has ended.
        learns: name === 'by-an-intermediate-that-has-expired' ? ['root 1'] : [],
        story(scene) {
          const [ca, key] = path();
          scene.configure({ pin: { kind: 'ca', file: 'ca.pem', pem: ca.pem } });
          const made = new NotaryRepository(GUN, NOW).sign('1', EVIL, 9);
          made.of('root').keys = [key];
          for (const [file, bytes] of made.publish().files()) scene.lie(file, bytes);
        },
      },
    ]),
  ),
  'missed-by-the-first-root': {
    move: 'Answers the very first request with a collection of its own, of the same name.',
    lets: 'New machines, which have seen nothing yet, believe whoever answers.',
    anchor: 'TUF 5.2; notary-v1 section 7, first use',
    expect: 'trust.pin',
    story: impostor,
  },
  'missed-by-the-next-root': {
    move: 'With the pinned root key, rotates to a key that nobody has pinned.',
    lets: "A pin holds until the first rotation: Notary's client looks no further.",
    anchor: 'notary-v1 pitfall 14',
    expect: 'trust.pin',
    story(scene) {
      scene.pull().publisher.rotate('root').publish();
    },
  },
  'met-by-one-of-two': {
    move: 'Tells the operator to pin a second key by the id that Notary shows to people, which is not the one it signs with.',
    lets: 'A root of two keys is met by the one that is really pinned, or a pin that matches nothing is no pin.',
    anchor: 'notary-v1 pitfall 8; notary-v1 section 4, step g',
    expect: 'trust.pin',
    story(scene) {
      const second = rootKey(GUN, NOW);
      const made = new NotaryRepository(GUN, NOW).sign('1', EVIL, 9);
      const root = made.of('root');
      root.keys = [...scene.publisher.of('root').keys, second];
      root.threshold = 2;
      for (const [name, bytes] of made.publish().files()) scene.lie(name, bytes);
      const [first] = scene.publisher.of('root').keys;
      scene.configure({ pin: { kind: 'keys', keyIds: [first!.keyId, plainKey('ecdsa', second.pair).keyId] } });
    },
  },
  'set-after-first-use': {
    move: "Was there first; the operator pins the publisher's key when the wrong one is trusted already.",
    lets: "A pin is not looked at for what is stored: Notary's client goes on with the impostor.",
    anchor: 'notary-v1 pitfall 14',
    expect: 'trust.pin',
    story(scene) {
      const wanted = rootKey(GUN, NOW);
      scene.onFirstUse().pull();
      scene.configure({ pin: { kind: 'keys', keyIds: [wanted.keyId] } });
    },
  },
  'with-nothing-in-it': {
    move: 'Empties the CA file that is pinned.',
    lets: 'No authority to ask is no objection.',
    anchor: 'notary-v1 section 4',
    expect: 'trust.pin',
    story(scene) {
      scene.configure({ pin: { kind: 'ca', file: 'ca.pem', pem: '# nothing yet\n' } });
    },
  },
  'on-a-root-that-nobody-signed': {
    move: 'Hands the operator a root file to pin that its own keys never signed.',
    lets: 'The anchor itself is never checked.',
    anchor: 'TUF 5.2',
    expect: 'trust.signature',
    story(scene) {
      const { publisher } = scene;
      publisher.of('root').signers = [rootKey(GUN, NOW)];
      publisher.touch('root').publish();
      scene.configure({ pin: { kind: 'root-file', file: 'root.json', bytes: publisher.bytesOf('root') } });
    },
  },
  'on-a-root-of-long-ago': {
    move: 'Answers with a chain that begins elsewhere, to a client that has pinned a root file.',
    lets: 'The pinned file is only a hint, and the newest root on the wire wins.',
    anchor: 'TUF 5.2 and 5.3.4',
    expect: 'trust.signature',
    learns: ['root 1'],
    story(scene) {
      const bytes = scene.publisher.bytesOf('root');
      scene.configure({ pin: { kind: 'root-file', file: 'root.json', bytes } });
      impostor(scene);
    },
  },
  missing: {
    move: 'Answers for a collection that the operator has pinned nothing for.',
    lets: 'What nobody configured is trusted on sight.',
    anchor: 'design section 4; notary-v1 section 7',
    expect: 'trust.no-root',
    story(scene) {
      const { releases } = scene.settings;
      scene.settings = { firstUse: 'refuse', releases };
    },
  },
});
