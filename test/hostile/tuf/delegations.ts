import type { Plain } from '../../../src/simulator/tuf-document.ts';
import type { HostileCase } from '../case.ts';
import { LEARNED, memberOf } from './scene.ts';
import { attacks } from './stories.ts';

interface Edited extends Pick<HostileCase, 'move' | 'lets' | 'anchor'> {
  readonly expect?: HostileCase['expect'];
  readonly change: (role: Plain, delegations: Plain) => void;
}

const GUESS = 'Who may sign is for each client to guess: one sees a delegation where another sees none.';
const PATTERN = 'Clients match it with the glob of their language: one sees a delegation where another sees none.';

const succinct = (over: Plain) => (role: Plain, delegations: Plain) => {
  delete delegations['roles'];
  const { keyids } = role;
  delegations['succinct_roles'] = { keyids, threshold: 1, bit_length: 4, name_prefix: 'bulk', ...over };
};
const patterns =
  (...paths: readonly unknown[]) =>
  (role: Plain): void =>
    void (role['paths'] = paths);
const hashPrefixes =
  (...prefixes: readonly unknown[]) =>
  (role: Plain): void => {
    delete role['paths'];
    role['path_hash_prefixes'] = prefixes;
  };

/** What a delegation may not say. All of it is validly signed, by a delegator that others trust for other names. */
const DELEGATIONS: Readonly<Record<string, Edited>> = {
  'threshold-of-zero': {
    move: 'Delegates to a role that needs no signature.',
    lets: 'Zero of zero keys have signed, and that is enough: CVE-2026-23992.',
    anchor: 'TUF 4.5; CVE-2026-23992',
    change: (role) => (role['threshold'] = 0),
  },
  'threshold-below-zero': {
    move: 'Delegates to hash bins that need minus one signatures.',
    lets: 'Zero signatures are more than minus one: CVE-2026-23992.',
    anchor: 'TAP 15; CVE-2026-23992',
    change: succinct({ threshold: -1 }),
  },
  'to-a-top-level-role': {
    move: 'Delegates to a role called snapshot.',
    lets: 'Its file is targets in one place and the snapshot in another.',
    anchor: 'TUF 4.5',
    change: (role) => (role['name'] = 'snapshot'),
  },
  'to-nobody': {
    move: 'Delegates to a role whose name is empty.',
    lets: 'The file .json is asked for, or the folder itself.',
    anchor: 'CVE-2021-41131',
    change: (role) => (role['name'] = ''),
  },
  'to-a-name-without-end': {
    move: 'Delegates to a role whose name has thousands of characters.',
    lets: 'Names of files and columns are cut: two roles become one.',
    anchor: 'CVE-2021-41131',
    change: (role) => (role['name'] = 'a'.repeat(5_000)),
  },
  'to-a-name-with-a-line-feed': {
    move: 'Delegates to a role whose name goes on in the next line.',
    lets: 'A log, a URL or a file name gets a line that the attacker wrote.',
    anchor: 'CVE-2021-41131',
    change: (role) => (role['name'] = 'owner\nroot'),
  },
  'to-one-role-twice': {
    move: 'Delegates to one role twice, with other paths.',
    lets: 'Which of the two holds depends on who reads the list.',
    anchor: 'TUF 4.5',
    change: (role, delegations) => (delegations['roles'] as Plain[]).push({ ...role, paths: ['*'] }),
  },
  'role-that-is-null': {
    move: 'Delegates to null.',
    lets: 'The gate is down.',
    anchor: 'CVE-2026-23991',
    change: (_, delegations) => (delegations['roles'] as unknown[]).push(null),
  },
  'role-without-a-name': {
    move: 'Delegates to a role that has no name.',
    lets: 'A role called "undefined" exists.',
    anchor: 'CVE-2026-23991',
    change: (role) => delete role['name'],
  },
  'roles-that-are-an-object': {
    move: 'Lists roles by name in an object, which has no order.',
    lets: 'A role of lower priority answers first: CVE-2024-47534.',
    anchor: 'CVE-2024-47534',
    change: (role, delegations) => (delegations['roles'] = { owner: role }),
  },
  'keys-left-out': {
    move: 'Delegates without listing any keys.',
    lets: 'Keys are looked for elsewhere, or none is needed.',
    anchor: 'TUF 4.5; CVE-2026-23991',
    change: (_, delegations) => delete delegations['keys'],
  },
  'terminating-left-out': {
    move: 'Does not say whether the delegation is terminating.',
    lets: 'One client asks the next role, the other does not.',
    anchor: 'TUF 4.5',
    change: (role) => delete role['terminating'],
  },
  'paths-and-prefixes': {
    move: 'Gives a role both patterns and hash prefixes.',
    lets: GUESS,
    anchor: 'TUF 4.5',
    change: (role) => (role['path_hash_prefixes'] = ['0']),
  },
  'roles-and-bins': {
    move: 'Delegates to roles and to hash bins at once.',
    lets: GUESS,
    anchor: 'TAP 15',
    change: (role, delegations) => {
      const roles = delegations['roles'];
      succinct({})(role, delegations);
      delegations['roles'] = roles;
    },
  },
  'neither-roles-nor-bins': {
    move: 'Delegates to nobody, in a list that is not there.',
    lets: 'The gate is down.',
    anchor: 'CVE-2026-23991',
    change: (_, delegations) => delete delegations['roles'],
  },
  'paths-that-are-a-text': {
    move: 'Gives a role a pattern where a list of them belongs.',
    lets: 'Each character of it is a pattern then, the star too.',
    anchor: 'CVE-2026-23991',
    change: (role) => (role['paths'] = '*'),
  },
  'path-that-is-null': {
    move: 'Gives a role null among its patterns.',
    lets: 'The gate is down.',
    anchor: 'CVE-2026-23991',
    change: patterns(null),
  },
  'braces-in-a-pattern': {
    move: 'Writes a pattern with braces.',
    lets: PATTERN,
    anchor: 'TUF 4.5',
    change: patterns('docker.io/library/{alpine,nginx}:*'),
  },
  'negated-pattern': {
    move: 'Writes a pattern that begins with an exclamation mark, which some clients negate.',
    lets: 'A role for one image speaks for all others.',
    anchor: 'TUF 4.5',
    change: patterns('!docker.io/library/alpine:*'),
  },
  'class-that-does-not-end': {
    move: 'Writes a pattern with an opening bracket and no closing one.',
    lets: PATTERN,
    anchor: 'TUF 4.5',
    change: patterns('docker.io/library/alpine:[0-9'),
  },
  'class-with-a-caret': {
    move: 'Writes a class that begins with a caret: for some clients it is negated, for others not.',
    lets: PATTERN,
    anchor: 'TUF 4.5',
    change: patterns('docker.io/library/alpine:[^1]'),
  },
  'class-that-goes-backwards': {
    move: 'Writes a class with a range from 9 to 0.',
    lets: PATTERN,
    anchor: 'TUF 4.5',
    change: patterns('docker.io/library/alpine:[9-0]'),
  },
  'class-without-members': {
    move: 'Writes a class that is only an exclamation mark.',
    lets: PATTERN,
    anchor: 'TUF 4.5',
    change: patterns('docker.io/library/alpine:[!]'),
  },
  'hash-prefix-in-capitals': {
    move: 'Writes a hash prefix in capital letters.',
    lets: 'For some clients it matches, for others never.',
    anchor: 'TUF 4.5',
    change: hashPrefixes('AB'),
  },
  'hash-prefixes-that-are-numbers': {
    move: 'Writes hash prefixes as numbers.',
    lets: 'The gate is down.',
    anchor: 'CVE-2026-23991',
    change: hashPrefixes(1),
  },
  'bins-without-end': {
    move: 'Delegates to 2^33 hash bins.',
    lets: 'Shifts by more than 32 bits wrap around: every name is in bin 0.',
    anchor: 'TAP 15',
    change: succinct({ bit_length: 33 }),
  },
  'bins-of-no-bits': {
    move: 'Delegates to hash bins of no bits.',
    lets: 'Shifts by 32 bits are shifts by none: a name is in a bin of its own.',
    anchor: 'TAP 15',
    change: succinct({ bit_length: 0 }),
  },
  'bins-without-a-prefix': {
    move: 'Delegates to hash bins whose names begin with nothing.',
    lets: 'A role called "undefined-0" exists.',
    anchor: 'TAP 15; CVE-2026-23991',
    change: succinct({ name_prefix: null }),
  },
  'bins-with-a-control-character': {
    move: 'Delegates to hash bins whose names begin with a NUL.',
    lets: 'A file name that ends early for whoever is written in C: CVE-2021-41131.',
    anchor: 'CVE-2021-41131',
    change: succinct({ name_prefix: '\u0000' }),
  },
  'bins-that-are-null': {
    move: 'Delegates to null where the bins belong.',
    lets: 'The gate is down.',
    anchor: 'CVE-2026-23991',
    change: (_, delegations) => {
      delete delegations['roles'];
      delegations['succinct_roles'] = null;
    },
  },
  'bins-with-one-key-twice': {
    move: 'Names one key twice for hash bins that need two.',
    lets: 'Whoever counts the list counts one person as two.',
    anchor: 'TUF 4.5',
    change(role, delegations) {
      const [key] = role['keyids'] as string[];
      succinct({ keyids: [key, key], threshold: 2 })(role, delegations);
    },
  },
  'endless-list-of-keys': {
    move: 'Lists sixty-five keys for a delegated role.',
    lets: 'Each costs its reading whenever a name below is asked for.',
    anchor: 'CVE-2020-6173',
    expect: 'trust.too-large',
    change: (role) => (role['keyids'] = Array.from({ length: 65 }, (_, i) => `key ${i}`)),
  },
  'delegations-that-are-empty': {
    move: 'Delegates with an object that has no members.',
    lets: 'The gate is down.',
    anchor: 'CVE-2026-23991',
    change: (_, delegations) => {
      for (const name of Object.keys(delegations)) Reflect.deleteProperty(delegations, name);
    },
  },
};

export const delegations = attacks(
  'delegation',
  Object.fromEntries(
    Object.entries(DELEGATIONS).map(([name, { change, expect = 'trust.malformed', ...told }]) => [
      name,
      {
        ...told,
        expect,
        learns: LEARNED.targets,
        story(scene) {
          scene.publisher.delegate('owner', { paths: ['docker.io/library/*'] }).publish();
          scene.pull().edit('targets', (signed) => {
            const delegated = memberOf(signed, 'delegations');
            change((delegated['roles'] as Plain[])[0]!, delegated);
          });
        },
      },
    ]),
  ),
);
