import { tufKey } from '../../../src/simulator/tuf-key.ts';
import { DAY, EVIL, LEARNED, memberOf, NEW, type TufScene } from './scene.ts';
import { attacks } from './stories.ts';

const learns = LEARNED.snapshot;

/** One role of its own below targets, which the client has loaded. */
function delegated(scene: TufScene): TufScene {
  scene.publisher.delegate('owner', { paths: ['docker.io/library/*'] }).publish();
  scene.sign('2', NEW, 'owner').publish();
  scene.tag = '2';
  return scene.pull(NEW);
}

/** Says which versions belong together: who holds its key and the timestamp's can mix old files with new ones. */
export const snapshots = attacks('snapshot', {
  'signed-by-the-timestamp-key': {
    move: 'With a stolen timestamp key, signs a snapshot too.',
    lets: 'One online key is as good as two.',
    anchor: 'TUF 5.5.3',
    expect: 'trust.signature',
    learns,
    story(scene) {
      scene.pull().publisher.of('snapshot').signers = scene.publisher.authority('timestamp').keys;
      scene.sign('1', EVIL).publish();
    },
  },
  'one-of-two-keys': {
    move: 'Signs a snapshot with one of the two keys that it needs.',
    lets: 'A single stolen key is as good as both.',
    anchor: 'TUF 5.5.3',
    expect: 'trust.threshold',
    learns,
    story(scene) {
      const { publisher } = scene;
      const keys = [...publisher.authority('snapshot').keys, tufKey('p256', 'the second')];
      publisher.authorize('snapshot', { keys, threshold: 2 }).publish();
      scene.pull();
      publisher.of('snapshot').signers = keys.slice(0, 1);
      scene.sign('1', EVIL).publish();
    },
  },
  'signed-twice-by-one': {
    move: 'Signs a snapshot, which needs two keys, twice with the same one.',
    lets: 'A threshold that counts signatures is met by one person.',
    anchor: 'TUF 5.5.3; CVE-2020-6174',
    expect: 'trust.malformed',
    learns,
    story(scene) {
      const { publisher } = scene;
      const keys = [...publisher.authority('snapshot').keys, tufKey('p256', 'the second')];
      publisher.authorize('snapshot', { keys, threshold: 2 }).publish();
      scene.pull();
      publisher.of('snapshot').signers = [keys[0]!, keys[0]!];
      scene.sign('1', EVIL).publish();
    },
  },
  'of-another-version': {
    move: "Serves yesterday's snapshot, validly signed, under the name of today's.",
    lets: 'A mirror, or a cache, mixes files of different days.',
    anchor: 'TUF 5.5.4',
    expect: 'trust.hash',
    learns,
    story(scene) {
      const old = scene.pull().publisher.at('snapshot');
      scene.sign('1', NEW).publish();
      scene.lieAbout('snapshot', old);
    },
  },
  'other-bytes-than-named': {
    move: 'Serves another snapshot of the right version than the one whose hash the timestamp names.',
    lets: "A stolen snapshot key is enough, without the timestamp's.",
    anchor: 'TUF 5.5.2',
    expect: 'trust.hash',
    learns,
    story(scene) {
      scene.anew({ hashed: true }).pull();
      // Signatures of ECDSA differ in length.
      scene.publisher.edits.set('timestamp', (signed) => {
        const meta = memberOf(signed, 'meta') as { 'snapshot.json': { length?: number } };
        delete meta['snapshot.json'].length;
      });
      scene.sign('1', NEW).publish();
      scene.publisher.forge('snapshot', { edit: (signed) => (signed['expires'] = '2031-01-01T00:00:00Z') });
    },
  },
  'sha512-of-something-else': {
    move: 'Signs a timestamp whose sha256 fits the snapshot and whose sha512 does not.',
    lets: 'Two clients, each checking the hash it prefers, take two files for the same.',
    anchor: 'TUF 5.5.2',
    expect: 'trust.hash',
    learns,
    story(scene) {
      scene
        .anew({ hashed: true })
        .pull()
        .publisher.edits.set('timestamp', (signed) => {
          const meta = memberOf(signed, 'meta') as { 'snapshot.json': { hashes: { sha512?: string } } };
          meta['snapshot.json'].hashes.sha512 = 'ab'.repeat(64);
        });
      scene.sign('1', NEW).publish();
    },
  },
  'longer-than-its-entry': {
    move: 'Names a snapshot that the client has, with a length that is too small for it.',
    lets: 'Lengths that are checked only while downloading bind nothing that is cached.',
    anchor: 'TUF 5.5.2',
    expect: 'trust.hash',
    learns,
    story(scene) {
      scene.pull().publisher.edits.set('timestamp', (signed) => {
        (memberOf(signed, 'meta') as { 'snapshot.json': object })['snapshot.json'] = { version: 1, length: 10 };
      });
      scene.publisher.resign('timestamp');
    },
  },
  'not-there': {
    move: 'Serves a timestamp and withholds the snapshot that it names.',
    lets: 'A client that falls back on the snapshot at hand is frozen without any key.',
    anchor: 'TUF 5.5.1',
    expect: 'trust.hash',
    learns,
    story(scene) {
      scene.pull().sign('1', NEW).publish();
      scene.lieAbout('snapshot', undefined);
    },
  },
  expired: {
    move: 'Keeps an expired snapshot alive under fresh timestamps.',
    lets: 'With the timestamp key alone, a client is frozen for good.',
    anchor: 'TUF 5.5.6',
    expect: 'trust.expired',
    learns,
    story(scene) {
      scene.pull().publisher.of('snapshot').expires = scene.clock;
      scene.publisher.publish({ snapshot: 2 });
    },
  },
  'expired-since': {
    move: 'Signs fresh timestamps for weeks, and never a new snapshot.',
    lets: 'Expiry that is looked at only when a file is new never comes.',
    anchor: 'TUF 5.5.6',
    expect: 'trust.expired',
    learns,
    story(scene) {
      scene
        .pull()
        .wait(8 * DAY)
        .publisher.of('timestamp').expires = scene.clock + DAY;
      scene.publisher.publish();
    },
  },
  'takes-targets-back': {
    move: 'With the online keys, signs a new snapshot that names an old targets file.',
    lets: 'All tags at once go back to what they were: each file of the past was validly signed.',
    anchor: 'TUF 5.5.5',
    expect: 'trust.rollback',
    learns,
    story(scene) {
      scene.sign('1', NEW).publish();
      scene.pull(NEW).edit('snapshot', (signed) => (memberOf(signed, 'meta')['targets.json'] = { version: 1 }));
    },
  },
  'takes-a-role-back': {
    move: 'With the online keys, signs a new snapshot that names an old file of a delegated role.',
    lets: "One owner's images go back, under the fresh word of all others: CVE-2025-2887.",
    anchor: 'TUF 5.5.5; CVE-2025-2887',
    expect: 'trust.rollback',
    learns,
    story: (scene) =>
      void delegated(scene).edit('snapshot', (signed) => (memberOf(signed, 'meta')['owner.json'] = { version: 1 })),
  },
  'leaves-a-role-out': {
    move: 'With the online keys, signs a new snapshot that does not list a role any more.',
    lets: 'What cannot be asked is not refused: the next role speaks, or an older file does. CVE-2025-2887.',
    anchor: 'TUF 5.5.5; CVE-2025-2887',
    expect: 'trust.rollback',
    learns,
    story(scene) {
      delegated(scene).publisher.unlisted.add('owner');
      scene.publisher.touch('snapshot').publish();
    },
  },
  'lists-no-targets': {
    move: 'Leaves targets out of the snapshot.',
    lets: 'Targets that no snapshot names are taken in any version.',
    anchor: 'TUF 4.4',
    expect: 'trust.malformed',
    learns,
    story: (scene) => void scene.pull().edit('snapshot', (signed) => (signed['meta'] = {})),
  },
  'entry-is-null': {
    move: 'Lists targets as null.',
    lets: 'The gate is down, or takes any targets: nothing is said about them.',
    anchor: 'CVE-2026-23991',
    expect: 'trust.malformed',
    learns,
    story: (scene) => void scene.pull().edit('snapshot', (signed) => (memberOf(signed, 'meta')['targets.json'] = null)),
  },
  'version-in-words': {
    move: 'Lists targets with the version "2".',
    lets: 'Versions that are compared as text: 10 is less than 9.',
    anchor: 'TUF 4.4',
    expect: 'trust.malformed',
    learns,
    story: (scene) =>
      void scene.pull().edit('snapshot', (signed) => (memberOf(signed, 'meta')['targets.json'] = { version: '2' })),
  },
  'version-in-two-spellings': {
    move: 'Lists targets with a version and a Version: to Go they are one, and the last one holds.',
    lets: 'Two clients load two files.',
    anchor: 'RFC 8259 section 4',
    expect: 'trust.malformed',
    learns,
    story: (scene) =>
      void scene.pull().edit('snapshot', (signed) => {
        memberOf(signed, 'meta')['targets.json'] = { version: 1, Version: 2 };
      }),
  },
  'hash-too-short': {
    move: 'Lists targets with a sha256 of four bytes.',
    lets: 'A hash that is compared as far as it goes is met by any other in seconds.',
    anchor: 'TUF 4.4',
    expect: 'trust.malformed',
    learns,
    story: (scene) =>
      void scene.pull().edit('snapshot', (signed) => {
        memberOf(signed, 'meta')['targets.json'] = { version: 1, hashes: { sha256: 'abababab' } };
      }),
  },
  'hash-that-is-a-list': {
    move: 'Lists targets with a list of bytes for a sha512.',
    lets: 'The gate is down, or compares a list with a text.',
    anchor: 'CVE-2026-23991',
    expect: 'trust.malformed',
    learns,
    story: (scene) =>
      void scene.pull().edit('snapshot', (signed) => {
        memberOf(signed, 'meta')['targets.json'] = { version: 1, hashes: { sha512: [7] } };
      }),
  },
  'file-that-is-no-role': {
    move: 'Lists a file that is not a role and .json.',
    lets: 'One role has two names, of which one is below its floor.',
    anchor: 'TUF 4.4; CVE-2021-41131',
    expect: 'trust.malformed',
    learns,
    story: (scene) =>
      void scene.pull().edit('snapshot', (signed) => (memberOf(signed, 'meta')['owner'] = { version: 1 })),
  },
  'file-with-a-control-character': {
    move: 'Lists a role whose name has a NUL in it.',
    lets: 'A file name that ends early for whoever is written in C: CVE-2021-41131.',
    anchor: 'CVE-2021-41131',
    expect: 'trust.malformed',
    learns,
    story: (scene) =>
      void scene.pull().edit('snapshot', (signed) => (memberOf(signed, 'meta')['own\u0000er.json'] = { version: 1 })),
  },
  'a-gigabyte-of-targets': {
    move: 'Signs a snapshot that announces a gigabyte of targets.',
    lets: 'One file eats the memory of the gate.',
    anchor: 'TUF 5.6.1; TUF 1.5.2, endless data',
    expect: 'trust.too-large',
    learns: LEARNED.targets,
    story: (scene) =>
      void scene.pull().edit('snapshot', (signed) => {
        memberOf(signed, 'meta')['targets.json'] = { version: 2, length: 2 ** 30 };
      }),
  },
});
