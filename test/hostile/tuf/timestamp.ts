import { tufKey, under } from '../../../src/simulator/tuf-key.ts';
import { DAY, EVIL, memberOf, NEW, STRANGER } from './scene.ts';
import { attacks } from './stories.ts';

/** The one file that is always fetched by name: whoever sits on the network can choose which one is seen. */
export const timestamps = attacks('timestamp', {
  forged: {
    move: 'Signs a timestamp, and everything below it, with a key of its own under the right key id.',
    lets: 'Anyone on the network decides what every tag means.',
    anchor: 'TUF 5.4.2; TUF 1.5.2, arbitrary software',
    expect: 'trust.signature',
    story(scene) {
      const [{ keyId } = STRANGER] = scene.pull().publisher.authority('timestamp').keys;
      scene.publisher.of('timestamp').signers = [under(keyId, STRANGER)];
      scene.sign('1', EVIL).publish();
    },
  },
  'of-a-stranger': {
    move: 'Signs a timestamp with a key that nobody listed.',
    lets: 'A client that takes keys as they come takes all of them.',
    anchor: 'TUF 5.4.2',
    expect: 'trust.signature',
    story(scene) {
      scene.pull().publisher.of('timestamp').signers = [STRANGER];
      scene.sign('1', EVIL).publish();
    },
  },
  'goes-back': {
    move: 'Replays an older timestamp that is still valid, after the newer one has expired.',
    lets: 'An image that was replaced for a reason comes back: expired floors that are dropped hold off nothing.',
    anchor: 'TUF 5.4.3.1; CVE-2022-29173',
    expect: 'trust.rollback',
    story(scene) {
      scene.publisher.of('timestamp').expires += 9 * DAY;
      const old = scene.publisher.resign('timestamp').at('timestamp');
      scene.publisher.of('timestamp').expires = scene.clock + DAY;
      scene.publisher.resign('timestamp');
      scene
        .pull()
        .wait(2 * DAY)
        .lie('timestamp.json', old);
    },
  },
  'names-an-older-snapshot': {
    move: 'With a stolen timestamp key, signs a new timestamp that names an old snapshot.',
    lets: 'All tags at once go back to what they were, under a fresh timestamp.',
    anchor: 'TUF 5.4.3.2; sigstore-java#1061',
    expect: 'trust.rollback',
    story(scene) {
      scene.sign('1', NEW).publish();
      scene.pull(NEW).edit('timestamp', (signed) => (memberOf(signed, 'meta')['snapshot.json'] = { version: 1 }));
    },
  },
  'below-a-floor-that-an-added-key-keeps': {
    move: 'Waits until a key is added beside the old one, which keeps the floors, and replays an old timestamp.',
    lets: 'Every new key is an amnesty for rollbacks.',
    anchor: 'TUF 5.3.11',
    expect: 'trust.rollback',
    learns: ['root 2'],
    story(scene) {
      const { publisher } = scene;
      const old = publisher.at('timestamp');
      scene.sign('1', NEW).publish();
      scene.pull(NEW);
      const { keys } = publisher.authority('timestamp');
      publisher.authorize('timestamp', { keys: [...keys, tufKey('p256', 'added')] }).publish();
      scene.lie('timestamp.json', old);
    },
  },
  'same-version-other-bytes': {
    move: 'With the timestamp key, signs a second timestamp of the version that the client has.',
    lets: 'Two clients are shown two histories, and nobody is told.',
    anchor: 'TUF 5.4.3.1',
    expect: 'trust.equal-version',
    story(scene) {
      scene.pull();
      const { version } = scene.publisher.of('timestamp');
      scene.sign('1', EVIL).publish({ timestamp: version });
    },
  },
  'replayed-until-it-expires': {
    move: 'Answers every request with the same old timestamp, for days.',
    lets: 'A client is frozen: it never hears that a tag was revoked.',
    anchor: 'TUF 5.4.4; TUF 1.5.2, indefinite freeze',
    expect: 'trust.expired',
    story: (scene) => void scene.pull().wait(2 * DAY),
  },
  'expired-when-it-came': {
    move: 'With the timestamp key, signs a new timestamp that ends at this very second.',
    lets: 'A limit that is off by one, and a date that nobody looks at again.',
    anchor: 'TUF 5.4.4',
    expect: 'trust.expired',
    story(scene) {
      scene.pull().publisher.of('timestamp').expires = scene.clock;
      scene.publisher.resign('timestamp');
    },
  },
  'of-another-type': {
    move: 'Serves the snapshot as the timestamp, in a repository where one key signs both.',
    lets: 'A file that was signed to say one thing is taken to say another.',
    anchor: 'TUF 4.2',
    expect: 'trust.malformed',
    story(scene) {
      const { keys } = scene.publisher.authority('timestamp');
      scene.publisher.authorize('snapshot', { keys }).publish();
      scene.pull().lie('timestamp.json', scene.publisher.at('snapshot'));
    },
  },
  'of-version-zero': {
    move: 'Signs a timestamp of version 0, below any floor.',
    lets: 'A client that reads 0 as "none yet" starts over, without a floor.',
    anchor: 'TUF 4.3',
    expect: 'trust.malformed',
    story: (scene) => void scene.pull().edit('timestamp', (signed) => (signed['version'] = 0)),
  },
  'signed-twice-by-one': {
    move: 'Signs a timestamp, which needs two keys, twice with the same one.',
    lets: 'A threshold that counts signatures is met by one person.',
    anchor: 'TUF 5.4.2; CVE-2020-6174',
    expect: 'trust.malformed',
    story(scene) {
      const { publisher } = scene;
      const [key] = publisher.authority('timestamp').keys;
      publisher.authorize('timestamp', { keys: [key!, STRANGER], threshold: 2 }).publish();
      scene.pull();
      publisher.of('timestamp').signers = [key!, key!];
      publisher.resign('timestamp');
    },
  },
  'one-of-two-keys': {
    move: 'Signs a timestamp with one of the two keys that it needs.',
    lets: 'A single stolen key is as good as both.',
    anchor: 'TUF 5.4.2; TUF 1.5.2, key compromise',
    expect: 'trust.threshold',
    story(scene) {
      const { publisher } = scene;
      const [key] = publisher.authority('timestamp').keys;
      publisher.authorize('timestamp', { keys: [key!, STRANGER], threshold: 2 }).publish();
      scene.pull();
      publisher.of('timestamp').signers = [STRANGER];
      publisher.resign('timestamp');
    },
  },
  'names-no-snapshot': {
    move: 'Signs a timestamp that names no snapshot.',
    lets: 'The snapshot at hand goes on, whichever it is.',
    anchor: 'TUF 4.6',
    expect: 'trust.malformed',
    story: (scene) => void scene.pull().edit('timestamp', (signed) => (signed['meta'] = {})),
  },
  'names-something-else': {
    move: 'Signs a timestamp that names targets.json where the snapshot belongs.',
    lets: 'The one entry is the snapshot, whatever it is called.',
    anchor: 'TUF 4.6',
    expect: 'trust.malformed',
    story: (scene) =>
      void scene.pull().edit('timestamp', (signed) => (signed['meta'] = { 'targets.json': { version: 1 } })),
  },
  'names-no-version': {
    move: 'Signs a timestamp that names the snapshot without its version.',
    lets: 'tuf-js silently reads version 1: all floors are met by it, or none.',
    anchor: 'TUF 4.6; TUF 4.4',
    expect: 'trust.malformed',
    story: (scene) => void scene.pull().edit('timestamp', (signed) => (memberOf(signed, 'meta')['snapshot.json'] = {})),
  },
  'says-nothing-of-meta': {
    move: 'Signs a timestamp without any meta.',
    lets: 'tuf-js silently reads version 1: all floors are met by it, or none.',
    anchor: 'CVE-2026-23991; TUF 4.4',
    expect: 'trust.malformed',
    story: (scene) => void scene.pull().edit('timestamp', (signed) => delete signed['meta']),
  },
  'names-a-negative-length': {
    move: 'Names a snapshot with a negative length.',
    lets: 'A limit that is compared the wrong way round lets any length through.',
    anchor: 'TUF 4.4; CVE-2026-23991',
    expect: 'trust.malformed',
    story: (scene) =>
      void scene.pull().edit('timestamp', (signed) => {
        (memberOf(signed, 'meta') as { 'snapshot.json': object })['snapshot.json'] = { version: 1, length: -1 };
      }),
  },
  'names-an-empty-list-of-hashes': {
    move: 'Names a snapshot with an empty list of hashes.',
    lets: 'All hashes that are listed match: none is.',
    anchor: 'go-tuf #721',
    expect: 'trust.malformed',
    story: (scene) =>
      void scene.pull().edit('timestamp', (signed) => {
        memberOf(signed, 'meta')['snapshot.json'] = { version: 1, hashes: {} };
      }),
  },
  'names-unknown-hashes-only': {
    move: 'Names a snapshot with a hash that no client knows.',
    lets: 'All hashes that are known match: none is.',
    anchor: 'TUF 5.7',
    expect: 'trust.malformed',
    story: (scene) =>
      void scene.pull().edit('timestamp', (signed) => {
        memberOf(signed, 'meta')['snapshot.json'] = { version: 1, hashes: { md5: '00' } };
      }),
  },
  'names-a-hash-in-capitals': {
    move: 'Writes a hash in capital letters.',
    lets: 'One hash has two texts, and whoever compares texts is fooled.',
    anchor: 'TUF 4.4',
    expect: 'trust.malformed',
    story: (scene) =>
      void scene.pull().edit('timestamp', (signed) => {
        memberOf(signed, 'meta')['snapshot.json'] = { version: 1, hashes: { sha256: 'AB'.repeat(32) } };
      }),
  },
  'too-many-signatures': {
    move: 'Adds sixty-five signatures to the good one.',
    lets: 'Each of them costs a verification, and every pull of everybody waits: CVE-2020-6173.',
    anchor: 'CVE-2020-6173',
    expect: 'trust.too-large',
    story(scene) {
      const { publisher } = scene.pull();
      const many = Array.from({ length: 65 }, (_, i) => under(`key ${i}`, STRANGER));
      publisher.of('timestamp').signers = [...publisher.authority('timestamp').keys, ...many];
      publisher.resign('timestamp');
    },
  },
});
