import {
  type CertificateOptions,
  issueCertificate,
  type IssuedCertificate,
} from '../../../src/simulator/notary-certificate.ts';
import { certifiedKey, type NotaryKey, rootKey } from '../../../src/simulator/notary-key.ts';
import { DAY, GUN, NOW, type NotaryScene } from './scene.ts';
import { oddities } from './stories.ts';

const YEAR = 365 * DAY;
const USAGES = { none: [], server: ['1.3.6.1.5.5.7.3.1'], 'code signing': ['1.3.6.1.5.5.7.3.3'], any: ['2.5.29.37.0'] };

function certificate(over: Partial<CertificateOptions> = {}): IssuedCertificate {
  return issueCertificate({ commonNames: ['Acme CA'], notBefore: NOW - YEAR, notAfter: NOW + YEAR, ca: true, ...over });
}

function leafOf(issuer: IssuedCertificate, bundle = '', over: Partial<CertificateOptions> = {}): NotaryKey {
  const { pem, keys } = certificate({ commonNames: [GUN], ca: false, issuer, ...over });
  return certifiedKey(pem + bundle, keys);
}

/** The publisher's root key comes from this authority, which the client has pinned; it starts with it. */
function pinned(scene: NotaryScene, key: NotaryKey, pem: string): void {
  scene.configure({ pin: { kind: 'ca', file: 'ca.pem', pem } });
  scene.publisher.of('root').version = 0;
  scene.publisher.of('root').keys = [key];
  scene.publisher.touch('root').publish();
  scene.pull();
}

export const validPins = oddities('pin', {
  'authority-directly': {
    odd: 'A CA is pinned that issued the root key itself.',
    anchor: 'notary-v1 section 4',
    story(scene) {
      const ca = certificate();
      pinned(scene, leafOf(ca), ca.pem);
    },
  },
  'authority-over-an-intermediate': {
    odd: 'The root key comes with the intermediate that leads to the pinned CA.',
    anchor: 'notary-v1 section 4',
    story(scene) {
      const ca = certificate();
      const below = certificate({ commonNames: ['Acme Images'], issuer: ca });
      pinned(scene, leafOf(below, below.pem), ca.pem);
    },
  },
  'authority-over-two-intermediates-out-of-order': {
    odd: 'Two intermediates stand in the bundle the wrong way round.',
    anchor: 'notary-v1 pitfall 12',
    story(scene) {
      const ca = certificate();
      const first = certificate({ commonNames: ['Acme Software'], issuer: ca });
      const second = certificate({ commonNames: ['Acme Images'], issuer: first });
      pinned(scene, leafOf(second, first.pem + second.pem), ca.pem);
    },
  },
  'authority-over-a-full-bundle': {
    odd: 'Seven intermediates stand in the bundle in any order, two of them for one key: the other CA of the file issued one.',
    anchor: 'limits; RFC 4158 section 2.4',
    story(scene) {
      const [ca, other] = [certificate(), certificate({ commonNames: ['Other CA'] })];
      const chain = [ca];
      for (let i = 1; i <= 6; i++) chain.push(certificate({ commonNames: [`Acme ${i}`], issuer: chain[i - 1]! }));
      const crossed = certificate({ commonNames: ['Acme 1'], keys: chain[1]!.keys, issuer: other, pathLength: 0 });
      const bundle = [...chain.slice(1), crossed].reverse().map(({ pem }) => pem);
      pinned(scene, leafOf(chain[6]!, bundle.join('')), other.pem + ca.pem);
    },
  },
  'authority-with-the-path-length-it-needs': {
    odd: 'The pinned CA allows one authority below it, and there is one.',
    anchor: 'RFC 5280 section 4.2.1.9',
    story(scene) {
      const ca = certificate({ pathLength: 1 });
      const below = certificate({ commonNames: ['Acme Images'], issuer: ca, pathLength: 0 });
      pinned(scene, leafOf(below, below.pem), ca.pem);
    },
  },
  'authority-among-comments': {
    odd: 'The CA file holds words, another CA, and one that has expired.',
    anchor: 'notary-v1 section 4',
    story(scene) {
      const [ca, other, old] = [certificate(), certificate(), certificate({ notAfter: NOW - DAY })];
      pinned(scene, leafOf(ca), `Acme's authorities\n${old.pem}\n# next\n${other.pem}${ca.pem}`);
    },
  },
  'stray-certificate-in-the-bundle': {
    odd: 'The bundle holds an authority that has nothing to do with the leaf.',
    anchor: 'notary-v1 pitfall 12',
    story(scene) {
      const ca = certificate();
      pinned(scene, leafOf(ca, certificate({ commonNames: ['Stray CA'] }).pem), ca.pem);
    },
  },
  ...Object.fromEntries(
    Object.entries(USAGES).map(([name, extendedKeyUsages]) => [
      `authority-for-usage-${name.replace(' ', '-')}`,
      {
        odd: `A CA is pinned, and the root key's certificate has the purpose: ${name}.`,
        anchor: 'notary-v1 section 4, extended key usage',
        story(scene: NotaryScene) {
          const ca = certificate();
          pinned(scene, leafOf(ca, '', { extendedKeyUsages }), ca.pem);
        },
      },
    ]),
  ),
  'authority-through-a-rotation': {
    odd: 'The root key is rotated to another one of the pinned CA, without a change of the pin.',
    anchor: 'notary-v1 section 4',
    story(scene) {
      const ca = certificate();
      pinned(scene, leafOf(ca), ca.pem);
      scene.publisher.rotate('root', [leafOf(ca)]).publish();
      scene.pull();
    },
  },
  'next-key-too': {
    odd: 'The operator has pinned the next root key before it is used.',
    anchor: 'notary-v1 section 4',
    story(scene) {
      const next = rootKey(GUN, NOW);
      const keyIds = [...scene.publisher.of('root').keys, next].map(({ keyId }) => keyId);
      scene.configure({ pin: { kind: 'keys', keyIds } }).pull();
      scene.publisher.rotate('root', [next]).publish();
      scene.pull();
    },
  },
  'newest-of-many-roots': {
    odd: 'The keys that are pinned are those of the fifth root; the four before are not.',
    anchor: 'notary-v1 section 3, bootstrap',
    story(scene) {
      for (let i = 0; i < 4; i++) scene.publisher.rotate('root').publish();
      scene.configure({ pin: scene.rootPin() }).pull();
    },
  },
  'file-of-the-first-root': {
    odd: 'The first root is pinned as a file, and four have followed.',
    anchor: 'TUF 5.2 and 5.3',
    story(scene) {
      scene.configure({ pin: { kind: 'root-file', file: 'root.json', bytes: scene.publisher.bytesOf('root') } });
      for (let i = 0; i < 4; i++) scene.publisher.rotate('root').publish();
      scene.pull();
    },
  },
  'file-that-has-expired': {
    odd: 'The root that is pinned as a file has expired; the newest has not.',
    anchor: 'TUF 5.3.6',
    story(scene) {
      const root = scene.publisher.of('root');
      const { expires } = root;
      root.expires = NOW - DAY;
      root.version = 0;
      scene.publisher.touch('root').publish();
      scene.configure({ pin: { kind: 'root-file', file: 'root.json', bytes: scene.publisher.bytesOf('root') } });
      root.expires = expires;
      scene.publisher.rotate('root').publish();
      scene.pull();
    },
  },
  'narrowed-later': {
    odd: 'What was trusted on first use is pinned later, with the same key.',
    anchor: 'notary-v1 pitfall 14',
    story(scene) {
      const pin = scene.rootPin();
      scene.onFirstUse().pull();
      scene.configure({ pin }).pull();
    },
  },
  'two-of-three-keys': {
    odd: 'Two root keys of three must sign, and all three are pinned.',
    anchor: 'notary-v1 section 4, step g',
    story(scene) {
      const root = scene.publisher.of('root');
      root.version = 0;
      root.keys = [rootKey(GUN, NOW), rootKey(GUN, NOW), rootKey(GUN, NOW)];
      root.signers = root.keys.slice(1);
      root.threshold = 2;
      scene.publisher.touch('root').publish();
      scene.configure({ pin: scene.rootPin() }).pull();
    },
  },
});
