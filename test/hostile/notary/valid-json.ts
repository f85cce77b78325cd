import type { Plain } from '../../../src/simulator/notary-document.ts';
import { GOOD, memberOf, type NotaryScene } from './scene.ts';
import { oddities } from './stories.ts';

type Stories = Parameters<typeof oddities>[1];
const ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;
const UNKNOWN = { 'x-note': ['anything', null, true, { deep: { deeper: -7 } }], spec_version: '1.0', '': '' };
const CANONICAL = 'notary-v1 section 2, canonical JSON';

/** What JSON allows on the wire and no signature is over. */
const WIRE: Readonly<Record<string, readonly [odd: string, change: (text: string) => string]>> = {
  'white-space': [
    'is indented, with line feeds, tabs and carriage returns',
    (text) => `\r\n${JSON.stringify(JSON.parse(text), null, '\t')}\n `,
  ],
  escapes: [
    'has every letter of its names escaped',
    (text) => text.replace(/"(signed|version|_type)"/g, (_, name: string) => `"${escaped(name)}"`),
  ],
  'members-the-other-way-round': ['has its members in reverse', (text) => JSON.stringify(reversed(JSON.parse(text)))],
  'unknown-members-beside-signed': [
    'has members beside signed and signatures',
    (text) => text.replace('{', '{"note":[1,2,{}],"SIGN":0,'),
  ],
  'unknown-members-of-a-signature': [
    'has a signature with members of its own',
    (text) => text.replace('"keyid"', '"cert":null,"keyid"'),
  ],
};

function escaped(name: string): string {
  return Array.from(name, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reversed(member)]),
  );
}

function wireForms(role: string): Stories {
  return Object.fromEntries(
    Object.entries(WIRE).map(([name, [odd, change]]) => [
      `${role}-with-${name}`,
      {
        odd: `The ${role} file ${odd}.`,
        anchor: 'notary-v1 pitfall 2',
        story: (scene: NotaryScene) => void scene.pull().rewrite(role, change).pull(),
      },
    ]),
  );
}

const UNKNOWNS = Object.fromEntries(
  ROLES.map((role) => [
    `${role}-with-unknown-members`,
    {
      odd: `The ${role} file has members that nobody knows, under its signature.`,
      anchor: 'notary-v1 section 2; TUF 4',
      story: (scene: NotaryScene) => void scene.edit(role, (signed) => Object.assign(signed, UNKNOWN)).pull(),
    },
  ]),
);

/** Names of tags that something in JavaScript, JSON or HTML reads in its own way. */
const TAGS: Readonly<Record<string, string>> = {
  'tag-proto': '__proto__',
  'tag-constructor': 'constructor',
  'tag-to-string': 'toString',
  'tag-has-own-property': 'hasOwnProperty',
  'tag-length': 'length',
  'tag-zero': '0',
  'tag-null': 'null',
  'tag-nan': 'NaN',
  'tag-of-128-characters': 'v'.repeat(128),
  'tag-with-dots': '1.2.3-rc.4_5',
  'tag-underscore': '_',
};

const TAG_STORIES = Object.fromEntries(
  Object.entries(TAGS).map(([name, tag]) => [
    name,
    {
      odd: `The tag is called ${tag.slice(0, 20)}.`,
      anchor: 'notary-v1 pitfall 5',
      story(scene: NotaryScene) {
        scene.tag = tag;
        scene.publisher.sign(tag, GOOD, 1_024).publish();
        scene.pull();
      },
    },
  ]),
);

/** Other names beside the tag: target names may hold anything. */
const NAMES: Readonly<Record<string, readonly [odd: string, name: string]>> = {
  'name-with-quotes': ['quotes and backslashes', 'a"b\\c'],
  'name-with-markup': ['<, > and &, which Go escapes on the wire', '<a>&b'],
  'name-with-line-separators': ['U+2028, which Go escapes on the wire', 'a\u2028b'],
  'name-beyond-ascii': ['letters of many scripts', 'größe-尺寸-размер'],
  'name-with-a-slash': ['slashes and dots', '../../etc/passwd'],
  'name-that-is-empty': ['nothing at all', ''],
  'name-with-delete': ['the character DEL', 'a\u007fb'],
  'names-in-the-order-of-code-points': ['an emoji and U+FB00, which UTF-16 sorts the other way round', '\u{1f600}'],
};

const NAME_STORIES = Object.fromEntries(
  Object.entries(NAMES).map(([key, [odd, name]]) => [
    key,
    {
      odd: `Another target's name holds ${odd}.`,
      anchor: CANONICAL,
      story(scene: NotaryScene) {
        scene.publisher.sign(name, GOOD, 1).sign('\ufb00', GOOD, 1).publish();
        scene.pull();
      },
    },
  ]),
);

const firstRole = (signed: Plain): Plain => (memberOf(signed, 'delegations')['roles'] as Plain[])[0]!;

export const validJson = oddities('json', {
  ...(Object.assign({}, ...ROLES.map(wireForms)) as Stories),
  ...UNKNOWNS,
  ...TAG_STORIES,
  ...NAME_STORIES,
  'unknown-members-everywhere': {
    odd: 'Roles, entries, hashes and delegations have members that nobody knows.',
    anchor: 'notary-v1 section 2',
    story(scene) {
      scene.publisher.delegate('targets/releases').sign('1', GOOD, 1_024, 'targets/releases');
      scene.edit('root', (signed) => Object.assign(memberOf(signed, 'roles.root'), UNKNOWN));
      scene.edit('targets', (signed) => Object.assign(firstRole(signed), UNKNOWN));
      scene.edit('snapshot', (signed) => Object.assign(memberOf(signed, 'meta.targets'), UNKNOWN));
      scene.edit('timestamp', (signed) => Object.assign(memberOf(signed, 'meta.snapshot'), UNKNOWN));
      scene.pull();
    },
  },
  'unknown-hash-algorithms': {
    odd: 'Entries have hashes by algorithms that nobody knows.',
    anchor: 'notary-v1 section 2',
    story(scene) {
      scene.edit('timestamp', (signed) => (memberOf(signed, 'meta.snapshot.hashes')['blake3'] = 'x')).pull();
    },
  },
  'custom-data': {
    odd: 'A target has custom data, as Helm and others write.',
    anchor: 'notary-v1 section 2, custom',
    story(scene) {
      scene.edit('targets', (signed) => (memberOf(signed, 'targets.1')['custom'] = { b: [1], a: '<&>' })).pull();
    },
  },
  'long-strings': {
    odd: 'A member holds a string of a megabyte.',
    anchor: 'limits',
    story: (scene) => void scene.edit('targets', (signed) => (signed['x'] = 'y'.repeat(1 << 20))).pull(),
  },
  'largest-safe-integer': {
    odd: 'A member holds the largest integer that a double can hold.',
    anchor: 'notary-v1 pitfall 1',
    story: (scene) => void scene.edit('timestamp', (signed) => (signed['x'] = 2 ** 53 - 1)).pull(),
  },
  'nested-as-deep-as-allowed': {
    odd: 'A member is nested twenty-five levels deep.',
    anchor: 'limits',
    story: (scene) =>
      void scene
        .edit('timestamp', (signed) => (signed['x'] = JSON.parse('['.repeat(25) + ']'.repeat(25)) as unknown))
        .pull(),
  },
});
