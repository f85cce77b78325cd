import type { TufRepository } from '../../../src/simulator/tuf-repository.ts';
import { dressed, type TufKey, tufKey, type TufKeyKind, under } from '../../../src/simulator/tuf-key.ts';
import { memberOf } from './scene.ts';
import { oddities } from './stories.ts';

type KeyOddity = readonly [odd: string, key: () => TufKey];

const KEYS: Readonly<Record<string, KeyOddity>> = {
  'pem-with-crlf': ['A PEM key has the line ends of Windows.', () => pem((text) => text.replaceAll('\n', '\r\n'))],
  'pem-without-a-last-line-end': ['A PEM key has no line end after it.', () => pem((text) => text.trimEnd())],
  'pem-in-one-line': [
    'A PEM key is not folded.',
    () => pem((text) => text.replace(/\n(?!-)/g, '').replace('-----M', '-----\nM')),
  ],
  'point-in-capital-hex': [
    'The hex point of a key is in capital letters.',
    () => hexPoint((text) => text.toUpperCase()),
  ],
  'ed25519-in-capital-hex': [
    'The hex of an Ed25519 key is in capital letters.',
    () => {
      const key = tufKey('ed25519', 'corpus timestamp');
      return dressed(key, { keyval: { public: String(memberOf(key.entry, 'keyval')['public']).toUpperCase() } });
    },
  ],
  'key-id-that-is-no-hash': [
    'A key is listed under an id that is a word.',
    () => under('the online key', tufKey('p256', 'word')),
  ],
  'key-id-that-is-empty': ['A key is listed under the empty id.', () => under('', tufKey('p256', 'word'))],
  'key-id-of-an-object': [
    'A key is listed under the id constructor.',
    () => under('constructor', tufKey('p256', 'word')),
  ],
};

const GOOD_PEM = tufKey('p256', 'corpus timestamp');
function pem(change: (text: string) => string): TufKey {
  return dressed(GOOD_PEM, { keyval: { public: change(String(memberOf(GOOD_PEM.entry, 'keyval')['public'])) } });
}
function hexPoint(change: (text: string) => string): TufKey {
  const key = tufKey('p256-hex', 'corpus timestamp');
  return dressed(key, { keyval: { public: change(String(memberOf(key.entry, 'keyval')['public'])) } });
}

/** Keys of 4096 bits take seconds to make, and nothing but their length is other. */
const KINDS: Readonly<Record<Exclude<TufKeyKind, 'rsa-1024' | 'rsa-4096'>, string>> = {
  ed25519: 'Ed25519',
  rsa: 'RSA of 2048 bits',
  'rsa-sha384': 'RSA-PSS with SHA-384',
  'rsa-sha512': 'RSA-PSS with SHA-512',
  'rsa-long-salt': 'RSA-PSS with the longest salt there is',
  p256: 'P-256',
  'p256-typed': 'P-256, with the scheme repeated as its type',
  'p256-hex': 'P-256, as the bare point in hex',
  p384: 'P-384',
  'p384-typed': 'P-384, with the scheme repeated as its type',
};

/** By name. */
const ALL_KEYS: readonly (readonly [string, KeyOddity])[] = [
  ...Object.entries(KINDS).map(
    ([kind, what]) => [kind, [`The timestamp key is ${what}.`, () => tufKey(kind as TufKeyKind, 'corpus')]] as const,
  ),
  ...Object.entries(KEYS),
];

const keyed = (key: () => TufKey) => (made: TufRepository) => void made.authorize('timestamp', { keys: [key()] });

/** Keys that are in use somewhere, one at a time for the timestamp. */
export const validKeys = oddities(
  'key',
  Object.fromEntries(
    ALL_KEYS.map(([name, [odd, key]]) => [
      name,
      { odd, anchor: 'TUF 4.2; TAP 12', story: (scene) => void scene.anew({}, keyed(key)).pull() },
    ]),
  ),
);
