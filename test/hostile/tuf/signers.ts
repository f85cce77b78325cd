import { tufKey } from '../../../src/simulator/tuf-key.ts';
import { learntOf } from './delegating.ts';
import { DAY, EVIL, GOOD, LEARNED, type TufScene } from './scene.ts';
import { attacks } from './stories.ts';

const SHARED = tufKey('ed25519', 'shared');

/** Three roles that each may sign the tag, and so many of them must. */
function threeSigners(scene: TufScene, atLeast: number, keys = [SHARED, SHARED, tufKey('ed25519', 'legal')]): TufScene {
  scene.configure({ signers: { atLeast, of: ['qa', 'security', 'legal'] } });
  for (const [i, role] of ['qa', 'security', 'legal'].entries()) {
    scene.publisher.delegate(role, { keys: [keys[i]!], paths: ['docker.io/library/*'] });
    scene.sign('1', GOOD, role);
  }
  scene.publisher.publish();
  return scene;
}

/** A rule names the roles whose word it wants: the order of priority, and who ends it, decide nothing then. */
export const signers = attacks('signers', {
  'of-a-child-that-was-given-more': {
    move: 'As a role for nginx, gives a role below itself, which the rule asks for, all images, and signs one of alpine.',
    lets: 'Whoever has a little gives away everything.',
    anchor: 'TUF 5.6.7',
    expect: 'trust.signer-missing',
    story(scene) {
      scene.publisher.delegate('web', { paths: ['docker.io/library/nginx:*', 'docker.io/library/alpine:1'] });
      scene.publisher.delegate('all', { by: 'web', paths: ['docker.io/library/*'] });
      scene.sign('1', GOOD, 'all');
      scene.sign('9', EVIL, 'all').publish();
      scene.configure({ signers: { atLeast: 1, of: ['web > all'] } }).pull().tag = '9';
    },
  },
  'of-a-namesake': {
    move: 'As a role for one image, delegates to a role of its own that is called as the required signer is.',
    lets: 'Role names are free: whoever holds any delegation makes the signers that a rule asks for.',
    anchor: 'design section 4, signers; python-tuf#2977',
    expect: 'trust.signer-missing',
    learns: ['floor timestamp', 'floor snapshot', 'floor targets', 'view'],
    story(scene) {
      scene.publisher
        .delegate('web', { paths: ['docker.io/library/*'] })
        .delegate('qa', { by: 'web', paths: ['*/*/*'] });
      scene.sign('9', EVIL, 'qa').publish();
      scene.pull().publisher.touch('targets').publish();
      scene.configure({ signers: { atLeast: 1, of: ['qa'] } }).tag = '9';
    },
  },
  'of-one-where-two-must': {
    move: 'As one of the required signers, signs a tag alone.',
    lets: 'Two pairs of eyes are one.',
    anchor: 'design section 4, signers',
    expect: 'trust.signer-missing',
    learns: learntOf('legal'),
    story(scene) {
      threeSigners(scene, 2).pull().sign('9', EVIL, 'legal').publish();
      scene.tag = '9';
    },
  },
  'of-one-key-in-two-roles': {
    move: 'With one key that two required roles share, signs in both.',
    lets: 'Two pairs of eyes are one.',
    anchor: 'design section 4, signers; go-tuf #733',
    expect: 'trust.signer-missing',
    learns: learntOf('qa', 'security'),
    story(scene) {
      threeSigners(scene, 2).pull().sign('9', EVIL, 'qa');
      scene.sign('9', EVIL, 'security').publish();
      scene.tag = '9';
    },
  },
  'of-two-who-disagree': {
    move: 'As one of three required signers of which two must agree, signs another digest than the others.',
    lets: 'Whoever is asked first, or the majority, decides between two images.',
    anchor: 'design section 4, trust.conflict',
    expect: 'trust.conflict',
    learns: learntOf('legal'),
    story: (scene) => void threeSigners(scene, 1).pull().sign('1', EVIL, 'legal').publish(),
  },
  'of-two-who-disagree-on-the-length': {
    move: 'As one of the required signers, signs the same digest with another length.',
    lets: 'A manifest of any length passes: the length that fits is taken.',
    anchor: 'TUF 5.7',
    expect: 'trust.conflict',
    learns: learntOf('legal'),
    story: (scene) => void threeSigners(scene, 1).pull().sign('1', GOOD, 'legal', 1_000_000).publish(),
  },
  'of-a-signer-who-is-gone': {
    move: 'Lets the file of a required signer expire.',
    lets: 'Who cannot be asked need not agree.',
    anchor: 'design section 4, signers',
    expect: 'trust.expired',
    learns: LEARNED.delegated,
    story(scene) {
      threeSigners(scene, 2).pull().publisher.of('legal').expires = scene.clock;
      scene.publisher.touch('legal').publish();
    },
  },
  'of-a-signer-who-was-revoked': {
    move: 'With the targets key, revokes a required signer and goes on without.',
    lets: 'Who cannot be asked need not agree.',
    anchor: 'design section 4, signers',
    expect: 'trust.signer-missing',
    learns: [...LEARNED.targets, 'floor targets', 'view'],
    story: (scene) => void threeSigners(scene, 2).pull().publisher.undelegate('legal').publish(),
  },
  'of-a-signer-for-other-images': {
    move: 'As a required signer, signs an image outside the paths delegated to it.',
    lets: 'Rules that name a role lift the limits of that role.',
    anchor: 'TUF 4.5',
    expect: 'trust.signer-missing',
    story(scene) {
      scene.configure({ signers: { atLeast: 1, of: ['web'] } });
      scene.publisher.delegate('web', { paths: ['docker.io/library/nginx:*', 'docker.io/library/alpine:1'] });
      scene.sign('1', GOOD, 'web');
      scene.sign('9', EVIL, 'web').publish();
      scene.pull().wait(DAY / 4).tag = '9';
    },
  },
});
