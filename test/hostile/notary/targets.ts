import { EVIL, memberOf, NEW } from './scene.ts';
import { attacks } from './stories.ts';

const BEFORE = ['floor timestamp', 'floor snapshot'];
const ALL = [...BEFORE, 'floor targets', 'view'];

/** What names the digests. */
export const targets = attacks('targets', {
  'goes-back': {
    move: 'With the online keys, lists an old targets file in a new snapshot.',
    lets: "Images that were replaced for a reason come back: Notary's snapshots carry no versions.",
    anchor: 'TUF 5.6.4; notary-v1 pitfall 17',
    expect: 'trust.rollback',
    learns: BEFORE,
    story(scene) {
      const { publisher } = scene.pull();
      publisher.sign('1', NEW, 2).publish();
      scene.pull(NEW);
      publisher.of('targets').version = 0;
      publisher.touch('targets').publish();
    },
  },
  'same-version-other-bytes': {
    move: 'With the targets key, signs a second file of the version that the client has.',
    lets: 'Two clients are told two digests for one tag, and neither can tell.',
    anchor: 'notary-v1 pitfall 17',
    expect: 'trust.equal-version',
    learns: BEFORE,
    story(scene) {
      const { publisher } = scene.pull();
      publisher.of('targets').version = 0;
      publisher.sign('1', EVIL, 2).publish();
    },
  },
  expired: {
    move: 'Keeps an expired targets file alive under fresh snapshots.',
    lets: 'With the online keys, a client is frozen until the root ends.',
    anchor: 'TUF 5.6.5',
    expect: 'trust.expired',
    learns: BEFORE,
    story(scene) {
      const { publisher } = scene.pull();
      publisher.of('targets').expires = scene.clock;
      publisher.touch('targets').publish();
    },
  },
  'other-bytes-under-their-hash': {
    move: 'Serves an old targets file, validly signed, under the hash that the snapshot names.',
    lets: 'The trust server, or a cache, brings an old digest back without any key.',
    anchor: 'TUF 5.6.2',
    expect: 'trust.hash',
    learns: BEFORE,
    story(scene) {
      const { publisher } = scene.pull();
      const old = publisher.bytesOf('targets');
      publisher.sign('1', NEW, 1_024).publish();
      scene.lie(scene.hashed('targets'), old);
    },
  },
  'not-there': {
    move: 'Withholds the targets file that the snapshot names.',
    lets: 'A client that goes on with what it has is frozen without any key.',
    anchor: 'notary-v1 section 3',
    expect: 'trust.hash',
    learns: BEFORE,
    story(scene) {
      scene.pull().publisher.sign('1', NEW, 2).publish();
      scene.lie(scene.hashed('targets'), undefined);
    },
  },
  'of-another-type': {
    move: 'Lists the snapshot of yesterday as targets, in a collection where one key signs both.',
    lets: 'A file that was signed to say one thing is taken to say another.',
    anchor: 'TUF 4.2; notary-v1 section 2',
    expect: 'trust.malformed',
    learns: BEFORE,
    story(scene) {
      scene.pull().edit('targets', (signed) => (signed['_type'] = 'Snapshot'));
    },
  },
  'target-that-is-null': {
    move: 'Signs null for a tag.',
    lets: 'The gate is down.',
    anchor: 'CVE-2026-23991',
    expect: 'trust.malformed',
    learns: BEFORE,
    story(scene) {
      scene.pull().edit('targets', (signed) => (memberOf(signed, 'targets')['2'] = null));
    },
  },
  'targets-that-are-a-list': {
    move: 'Signs a list where the tags belong.',
    lets: 'Tags called 0, 1 and length exist.',
    anchor: 'CVE-2026-23991',
    expect: 'trust.malformed',
    learns: BEFORE,
    story(scene) {
      scene.pull().edit('targets', (signed) => (signed['targets'] = []));
    },
  },
  'target-with-two-sets-of-hashes': {
    move: 'Signs a target with hashes and, ending in a long s, hashe\u017f: Go folds both to one.',
    lets: 'Two clients take two files for the same target.',
    anchor: 'notary-v1 pitfall 4',
    expect: 'trust.malformed',
    learns: BEFORE,
    story(scene) {
      scene.pull().edit('targets', (signed) => (memberOf(signed, 'targets.1')['hashe\u017f'] = {}));
    },
  },
  'hash-in-hex': {
    move: 'Signs a target whose sha256 is in hex, which is valid base64 of 48 bytes.',
    lets: 'A digest of the wrong size is given out.',
    anchor: 'notary-v1 pitfall 6',
    expect: 'trust.malformed',
    learns: ALL,
    story(scene) {
      const { publisher } = scene.pull();
      publisher.put('1', { length: 5, hashes: { sha256: 'ee'.repeat(32) } }).publish();
    },
  },
  'sha512-alone': {
    move: 'Signs a target with a sha512 and no sha256.',
    lets: 'Hashes that nobody knows are no hashes: anything passes.',
    anchor: 'notary-v1 pitfall 26; TUF 5.7',
    expect: 'trust.malformed',
    learns: ALL,
    story(scene) {
      const { publisher } = scene.pull();
      publisher.put('1', { length: 5, hashes: { sha512: Buffer.alloc(64, 7).toString('base64') } }).publish();
    },
  },
  'negative-length': {
    move: 'Signs a target of negative length.',
    lets: 'A limit that is compared the wrong way round lets any length through.',
    anchor: 'notary-v1 pitfalls 3 and 26',
    expect: 'trust.malformed',
    learns: ALL,
    story(scene) {
      const { publisher } = scene.pull();
      publisher.put('1', { length: -1, hashes: { sha256: Buffer.alloc(32, 0xee).toString('base64') } }).publish();
    },
  },
  'named-like-an-object-member': {
    move: 'Asks for a tag called constructor, which nobody signed and every JavaScript object has.',
    lets: 'A lookup in a plain object finds a function, and takes it for a target.',
    anchor: 'notary-v1 pitfall 5',
    expect: 'trust.unsigned',
    story(scene) {
      scene.pull().tag = 'constructor';
    },
  },
});
