import type { HostileCase } from '../case.ts';
import { attacks } from './stories.ts';

interface Trick {
  readonly move: string;
  readonly lets: string;
  readonly anchor: string;
  /** Of the honest timestamp; what is signed in it stays as it was, for a reader that is lax enough. */
  readonly change: (text: string) => string | Uint8Array;
}

const beside = (value: string) => (text: string) => text.replace('{', `{"x":${value},`);
const TWO_READINGS = 'Two readers of the same signed bytes read different things.';
const GARBAGE = 'Bytes that are no JSON reach code that believes they were checked.';

/** Nobody needs a key for these: the file is changed on the way, where a lax reader does not look. */
const TRICKS: Readonly<Record<string, Trick>> = {
  'member-twice': {
    move: 'Writes the version twice, an old one first.',
    lets: TWO_READINGS,
    anchor: 'notary-v1 pitfall 4; RFC 8259 section 4',
    change: (text) => text.replace('"version":', '"version":1,"version":'),
  },
  'byte-order-mark': {
    move: 'Puts a byte order mark before the file.',
    lets: TWO_READINGS,
    anchor: 'notary-v1 pitfall 30',
    change: (text) => `\ufeff${text}`,
  },
  'trailing-data': {
    move: 'Appends a second document to the file.',
    lets: 'A reader that takes the last document, or the first, believes what nobody signed.',
    anchor: 'notary-v1 pitfall 30',
    change: (text) => `${text}{"signed":{}}`,
  },
  'not-utf-8': {
    move: 'Puts bytes into the file that are not UTF-8.',
    lets: 'Names that differ on the wire become equal once they were replaced by question marks.',
    anchor: 'RFC 8259 section 8.1',
    change: (text) => Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xff]), Buffer.from(`",${text.slice(1)}`)]),
  },
  'lone-surrogate': {
    move: 'Writes half a surrogate pair as an escape.',
    lets: 'A name that has no UTF-8 form is signed as one thing and stored as another.',
    anchor: 'RFC 8259 section 8.2',
    change: beside('"\\ud800"'),
  },
  'unknown-escape': {
    move: 'Writes an escape that JSON does not have.',
    lets: TWO_READINGS,
    anchor: 'RFC 8259 section 7',
    change: beside('"\\q"'),
  },
  'cut-escape': {
    move: 'Writes a \\u escape with too few digits.',
    lets: TWO_READINGS,
    anchor: 'RFC 8259 section 7',
    change: beside('"\\u12"'),
  },
  'raw-control-character': {
    move: 'Puts a raw line feed into a string.',
    lets: 'A log, a URL or a file name gets a line that the attacker wrote.',
    anchor: 'RFC 8259 section 7',
    change: beside('"a\nb"'),
  },
  'number-with-a-fraction': {
    move: 'Writes a number as 1.0, which canonical JSON does not have.',
    lets: 'What was signed cannot be said any more: readers that round sign off what others refuse.',
    anchor: 'notary-v1 pitfall 3',
    change: (text) => text.replace(/"version":(\d+)/, '"version":$1.0'),
  },
  'number-beyond-2-to-the-53': {
    move: 'Writes an integer that a double cannot hold.',
    lets: 'Two versions that differ compare as equal.',
    anchor: 'notary-v1 pitfall 1',
    change: beside('9007199254740993'),
  },
  'minus-zero': {
    move: 'Writes minus zero, which becomes another text once it was read.',
    lets: 'The canonical form differs from reader to reader.',
    anchor: 'notary-v1 pitfall 1',
    change: beside('-0'),
  },
  'leading-zero': {
    move: 'Writes a number with a leading zero.',
    lets: 'An octal reader and a decimal one read two numbers.',
    anchor: 'RFC 8259 section 6',
    change: beside('010'),
  },
  'no-value': {
    move: 'Leaves a value out.',
    lets: GARBAGE,
    anchor: 'RFC 8259 section 3',
    change: beside(''),
  },
  'misspelled-word': {
    move: 'Writes nul for null.',
    lets: GARBAGE,
    anchor: 'RFC 8259 section 3',
    change: beside('nul'),
  },
  'no-colon': {
    move: 'Leaves out the colon after a name.',
    lets: GARBAGE,
    anchor: 'RFC 8259 section 4',
    change: (text) => text.replace(':', ' '),
  },
  'name-without-quotes': {
    move: 'Writes a name without quotes.',
    lets: GARBAGE,
    anchor: 'RFC 8259 section 4',
    change: (text) => text.replace('"signed"', 'signed'),
  },
  'cut-off': {
    move: 'Ends the file in its middle, with a length that fits.',
    lets: 'Half a list of signatures, or of delegations, is taken for the whole.',
    anchor: 'notary-v1 pitfall 29',
    change: (text) => text.slice(0, -1),
  },
  'too-deep': {
    move: 'Nests lists a hundred thousand levels deep.',
    lets: 'The reader runs out of stack, and the gate is down.',
    anchor: 'notary-v1 pitfall 30; RFC 8259 section 9',
    change: beside('['.repeat(100_000) + ']'.repeat(100_000)),
  },
  'not-an-object': {
    move: 'Serves a list instead of an object.',
    lets: 'Code that expects members finds whatever lists have.',
    anchor: 'CVE-2026-23991',
    change: (text) => `[${text}]`,
  },
  'envelope-twin': {
    move: 'Adds a member Signed beside signed: to Go they are the same, and the last one holds.',
    lets: 'Go verifies one content and we another.',
    anchor: 'notary-v1 pitfall 4',
    change: (text) => text.replace(/\}$/, ',"Signed":{}}'),
  },
  'no-signatures': {
    move: 'Leaves the list of signatures out.',
    lets: 'Nothing was wrong with any signature, so all is well.',
    anchor: 'CVE-2026-23991',
    change: (text) => text.replace('"signatures":', '"signature":'),
  },
  'signed-is-null': {
    move: 'Serves null as what is signed.',
    lets: 'The gate is down before any signature was looked at.',
    anchor: 'CVE-2026-23991',
    change: (text) => text.replace(/"signed":.*,"signatures"/, '"signed":null,"signatures"'),
  },
  'signature-is-a-number': {
    move: 'Serves a number where a signature belongs.',
    lets: 'The gate is down before any signature was looked at.',
    anchor: 'CVE-2026-23991',
    change: (text) => text.replace('"signatures":[', '"signatures":[7,'),
  },
  'signature-without-a-key-id': {
    move: 'Serves a signature whose key id is an object.',
    lets: 'The gate is down, or looks up the key called [object Object].',
    anchor: 'CVE-2026-23991',
    change: (text) => text.replace('"signatures":[', '"signatures":[{"keyid":{},"method":"eddsa","sig":""},'),
  },
  'a-hundred-thousand-signatures': {
    move: 'Adds a hundred thousand signatures.',
    lets: 'Each of them costs a verification, and every pull of everybody waits: CVE-2020-6173.',
    anchor: 'CVE-2020-6173',
    change: (text) =>
      text.replace('"signatures":[', `"signatures":[${'{"keyid":"","method":"","sig":""},'.repeat(20_000)}`),
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
        story(scene) {
          const honest = scene
            .pull()
            .publisher.sign('2', 'sha256:' + '22'.repeat(32), 2)
            .publish()
            .bytesOf('timestamp');
          const changed = change(Buffer.from(honest).toString());
          scene.lie('timestamp', typeof changed === 'string' ? Buffer.from(changed) : changed);
        },
      },
    ]),
  ),
);
