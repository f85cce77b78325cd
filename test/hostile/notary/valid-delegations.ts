import type { Plain } from '../../../src/simulator/notary-document.ts';
import { delegationKey } from '../../../src/simulator/notary-repository.ts';
import { plainKey } from '../../../src/simulator/notary-key.ts';
import { DAY, EVIL, GOOD, memberOf, NEW, NOW, type NotaryScene } from './scene.ts';
import { oddities } from './stories.ts';

const RELEASES = 'targets/releases';
const A = 'targets/a';
const B = 'targets/b';
const C = 'targets/c';

/** All three sign the tag, in this order with these digests. */
function signed(scene: NotaryScene, ...digests: readonly string[]): NotaryScene['publisher'] {
  [A, B, C].forEach((role, i) => {
    scene.publisher.delegate(role);
    if (digests[i] !== undefined) scene.publisher.sign('1', digests[i], 1_024, role);
  });
  return scene.publisher.publish();
}

function require(scene: NotaryScene, atLeast: number, ...of: readonly string[]): NotaryScene {
  return scene.configure({ signers: { atLeast, of } });
}

export const validDelegations = oddities('delegation', {
  'missing-altogether': {
    odd: 'The targets file says nothing of delegations.',
    anchor: 'notary-v1 section 2',
    story: (scene) => void scene.edit('targets', (content) => delete content['delegations']).pull(),
  },
  'that-are-null': {
    odd: 'Delegations are null.',
    anchor: 'notary-v1 section 2',
    story: (scene) => void scene.edit('targets', (content) => (content['delegations'] = null)).pull(),
  },
  'whose-roles-are-null': {
    odd: 'The list of delegated roles is null, and so are their keys.',
    anchor: 'notary-v1 section 2',
    story: (scene) =>
      void scene.edit('targets', (content) => (content['delegations'] = { keys: null, roles: null })).pull(),
  },
  'with-keys-and-no-role': {
    odd: 'Keys are listed for delegations that do not exist any more.',
    anchor: 'notary-v1 section 2',
    story(scene) {
      const key = delegationKey(A, NOW);
      scene.edit('targets', (content) => (content['delegations'] = { keys: { [key.keyId]: key.entry }, roles: [] }));
      scene.pull();
    },
  },
  'without-paths': {
    odd: 'A role that nobody asks has no paths at all.',
    anchor: 'notary-v1 pitfall 23',
    story(scene) {
      scene.publisher.delegate(A);
      scene.edit('targets', (content) => delete firstRole(content)['paths']).pull();
    },
  },
  'targets-that-are-null': {
    odd: 'The file of a delegated role has null for its targets.',
    anchor: 'notary-v1 section 2',
    story(scene) {
      scene.publisher.delegate(A);
      scene.edit(A, (content) => (content['targets'] = null)).pull();
    },
  },
  'without-a-file': {
    odd: 'A role was delegated to, and has signed nothing yet.',
    anchor: 'TUF 5.6.7; notary-v1 section 3',
    story(scene) {
      scene.publisher.delegate(A).unlisted.add(A);
      scene.publisher.publish();
      scene.pull();
    },
  },
  'listed-and-not-delegated-to': {
    odd: 'The snapshot lists a role that was revoked, and one with a name that none can have.',
    anchor: 'notary-v1 pitfall 24',
    story(scene) {
      scene.edit('snapshot', (content) => {
        const entry = memberOf(content, 'meta.targets');
        Object.assign(memberOf(content, 'meta'), { 'targets/gone': entry, '../../Etc': entry });
      });
      scene.pull();
    },
  },
  'with-fewer-keys-than-it-needs': {
    odd: 'A role that nobody asks can never meet its threshold.',
    anchor: 'notary-v1 section 5',
    story(scene) {
      scene.publisher.delegate(A, { threshold: 2 }).publish();
      scene.pull();
    },
  },
  'signed-by-the-wrong-key': {
    odd: 'A role that nobody asks is signed by a key that was taken from it, until somebody witnesses it.',
    anchor: 'notary-v1 section 6, witness',
    story(scene) {
      scene.publisher.delegate(A).of(A).signers = [plainKey('ecdsa')];
      scene.publisher.publish();
      scene.pull();
    },
  },
  'expired-and-not-asked': {
    odd: 'A role that nobody asks has expired.',
    anchor: 'notary-v1 section 3',
    story(scene) {
      scene.publisher.delegate(A).of(A).expires = NOW - DAY;
      scene.publisher.publish();
      scene.pull();
    },
  },
  'witnessed-again': {
    odd: 'A role lost its keys, and was signed as it was by new ones.',
    anchor: 'notary-v1 section 6, witness',
    story(scene) {
      scene.publisher.delegate(RELEASES).sign('1', GOOD, 1_024, RELEASES).publish();
      scene
        .pull()
        .publisher.rotate(RELEASES, [delegationKey(RELEASES, NOW)])
        .touch(RELEASES)
        .publish();
      scene.pull();
    },
  },
  'revoked-and-given-again': {
    odd: 'A role is revoked, and later delegated to anew with other keys, from version 1.',
    anchor: 'notary-v1 pitfall 17',
    story(scene) {
      const { publisher } = scene;
      publisher.delegate(A).sign('9', GOOD, 9, A).publish().sign('8', GOOD, 9, A).publish();
      scene.pull();
      publisher.undelegate(A).publish();
      scene.pull();
      publisher.delegate(A).publish();
      scene.pull();
    },
  },
  'releases-over-targets': {
    odd: 'The tag stands in targets with an older digest, and in targets/releases with the one that counts.',
    anchor: 'notary-v1 section 5',
    story(scene) {
      scene.publisher.sign('1', EVIL, 9).delegate(RELEASES).sign('1', GOOD, 1_024, RELEASES).publish();
      scene.pull();
    },
  },
  'releases-without-the-tag-for-docker': {
    odd: "targets/releases does not name the tag, and the client is set to docker's own rules.",
    anchor: 'notary-v1 section 5',
    story(scene) {
      scene.publisher.delegate(RELEASES).sign('2', NEW, 2, RELEASES).publish();
      scene.configure({ releases: 'docker' }).pull();
    },
  },
  'releases-expired-for-docker': {
    odd: "targets/releases has expired, and the client is set to docker's own rules.",
    anchor: 'notary-v1 section 5',
    story(scene) {
      scene.publisher.delegate(RELEASES).of(RELEASES).expires = NOW - DAY;
      scene.publisher.publish();
      scene.configure({ releases: 'docker' }).pull();
    },
  },
  'other-signers-beside-releases': {
    odd: 'A signer of another branch names another digest, and nobody has to listen.',
    anchor: 'notary-v1 pitfall 22',
    story(scene) {
      scene.publisher.delegate(RELEASES).sign('1', GOOD, 1_024, RELEASES).delegate(A).sign('1', EVIL, 9, A).publish();
      scene.pull();
    },
  },
  'paths-with-many-prefixes': {
    odd: 'A role may sign by several prefixes, one of which is the whole tag.',
    anchor: 'notary-v1 pitfall 23',
    story(scene) {
      const paths = ['rel-', '1', '2.'];
      scene.publisher.delegate(RELEASES, { paths }).sign('1', GOOD, 1_024, RELEASES).publish();
      scene.pull();
    },
  },
  'paths-that-look-like-patterns': {
    odd: 'A path holds a star, which is just a star.',
    anchor: 'notary-v1 pitfall 23',
    story(scene) {
      scene.publisher
        .delegate(RELEASES, { paths: ['*', '1'] })
        .sign('1', GOOD, 1_024, RELEASES)
        .publish();
      scene.pull();
    },
  },
  'tag-outside-the-paths-of-another': {
    odd: 'A role has signed a tag outside its paths; another tag of it is asked for.',
    anchor: 'notary-v1 pitfall 23',
    story(scene) {
      const { publisher } = scene;
      publisher
        .delegate(RELEASES, { paths: ['1'] })
        .sign('1', GOOD, 1_024, RELEASES)
        .sign('9', EVIL, 9, RELEASES);
      publisher.publish();
      scene.pull();
    },
  },
  'unusable-target-beside-a-good-one': {
    odd: 'Another tag has a hash in hex and a negative length.',
    anchor: 'notary-v1 section 2',
    story(scene) {
      scene.publisher.put('x', { length: -1, hashes: { sha256: 'ab'.repeat(32) } }).put('y', { length: 0, hashes: {} });
      scene.publisher.publish();
      scene.pull();
    },
  },
  'deep-tree': {
    odd: 'Roles are delegated to fifteen levels deep, and the last one must sign.',
    anchor: 'notary-v1 pitfall 25',
    story(scene) {
      const names = Array.from({ length: 15 }, (_, i) => `targets${'/d'.repeat(i + 1)}`);
      const { keys } = scene.publisher.of('targets');
      for (const name of names) scene.publisher.delegate(name, { keys });
      scene.publisher.sign('1', GOOD, 1_024, names.at(-1)).publish();
      require(scene, 1, names.at(-1)!).pull();
    },
  },
  'broad-tree': {
    odd: 'A hundred roles are delegated to.',
    anchor: 'notary-v1 pitfall 25',
    story(scene) {
      const { keys } = scene.publisher.of('targets');
      for (let i = 0; i < 100; i++) scene.publisher.delegate(`targets/r${i}`, { keys });
      scene.publisher.publish();
      scene.pull();
    },
  },
  'longest-name': {
    odd: 'The name of a role has 255 characters.',
    anchor: 'notary-v1 section 2',
    story(scene) {
      scene.publisher.delegate(`targets/${'n'.repeat(247)}`).publish();
      scene.pull();
    },
  },
  'names-of-every-letter': {
    odd: 'Names of roles have digits, hyphens and underscores.',
    anchor: 'notary-v1 section 2',
    story(scene) {
      scene.publisher.delegate('targets/-_09az').publish();
      scene.pull();
    },
  },
  'thousands-of-tags': {
    odd: 'Five thousand tags are signed.',
    anchor: 'limits',
    story(scene) {
      for (let i = 0; i < 5_000; i++) scene.publisher.sign(`v${i}`, NEW, i);
      scene.publisher.publish();
      scene.pull();
    },
  },
  'signers-who-all-must': {
    odd: 'All of three signers must name the digest, and do.',
    anchor: 'design section 4, signers',
    story(scene) {
      signed(scene, GOOD, GOOD, GOOD);
      require(scene, 3, A, B, C).pull();
    },
  },
  'signers-two-of-three': {
    odd: 'Two of three signers must name the digest; the first has said nothing.',
    anchor: 'design section 4, signers',
    story(scene) {
      signed(scene, GOOD, GOOD).revoke('1', A).publish();
      scene.publisher.sign('1', GOOD, 1_024, C).publish();
      require(scene, 2, A, B, C).pull();
    },
  },
  'signers-of-whom-one-has-expired': {
    odd: 'Two of three signers must name the digest; the file of the third has expired.',
    anchor: 'design section 4, signers',
    story(scene) {
      signed(scene, GOOD, GOOD, EVIL).of(C).expires = NOW - DAY;
      scene.publisher.touch(C).publish();
      require(scene, 2, A, B, C).pull();
    },
  },
  'signers-named-twice': {
    odd: 'A signer stands twice in the list.',
    anchor: 'design section 4, signers',
    story(scene) {
      signed(scene, GOOD, GOOD);
      require(scene, 2, A, A, B).pull();
    },
  },
  'signers-with-a-key-in-common': {
    odd: 'Two signers list a key in common, and one has another besides.',
    anchor: 'design section 4, signers',
    story(scene) {
      const [shared, own] = [delegationKey(A, NOW), delegationKey(B, NOW)];
      scene.publisher.delegate(A, { keys: [shared] }).delegate(B, { keys: [shared, own] });
      scene.publisher.sign('1', GOOD, 1_024, A).sign('1', GOOD, 1_024, B).publish();
      require(scene, 2, A, B).pull();
    },
  },
  'signers-with-targets-among-them': {
    odd: 'targets itself is a required signer.',
    anchor: 'design section 4, signers',
    story(scene) {
      signed(scene, GOOD);
      require(scene, 2, 'targets', A).pull();
    },
  },
});

function firstRole(content: Plain): Plain {
  return (memberOf(content, 'delegations')['roles'] as Plain[])[0]!;
}
