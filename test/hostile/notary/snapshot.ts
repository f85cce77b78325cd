import { EVIL, HOUR, memberOf, NEW } from './scene.ts';
import { attacks } from './stories.ts';

/** Says which files belong together: who holds its key and the timestamp's can mix old files with new ones. */
export const snapshots = attacks('snapshot', {
  'signed-by-the-timestamp-key': {
    move: 'With a stolen timestamp key, signs a snapshot too.',
    lets: 'One online key is as good as two.',
    anchor: 'TUF 5.5.3',
    expect: 'trust.signature',
    learns: ['floor timestamp'],
    story(scene) {
      scene.pull().publisher.of('snapshot').signers = scene.publisher.of('timestamp').keys;
      scene.publisher.publish();
    },
  },
  'one-of-two-keys': {
    move: 'Signs a snapshot with one of the two keys that it needs.',
    lets: 'A single stolen key is as good as both.',
    anchor: 'TUF 5.5.3',
    expect: 'trust.threshold',
    learns: ['floor timestamp'],
    story(scene) {
      const { publisher } = scene;
      const role = publisher.of('snapshot');
      role.keys = [...role.keys, ...publisher.of('targets').keys];
      role.threshold = 2;
      publisher.touch('root').publish();
      scene.pull();
      role.signers = role.keys.slice(0, 1);
      publisher.publish();
    },
  },
  'goes-back': {
    move: 'With a stolen timestamp key, signs a new timestamp that names an old snapshot.',
    lets: 'All tags at once go back to what they were, under a fresh timestamp.',
    anchor: 'TUF 5.4.3.2',
    expect: 'trust.rollback',
    learns: ['floor timestamp'],
    story(scene) {
      const { publisher } = scene.pull();
      publisher.sign('1', NEW, 2).publish();
      scene.pull(NEW);
      publisher.of('snapshot').version = 0;
      publisher.publish();
    },
  },
  'same-version-other-bytes': {
    move: 'With the online keys, signs a second snapshot of the version that the client has.',
    lets: 'Two clients are shown two sets of files under one version.',
    anchor: 'notary-v1 pitfall 17',
    expect: 'trust.equal-version',
    learns: ['floor timestamp'],
    story(scene) {
      const { publisher } = scene.pull();
      publisher.of('snapshot').version = 0;
      publisher.of('snapshot').expires -= HOUR;
      publisher.publish();
    },
  },
  expired: {
    move: 'Keeps an expired snapshot alive under fresh timestamps.',
    lets: 'With the timestamp key alone, a client is frozen for good.',
    anchor: 'TUF 5.5.6',
    expect: 'trust.expired',
    learns: ['floor timestamp'],
    story(scene) {
      const { publisher } = scene.pull();
      publisher.of('snapshot').expires = scene.clock;
      publisher.publish();
    },
  },
  'other-bytes-under-its-hash': {
    move: 'Serves another snapshot, validly signed, under the hash that the timestamp names.',
    lets: 'The trust server, or a cache, mixes files of different days.',
    anchor: 'TUF 5.5.2',
    expect: 'trust.hash',
    learns: ['floor timestamp'],
    story(scene) {
      const { publisher } = scene.pull();
      const old = publisher.bytesOf('snapshot');
      publisher.sign('1', NEW, 2).publish();
      scene.lie(scene.hashed('snapshot'), old);
    },
  },
  'longer-than-its-entry': {
    move: 'Names a snapshot that the client has, with a length that is too small for it.',
    lets: 'Lengths that are checked only while downloading bind nothing that is cached.',
    anchor: 'TUF 5.5.2',
    expect: 'trust.hash',
    learns: ['floor timestamp'],
    story(scene) {
      const { publisher } = scene.pull();
      publisher.edits.set('timestamp', (signed) => (memberOf(signed, 'meta.snapshot')['length'] = 10));
      publisher.resign('timestamp');
    },
  },
  'not-there': {
    move: 'Serves a timestamp and withholds the snapshot that it names.',
    lets: 'A client that falls back on the snapshot at hand is frozen without any key.',
    anchor: 'notary-v1 section 3',
    expect: 'trust.hash',
    learns: ['floor timestamp'],
    story(scene) {
      scene.pull().publisher.sign('1', NEW, 2).publish();
      scene.lie(scene.hashed('snapshot'), undefined);
    },
  },
  'lists-no-targets': {
    move: 'Leaves targets out of the snapshot.',
    lets: 'Targets that no snapshot names are taken in any version.',
    anchor: 'notary-v1 section 2',
    expect: 'trust.malformed',
    learns: ['floor timestamp'],
    story(scene) {
      scene.pull().edit('snapshot', (signed) => delete memberOf(signed, 'meta')['targets']);
    },
  },
  'for-another-root': {
    move: 'Withholds the newest root, so that keys which it revoked stay trusted.',
    lets: 'A stolen key that the publisher rotated away goes on signing.',
    anchor: 'TUF 5.3; notary-v1 section 3, queued root',
    expect: 'trust.hash',
    learns: ['floor timestamp'],
    story(scene) {
      const root = scene.pull().publisher.of('root');
      scene.publisher.rotate('root', root.keys).publish();
      scene.lie('2.root', undefined);
    },
  },
  'sha512-of-another-root': {
    move: 'Signs a snapshot whose sha256 fits the root and whose sha512 does not.',
    lets: 'Two clients, each checking the hash it prefers, work from two roots.',
    anchor: 'notary-v1 section 3, hash checks',
    expect: 'trust.hash',
    learns: ['floor timestamp'],
    story(scene) {
      scene.pull().edit('snapshot', (signed) => {
        memberOf(signed, 'meta.root.hashes')['sha512'] = Buffer.alloc(64, 1).toString('base64');
      });
    },
  },
  'a-gigabyte-of-targets': {
    move: 'Signs a snapshot that announces a gigabyte of targets.',
    lets: 'One collection eats the memory of the gate.',
    anchor: 'TUF 5.6.1; notary-v1 pitfall 29',
    expect: 'trust.too-large',
    learns: ['floor timestamp', 'floor snapshot'],
    story(scene) {
      scene.pull().publisher.sign('1', EVIL, 2);
      scene.edit('snapshot', (signed) => (memberOf(signed, 'meta.targets')['length'] = 1 << 30));
    },
  },
  'hash-in-hex': {
    move: 'Writes a hash in hex, which is valid base64 too, of 48 bytes.',
    lets: 'A hash of the wrong size is compared with something, or with nothing.',
    anchor: 'notary-v1 pitfall 6',
    expect: 'trust.malformed',
    learns: ['floor timestamp'],
    story(scene) {
      scene.pull().edit('snapshot', (signed) => {
        memberOf(signed, 'meta.targets.hashes')['sha256'] = 'ab'.repeat(32);
      });
    },
  },
  'hash-in-base64url': {
    move: 'Writes a hash in the alphabet of URLs.',
    lets: 'One hash has two texts, and whoever compares texts is fooled.',
    anchor: 'notary-v1 pitfall 6',
    expect: 'trust.malformed',
    learns: ['floor timestamp'],
    story(scene) {
      scene.pull().edit('snapshot', (signed) => {
        memberOf(signed, 'meta.targets.hashes')['sha256'] = Buffer.alloc(32, 0xff).toString('base64url');
      });
    },
  },
  'hash-with-stray-bits': {
    move: 'Sets bits at the end of a base64 text that decode to nothing.',
    lets: 'One hash has four texts, and whoever compares texts is fooled.',
    anchor: 'notary-v1 pitfall 6',
    expect: 'trust.malformed',
    learns: ['floor timestamp'],
    story(scene) {
      scene.pull().edit('snapshot', (signed) => {
        const hashes = memberOf(signed, 'meta.targets.hashes');
        hashes['sha256'] = String(hashes['sha256']).replace(/.=$/, '/=');
      });
    },
  },
  'negative-length': {
    move: 'Gives targets a negative length.',
    lets: 'A limit that is compared the wrong way round lets any length through.',
    anchor: 'notary-v1 pitfall 3',
    expect: 'trust.malformed',
    learns: ['floor timestamp'],
    story(scene) {
      scene.pull().edit('snapshot', (signed) => (memberOf(signed, 'meta.targets')['length'] = -1));
    },
  },
  'entry-is-null': {
    move: 'Lists targets as null.',
    lets: 'The gate is down, or takes any targets: nothing is said about them.',
    anchor: 'CVE-2026-23991',
    expect: 'trust.malformed',
    learns: ['floor timestamp'],
    story(scene) {
      scene.pull().edit('snapshot', (signed) => (memberOf(signed, 'meta')['targets'] = null));
    },
  },
});
