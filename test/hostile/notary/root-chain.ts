import { rootKey } from '../../../src/simulator/notary-key.ts';
import { again } from './keys.ts';
import { DAY, EVIL, GUN, NOW } from './scene.ts';
import { attacks } from './stories.ts';

/** Whoever can add a root to the chain owns the collection. */
export const rootChain = attacks('root-chain', {
  'not-signed-by-the-old-keys': {
    move: 'Serves a next root with keys of its own, signed by these alone.',
    lets: 'Anyone on the network takes the collection over.',
    anchor: 'TUF 5.3.4; CVE-2020-15163',
    expect: 'trust.signature',
    story(scene) {
      const { publisher } = scene.onFirstUse().pull();
      publisher.of('root').keys = [rootKey(GUN, NOW)];
      publisher.touch('root').sign('1', EVIL, 1).publish();
    },
  },
  'not-signed-by-its-own-keys': {
    move: 'With the old root key, makes a next root whose own keys never signed it.',
    lets: 'Keys are put into a root without whoever holds them, and nobody can ever replace it.',
    anchor: 'TUF 5.3.4; CVE-2020-15163',
    expect: 'trust.signature',
    story(scene) {
      const root = scene.onFirstUse().pull().publisher.of('root');
      root.signers = root.keys;
      root.keys = [rootKey(GUN, NOW)];
      scene.publisher.touch('root').publish();
    },
  },
  'one-of-two-old-keys': {
    move: 'With one of two root keys, signs a next root that needs this one only.',
    lets: 'A single stolen key is as good as both.',
    anchor: 'TUF 5.3.4',
    expect: 'trust.threshold',
    story(scene) {
      const root = scene.onFirstUse().publisher.of('root');
      root.threshold = 2;
      scene.publisher.rotate('root', [rootKey(GUN, NOW), rootKey(GUN, NOW)]).publish();
      root.keys = scene.pull().publisher.of('root').keys.slice(0, 1);
      root.threshold = 1;
      scene.publisher.touch('root').publish();
    },
  },
  'one-signature-twice': {
    move: 'Signs a next root, which needs two keys from now on, twice with the same one.',
    lets: 'A threshold that counts signatures is met by one person.',
    anchor: 'CVE-2020-6174',
    expect: 'trust.threshold',
    story(scene) {
      const root = scene.onFirstUse().pull().publisher.of('root');
      const [old] = root.keys;
      root.keys = [old!, rootKey(GUN, NOW)];
      root.signers = [old!, old!];
      root.threshold = 2;
      scene.publisher.touch('root').publish();
    },
  },
  'skips-a-version': {
    move: 'With the root key, serves version 3 as the root after version 1.',
    lets: 'A revocation in the version between is never seen: CVE-2025-2885.',
    anchor: 'TUF 5.3.5; notary-v1 pitfall 16',
    expect: 'trust.root-chain',
    story(scene) {
      const { publisher } = scene.pull();
      publisher.touch('root').publish().touch('root').publish();
      scene.lie('2.root', publisher.files().get('3.root'));
    },
  },
  expired: {
    move: 'Lets the newest root expire and goes on signing everything below it.',
    lets: 'Online keys that were stolen keep an old root alive: CVE-2015-9259.',
    anchor: 'TUF 5.3.10',
    expect: 'trust.expired',
    learns: ['root 2'],
    story(scene) {
      const root = scene.pull().publisher.of('root');
      root.expires = scene.clock;
      scene.publisher.touch('root').publish();
    },
  },
  'kept-beyond-its-certificate': {
    move: 'Goes on with a root whose own date is far off and whose certificate has ended.',
    lets: 'The end that the publisher gave its key means nothing.',
    anchor: 'notary-v1 pitfall 13',
    expect: 'trust.expired',
    story(scene) {
      const root = scene.onFirstUse().publisher.of('root');
      scene.publisher.rotate('root', [rootKey(GUN, NOW - 3_645 * DAY)]).publish();
      root.expires += 3_650 * DAY;
      scene.publisher.touch('root').publish();
      scene.pull().wait(6 * DAY);
    },
  },
  'endless-list-of-keys': {
    move: 'Lists sixty-five keys for the root role.',
    lets: 'Each certificate costs its parsing before any signature is looked at.',
    anchor: 'CVE-2020-6173',
    expect: 'trust.too-large',
    story(scene) {
      const root = scene.onFirstUse().pull().publisher.of('root');
      root.keys = [...root.keys, ...Array.from({ length: 64 }, () => again(root.keys[0]!))];
      root.signers = root.keys.slice(0, 1);
      scene.publisher.touch('root').publish();
    },
  },
});
