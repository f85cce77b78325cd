import type { Plain } from '../../../src/simulator/tuf-document.ts';
import type { ValidCase } from '../case.ts';
import { memberOf, NEW } from './scene.ts';
import { oddities } from './stories.ts';

const EXTRA = {
  'x-tuf-on-ci': { 'ünï "code"': ['line\nbreak', 'back\\slash', null, true, -7, {}] },
  '\u{1f433}': '\uffee',
};
const ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;

interface Edited extends Pick<ValidCase, 'odd' | 'anchor'> {
  readonly role: string;
  readonly change: (signed: Plain) => void;
}

const entryOf = (signed: Plain, file: string): Plain => (memberOf(signed, 'meta') as Record<string, Plain>)[file]!;
const firstKey = (signed: Plain): Plain => Object.values(memberOf(signed, 'keys') as Record<string, Plain>)[0]!;

/** One file says something odd, from the first on. */
const EDITS: Readonly<Record<string, Edited>> = {
  'two-part-spec-version': {
    odd: 'The root is written for "1.0", as Sigstore has it.',
    anchor: 'TUF 4.3',
    role: 'root',
    change: (signed) => (signed['spec_version'] = '1.0'),
  },
  'later-spec-version': {
    odd: 'The timestamp is written for 1.99.7, which is yet to come.',
    anchor: 'TUF 4.3',
    role: 'timestamp',
    change: (signed) => (signed['spec_version'] = '1.99.7'),
  },
  'consistent-snapshot-absent': {
    odd: 'The root does not speak of consistent snapshots: there are none.',
    anchor: 'TUF 4.3',
    role: 'root',
    change: (signed) => delete signed['consistent_snapshot'],
  },
  'role-that-nobody-knows': {
    odd: 'The root has a fifth role, mirrors.',
    anchor: 'TUF 4.3',
    role: 'root',
    change: (signed) => (memberOf(signed, 'roles')['mirrors'] = { keyids: [], threshold: 1 }),
  },
  'key-that-nobody-uses': {
    odd: 'The root lists a key that no role names, of a type that nobody knows.',
    anchor: 'TUF 4.3',
    role: 'root',
    change: (signed) =>
      (memberOf(signed, 'keys')['future'] = { keytype: 'ml-dsa', scheme: 'ml-dsa-65', keyval: { public: 'x' } }),
  },
  'key-that-is-no-key-and-nobody-uses': {
    odd: 'The root lists something under keys that is none, and that no role names.',
    anchor: 'TUF 4.3',
    role: 'root',
    change: (signed) => (memberOf(signed, 'keys')['nothing'] = null),
  },
  'key-beside-an-unknown-one': {
    odd: 'The timestamp role has a key of an unknown type beside the good one.',
    anchor: 'TUF 4.3',
    role: 'root',
    change(signed) {
      memberOf(signed, 'keys')['future'] = { keytype: 'ml-dsa', scheme: 'ml-dsa-65', keyval: { public: 'x' } };
      (memberOf(signed, 'roles.timestamp')['keyids'] as string[]).push('future');
    },
  },
  'key-id-without-a-key': {
    odd: 'The timestamp role names a key that is not listed, beside the good one.',
    anchor: 'TUF 4.3',
    role: 'root',
    change: (signed) => (memberOf(signed, 'roles.timestamp')['keyids'] as string[]).push('lost'),
  },
  'key-ids-of-objects': {
    odd: 'A role names keys called constructor and __proto__, which are not listed.',
    anchor: 'TUF 4.3',
    role: 'root',
    change: (signed) => (memberOf(signed, 'roles.timestamp')['keyids'] as string[]).push('constructor', '__proto__'),
  },
  'keyid-hash-algorithms': {
    odd: 'A key lists keyid_hash_algorithms, which were given up.',
    anchor: 'TAP 12',
    role: 'root',
    change: (signed) => (firstKey(signed)['keyid_hash_algorithms'] = ['sha256', 'md5']),
  },
  'key-with-more-members': {
    odd: 'A key says who owns it, as tuf-on-ci has it.',
    anchor: 'TAP 12',
    role: 'root',
    change: (signed) => (firstKey(signed)['x-tuf-on-ci-keyowner'] = '@someone'),
  },
  'members-called-like-those-of-objects': {
    odd: 'The root has members called constructor, __proto__ and toString.',
    anchor: 'TUF 4.3',
    role: 'root',
    change: (signed) =>
      ['constructor', '__proto__', 'toString'].forEach((name) =>
        Object.defineProperty(signed, name, { value: 'x', enumerable: true }),
      ),
  },
  'leap-day': {
    odd: 'The root ends on the 29th of February of a leap year.',
    anchor: 'TUF 4.2.3',
    role: 'root',
    change: (signed) => (signed['expires'] = '2028-02-29T23:59:59Z'),
  },
  'last-day-there-is': {
    odd: 'The root ends in the year 9999.',
    anchor: 'TUF 4.2.3',
    role: 'root',
    change: (signed) => (signed['expires'] = '9999-12-31T23:59:59Z'),
  },
  'snapshot-by-length-alone': {
    odd: 'The timestamp gives the version of the snapshot and a length, larger than it is, and no hash.',
    anchor: 'TUF 4.4',
    role: 'timestamp',
    change: (signed) => (entryOf(signed, 'snapshot.json')['length'] = 1_000_000),
  },
  'snapshot-entry-with-more-members': {
    odd: 'The entry of the snapshot has a member that nobody knows.',
    anchor: 'TUF 4.6',
    role: 'timestamp',
    change: (signed) => (entryOf(signed, 'snapshot.json')['x-mirror'] = 'here'),
  },
  'targets-by-length-alone': {
    odd: 'The snapshot gives the version of targets and a length, and no hash.',
    anchor: 'TUF 4.4',
    role: 'snapshot',
    change: (signed) => (entryOf(signed, 'targets.json')['length'] = 2_000_000),
  },
  'snapshot-that-lists-the-root': {
    odd: 'The snapshot lists root.json, as old repositories do, in a version that was never there.',
    anchor: 'TUF 4.4',
    role: 'snapshot',
    change: (signed) => (memberOf(signed, 'meta')['root.json'] = { version: 9 }),
  },
  'snapshot-that-lists-what-nobody-delegates-to': {
    odd: 'The snapshot lists roles to which nobody delegates, called constructor and ../x.',
    anchor: 'TUF 4.4; CVE-2021-41131',
    role: 'snapshot',
    change: (signed) =>
      Object.assign(memberOf(signed, 'meta'), { 'constructor.json': { version: 1 }, '../x.json': { version: 3 } }),
  },
  'no-targets-at-all-but-one': {
    odd: 'Targets hold a target with the length 0 and one with a hash that nobody knows; neither is asked for.',
    anchor: 'TUF 4.5',
    role: 'targets',
    change: (signed) =>
      Object.assign(memberOf(signed, 'targets'), {
        'docker.io/library/empty:1': { length: 0, hashes: { sha256: 'ab'.repeat(32) } },
        'docker.io/library/future:1': { length: 7, hashes: { blake3: 'zz' } },
      }),
  },
  'custom-of-others': {
    odd: "What stands in custom of the tag is somebody else's, and custom of other targets is of any shape.",
    anchor: 'TUF 4.5',
    role: 'targets',
    change(signed) {
      const targets = memberOf(signed, 'targets') as Record<string, Plain>;
      for (const entry of Object.values(targets))
        entry['custom'] = { until: 'never', revoked: true, tufgate: { more: [] } };
      for (const [place, custom] of [5, null, [], 'text', { tufgate: 5 }].entries())
        targets[`docker.io/library/odd:${place}`] = { length: 1, hashes: { sha256: 'ab'.repeat(32) }, custom };
    },
  },
  'targets-called-like-members-of-objects': {
    odd: 'Targets are called constructor, toString and nothing at all.',
    anchor: 'TUF 4.5',
    role: 'targets',
    change(signed) {
      for (const name of ['constructor', 'toString', ''])
        memberOf(signed, 'targets')[name] = { length: 7, hashes: { sha256: 'ee'.repeat(32) } };
    },
  },
  'delegations-to-nobody': {
    odd: 'Targets have delegations, and an empty list of roles.',
    anchor: 'TUF 4.5',
    role: 'targets',
    change: (signed) => (signed['delegations'] = { keys: {}, roles: [] }),
  },
};

export const validMetadata = [
  ...oddities(
    'metadata',
    Object.fromEntries(
      Object.entries(EDITS).map(([name, { role, change, ...told }]) => [
        name,
        {
          ...told,
          story(scene) {
            const consistent = name !== 'consistent-snapshot-absent';
            scene.anew({ consistent }, (made) => made.edits.set(role, change)).pull();
            scene.sign('1', NEW).publish();
            scene.pull(NEW);
          },
        },
      ]),
    ),
  ),
  ...oddities(
    'members',
    Object.fromEntries(
      ROLES.map((role) => [
        `unknown-ones-in-${role}`,
        {
          odd: `The ${role} has members that nobody knows, with all that JSON can write.`,
          anchor: 'TUF 4',
          story: (scene) =>
            void scene
              .anew({}, (made) => made.edits.set(role, (signed) => Object.assign(signed, structuredClone(EXTRA))))
              .pull(),
        },
      ]),
    ),
  ),
];
