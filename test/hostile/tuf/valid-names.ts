import type { Plain } from '../../../src/simulator/tuf-document.ts';
import { parseDigest } from '../../../src/oci/digest.ts';
import type { ValidCase } from '../case.ts';
import { ALL, by, KEY } from './delegating.ts';
import { GOOD, memberOf, NEW, type TufScene } from './scene.ts';
import { oddities } from './stories.ts';

type Story = Parameters<typeof oddities>[1][string];
type Told = Pick<ValidCase, 'odd' | 'anchor'>;

const NAMES: Readonly<Record<string, readonly [name: string, what: string]>> = {
  'question-mark': ['releases?', 'has a question mark'],
  hash: ['x#y', 'has a number sign'],
  'slash-first': ['/owner', 'begins with a slash'],
  'dots-first': ['../owner', 'begins with two dots and a slash'],
  'dots-alone': ['..', 'is two dots'],
  backslash: ['C:\\owner', 'looks like a path on Windows'],
  percent: ['a%2fb', 'is percent-encoded already'],
  blank: [' a b ', 'has blanks'],
  unicode: ['grün \u{1f433}', 'has letters and signs beyond ASCII'],
  'of-objects': ['constructor', 'is constructor'],
  'of-prototypes': ['__proto__', 'is __proto__'],
  integer: ['10', 'is an integer'],
  'root-in-capitals': ['Root', 'is Root, which is not root'],
  json: ['owner.json', 'ends in .json'],
  image: ['docker.io/library/alpine', 'is that of an image'],
  long: ['a'.repeat(200), 'has two hundred characters'],
};

const PATHS: Readonly<Record<string, readonly [pattern: string, what: string]>> = {
  'whole-name': ['docker.io/library/alpine:2', 'the name itself'],
  'all-tags': ['docker.io/library/alpine:*', 'a star for the tag'],
  'star-in-the-middle': ['docker.io/*/alp*:2', 'stars in the middle of two segments'],
  'stars-in-a-row': ['**/*****/***', 'many stars in a row, which mean no more than one'],
  'question-marks': ['d?cker.io/library/??????:2', 'question marks'],
  class: ['docker.io/library/alpine:[0-35]', 'a class with a range'],
  'class-negated': ['docker.io/library/alpine:[!3-9]', 'a negated class'],
  'star-at-a-dot': ['*/library/*', 'a star where other globs stop at a dot'],
};

/** The number of bits, and the bin of `docker.io/library/nginx:1.27` as two other clients have it. */
const BINS: readonly (readonly [number, string])[] = [
  [1, 'bins-0'],
  [2, 'bins-1'],
  [3, 'bins-3'],
  [4, 'bins-6'],
  [5, 'bins-0d'],
  [7, 'bins-34'],
  [8, 'bins-69'],
  [10, 'bins-1a5'],
  [11, 'bins-34b'],
  [14, 'bins-1a59'],
  [16, 'bins-6965'],
  [32, 'bins-6965a10c'],
];

/** Of so many bins only one is published: nobody needs the others. */
function oneBin(scene: TufScene, bits: number, bin: string): void {
  scene.image('docker.io', 'library/nginx', '1.27').anew();
  scene.publisher.delegate(bin, { keys: [KEY], paths: ['docker.io/library/*'] });
  scene.publisher.remove(`${scene.name}:1.27`);
  scene.publisher.edits.set('targets', (signed) => {
    const { keys, roles } = memberOf(signed, 'delegations') as { keys: Plain; roles: Plain[] };
    const succinct = { keyids: roles[0]!['keyids'], threshold: 1, bit_length: bits, name_prefix: 'bins' };
    signed['delegations'] = { keys, succinct_roles: succinct };
  });
  scene.sign('1.27', GOOD, bin).publish();
  scene.pull();
}

const table = <T>(rows: Iterable<readonly [string, T]>, told: (row: T) => Told & Story): Record<string, Story> =>
  Object.fromEntries([...rows].map(([name, row]) => [name, told(row)]));

/** Names of roles, images and bins, and the patterns that they are matched with. */
export const validNames = [
  ...oddities(
    'role-name',
    table(Object.entries(NAMES), ([name, what]) => ({
      odd: `The name of a delegated role ${what}.`,
      anchor: 'TUF 4.5; CVE-2021-41131',
      story(scene) {
        scene.publisher.delegate(name, ALL);
        by(scene, name);
        scene.sign('2', NEW, name).publish();
        scene.pull(NEW);
      },
    })),
  ),
  ...oddities(
    'path',
    table(Object.entries(PATHS), ([pattern, what]) => ({
      odd: `A role's path is ${what}: ${pattern}`,
      anchor: 'TUF 4.5',
      story(scene) {
        scene.publisher.delegate('owner', { keys: [KEY], paths: ['ghcr.io/*', pattern] });
        by(scene, 'owner');
      },
    })),
  ),
  ...oddities(
    'bins',
    table(
      BINS.map(([bits, bin]) => [`of-${bits}-bits`, { bits, bin }] as const),
      ({ bits, bin }) => ({
        odd: `A name belongs to one of 2^${bits} hash bins, ${bin}.`,
        anchor: 'TAP 15',
        story: (scene) => oneBin(scene, bits, bin),
      }),
    ),
  ),
  ...oddities('name', {
    'with-a-port': {
      odd: 'The registry has a port, which looks like a tag.',
      anchor: 'ADR 7',
      story: (scene) => void scene.image('registry.example.org:5000', 'app', 'latest').anew().pull(),
    },
    'localhost-with-a-port': {
      odd: 'The registry is localhost with a port, which looks like the scheme of a URL.',
      anchor: 'ADR 7',
      story: (scene) => void scene.image('localhost:5000', 'app', '1').anew().pull(),
    },
    'many-levels': {
      odd: 'The repository has six levels, each of them delegated.',
      anchor: 'ADR 7',
      story(scene) {
        scene.image('ghcr.io', 'a/b/c/d/e/f', '2');
        scene.publisher.delegate('deep', { keys: [KEY], paths: ['ghcr.io/*/*/*/*/*/*'] });
        by(scene, 'deep');
      },
    },
    'long-tag': {
      odd: 'The tag has all that a tag may have, 128 characters of it.',
      anchor: 'ADR 7',
      story: (scene) =>
        void scene
          .image('docker.io', 'library/alpine', `_A.b-9${'x'.repeat(122)}`)
          .anew()
          .pull(),
    },
    'constructor-and-proto': {
      odd: 'The repository is called constructor and the tag __proto__.',
      anchor: 'TUF 4.5',
      story: (scene) => void scene.image('docker.io', 'library/constructor', '__proto__').anew().pull(),
    },
    'of-a-digest': {
      odd: 'A digest is signed under its own name, and asked for without a tag.',
      anchor: 'design section 4, target_digest',
      story(scene) {
        scene.publisher.put(`${scene.name}@${NEW}`, { digest: NEW, length: 7 }).publish();
        scene.askFor(parseDigest(NEW)).pull(NEW);
      },
    },
  }),
];
