import { plainKey } from '../../../src/simulator/notary-key.ts';
import { DAY, EVIL, HOUR, memberOf } from './scene.ts';
import { attacks } from './stories.ts';

/** The one file that is always fetched by name: whoever sits on the network can choose which one is seen. */
export const timestamps = attacks('timestamp', {
  forged: {
    move: 'Signs a timestamp, and everything below it, with a key of its own under a key id that nobody knows.',
    lets: 'Anyone on the network decides what every tag means.',
    anchor: 'TUF 5.4.2',
    expect: 'trust.signature',
    story(scene) {
      scene.pull();
      scene.publisher.of('timestamp').signers = [plainKey('ed25519')];
      scene.publisher.sign('1', EVIL, 1).publish();
    },
  },
  'threshold-that-nobody-can-meet': {
    move: 'Signs a timestamp, which needs three keys of the two that there are, with both.',
    lets: 'A threshold that nobody can meet is lowered to one that somebody can.',
    anchor: 'TUF 4.3',
    expect: 'trust.threshold',
    learns: ['root 2'],
    story(scene) {
      const { publisher } = scene;
      const role = publisher.of('timestamp');
      role.threshold = 3;
      publisher.rotate('timestamp', [...role.keys, plainKey('ecdsa')]).publish();
    },
  },
  'goes-back': {
    move: 'Replays an older timestamp that is still valid, after the newer one has expired.',
    lets: 'An image that was replaced for a reason comes back: expired floors that are dropped hold off nothing.',
    anchor: 'TUF 5.4.3.1',
    expect: 'trust.rollback',
    story(scene) {
      const old = scene.pull().publisher.bytesOf('timestamp');
      scene.publisher.of('timestamp').expires = scene.clock + DAY;
      scene.publisher.touch('timestamp').publish();
      scene
        .pull()
        .wait(2 * DAY)
        .lie('timestamp', old);
    },
  },
  'same-version-other-bytes': {
    move: 'With the timestamp key, signs a second timestamp of the version that the client has.',
    lets: 'Two clients are shown two histories, and neither can tell.',
    anchor: 'notary-v1 pitfall 17',
    expect: 'trust.equal-version',
    story(scene) {
      scene.pull().publisher.of('timestamp').version = 0;
      scene.publisher.of('timestamp').expires += HOUR;
      scene.publisher.resign('timestamp');
    },
  },
  'replayed-until-it-expires': {
    move: 'Answers every request with the same old timestamp, for weeks.',
    lets: 'A client is frozen: it never hears that a tag was revoked.',
    anchor: 'TUF 5.4.4',
    expect: 'trust.expired',
    story(scene) {
      scene.pull().wait(15 * DAY);
    },
  },
  'of-another-type': {
    move: 'Serves the snapshot as the timestamp, in a collection where one key signs both.',
    lets: 'A file that was signed to say one thing is taken to say another.',
    anchor: 'TUF 4.4, _type',
    expect: 'trust.malformed',
    story(scene) {
      scene.publisher.of('snapshot').keys = scene.publisher.of('timestamp').keys;
      scene.publisher.touch('root').publish();
      scene.pull().lie('timestamp', scene.publisher.bytesOf('snapshot'));
    },
  },
  'of-version-zero': {
    move: 'Signs a timestamp of version 0, below any floor.',
    lets: 'A client that reads 0 as "none yet" starts over, without a floor.',
    anchor: 'notary-v1 pitfall 3; TUF 4.4',
    expect: 'trust.malformed',
    story(scene) {
      scene.pull().publisher.of('timestamp').version = -1;
      scene.publisher.resign('timestamp');
    },
  },
  'names-no-snapshot': {
    move: 'Signs a timestamp that names no snapshot.',
    lets: 'The snapshot at hand goes on, whichever it is.',
    anchor: 'notary-v1 section 2',
    expect: 'trust.malformed',
    story(scene) {
      scene.pull().edit('timestamp', (signed) => (signed['meta'] = {}));
    },
  },
  'names-the-snapshot-by-sha512-alone': {
    move: 'Signs a timestamp whose snapshot has a sha512 and no sha256, so that it cannot be fetched by hash.',
    lets: 'The snapshot is fetched by name, and a lagging mirror or an attacker chooses it.',
    anchor: 'notary-v1 section 2',
    expect: 'trust.malformed',
    story(scene) {
      const drop = (signed: Record<string, unknown>): boolean =>
        delete memberOf(signed, 'meta.snapshot.hashes')['sha256'];
      scene.pull().edit('timestamp', (signed) => void drop(signed));
    },
  },
});
