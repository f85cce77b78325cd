import type { Plain } from '../../../src/simulator/tuf-document.ts';
import { DAY, EVIL, GOOD, LEARNED, memberOf, NEW, STRANGER, type TufScene } from './scene.ts';
import { attacks } from './stories.ts';

const learns = LEARNED.targets;
const ALL = [...learns, 'floor targets', 'view'];

/** What is said of the tag. */
function entry(scene: TufScene, said: unknown): void {
  scene.pull().edit('targets', (signed) => (memberOf(signed, 'targets')[`${scene.name}:1`] = said));
}

/** Beside the hashes of the tag, which are right. */
function said(scene: TufScene, tufgate: unknown): void {
  scene.pull();
  scene.publisher.put(`${scene.name}:1`, { digest: GOOD, length: 1_024, custom: { tufgate } }).publish();
}

function instant(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** What names the digests. */
export const targets = attacks('targets', {
  'signed-by-the-snapshot-key': {
    move: 'With a stolen snapshot key, signs targets too.',
    lets: 'An online key decides what every tag means.',
    anchor: 'TUF 5.6.3',
    expect: 'trust.signature',
    learns,
    story(scene) {
      scene.pull().publisher.of('targets').signers = scene.publisher.authority('snapshot').keys;
      scene.sign('1', EVIL).publish();
    },
  },
  'one-of-two-keys': {
    move: 'Signs targets with one of the two keys that they need.',
    lets: 'A single stolen key is as good as both.',
    anchor: 'TUF 5.6.3',
    expect: 'trust.threshold',
    learns,
    story(scene) {
      const { publisher } = scene;
      publisher.authorize('targets', { keys: [...publisher.authority('targets').keys, STRANGER], threshold: 2 });
      publisher.publish();
      scene.pull();
      publisher.of('targets').signers = [STRANGER];
      scene.sign('1', EVIL).publish();
    },
  },
  'signed-twice-by-one': {
    move: 'Signs targets, which need two keys, twice with the same one.',
    lets: 'A threshold that counts signatures is met by one person.',
    anchor: 'TUF 5.6.3; CVE-2020-6174',
    expect: 'trust.malformed',
    learns,
    story(scene) {
      const { publisher } = scene;
      publisher.authorize('targets', { keys: [...publisher.authority('targets').keys, STRANGER], threshold: 2 });
      publisher.publish();
      scene.pull();
      publisher.of('targets').signers = [STRANGER, STRANGER];
      scene.sign('1', EVIL).publish();
    },
  },
  'threshold-that-nobody-can-meet': {
    move: 'Signs targets, which need three keys of the two that they have, with both.',
    lets: 'A threshold that nobody can meet is lowered to one that somebody can.',
    anchor: 'TUF 4.3; CVE-2026-23992',
    expect: 'trust.threshold',
    learns: ['root 2', ...learns, 'floor targets'],
    story(scene) {
      const { publisher } = scene.pull();
      const keys = [...publisher.authority('targets').keys, STRANGER];
      publisher.authorize('targets', { keys, threshold: 3 }).publish();
    },
  },
  'of-another-version': {
    move: "Serves yesterday's targets, validly signed, under the name of today's.",
    lets: 'A mirror brings an old digest back without any key.',
    anchor: 'TUF 5.6.4; TUF 1.5.2, mix-and-match',
    expect: 'trust.hash',
    learns,
    story(scene) {
      const old = scene.pull().publisher.at('targets');
      scene.sign('1', NEW).publish();
      scene.lieAbout('targets', old);
    },
  },
  'other-bytes-than-named': {
    move: 'With the targets key, signs another file of the version whose hash the snapshot names.',
    lets: 'One stolen key shows each client another file.',
    anchor: 'TUF 5.6.2',
    expect: 'trust.hash',
    learns,
    story(scene) {
      scene.anew({ hashed: true }).pull().sign('1', NEW).publish();
      const said = { length: 1_024, hashes: { sha256: 'ee'.repeat(32) } };
      const edit = (signed: Plain): void => void (memberOf(signed, 'targets')[`${scene.name}:1`] = said);
      scene.publisher.forge('targets', { edit });
    },
  },
  'same-version-other-bytes': {
    move: 'With the keys of targets and snapshot, signs a second file of the version that the client has.',
    lets: 'Two clients are told two digests for one tag, and neither can tell.',
    anchor: 'TUF 5.6.4; design section 5',
    expect: 'trust.equal-version',
    learns,
    story(scene) {
      scene.anew({ hashed: true }).pull().sign('1', EVIL).publish({ targets: 1 });
    },
  },
  expired: {
    move: 'Keeps expired targets alive under fresh snapshots.',
    lets: 'With the online keys, a client is frozen until the root ends.',
    anchor: 'TUF 5.6.5',
    expect: 'trust.expired',
    learns,
    story(scene) {
      scene.pull().publisher.of('targets').expires = scene.clock;
      scene.publisher.touch('targets').publish();
    },
  },
  'not-there': {
    move: 'Withholds the targets file that the snapshot names.',
    lets: 'A client that goes on with what it has is frozen without any key.',
    anchor: 'TUF 5.6.1',
    expect: 'trust.hash',
    learns,
    story(scene) {
      scene.pull().sign('1', NEW).publish();
      scene.lieAbout('targets', undefined);
    },
  },
  'of-another-type': {
    move: 'With one key for both, lists a snapshot as targets.',
    lets: 'A file that was signed to say one thing is taken to say another.',
    anchor: 'TUF 4.2',
    expect: 'trust.malformed',
    learns,
    story: (scene) => void scene.pull().edit('targets', (signed) => (signed['_type'] = 'snapshot')),
  },
  'not-utf-8': {
    move: 'Puts bytes into targets that are not UTF-8.',
    lets: 'Names that differ on the wire become equal once they were replaced by question marks.',
    anchor: 'RFC 8259 section 8.1',
    expect: 'trust.malformed',
    learns,
    story: (scene) =>
      void scene
        .pull()
        .rewrite('targets', (text) =>
          Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xff]), Buffer.from(`",${text.slice(1)}`)]),
        ),
  },
  'target-that-is-null': {
    move: 'Signs null for a tag.',
    lets: 'The gate is down.',
    anchor: 'CVE-2026-23991',
    expect: 'trust.malformed',
    learns,
    story: (scene) => entry(scene, null),
  },
  'targets-that-are-a-list': {
    move: 'Signs a list where the targets belong.',
    lets: 'Targets called 0, 1 and length exist.',
    anchor: 'CVE-2026-23991',
    expect: 'trust.malformed',
    learns,
    story: (scene) => void scene.pull().edit('targets', (signed) => (signed['targets'] = [])),
  },
  'target-without-a-length': {
    move: 'Signs a target without a length.',
    lets: 'The manifest may be as long as the registry likes.',
    anchor: 'TUF 4.5; TUF 1.5.2, endless data',
    expect: 'trust.malformed',
    learns,
    story: (scene) => entry(scene, { hashes: { sha256: 'ab'.repeat(32) } }),
  },
  'target-with-two-lengths': {
    move: 'Signs a target with a length and a Length, which to Go are one.',
    lets: 'Two clients take two files for the same target.',
    anchor: 'RFC 8259 section 4',
    expect: 'trust.malformed',
    learns,
    story: (scene) => entry(scene, { length: 5, Length: 7, hashes: { sha256: 'ab'.repeat(32) } }),
  },
  'target-with-an-empty-list-of-hashes': {
    move: 'Signs a target with an empty list of hashes.',
    lets: 'All hashes that are listed match: tuf-js takes any file for it.',
    anchor: 'go-tuf #721',
    expect: 'trust.malformed',
    learns,
    story: (scene) => entry(scene, { length: 5, hashes: {} }),
  },
  'target-without-hashes': {
    move: 'Signs a target with a length alone.',
    lets: 'Any file of that length is the image.',
    anchor: 'TUF 4.5',
    expect: 'trust.malformed',
    learns,
    story: (scene) => entry(scene, { length: 5 }),
  },
  'target-with-unknown-hashes-only': {
    move: 'Signs a target with a hash that no client knows.',
    lets: 'All hashes that are known match: none is.',
    anchor: 'TUF 5.7',
    expect: 'trust.malformed',
    learns: ALL,
    story: (scene) => entry(scene, { length: 5, hashes: { md5: '00' } }),
  },
  'hash-in-base64': {
    move: 'Signs a target whose sha256 is in base64, as Notary writes it.',
    lets: 'A digest of the wrong size is given out.',
    anchor: 'TUF 4.5',
    expect: 'trust.malformed',
    learns,
    story: (scene) => entry(scene, { length: 5, hashes: { sha256: Buffer.alloc(32).toString('base64') } }),
  },
  'approval-that-ended': {
    move: 'Goes on with an approval that was given until yesterday.',
    lets: 'An approval for a time is one for ever.',
    anchor: 'TUF 4.5, custom',
    expect: 'trust.expired',
    learns: ALL,
    story: (scene) => said(scene, { until: instant(scene.clock - DAY) }),
  },
  'approval-with-an-end-that-does-not-parse': {
    move: 'Signs an approval until the 31st of February.',
    lets: 'The end is not a number, and no comparison with it is true.',
    anchor: 'TUF 4.5, custom',
    expect: 'trust.malformed',
    learns: ALL,
    story: (scene) => said(scene, { until: '2027-02-31T00:00:00Z' }),
  },
  'approval-with-two-ends': {
    move: 'Signs an approval with an until that is past, and an Until that is not.',
    lets: 'Two clients disagree on when it ends.',
    anchor: 'RFC 8259 section 4',
    expect: 'trust.malformed',
    learns: ALL,
    story: (scene) => said(scene, { until: instant(scene.clock - DAY), Until: '2030-01-01T00:00:00Z' }),
  },
  'approval-with-words-that-are-no-object': {
    move: 'Signs an approval whose own words are a number.',
    lets: 'What might be its end, or its withdrawal, is passed over.',
    anchor: 'TUF 4.5, custom',
    expect: 'trust.malformed',
    learns: ALL,
    story: (scene) => said(scene, 5),
  },
  'target-that-was-taken-back': {
    move: 'Goes on with a target that is signed as withdrawn.',
    lets: 'A withdrawal is a note that nobody reads.',
    anchor: 'TUF 4.5, custom',
    expect: 'trust.withdrawn',
    learns: ALL,
    story: (scene) => said(scene, { revoked: instant(scene.clock), until: '2030-01-01T00:00:00Z' }),
  },
  'target-that-was-taken-back-in-words-that-do-not-parse': {
    move: 'Makes the instant of a withdrawal one that does not parse.',
    lets: 'What cannot be read counts as not withdrawn.',
    anchor: 'TUF 4.5, custom',
    expect: 'trust.malformed',
    learns: ALL,
    story: (scene) => said(scene, { revoked: 'yesterday' }),
  },
});
