import { tufKey, under } from '../../../src/simulator/tuf-key.ts';
import { EVIL, GOOD, LEARNED, memberOf, NEW, STRANGER, type TufScene } from './scene.ts';
import { attacks } from './stories.ts';

const OWNER = 'owner';
const learns = LEARNED.delegated;
const KEYS = [tufKey('ed25519', 'owner, one'), tufKey('ed25519', 'owner, two')];

/** The tag is signed by its owner, in a role of its own, which the client has loaded; anybody else may follow. */
function owned(scene: TufScene, threshold = 1): TufScene {
  scene.publisher.delegate(OWNER, { keys: [...KEYS], threshold, paths: ['docker.io/library/*'] });
  scene.publisher.delegate('bulk', { paths: ['docker.io/library/*'] }).publish();
  scene.tag = '2';
  scene.sign('2', GOOD, OWNER);
  scene.sign('2', EVIL, 'bulk').publish();
  return scene.pull();
}

/**
 * The file of one role below targets. Each of these checks was once left out by a client that made them all for targets
 * itself; and where one fails, nobody of lower priority may answer instead.
 */
export const delegated = attacks('delegated', {
  'signed-by-the-delegator': {
    move: "With the targets key, signs an owner's file.",
    lets: 'Whoever delegates speaks for those delegated to, behind their back: CVE-2026-6966.',
    anchor: 'TUF 5.6.3; CVE-2026-6966',
    expect: 'trust.signature',
    learns,
    story(scene) {
      owned(scene).publisher.of(OWNER).signers = scene.publisher.authority('targets').keys;
      scene.sign('2', EVIL, OWNER).publish();
    },
  },
  'signed-by-a-stranger-when-first-seen': {
    move: 'Signs the file of an owner whom the client has never asked before.',
    lets: 'What is loaded for the first time is believed: no public suite notices.',
    anchor: 'TUF 5.6.3; CVE-2026-6966',
    expect: 'trust.signature',
    learns: [...LEARNED.targets, 'floor targets', 'view'],
    story(scene) {
      scene.pull().publisher.delegate(OWNER, { keys: [...KEYS], paths: ['docker.io/library/*'] });
      scene.publisher.of(OWNER).signers = [STRANGER];
      scene.tag = '2';
      scene.sign('2', EVIL, OWNER).publish();
    },
  },
  'one-of-two-keys': {
    move: "Signs an owner's file with one of the two keys that it needs.",
    lets: 'A threshold that is one for whoever is delegated to: no public suite notices.',
    anchor: 'TUF 5.6.3',
    expect: 'trust.threshold',
    learns,
    story(scene) {
      owned(scene, 2).publisher.of(OWNER).signers = KEYS.slice(1);
      scene.sign('2', EVIL, OWNER).publish();
    },
  },
  'signed-twice-by-one': {
    move: "Signs an owner's file, which needs two keys, twice with the same one.",
    lets: 'A threshold that counts signatures is met by one person: CVE-2026-6966.',
    anchor: 'TUF 5.6.3; CVE-2020-6174; CVE-2026-6966',
    expect: 'trust.malformed',
    learns,
    story(scene) {
      owned(scene, 2).publisher.of(OWNER).signers = [KEYS[0]!, KEYS[0]!];
      scene.sign('2', EVIL, OWNER).publish();
    },
  },
  'of-another-type': {
    move: 'Serves a file of an owner that calls itself a snapshot.',
    lets: 'A file that was signed to say one thing is taken to say another.',
    anchor: 'TUF 4.2',
    expect: 'trust.malformed',
    learns,
    story: (scene) => void owned(scene).edit(OWNER, (signed) => (signed['_type'] = 'snapshot')),
  },
  'of-another-version': {
    move: "Serves an owner's old file, validly signed, under the name of the new one.",
    lets: 'A mirror brings an old digest back without any key.',
    anchor: 'TUF 5.6.4; CVE-2026-6967',
    expect: 'trust.hash',
    learns,
    story(scene) {
      const old = owned(scene).publisher.at(OWNER);
      scene.sign('2', NEW, OWNER).publish();
      scene.lieAbout(OWNER, old);
    },
  },
  'other-bytes-than-named': {
    move: "With an owner's key, signs another file of the version whose hash the snapshot names.",
    lets: 'Each client can be shown another file: CVE-2026-6967.',
    anchor: 'TUF 5.6.2; CVE-2026-6967',
    expect: 'trust.hash',
    learns,
    story(scene) {
      owned(scene.anew({ hashed: true }))
        .sign('2', NEW, OWNER)
        .publish();
      scene.publisher.forge(OWNER, { edit: (signed) => (signed['expires'] = '2031-01-01T00:00:00Z') });
    },
  },
  'longer-than-named': {
    move: "Appends spaces to an owner's file beyond the length that the snapshot gives.",
    lets: 'What was signed for as small is read however long it is: CVE-2026-6967.',
    anchor: 'TUF 5.6.1; CVE-2026-6967',
    expect: 'trust.too-large',
    learns,
    story(scene) {
      owned(scene.anew({ hashed: true }))
        .sign('2', NEW, OWNER)
        .publish();
      scene.lieAbout(OWNER, Buffer.concat([scene.publisher.at(OWNER), Buffer.alloc(9, ' ')]));
    },
  },
  'same-version-other-bytes': {
    move: 'With the keys of an owner and of the snapshot, signs a second file of the version that the client has.',
    lets: 'Two clients are told two digests for one tag, and neither can tell.',
    anchor: 'TUF 5.6.4; design section 5',
    expect: 'trust.equal-version',
    learns,
    story(scene) {
      const { version } = owned(scene.anew({ hashed: true })).publisher.of(OWNER);
      scene.sign('2', EVIL, OWNER).publish({ [OWNER]: version });
    },
  },
  expired: {
    move: "Publishes an owner's file that ends at this very second.",
    lets: 'An owner who is gone speaks for ever: CVE-2026-6967.',
    anchor: 'TUF 5.6.5; CVE-2026-6967',
    expect: 'trust.expired',
    learns,
    story(scene) {
      owned(scene).publisher.of(OWNER).expires = scene.clock;
      scene.publisher.touch(OWNER).publish();
    },
  },
  'expired-since': {
    move: "Signs fresh timestamps, while an owner's file, which the client has, ends.",
    lets: 'Expiry that is looked at only when a file is loaded never comes.',
    anchor: 'TUF 5.6.5',
    expect: 'trust.expired',
    learns: [],
    story(scene) {
      scene.publisher.delegate(OWNER, { paths: ['docker.io/library/*'] }).of(OWNER).expires = scene.clock + 5_000;
      scene.tag = '2';
      scene.sign('2', GOOD, OWNER).publish();
      scene.pull();
    },
  },
  'not-there': {
    move: "Withholds an owner's file; somebody of lower priority names the tag too.",
    lets: 'Who cannot be asked is passed over, and the next one decides.',
    anchor: 'TUF 5.6.7',
    expect: 'trust.hash',
    learns,
    story(scene) {
      owned(scene).sign('2', NEW, OWNER).publish();
      scene.lieAbout(OWNER, undefined);
    },
  },
  'behind-an-error': {
    move: "Answers 500 for an owner's file; somebody of lower priority names the tag too.",
    lets: 'Who cannot be asked is passed over, and the next one decides.',
    anchor: 'TUF 5.6.7',
    expect: 'trust.unreachable',
    learns,
    story(scene) {
      owned(scene).sign('2', NEW, OWNER).publish();
      scene.lieAbout(OWNER, { kind: 'status', status: 500 });
    },
  },
  'cut-off': {
    move: "Closes the connection in the middle of an owner's file.",
    lets: 'Half a list of targets is taken for the whole, and the next role decides about the rest.',
    anchor: 'TUF 1.5.2, endless data',
    expect: 'trust.unreachable',
    learns,
    story(scene) {
      owned(scene).sign('2', NEW, OWNER).publish();
      scene.lieAbout(OWNER, { kind: 'cut', bytes: scene.publisher.at(OWNER) });
    },
  },
  'of-a-role-that-the-snapshot-does-not-list': {
    move: 'Delegates to a role and leaves it out of the snapshot; the file is there.',
    lets: 'A role that nothing binds to a version is taken in any.',
    anchor: 'TUF 5.6.7',
    expect: 'trust.signer-missing',
    learns: [...LEARNED.targets, 'floor targets', 'view'],
    story(scene) {
      const { publisher } = scene.pull();
      publisher.unlisted.add(OWNER);
      publisher.delegate(OWNER, { paths: ['docker.io/library/*'] });
      scene.tag = '2';
      scene.sign('2', EVIL, OWNER).publish();
    },
  },
  'with-a-threshold-of-zero-below': {
    move: "In an owner's file, delegates to a role that needs no signature.",
    lets: 'Shapes that are checked for the top only.',
    anchor: 'CVE-2026-23992',
    expect: 'trust.malformed',
    learns,
    story(scene) {
      owned(scene);
      scene.publisher.delegate('night', { by: OWNER, paths: ['docker.io/library/*'] });
      scene.edit(OWNER, (signed) => {
        const [role] = memberOf(signed, 'delegations')['roles'] as Record<string, unknown>[];
        role!['threshold'] = 0;
      });
    },
  },
  'bin-signed-by-another-key': {
    move: 'Signs a hash bin with a key that is not theirs.',
    lets: 'A check of roles that have a name of their own only.',
    anchor: 'TAP 15',
    expect: 'trust.signature',
    learns,
    story(scene) {
      scene.publisher.bins('bins', { bits: 3 }).publish();
      scene.tag = '2';
      scene.sign('2', GOOD, 'bins').publish();
      scene.pull();
      for (const role of scene.publisher.roles()) {
        if (role.startsWith('bins-')) scene.publisher.of(role).signers = [STRANGER];
      }
      scene.sign('2', EVIL, 'bins').publish();
    },
  },
  'bin-signed-by-one-key-in-two-spellings': {
    move: 'Lists one key for all bins in small and in capital hex, under two key ids, and signs with both.',
    lets: 'A threshold of two is met by one person.',
    anchor: 'go-tuf #733; TAP 15',
    expect: 'trust.threshold',
    learns: [...LEARNED.targets, 'floor targets', 'view'],
    story(scene) {
      const [one] = KEYS;
      const { public: hex } = one!.entry['keyval'] as { public: string };
      const twin = { ...under('twin', one!), entry: { ...one!.entry, keyval: { public: hex.toUpperCase() } } };
      scene.pull().publisher.bins('bins', { bits: 1, keys: [one!, twin], threshold: 2 });
      scene.tag = '2';
      scene.sign('2', EVIL, 'bins').publish();
    },
  },
  'longer-than-its-entry': {
    move: "With the snapshot key, lists an owner's file, which the client has, with a length that is too small for it.",
    lets: 'Lengths that are checked only while downloading bind nothing that is cached.',
    anchor: 'TUF 5.6.2; CVE-2026-6967',
    expect: 'trust.hash',
    learns,
    story: (scene) =>
      void owned(scene).edit('snapshot', (signed) => {
        (memberOf(signed, 'meta') as { 'owner.json': object })['owner.json'] = { version: 2, length: 10 };
      }),
  },
  'of-a-child-of-another-delegator': {
    move: 'Is trusted by one delegator, and is reached along another, whose keys did not sign.',
    lets: 'Trusted once is trusted by all, in the order in which tags happen to be asked for.',
    anchor: 'python-tuf#2977; go-tuf#759',
    expect: 'trust.signature',
    learns: ['floor two'],
    story(scene) {
      const { publisher } = scene;
      publisher.delegate('one', { paths: ['docker.io/library/alpine:2'] });
      publisher.delegate('two', { paths: ['docker.io/library/alpine:3'] });
      publisher.delegate('shared', { by: 'one', keys: [KEYS[0]!], paths: ['docker.io/library/*'] });
      publisher.delegate('shared', { by: 'two', keys: [KEYS[1]!], paths: ['docker.io/library/*'] });
      publisher.of('shared').signers = [KEYS[0]!];
      scene.tag = '3';
      scene.sign('3', EVIL, 'shared');
      scene.tag = '2';
      scene.sign('2', GOOD, 'shared').publish();
      scene.pull().tag = '3';
    },
  },
  'with-patterns-that-nearly-match': {
    move: "In an owner's file, delegates with thousands of patterns that differ from the name at their last character.",
    lets: 'Comparing them blocks every pull, again and again with each file that a search loads.',
    anchor: 'CVE-2026-26996; TUF 4.5',
    expect: 'trust.too-large',
    learns: [...learns, `floor ${OWNER}`],
    story(scene) {
      owned(scene).tag = 'a'.repeat(128);
      const near = (_: unknown, i: number): string => `docker.io/library/*${'a'.repeat(58)}b${i}`;
      scene.publisher.delegate('night', { by: OWNER, paths: Array.from({ length: 1_200 }, near) }).publish();
    },
  },
});
