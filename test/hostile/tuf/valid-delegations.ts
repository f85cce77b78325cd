import { createHash } from 'node:crypto';
import type { Plain } from '../../../src/simulator/tuf-document.ts';
import { tufKey } from '../../../src/simulator/tuf-key.ts';
import { ALL, BULK, by, KEY, OTHER } from './delegating.ts';
import { EVIL, GOOD, memberOf, NEW } from './scene.ts';
import { oddities } from './stories.ts';

const hashOf = (name: string): string => createHash('sha256').update(name).digest('hex');

/** Who is asked, in which order, and who has the last word. */
export const validDelegations = [
  ...oddities('delegation', {
    'three-levels-deep': {
      odd: 'The tag is signed three delegations below targets.',
      anchor: 'TUF 5.6.7',
      story(scene) {
        scene.publisher
          .delegate('a', ALL)
          .delegate('b', { ...ALL, by: 'a' })
          .delegate('c', { ...ALL, by: 'b' });
        by(scene, 'c');
      },
    },
    'first-of-two': {
      odd: 'Two roles name the tag, and say different things: the first one is believed.',
      anchor: 'TUF 5.6.7; CVE-2024-47534',
      story(scene) {
        scene.publisher.delegate('z', ALL).delegate('a', ALL);
        scene.sign('2', EVIL, 'a');
        by(scene, 'z');
      },
    },
    'deep-before-wide': {
      odd: 'A role two levels below the first delegation, and the second delegation, name the tag: the deep one is believed.',
      anchor: 'TUF 5.6.7',
      story(scene) {
        scene.publisher
          .delegate('a', ALL)
          .delegate('late', ALL)
          .delegate('deep', { ...ALL, by: 'a' });
        scene.sign('2', EVIL, 'late');
        by(scene, 'deep');
      },
    },
    'targets-before-all': {
      odd: 'Targets and a role below name the tag: targets are believed.',
      anchor: 'TUF 5.6.7',
      story(scene) {
        scene.publisher.delegate('owner', ALL);
        scene.sign('2', EVIL, 'owner');
        by(scene, 'targets');
      },
    },
    'terminating-that-answers': {
      odd: 'A terminating role names the tag, and so does one after it.',
      anchor: 'TUF 5.6.7.2.1',
      story(scene) {
        scene.publisher.delegate('owner', { ...ALL, terminating: true }).delegate('late', ALL);
        scene.sign('2', EVIL, 'late');
        by(scene, 'owner');
      },
    },
    'terminating-for-others': {
      odd: 'A terminating role for another image comes first; it ends nothing here.',
      anchor: 'TUF 5.6.7.2.1',
      story(scene) {
        scene.publisher.delegate('docker.io/library/nginx', { keys: [KEY], terminating: true }).delegate('owner', ALL);
        by(scene, 'owner');
      },
    },
    'silent-first': {
      odd: 'The first role for the name does not name the tag, and is not terminating: the next one is asked.',
      anchor: 'TUF 5.6.7',
      story(scene) {
        scene.publisher.delegate('first', ALL).delegate('second', ALL);
        by(scene, 'second');
      },
    },
    'circle-with-a-way-out': {
      odd: 'Two roles delegate to each other, and one of them to a third, which names the tag.',
      anchor: 'TUF 5.6.7.1',
      story(scene) {
        scene.publisher.delegate('a', ALL).delegate('b', { ...ALL, by: 'a' });
        scene.publisher.delegate('a', { ...ALL, by: 'b' }).delegate('c', { ...ALL, by: 'b' });
        by(scene, 'c');
      },
    },
    'shared-and-signed-for-both': {
      odd: 'Two roles delegate to a third one with other keys each, and it is signed with both.',
      anchor: 'python-tuf#2977',
      story(scene) {
        scene.publisher.delegate('a', { keys: [KEY], paths: ['docker.io/library/alpine:2'] });
        scene.publisher.delegate('b', { keys: [KEY], paths: ['docker.io/library/alpine:3'] });
        scene.publisher.delegate('shared', { ...ALL, by: 'a' }).delegate('shared', { ...ALL, keys: [OTHER], by: 'b' });
        scene.sign('3', NEW, 'shared');
        by(scene, 'shared');
        scene.tag = '3';
        scene.pull(NEW);
      },
    },
    'two-of-three': {
      odd: 'A delegated role needs two of three keys, and has two.',
      anchor: 'TUF 4.5; CVE-2026-23992',
      story(scene) {
        const keys = [KEY, OTHER, tufKey('ed25519', 'a third')];
        scene.publisher.delegate('owner', { keys, threshold: 2, paths: ['docker.io/library/*'] });
        scene.publisher.of('owner').signers = keys.slice(1);
        by(scene, 'owner');
      },
    },
    'hundreds-of-them': {
      odd: 'Targets delegate to five hundred repositories, each to a role of its own.',
      anchor: 'ADR 7',
      story(scene) {
        for (let i = 0; i < 500; i++)
          scene.publisher.delegate(`docker.io/library/app${i}`, { keys: [KEY], terminating: true });
        scene.publisher.delegate(scene.name, { keys: [KEY], terminating: true });
        by(scene, scene.name);
      },
    },
    'integer-names-out-of-order': {
      odd: 'Roles are called z, 10 and 2, in this order, which objects of JavaScript would not keep.',
      anchor: 'TUF 4.2, canonical form',
      story(scene) {
        scene.publisher.delegate('z', ALL).delegate('10', ALL).delegate('2', ALL);
        scene.sign('2', EVIL, '2');
        by(scene, '10');
      },
    },
    'to-roles-that-are-broken-elsewhere': {
      odd: 'Roles that do not speak for the name have ended, are missing, or are signed by nobody.',
      anchor: 'TUF 5.6.7',
      story(scene) {
        const elsewhere = { keys: [KEY], paths: ['ghcr.io/*/*'] };
        scene.publisher.delegate('ended', elsewhere).delegate('missing', elsewhere).delegate('unsigned', elsewhere);
        scene.publisher.of('ended').expires = 0;
        scene.publisher.of('unsigned').signers = [];
        scene.publisher.unlisted.add('missing');
        scene.publisher.delegate('owner', ALL);
        by(scene, 'owner');
      },
    },
    'with-an-empty-list-of-paths': {
      odd: 'A role has no paths at all, and speaks for nothing.',
      anchor: 'TUF 4.5',
      story(scene) {
        scene.publisher.delegate('nobody', { keys: [KEY], paths: [] }).delegate('owner', ALL);
        scene.sign('2', EVIL, 'nobody');
        by(scene, 'owner');
      },
    },
    'with-a-threshold-above-its-keys': {
      odd: 'A role that is not asked needs three signatures of one key.',
      anchor: 'TUF 4.3; CVE-2026-23992',
      story(scene) {
        scene.publisher.delegate('never', { keys: [KEY], threshold: 3, paths: ['ghcr.io/*/*'] }).delegate('owner', ALL);
        by(scene, 'owner');
      },
    },
    'with-more-members': {
      odd: 'Delegations, roles and keys have members that nobody knows.',
      anchor: 'TUF 4.5',
      story(scene) {
        scene.publisher.delegate('owner', ALL);
        scene.publisher.edits.set('targets', (signed) => {
          const delegations = memberOf(signed, 'delegations');
          delegations['x-policy'] = [1];
          (delegations['roles'] as Plain[])[0]!['x-contact'] = 'ops';
        });
        by(scene, 'owner');
      },
    },
    'with-hashes-all-the-way': {
      odd: 'The snapshot lists hashes and lengths of delegated files too, which have no versions in their names.',
      anchor: 'TUF 4.4; TUF 6.2',
      story(scene) {
        scene.anew({ consistent: false, hashed: true }).publisher.delegate('owner', ALL);
        by(scene, 'owner');
        scene.sign('2', NEW, 'owner').publish();
        scene.pull(NEW);
      },
    },
  }),
  ...oddities('bins', {
    'below-a-bulk-role': {
      odd: 'Owners have roles of their own; all the rest is in hash bins below a role for every name.',
      anchor: 'ADR 7',
      story(scene) {
        scene.publisher.delegate('docker.io/library/nginx', { keys: [KEY], terminating: true });
        scene.publisher.delegate('bulk', { keys: [OTHER], ...BULK }).bins('bins', { by: 'bulk', bits: 3, keys: [KEY] });
        by(scene, 'bins');
      },
    },
    'all-of-them': {
      odd: 'Every bin is published, and the bin changes hands from one key to another.',
      anchor: 'TAP 15',
      story(scene) {
        scene.publisher.bins('bins', { bits: 4, keys: [KEY] });
        by(scene, 'bins');
        scene.publisher.authorize('bins-0', { keys: [OTHER] });
        scene.sign('2', NEW, 'bins').publish();
        scene.pull(NEW);
      },
    },
    'made-of-hash-prefixes': {
      odd: 'Bins are plain roles with hash prefixes, of one to sixty-four digits.',
      anchor: 'TUF 4.5',
      story(scene) {
        const hash = hashOf(`${scene.name}:2`);
        scene.publisher.delegate('other', { keys: [KEY], prefixes: [hash.startsWith('0') ? '1' : '0'] });
        scene.publisher.delegate('one name', { keys: [KEY], prefixes: ['00ff', hash] });
        by(scene, 'one name');
      },
    },
  }),
  ...oddities('signers', {
    'two-of-three': {
      odd: 'Two of three required roles signed the tag; the third says nothing of it.',
      anchor: 'design section 4, signers',
      story(scene) {
        scene.configure({ signers: { atLeast: 2, of: ['qa', 'security', 'legal'] } });
        for (const role of ['qa', 'security', 'legal'])
          scene.publisher.delegate(role, { keys: [tufKey('p256', role)], paths: ['docker.io/library/*'] });
        scene.sign('2', GOOD, 'legal');
        by(scene, 'qa');
      },
    },
    'below-one-that-is-terminating': {
      odd: 'A required role stands behind a terminating one: whose word is wanted is said by the rule, not by the order.',
      anchor: 'design section 4, signers',
      story(scene) {
        scene.configure({ signers: { atLeast: 1, of: ['qa'] } });
        scene.publisher.delegate('owner', { ...ALL, terminating: true }).delegate('qa', ALL);
        scene.sign('2', EVIL, 'owner');
        by(scene, 'qa');
      },
    },
    'targets-too': {
      odd: 'Targets themselves are among the required roles, beside one below them.',
      anchor: 'design section 4, signers',
      story(scene) {
        scene.configure({ signers: { atLeast: 1, of: ['targets', 'qa'] } });
        scene.publisher.delegate('qa', ALL);
        scene.sign('2', GOOD, 'targets');
        by(scene, 'qa');
      },
    },
  }),
];
