import { delegationKey } from '../../../src/simulator/notary-repository.ts';
import { EVIL, GOOD, NOW, type NotaryScene } from './scene.ts';
import { attacks } from './stories.ts';

const VIEW = ['floor timestamp', 'floor snapshot', 'floor targets', 'view'];
const RELEASES = 'targets/releases';
const QA = 'targets/qa';
const SECURITY = 'targets/security';

/** Both have signed the tag, each with a key of its own, and both must. */
function bothMust(scene: NotaryScene): NotaryScene['publisher'] {
  scene.configure({ signers: { atLeast: 2, of: [QA, SECURITY] } });
  return scene.publisher
    .delegate(QA)
    .delegate(SECURITY)
    .sign('1', GOOD, 1_024, QA)
    .sign('1', GOOD, 1_024, SECURITY)
    .publish();
}

/** Everything verifies; the question is whose word counts for the tag. */
export const whoMaySay = attacks('word', {
  'of-targets-where-releases-is': {
    move: 'With the targets key, signs a tag that targets/releases, which is asked for it, does not name.',
    lets: 'The word of the release team is worth no more than that of whoever set the collection up.',
    anchor: 'notary-v1 pitfalls 21 and 22',
    expect: 'trust.unsigned',
    learns: VIEW,
    story(scene) {
      scene.publisher.delegate(RELEASES).sign('1', GOOD, 1_024, RELEASES).publish();
      scene.pull().publisher.sign('9', EVIL, 9).publish();
      scene.tag = '9';
    },
  },
  'of-a-sibling': {
    move: 'As a signer of one branch, signs a tag that nobody else has signed.',
    lets: 'Any signer of the collection speaks for all of it.',
    anchor: 'notary-v1 pitfall 22',
    expect: 'trust.unsigned',
    learns: ['floor timestamp', 'floor snapshot', `floor ${QA}`, 'view'],
    story(scene) {
      scene.publisher.delegate(QA).publish();
      scene.pull().publisher.sign('9', EVIL, 9, QA).publish();
      scene.tag = '9';
    },
  },
  'of-a-child-of-releases': {
    move: "As a signer below targets/releases, signs a tag; the client is set to docker's own rules.",
    lets: 'A nested role speaks for the one above it.',
    anchor: 'notary-v1 pitfall 22',
    expect: 'trust.unsigned',
    learns: ['floor timestamp', 'floor snapshot', `floor ${RELEASES}/qa`, 'view'],
    story(scene) {
      scene.configure({ releases: 'docker' });
      scene.publisher.delegate(RELEASES).delegate(`${RELEASES}/qa`).publish();
      scene.pull().publisher.sign('9', EVIL, 9, `${RELEASES}/qa`).publish();
      scene.tag = '9';
    },
  },
  'outside-its-paths': {
    move: 'As a release signer for 1.x, signs a tag of 2.x.',
    lets: 'Paths are decoration: each signer speaks for all tags.',
    anchor: 'notary-v1 pitfall 23; TUF 4.5',
    expect: 'trust.role-path',
    learns: ['floor timestamp', 'floor snapshot', `floor ${RELEASES}`, 'view'],
    story(scene) {
      scene.publisher
        .delegate(RELEASES, { paths: ['1'] })
        .sign('1', GOOD, 1_024, RELEASES)
        .publish();
      scene.pull().publisher.sign('2.0', EVIL, 9, RELEASES).publish();
      scene.tag = '2.0';
    },
  },
  'without-any-path': {
    move: "As a signer to whom no path was delegated, signs a tag; the client is set to docker's own rules.",
    lets: 'An empty list of paths means all of them.',
    anchor: 'notary-v1 pitfall 23',
    expect: 'trust.role-path',
    learns: ['floor timestamp', 'floor snapshot', `floor ${RELEASES}`, 'view'],
    story(scene) {
      scene.configure({ releases: 'docker' });
      scene.publisher.delegate(RELEASES, { paths: [] }).publish();
      scene.pull().publisher.sign('2.0', EVIL, 9, RELEASES).publish();
      scene.tag = '2.0';
    },
  },
  'of-a-child-that-was-given-more': {
    move: 'As a signer for 1.x, gives a role below itself all tags, and signs one of 2.x there.',
    lets: 'Whoever has a little gives away everything.',
    anchor: 'notary-v1 pitfall 23; TUF 5.6.7',
    expect: 'trust.role-path',
    learns: ['floor timestamp', 'floor snapshot', `floor ${QA}/night`, 'view'],
    story(scene) {
      scene.configure({ signers: { atLeast: 1, of: [`${QA}/night`] } });
      const { publisher } = scene;
      publisher.delegate(QA, { paths: ['1'] }).delegate(`${QA}/night`, { paths: ['', '1'] });
      publisher.sign('1', GOOD, 1_024, `${QA}/night`).publish();
      scene.pull().publisher.sign('2.0', EVIL, 9, `${QA}/night`).publish();
      scene.tag = '2.0';
    },
  },
  'of-one-where-two-must': {
    move: 'As one of two required signers, signs a tag alone.',
    lets: 'Two pairs of eyes are one.',
    anchor: 'design section 4, signers',
    expect: 'trust.signer-missing',
    learns: ['floor timestamp', 'floor snapshot', `floor ${QA}`, 'view'],
    story(scene) {
      const publisher = bothMust(scene);
      scene.pull();
      publisher.sign('9', EVIL, 9, QA).publish();
      scene.tag = '9';
    },
  },
  'of-one-key-in-two-roles': {
    move: 'With one key that two required roles list, signs in both.',
    lets: 'Two pairs of eyes are one.',
    anchor: 'design section 4, signers; notary-v1 pitfall 9',
    expect: 'trust.signer-missing',
    learns: [...VIEW, `floor ${QA}`, `floor ${SECURITY}`],
    story(scene) {
      const publisher = bothMust(scene);
      scene.pull();
      const key = delegationKey(QA, NOW);
      publisher.rotate(QA, [key]).rotate(SECURITY, [key]);
      publisher.sign('1', EVIL, 9, QA).sign('1', EVIL, 9, SECURITY).publish();
    },
  },
  'of-a-role-that-was-revoked': {
    move: 'With the targets key, revokes a required signer and signs alone.',
    lets: 'Who cannot be asked need not agree.',
    anchor: 'design section 4, signers',
    expect: 'trust.signer-missing',
    learns: [...VIEW, `floor ${QA}`],
    story(scene) {
      const publisher = bothMust(scene);
      scene.pull();
      publisher.undelegate(SECURITY).sign('1', EVIL, 9, QA).publish();
    },
  },
  'of-signers-who-disagree': {
    move: 'As one of two required signers, signs another digest for the tag.',
    lets: 'Whoever is asked first decides.',
    anchor: 'design section 4, signers',
    expect: 'trust.conflict',
    learns: ['floor timestamp', 'floor snapshot', `floor ${SECURITY}`, 'view'],
    story(scene) {
      const publisher = bothMust(scene);
      scene.pull();
      publisher.sign('1', EVIL, 9, SECURITY).publish();
    },
  },
  'of-signers-who-disagree-on-the-length': {
    move: 'As one of two required signers, signs another length for the same digest.',
    lets: 'A manifest is cut where the attacker wants, or the gate reads on.',
    anchor: 'notary-v1 pitfall 26',
    expect: 'trust.conflict',
    learns: ['floor timestamp', 'floor snapshot', `floor ${SECURITY}`, 'view'],
    story(scene) {
      const publisher = bothMust(scene);
      scene.pull();
      publisher.sign('1', GOOD, 9, SECURITY).publish();
    },
  },
  'of-a-signer-under-an-expired-one': {
    move: 'Lets the role above a required signer expire.',
    lets: 'Who delegated is never looked at again: a signer whose branch was given up goes on.',
    anchor: 'CVE-2026-6967; design section 5',
    expect: 'trust.expired',
    learns: ['floor timestamp', 'floor snapshot', 'view'],
    story(scene) {
      scene.configure({ signers: { atLeast: 1, of: [`${QA}/night`] } });
      const { publisher } = scene;
      publisher.delegate(QA).delegate(`${QA}/night`).sign('1', GOOD, 1_024, `${QA}/night`).publish();
      scene.pull();
      publisher.of(QA).expires = scene.clock;
      publisher.touch(QA).publish();
    },
  },
});
