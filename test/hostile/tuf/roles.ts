import type { Plain } from '../../../src/simulator/tuf-document.ts';
import type { HostileCase } from '../case.ts';
import { memberOf } from './scene.ts';
import { attacks } from './stories.ts';

interface Edited extends Pick<HostileCase, 'move' | 'lets' | 'anchor'> {
  readonly change: (signed: Plain) => void;
}

const CRASH = 'The gate is down before any signature was looked at.';
const ENDLESS = 'What does not parse is not a number, and no comparison with it is true: the root never expires.';

const keyOf = (signed: Plain, role: string): string => (memberOf(signed, `roles.${role}`)['keyids'] as string[])[0]!;

/** What a root may not say. All of it is validly signed. */
const ROOTS: Readonly<Record<string, Edited>> = {
  'threshold-of-zero': {
    move: 'Signs a root in which targets needs no signature.',
    lets: 'Zero of zero keys have signed, and that is enough: CVE-2026-23992.',
    anchor: 'TUF 4.3; CVE-2026-23992',
    change: (signed) => (memberOf(signed, 'roles.targets')['threshold'] = 0),
  },
  'threshold-left-out': {
    move: 'Signs a root that does not say how many must sign the snapshot.',
    lets: 'No number is more than "undefined": nobody need sign.',
    anchor: 'TUF 4.3; CVE-2026-23992',
    change: (signed) => delete memberOf(signed, 'roles.snapshot')['threshold'],
  },
  'threshold-of-one-and-a-half': {
    move: 'Signs a root with a threshold of 1.5.',
    lets: 'Clients that round differ in how many must sign.',
    anchor: 'TUF 4.3',
    change: (signed) => (memberOf(signed, 'roles.snapshot')['threshold'] = 1.5),
  },
  'a-role-left-out': {
    move: 'Signs a root that names nobody for the timestamp.',
    lets: 'Nobody is asked, so nobody refuses.',
    anchor: 'TUF 4.3',
    change: (signed) => delete memberOf(signed, 'roles')['timestamp'],
  },
  'roles-that-are-null': {
    move: 'Signs a root whose roles are null.',
    lets: CRASH,
    anchor: 'CVE-2026-23991',
    change: (signed) => (signed['roles'] = null),
  },
  'keys-that-are-a-list': {
    move: 'Signs a root whose keys are a list.',
    lets: CRASH,
    anchor: 'CVE-2026-23991',
    change: (signed) => (signed['keys'] = []),
  },
  'key-that-is-null': {
    move: 'Signs a root with null for a key.',
    lets: CRASH,
    anchor: 'CVE-2026-23991',
    change: (signed) => (memberOf(signed, 'keys')[keyOf(signed, 'root')] = null),
  },
  'key-without-a-value': {
    move: 'Signs a root with a key that has a type and no value.',
    lets: CRASH,
    anchor: 'CVE-2026-23991',
    change: (signed) => delete memberOf(signed, `keys.${keyOf(signed, 'root')}`)['keyval'],
  },
  'key-without-a-scheme': {
    move: 'Signs a root with a key that does not say how it signs.',
    lets: 'The signature chooses the verifier: CVE-2015-9258.',
    anchor: 'CVE-2015-9258',
    change: (signed) => delete memberOf(signed, `keys.${keyOf(signed, 'root')}`)['scheme'],
  },
  'key-in-two-spellings': {
    move: 'Signs a root with a keyval and a KeyVal in one key: to Go they are one, and the last one holds.',
    lets: 'Two clients trust two keys.',
    anchor: 'RFC 8259 section 4',
    change: (signed) => (memberOf(signed, `keys.${keyOf(signed, 'root')}`)['KeyVal'] = { public: 'ee'.repeat(32) }),
  },
  'key-ids-left-out': {
    move: 'Signs a root with a role that has no key ids.',
    lets: CRASH,
    anchor: 'CVE-2026-23991',
    change: (signed) => delete memberOf(signed, 'roles.targets')['keyids'],
  },
  'key-ids-that-are-numbers': {
    move: 'Signs a root whose key ids are numbers.',
    lets: CRASH,
    anchor: 'CVE-2026-23991',
    change: (signed) => (memberOf(signed, 'roles.targets')['keyids'] = [7]),
  },
  'key-id-twice': {
    move: 'Signs a root that names one key twice for a role.',
    lets: 'Whoever counts the list counts one person as two.',
    anchor: 'TUF 4.3',
    change: (signed) => {
      const role = memberOf(signed, 'roles.targets');
      role['keyids'] = [keyOf(signed, 'targets'), keyOf(signed, 'targets')];
    },
  },
  'consistent-in-words': {
    move: 'Signs a root whose consistent_snapshot is the text "false", which JavaScript takes for true.',
    lets: 'Two clients ask for two sets of files.',
    anchor: 'TUF 4.3',
    change: (signed) => (signed['consistent_snapshot'] = 'false'),
  },
  'of-another-type': {
    move: 'Signs a root of the type Root, as Notary writes it.',
    lets: 'A file of one format is read by the rules of another.',
    anchor: 'TUF 4.2',
    change: (signed) => (signed['_type'] = 'Root'),
  },
  'for-another-major-version': {
    move: 'Signs a root for version 2.0.0 of the specification.',
    lets: 'Metadata that means something else is read by rules that do not fit.',
    anchor: 'TUF 4.3',
    change: (signed) => (signed['spec_version'] = '2.0.0'),
  },
  'for-no-version-of-the-specification': {
    move: 'Signs a root without a spec_version.',
    lets: 'What "undefined" is compatible with is for each client to guess.',
    anchor: 'TUF 4.3',
    change: (signed) => delete signed['spec_version'],
  },
  'version-in-words': {
    move: 'Signs a root whose version is the text "2".',
    lets: 'Versions that are compared as text: 10 is less than 9.',
    anchor: 'TUF 4.3',
    change: (signed) => (signed['version'] = '2'),
  },
  'expiry-that-is-no-instant': {
    move: 'Signs a root that expires "never".',
    lets: ENDLESS,
    anchor: 'TUF 4.2.3',
    change: (signed) => (signed['expires'] = 'never'),
  },
  'expiry-in-small-letters': {
    move: 'Signs a root that expires at 2030-01-01t00:00:00z.',
    lets: ENDLESS,
    anchor: 'TUF 4.2.3',
    change: (signed) => (signed['expires'] = '2030-01-01t00:00:00z'),
  },
  'expiry-on-no-day': {
    move: 'Signs a root that expires on the 31st of February.',
    lets: 'One client reads a day in March, another none at all.',
    anchor: 'TUF 4.2.3',
    change: (signed) => (signed['expires'] = '2030-02-31T00:00:00Z'),
  },
  'expiry-at-no-hour': {
    move: 'Signs a root that expires at 24:00, which some clients take for the next day.',
    lets: 'Two clients disagree on when it ends.',
    anchor: 'TUF 4.2.3',
    change: (signed) => (signed['expires'] = '2030-02-01T24:00:00Z'),
  },
  'expiry-that-is-a-number': {
    move: 'Signs a root that expires at a number of seconds.',
    lets: 'Seconds are read as milliseconds, or as a year.',
    anchor: 'TUF 4.2.3',
    change: (signed) => (signed['expires'] = 4_102_444_800),
  },
  'expiry-in-two-spellings': {
    move: 'Signs a root with a past expires and a future Expires: to Go they are one, and the last one holds.',
    lets: 'Go reads a root that lives, we one that is dead, or the other way round.',
    anchor: 'RFC 8259 section 4',
    change: (signed) => (signed['Expires'] = '2099-01-01T00:00:00Z'),
  },
};

export const roles = attacks(
  'root',
  Object.fromEntries(
    Object.entries(ROOTS).map(([name, { change, ...told }]) => [
      name,
      {
        ...told,
        expect: 'trust.malformed' satisfies HostileCase['expect'],
        story: (scene) => void scene.pull().edit('root', change),
      },
    ]),
  ),
);
