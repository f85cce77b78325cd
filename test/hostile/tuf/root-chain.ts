import { tufKey, under } from '../../../src/simulator/tuf-key.ts';
import { EVIL, STRANGER, type TufScene } from './scene.ts';
import { attacks } from './stories.ts';

const SECOND = tufKey('p256', 'corpus root, the second');

/** Evil is signed below, so that a client which takes the root takes that too. */
function publish(scene: TufScene): void {
  scene.publisher.touch('root');
  scene.sign('1', EVIL).publish();
}

/** Whoever can add a root to the chain owns every image. */
export const rootChain = attacks('root-chain', {
  'not-signed-by-the-old-keys': {
    move: 'Serves a next root with keys of its own, signed by these alone.',
    lets: 'Anyone on the network takes all images over.',
    anchor: 'TUF 5.3.4; CVE-2020-15163',
    expect: 'trust.signature',
    story(scene) {
      scene.pull().publisher.rotate('root', [STRANGER]).of('root').signers = [STRANGER];
      publish(scene);
    },
  },
  'not-signed-by-its-own-keys': {
    move: 'With the old root key, makes a next root whose own key never signed it.',
    lets: 'Keys are put into a root without whoever holds them, and nobody can ever replace it.',
    anchor: 'TUF 5.3.4; CVE-2020-15163',
    expect: 'trust.signature',
    story(scene) {
      const { keys } = scene.pull().publisher.authority('root');
      scene.publisher.rotate('root', [STRANGER]).of('root').signers = keys;
      publish(scene);
    },
  },
  'one-of-two-old-keys': {
    move: 'With one of two root keys, signs a next root that needs this one only.',
    lets: 'A single stolen key is as good as both.',
    anchor: 'TUF 5.3.4',
    expect: 'trust.threshold',
    story(scene) {
      scene.anew({}, (made) =>
        made.authorize('root', { keys: [...made.authority('root').keys, SECOND], threshold: 2 }),
      );
      scene
        .pull()
        .publisher.authorize('root', { keys: [SECOND], threshold: 1 })
        .of('root').signers = [SECOND];
      publish(scene);
    },
  },
  'one-signature-twice': {
    move: 'Signs a next root, which needs two keys from now on, twice with the same one.',
    lets: 'A threshold that counts signatures is met by one person.',
    anchor: 'TUF 4.2.1; CVE-2020-6174',
    expect: 'trust.malformed',
    story(scene) {
      const [old] = scene.pull().publisher.authority('root').keys;
      scene.publisher.authorize('root', { keys: [old!, SECOND], threshold: 2 }).of('root').signers = [old!, old!];
      publish(scene);
    },
  },
  'one-key-under-two-ids': {
    move: 'Lists one key under two key ids, and signs with both.',
    lets: 'A threshold of two is met by one person: two clients counted ids.',
    anchor: 'go-tuf #733',
    expect: 'trust.threshold',
    story(scene) {
      const [old] = scene.pull().publisher.authority('root').keys;
      scene.publisher.authorize('root', { keys: [old!, under('twin', old!)], threshold: 2 });
      publish(scene);
    },
  },
  'skips-a-version': {
    move: 'With the root key, serves version 3 as the root after version 1.',
    lets: 'A revocation in the version between is never seen: CVE-2025-2885.',
    anchor: 'TUF 5.3.5',
    expect: 'trust.root-chain',
    story(scene) {
      const { publisher } = scene.pull();
      publisher.touch('root').publish().touch('root').publish();
      scene.lie('2.root.json', publisher.at('root', 3));
    },
  },
  'a-key-that-was-retired': {
    move: 'With a root key that version 2 retired, signs version 3.',
    lets: 'A key that was stolen, and revoked for it, goes on making roots.',
    anchor: 'TUF 5.3.4',
    expect: 'trust.signature',
    learns: ['root 2'],
    story(scene) {
      const { keys } = scene.pull().publisher.authority('root');
      scene.publisher.rotate('root', [SECOND]).publish();
      scene.publisher.of('root').signers = keys;
      publish(scene);
    },
  },
  expired: {
    move: 'Lets the newest root expire and goes on signing everything below it.',
    lets: 'Online keys that were stolen keep an old root alive: CVE-2015-9259.',
    anchor: 'TUF 5.3.10',
    expect: 'trust.expired',
    learns: ['root 2'],
    story(scene) {
      scene.pull().publisher.of('root').expires = scene.clock;
      publish(scene);
    },
  },
  'endless-list-of-keys': {
    move: 'Lists sixty-five keys for the root role.',
    lets: 'Each costs its reading before any signature is looked at.',
    anchor: 'CVE-2020-6173',
    expect: 'trust.too-large',
    story(scene) {
      const { publisher } = scene.pull();
      const [old] = publisher.authority('root').keys;
      publisher.authorize('root', { keys: Array.from({ length: 65 }, (_, i) => under(`key ${i}`, old!)) });
      publisher.of('root').signers = [old!];
      publish(scene);
    },
  },
  'behind-hundreds': {
    move: 'Offers hundreds of roots one after the other, all expired but the last, which the client should not come to.',
    lets: 'A client that follows a chain without end never comes to anything else, and stores it all.',
    anchor: 'TUF 5.3.3',
    expect: 'trust.expired',
    learns: Array.from({ length: 256 }, (_, i) => `root ${i + 2}`),
    story(scene) {
      const root = scene.pull().publisher.of('root');
      const { expires } = root;
      root.expires = scene.clock;
      for (let more = 0; more < 256; more++) scene.publisher.resign('root');
      root.expires = expires;
      publish(scene);
    },
  },
});

/** What the operator was handed to begin with. */
export const pins = attacks('pin', {
  'nobody-signed': {
    move: 'Changes the root file before the operator pins it: the keys are its own, the signatures the old ones.',
    lets: 'Whoever can touch the file once owns all images, and no tool notices.',
    anchor: 'TUF 5.2',
    expect: 'trust.signature',
    story(scene) {
      const { publisher } = scene;
      publisher.forge('root', { edit: (signed) => (signed['x'] = 1), signers: [STRANGER] });
      scene.pin(publisher.files.get('1.root.json')!);
    },
  },
  'signed-by-too-few': {
    move: 'Hands out a root that needs two signatures, with one.',
    lets: 'What two people had to see was seen by one.',
    anchor: 'TUF 5.2',
    expect: 'trust.threshold',
    story(scene) {
      scene.anew({}, (made) => {
        const { keys } = made.authorize('root', { threshold: 2 }).authority('root');
        keys.push(SECOND);
        made.of('root').signers = keys.slice(0, 1);
      });
    },
  },
  'another-role-for-a-root': {
    move: 'Hands out a file that one key of the repository signed, and that is no root.',
    lets: 'Whatever has two braces becomes the root of trust.',
    anchor: 'TUF 5.2',
    expect: 'trust.malformed',
    story: (scene) => void scene.pin(scene.publisher.at('targets')),
  },
});
