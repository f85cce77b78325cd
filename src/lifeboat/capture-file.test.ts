import { expect, test } from 'vitest';
import { code, message } from '../../test/thrown.ts';
import { type ArchivedFile, type Capture, nameFits, parseCapture, writeCapture } from './capture-file.ts';

const HASH = 'a'.repeat(64);
const files: readonly ArchivedFile[] = [
  { name: 'root.json', role: 'root', version: 2, length: 3, sha256: HASH },
  { name: '1.root.json', role: 'root', version: 1, length: 3, sha256: HASH },
  { name: 'timestamp.json', role: 'timestamp', version: 5, length: 0, sha256: HASH },
  { name: `snapshot.${HASH}.json`, role: 'snapshot', version: 1, length: 9, sha256: HASH },
  { name: `targets.${HASH}.json`, role: 'targets', version: 1, length: 9, sha256: HASH },
  { name: `targets/releases.${HASH}.json`, role: 'targets/releases', version: 0, length: 9, sha256: HASH },
];
const capture: Capture = {
  gun: 'docker.io/library/nginx',
  url: 'https://notary.example/',
  capturedAt: Date.parse('2026-11-27T09:16:10Z'),
  anchor: { kind: 'pin', words: 'hub: docker.io/library/ (keys …)', rootKeys: [HASH] },
  state: 'verified',
  why: '',
  rootsFrom: 1,
  files,
  missing: [{ name: '3.root.json', why: 'the server does not have it' }],
  unverified: [{ role: 'targets/late', code: 'trust.expired', why: 'expired' }],
};
const text = Buffer.from(writeCapture(capture)).toString();
const changed = (from: string | RegExp, to: string): string =>
  code(() => parseCapture(Buffer.from(text.replace(from, to))));

test('what is written is what is read', () => {
  expect(parseCapture(writeCapture(capture))).toEqual(capture);
  expect(text).toContain('"capturedAt": "2026-11-27T09:16:10Z"');
});

test('words of a peer are cut, and written so that they can be read again', () => {
  const long = { ...capture, why: '\ud83d'.repeat(700), missing: [{ name: 'x'.repeat(900), why: '\0\u2028' }] };
  const read = parseCapture(writeCapture(long));
  expect(read.why).toBe('\ufffd'.repeat(600));
  expect(read.missing[0]?.name).toHaveLength(600);
});

test.each<[string, string | RegExp, string]>([
  ['a format that is newer', '"format": 1', '"format": 2'],
  ['no gun', '"gun"', '"Gun"'],
  ['a gun that leads elsewhere', 'docker.io/library/nginx', 'docker.io/../nginx'],
  ['an instant with a fraction', '09:16:10Z', '09:16:10.5Z'],
  ['an instant with another zone', '09:16:10Z', '09:16:10+01:00'],
  ['a day that is none', '2026-11-27', '2026-11-31'],
  ['another anchor', '"pin"', '"none"'],
  ['an anchor that is a list', /"anchor": \{[^}]*\}/, '"anchor": []'],
  ['a key id that is none', `"${HASH}"\n  ]`, '"x"\n  ]'],
  ['another state', '"verified"', '"fine"'],
  ['a length below nothing', '"length": 0', '"length": -1'],
  ['a version that is no integer', '"version": 5', '"version": 5.5'],
  ['a hash in capitals', `"sha256": "${HASH}"`, `"sha256": "${HASH.toUpperCase()}"`],
  ['files that are none', /"files": \[/, '"files": {}, "x": ['],
  ['a name twice', '"1.root.json"', '"root.json"'],
  ['more bytes than fit', '"length": 9', `"length": ${(256 << 20) + 1}`],
  ['a name that leads elsewhere', '"timestamp.json"', '"../timestamp.json"'],
  ['a name twice in one object', '"state"', '"why": "", "state"'],
  ['missing files that are texts', /"missing": \[[^\]]*\]/, '"missing": ["x"]'],
])('refused: %s', (_, from, to) => {
  expect(changed(from, to)).toBe('archive.damaged');
  expect(text.replace(from, to)).not.toBe(text);
});

test('a newer format is said to be that', () => {
  expect(message(() => parseCapture(Buffer.from(text.replace('"format": 1', '"format": 2'))))).toContain(
    'newer tufgate',
  );
});

test('white space is no matter, bytes after the end are', () => {
  expect(changed('{', ' {')).toBe('accepted');
  expect(changed(/\n$/, '\n}')).toBe('archive.damaged');
});

test.each<[string, string, number]>([
  ['../root.json', 'root', 1],
  ['2.root.json', 'root', 1],
  ['0.root.json', 'root', 0],
  ['01.root.json', 'root', 1],
  ['root.json', 'targets', 1],
  ['2.timestamp.json', 'timestamp', 2],
  [`snapshot.${'b'.repeat(64)}.json`, 'snapshot', 1],
  [`targets/../x.${HASH}.json`, 'targets/../x', 1],
  [`targets/.${HASH}.json`, 'targets/', 1],
  [`../x.${HASH}.json`, '../x', 1],
  ['capture.json', 'capture', 1],
])('no name of a file: %s of %s', (name, role, version) => {
  expect(nameFits({ name, role, version, length: 1, sha256: HASH })).toBe(false);
});

test('names of files', () => {
  for (const file of files) expect(nameFits(file)).toBe(true);
});
