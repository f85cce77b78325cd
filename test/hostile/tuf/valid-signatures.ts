import type { Plain } from '../../../src/simulator/tuf-document.ts';
import { broken, silent, tufKey, under } from '../../../src/simulator/tuf-key.ts';
import { STRANGER } from './scene.ts';
import { oddities } from './stories.ts';

const ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;

/** Who may stand in the list of signatures, and in which form. */
export const validSignatures = oddities('signature', {
  'of-an-absent-signer': {
    odd: 'A signer is absent, and has left an empty signature, as tuf-on-ci does.',
    anchor: 'CVE-2020-6173',
    story(scene) {
      scene.anew({}, (made) => {
        const { keys } = made.authority('timestamp');
        made.authorize('timestamp', { keys: [...keys, STRANGER] }).of('timestamp').signers = [
          silent(STRANGER),
          ...keys,
        ];
      });
      scene.pull();
    },
  },
  'that-is-wrong-beside-good-ones': {
    odd: 'One of three signers signed something else; two are enough.',
    anchor: 'CVE-2020-6173',
    story(scene) {
      const [a, b, c] = ['a', 'b', 'c'].map((name) => tufKey('p256', name));
      scene.anew({}, (made) => {
        made.authorize('timestamp', { keys: [a!, b!, c!], threshold: 2 }).of('timestamp').signers = [
          broken(a!),
          b!,
          c!,
        ];
      });
      scene.pull();
    },
  },
  'of-a-stranger': {
    odd: 'Somebody whom nobody knows signed too, and comes first.',
    anchor: 'TUF 4.2.1',
    story(scene) {
      scene.anew({}, (made) => {
        made.of('timestamp').signers = [STRANGER, ...made.authority('timestamp').keys];
      });
      scene.pull();
    },
  },
  'that-is-not-hex': {
    odd: 'A signature beside the good one is not hex.',
    anchor: 'CVE-2020-6173',
    story: (scene) =>
      void scene
        .rewrite('timestamp', (text) => text.replace('"signatures":[', '"signatures":[{"keyid":"x","sig":"zz"},'))
        .pull(),
  },
  'with-more-members': {
    odd: 'A signature has a member that nobody knows.',
    anchor: 'TUF 4.2.1',
    story: (scene) =>
      void scene.rewrite('timestamp', (text) => text.replace('{"keyid":', '{"x-when":"today","keyid":')).pull(),
  },
  'before-what-is-signed': {
    odd: 'The file begins with its signatures, and has white space wherever JSON allows it.',
    anchor: 'TUF 4.2, canonical form',
    story: (scene) =>
      void scene
        .rewrite('timestamp', (text) => {
          const { signed, signatures } = JSON.parse(text) as Plain;
          return `\r\n${JSON.stringify({ signatures, signed }, null, '\t ')}\n\n`;
        })
        .pull(),
  },
  'in-capital-hex': {
    odd: 'A signature is in capital hex.',
    anchor: 'TUF 4.2.1',
    story: (scene) =>
      void scene
        .rewrite('timestamp', (text) =>
          text.replace(/"sig":"([0-9a-f]+)"/, (_, sig: string) => `"sig":"${sig.toUpperCase()}"`),
        )
        .pull(),
  },
  'sixty-four-of-them': {
    odd: 'Sixty-three strangers signed too.',
    anchor: 'CVE-2020-6173',
    story(scene) {
      scene.anew({}, (made) => {
        const strangers = Array.from({ length: 63 }, (_, i) => under(`stranger ${i}`, STRANGER));
        made.of('timestamp').signers = [...strangers, ...made.authority('timestamp').keys];
      });
      scene.pull();
    },
  },
  'three-of-five': {
    odd: 'Three of five keys signed each role, not the same three.',
    anchor: 'TUF 4.3; CVE-2026-23992',
    story(scene) {
      const keys = ['a', 'b', 'c', 'd', 'e'].map((name) => tufKey('p256', name));
      scene.anew({}, (made) => {
        for (const [i, role] of ROLES.entries())
          made.authorize(role, { keys: [...keys], threshold: 3 }).of(role).signers = keys.toSpliced(i, 2);
      });
      scene.pull();
    },
  },
  'of-one-key-for-all-roles': {
    odd: 'One key signs all four roles.',
    anchor: 'TUF 4.3',
    story(scene) {
      const key = tufKey('p256', 'everything');
      scene.anew({}, (made) => ROLES.forEach((role) => made.authorize(role, { keys: [key] })));
      scene.pull();
    },
  },
  'of-one-key-under-two-ids': {
    odd: 'One key is listed under two ids and signs under both; one is enough.',
    anchor: 'go-tuf #733',
    story(scene) {
      const key = tufKey('p256', 'two ids');
      scene.anew({}, (made) => made.authorize('timestamp', { keys: [key, under('another', key)] }));
      scene.pull();
    },
  },
});
