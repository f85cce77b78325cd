import type { HostileCase } from '../case.ts';
import { attacks } from './stories.ts';

interface Trick extends Pick<HostileCase, 'move' | 'lets' | 'anchor'> {
  /** Of the honest timestamp; what is signed in it stays as it was, for a reader that is lax enough. */
  readonly change: (text: string) => string | Uint8Array;
}

const beside = (value: string) => (text: string) => text.replace('{', `{"x":${value},`);
const TWO_READINGS = 'Two readers of the same signed bytes read different things.';
const CRASH = 'The gate is down before any signature was looked at.';

/** Nobody needs a key for these: the file is changed on the way, where a lax reader does not look. */
const TRICKS: Readonly<Record<string, Trick>> = {
  'member-twice': {
    move: 'Writes the version twice, an old one first.',
    lets: TWO_READINGS,
    anchor: 'RFC 8259 section 4',
    change: (text) => text.replace('"version":', '"version":1,"version":'),
  },
  'signed-twice': {
    move: 'Adds a second member Signed, which to Go is the first one.',
    lets: 'Go verifies one content and we another.',
    anchor: 'RFC 8259 section 4',
    change: (text) => text.replace('{"signed":', '{"Signed":{},"signed":'),
  },
  'byte-order-mark': {
    move: 'Puts a byte order mark before the file.',
    lets: TWO_READINGS,
    anchor: 'RFC 8259 section 8.1',
    change: (text) => `\ufeff${text}`,
  },
  'trailing-data': {
    move: 'Appends a second document to the file.',
    lets: 'A reader that takes the last document, or the first, believes what nobody signed.',
    anchor: 'RFC 8259 section 2',
    change: (text) => `${text}{"signed":{}}`,
  },
  'lone-surrogate': {
    move: 'Writes half a surrogate pair as an escape.',
    lets: 'A name that has no UTF-8 form is signed as one thing and stored as another.',
    anchor: 'RFC 8259 section 8.2',
    change: beside('"\\ud800"'),
  },
  'endless-number': {
    move: 'Writes 1e400, which is infinite once it was read.',
    lets: 'A version that no other can follow, or a date that never comes.',
    anchor: 'RFC 8259 section 6',
    change: beside('1e400'),
  },
  'number-beyond-2-to-the-53': {
    move: 'Writes an integer that a double cannot hold.',
    lets: 'Two versions that differ compare as equal.',
    anchor: 'RFC 8259 section 6',
    change: beside('9007199254740993'),
  },
  'too-deep': {
    move: 'Nests lists a hundred thousand levels deep.',
    lets: 'The reader runs out of stack, and the gate is down.',
    anchor: 'RFC 8259 section 9',
    change: beside('['.repeat(100_000) + ']'.repeat(100_000)),
  },
  'cut-off': {
    move: 'Ends the file in its middle, with a length that fits.',
    lets: 'Half a file is taken for a whole one.',
    anchor: 'RFC 8259 section 2',
    change: (text) => text.slice(0, text.length >> 1),
  },
  empty: {
    move: 'Serves nothing at all, with the status 200.',
    lets: CRASH,
    anchor: 'CVE-2026-23991',
    change: () => '',
  },
  'not-an-object': {
    move: 'Serves null instead of an object.',
    lets: CRASH,
    anchor: 'CVE-2026-23991',
    change: () => 'null',
  },
  'signed-is-null': {
    move: 'Serves null as what is signed.',
    lets: CRASH,
    anchor: 'CVE-2026-23991',
    change: (text) => text.replace(/"signed":.*,"signatures"/, '"signed":null,"signatures"'),
  },
  'no-signatures': {
    move: 'Leaves the list of signatures out.',
    lets: 'Nothing was wrong with any signature, so all is well.',
    anchor: 'TUF 4.2.1; CVE-2026-23991',
    change: (text) => text.replace(/,"signatures":.*$/, '}'),
  },
  'signature-is-null': {
    move: 'Serves null where a signature belongs.',
    lets: CRASH,
    anchor: 'CVE-2026-23991',
    change: (text) => text.replace('"signatures":[', '"signatures":[null,'),
  },
  'signature-without-a-key-id': {
    move: 'Serves a signature whose key id is an object.',
    lets: 'The gate is down, or looks up the key called [object Object].',
    anchor: 'CVE-2026-23991',
    change: (text) => text.replace('"signatures":[', '"signatures":[{"keyid":{},"sig":""},'),
  },
  'signature-that-is-a-number': {
    move: 'Serves a signature whose sig is a number.',
    lets: CRASH,
    anchor: 'CVE-2026-23991',
    change: (text) => text.replace('"signatures":[', '"signatures":[{"keyid":"x","sig":7},'),
  },
};

export const json = attacks(
  'json',
  Object.fromEntries(
    Object.entries(TRICKS).map(([name, { change, ...told }]) => [
      name,
      {
        ...told,
        expect: 'trust.malformed' satisfies HostileCase['expect'],
        story: (scene) => void scene.pull().rewrite('timestamp', change),
      },
    ]),
  ),
);
