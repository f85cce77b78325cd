import type { Plain } from '../../../src/simulator/notary-document.ts';
import { certified } from './keys.ts';
import type { HostileCase } from '../case.ts';
import { memberOf } from './scene.ts';
import { attacks } from './stories.ts';

interface Edited extends Pick<HostileCase, 'move' | 'lets' | 'anchor'> {
  readonly change: (signed: Plain) => void;
}

const CRASH = 'The gate is down before any signature was looked at.';

/** What a root may not say. All of it is validly signed. */
const ROOTS: Readonly<Record<string, Edited>> = {
  'threshold-of-zero': {
    move: 'Signs a root in which targets needs no signature.',
    lets: 'Zero of zero keys have signed, and that is enough: CVE-2026-23992.',
    anchor: 'TUF 4.3; CVE-2026-23992',
    change: (signed) => (memberOf(signed, 'roles.targets')['threshold'] = 0),
  },
  'a-role-left-out': {
    move: 'Signs a root that names nobody for the timestamp.',
    lets: 'Nobody is asked, so nobody refuses.',
    anchor: 'TUF 4.3; notary-v1 section 2',
    change: (signed) => delete memberOf(signed, 'roles')['timestamp'],
  },
  'a-key-that-is-not-there': {
    move: 'Signs a root that gives a role to a key which it does not list.',
    lets: 'The key is looked for elsewhere, or the role has none.',
    anchor: 'notary-v1 section 2',
    change: (signed) => (memberOf(signed, 'roles.snapshot')['keyids'] = ['f'.repeat(64)]),
  },
  'key-ids-that-are-numbers': {
    move: 'Signs a root whose key ids are numbers.',
    lets: CRASH,
    anchor: 'CVE-2026-23991',
    change: (signed) => (memberOf(signed, 'roles.snapshot')['keyids'] = [7]),
  },
  'key-ids-that-are-no-list': {
    move: 'Signs a root whose key ids are a string: each of its characters is a key id then.',
    lets: CRASH,
    anchor: 'CVE-2026-23991',
    change: (signed) => (memberOf(signed, 'roles.snapshot')['keyids'] = 'abc'),
  },
  'keys-that-are-null': {
    move: 'Signs a root whose keys are null.',
    lets: CRASH,
    anchor: 'CVE-2026-23991',
    change: (signed) => (signed['keys'] = null),
  },
  'key-without-a-public-part': {
    move: 'Signs a root with a key that has no public part.',
    lets: CRASH,
    anchor: 'CVE-2026-23991',
    change: (signed) => {
      const [keyId = ''] = memberOf(signed, 'roles.snapshot')['keyids'] as string[];
      memberOf(signed, `keys`)[keyId] = { keytype: 'ecdsa', keyval: {} };
    },
  },
  'key-that-is-not-base64': {
    move: 'Signs a root with a key whose public part is cut base64.',
    lets: 'One key has many texts, and so many ids.',
    anchor: 'notary-v1 pitfall 6',
    change: (signed) => {
      const [keyId = ''] = memberOf(signed, 'roles.snapshot')['keyids'] as string[];
      memberOf(signed, `keys.${keyId}.keyval`)['public'] = 'AAA';
    },
  },
  'expiry-that-is-no-instant': {
    move: 'Signs a root that expires "never".',
    lets: 'What does not parse is not a number, and no comparison with it is true: the root never expires.',
    anchor: 'notary-v1 pitfall 28',
    change: (signed) => (signed['expires'] = 'never'),
  },
  'expiry-on-no-day': {
    move: 'Signs a root that expires on the 31st of February.',
    lets: 'One client reads a day in March, another none at all.',
    anchor: 'notary-v1 pitfall 28',
    change: (signed) => (signed['expires'] = '2030-02-31T00:00:00Z'),
  },
  'expiry-at-no-hour': {
    move: 'Signs a root that expires at 24:00, which some clients take for the next day.',
    lets: 'Two clients disagree on when it ends.',
    anchor: 'notary-v1 pitfall 28',
    change: (signed) => (signed['expires'] = '2030-02-01T24:00:00Z'),
  },
  'expiry-at-no-offset': {
    move: 'Signs a root that expires in a zone of ninety-nine hours.',
    lets: 'Days of life are hidden in the offset.',
    anchor: 'notary-v1 pitfall 28',
    change: (signed) => (signed['expires'] = '2030-02-01T00:00:00-99:00'),
  },
  'expiry-that-is-null': {
    move: 'Signs a root that expires null.',
    lets: 'No date is taken for no end.',
    anchor: 'notary-v1 pitfall 28',
    change: (signed) => (signed['expires'] = null),
  },
  'expiry-in-two-spellings': {
    move: 'Signs a root with a past expires and a future Expires: to Go they are one, and the last one holds.',
    lets: 'Go reads a root that lives, we one that is dead, or the other way round.',
    anchor: 'notary-v1 pitfall 4',
    change: (signed) => (signed['Expires'] = '2099-01-01T00:00:00Z'),
  },
};

export const roles = attacks('root', {
  ...Object.fromEntries(
    Object.entries(ROOTS).map(([name, { change, ...told }]) => [
      name,
      {
        ...told,
        expect: 'trust.malformed' satisfies HostileCase['expect'],
        story(scene) {
          const { publisher } = scene.pull();
          publisher.edits.set('root', change);
          publisher.touch('root').publish();
        },
      },
    ]),
  ),
  'a-retired-key-signs': {
    move: 'With a root key that was retired years ago, but is still listed, signs targets.',
    lets: 'Keys that no role names any more go on signing.',
    anchor: 'notary-v1 pitfall 31',
    expect: 'trust.signature',
    learns: ['floor timestamp', 'floor snapshot'],
    story(scene) {
      const retired = certified();
      const { publisher } = scene;
      publisher.edits.set('root', (signed) => {
        memberOf(signed, 'keys')[retired.keyId] = retired.entry;
        memberOf(signed, 'roles')['root.1'] = { keyids: [retired.keyId], threshold: 1 };
      });
      publisher.touch('root').publish();
      scene.pull();
      publisher.of('targets').signers = [retired];
      publisher.touch('targets').publish();
    },
  },
});
