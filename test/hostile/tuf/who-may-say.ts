import { createHash } from 'node:crypto';
import { parseDigest } from '../../../src/oci/digest.ts';
import { tufKey } from '../../../src/simulator/tuf-key.ts';
import { BULK, learntOf } from './delegating.ts';
import { EVIL, GOOD, LEARNED, NEW, type TufScene } from './scene.ts';
import { attacks } from './stories.ts';

/** Evil is signed as tag 9 by this role, in a repository whose delegations the client has known before. */
function signedBy(scene: TufScene, role: string): void {
  scene.publisher.publish();
  scene.pull().sign('9', EVIL, role).publish();
  scene.tag = '9';
}

/** Of hash prefixes, one that the name of tag 9 does not begin with. */
function otherPrefix(scene: TufScene): string {
  const first = createHash('sha256').update(`${scene.name}:9`).digest('hex').slice(0, 1);
  return first === '0' ? '1' : '0';
}

/** Everything verifies; the question is whose word counts for the name. */
export const whoMaySay = attacks('word', {
  'of-bulk-for-an-owned-repository': {
    move: "With the bulk key, signs a tag that the repository's owner, who comes first, does not name.",
    lets: 'Whoever signs for everybody speaks for every owner.',
    anchor: 'TUF 5.6.7.2.1',
    expect: 'trust.unsigned',
    learns: learntOf('docker.io/library/alpine'),
    story(scene) {
      scene.publisher.delegate(scene.name, { terminating: true }).delegate('bulk', BULK);
      signedBy(scene, 'bulk');
    },
  },
  'of-whoever-comes-after-a-dead-end': {
    move: 'As a role after a terminating one whose whole tree is silent, signs the tag.',
    lets: 'The search goes back and asks whom it must not: CVE-2025-2886.',
    anchor: 'TUF 5.6.7.2.1; CVE-2025-2886',
    expect: 'trust.unsigned',
    learns: learntOf('team', 'night'),
    story(scene) {
      const { publisher } = scene;
      publisher.delegate('team', { terminating: true, paths: ['docker.io/library/*'] });
      publisher.delegate('night', { by: 'team', paths: ['docker.io/library/*'] });
      publisher.delegate('late', { paths: ['docker.io/library/*'] });
      signedBy(scene, 'late');
    },
  },
  'of-whoever-comes-after-the-bins': {
    move: 'As a role after one that holds hash bins, signs a tag that its bin does not name.',
    lets: 'TAP 15 lets the search go on, every client ends it: the same files are signed here and unsigned there.',
    anchor: 'TAP 15',
    expect: 'trust.unsigned',
    learns: learntOf('bulk', 'bins-1'),
    story(scene) {
      const { publisher } = scene;
      publisher.delegate('bulk', BULK).bins('bins', { by: 'bulk', bits: 1 });
      publisher.delegate('late', { paths: ['docker.io/library/*'] });
      signedBy(scene, 'late');
    },
  },
  'of-the-wrong-bin': {
    move: "Signs the tag in another hash bin than its name's.",
    lets: 'Every bin speaks for every name: no public suite notices a client whose bin is always 0.',
    anchor: 'TAP 15',
    expect: 'trust.unsigned',
    learns: ['floor bins-9'],
    story(scene) {
      const { publisher } = scene;
      publisher.bins('bins', { bits: 4 });
      const right = createHash('sha256').update(`${scene.name}:9`).digest('hex').slice(0, 1);
      for (const role of publisher.roles()) {
        if (role.startsWith('bins-') && role !== `bins-${right}`) scene.sign('9', EVIL, role);
      }
      publisher.publish();
      scene.pull().tag = '9';
    },
  },
  'outside-its-hash-prefixes': {
    move: "Signs a tag whose name's hash begins otherwise than what is delegated.",
    lets: 'Every prefix fits every name: no public suite notices.',
    anchor: 'TUF 4.5',
    expect: 'trust.unsigned',
    story(scene) {
      scene.publisher.delegate('bulk', { prefixes: [otherPrefix(scene)] });
      scene.sign('9', EVIL, 'bulk').publish();
      scene.pull().tag = '9';
    },
  },
  'across-a-slash': {
    move: 'As a role for docker.io/*, signs an image one level deeper.',
    lets: 'A star that takes in slashes gives one team the images of all.',
    anchor: 'TUF 4.5',
    expect: 'trust.unsigned',
    story(scene) {
      scene.publisher.delegate('hub', { paths: ['docker.io/*'] });
      scene.sign('9', EVIL, 'hub').publish();
      scene.pull().tag = '9';
    },
  },
  'in-another-case': {
    move: 'As a role for the repository Alpine, signs a tag of alpine.',
    lets: 'Names that differ in case are one, on some systems: GHSA-qp9x-wp8f-qgjj.',
    anchor: 'TUF 4.5',
    expect: 'trust.unsigned',
    story(scene) {
      scene.publisher.delegate('Alpine', { paths: ['docker.io/library/Alpine:*'] });
      scene.sign('9', EVIL, 'Alpine').publish();
      scene.pull().tag = '9';
    },
  },
  'outside-a-class': {
    move: 'As a role for the tags 1 to 5, signs tag 9.',
    lets: 'A class that takes in everything.',
    anchor: 'TUF 4.5',
    expect: 'trust.unsigned',
    story(scene) {
      scene.publisher.delegate('old', { paths: ['docker.io/library/alpine:[1-5]'] });
      scene.sign('9', EVIL, 'old').publish();
      scene.pull().tag = '9';
    },
  },
  'without-any-path': {
    move: 'As a role to which no path was delegated, signs the tag.',
    lets: 'An empty list of paths means all of them.',
    anchor: 'TUF 4.5',
    expect: 'trust.unsigned',
    story(scene) {
      scene.publisher.delegate('nobody', { paths: [] });
      scene.sign('9', EVIL, 'nobody').publish();
      scene.pull().tag = '9';
    },
  },
  'in-a-circle': {
    move: 'Delegates from one role to another and back, without end.',
    lets: 'One name keeps the gate busy for ever.',
    anchor: 'TUF 5.6.7.1',
    expect: 'trust.unsigned',
    learns: learntOf('one', 'two'),
    story(scene) {
      scene.publisher.delegate('one', { paths: ['docker.io/library/*'] });
      scene.publisher.delegate('two', { by: 'one', paths: ['docker.io/library/*'] });
      scene.publisher.delegate('one', { by: 'two', paths: ['docker.io/library/*'] }).publish();
      scene.pull().publisher.touch('one').touch('two').publish();
      scene.tag = '9';
    },
  },
  'after-more-roles-than-anybody-has': {
    move: 'Delegates from each role to the next, seventy deep, so that one name costs seventy files.',
    lets: 'A signer makes every pull of its images cost the work of thousands.',
    anchor: 'TUF 5.6.7.1',
    expect: 'trust.too-large',
    learns: learntOf(...Array.from({ length: 63 }, (_, i) => `deep ${i}`)),
    story(scene) {
      for (let i = 0; i < 70; i++) {
        const by = i === 0 ? 'targets' : `deep ${i - 1}`;
        scene.publisher.delegate(`deep ${i}`, { by, keys: [tufKey('p256', 'deep')], paths: ['docker.io/library/*'] });
      }
      signedBy(scene, 'deep 69');
    },
  },
  'of-four-billion-bins': {
    move: 'Delegates to 2^32 hash bins, none of which is listed.',
    lets: 'Bins that are counted out one by one take the gate down.',
    anchor: 'TAP 15; TUF 5.6.7.1',
    expect: 'trust.signer-missing',
    learns: [...LEARNED.targets, 'floor targets', 'view'],
    story(scene) {
      scene.publisher.delegate('owner', { paths: ['docker.io/library/*'] }).publish();
      scene.pull().edit('targets', (signed) => {
        const { keys, roles } = signed['delegations'] as { keys: object; roles: { keyids: string[] }[] };
        const succinct = { keyids: roles[0]!.keyids, threshold: 1, bit_length: 32, name_prefix: 'bins' };
        signed['delegations'] = { keys, succinct_roles: succinct };
      });
      scene.tag = '9';
    },
  },
  'without-a-tag': {
    move: 'Signs the repository without a tag; the client asks for latest.',
    lets: 'No tag is taken for latest, or for any.',
    anchor: 'ADR 7',
    expect: 'trust.unsigned',
    learns: [...LEARNED.targets, 'floor targets', 'view'],
    story(scene) {
      scene.pull().publisher.put(scene.name, { digest: EVIL, length: 9 }).publish();
      scene.tag = 'latest';
    },
  },
  'of-an-object': {
    move: 'Has signed nothing, and asks for the tag of a repository called constructor.',
    lets: 'Names from the network that meet what every object has: tuf-js finds a function.',
    anchor: 'TUF 4.5; tuf-js 6.0.2',
    expect: 'trust.unsigned',
    story(scene) {
      scene.image('docker.io', 'constructor', '1').anew().pull().tag = 'constructor';
    },
  },
  'of-a-removed-tag': {
    move: 'Asks for a tag that its publisher has removed.',
    lets: 'What was revoked lives on in what the client has.',
    anchor: 'TUF 5.6.7; TUF 1.5.2, rollback',
    expect: 'trust.unsigned',
    learns: [...LEARNED.targets, 'floor targets', 'view'],
    story(scene) {
      scene.pull().publisher.remove(`${scene.name}:1`).publish();
    },
  },
  'of-a-removed-tag-of-a-role': {
    move: 'Asks for a tag that its owner has removed; bulk names it still.',
    lets: 'A revocation by the owner is undone by whoever comes after.',
    anchor: 'TUF 5.6.7.2.1',
    expect: 'trust.unsigned',
    learns: learntOf('owner'),
    story(scene) {
      scene.publisher.delegate('owner', { terminating: true, paths: ['docker.io/library/*'] }).delegate('bulk', BULK);
      scene.tag = '2';
      scene.sign('2', GOOD, 'owner');
      scene.sign('2', EVIL, 'bulk').publish();
      scene.pull().publisher.remove(`${scene.name}:2`, 'owner').publish();
    },
  },
  'of-a-digest-for-another': {
    move: 'Signs one digest under the name of another.',
    lets: 'Who asks for what was approved gets what was not.',
    anchor: 'design section 4, names bind; TUF 1.5.2, wrong software',
    expect: 'trust.wrong-name',
    learns: [...LEARNED.targets, 'floor targets', 'view'],
    story(scene) {
      scene.pull().publisher.put(`${scene.name}@${NEW}`, { digest: EVIL, length: 9 }).publish();
      scene.askFor(parseDigest(NEW));
    },
  },
});
