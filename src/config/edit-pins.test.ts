import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { code } from '../../test/thrown.ts';
import { pinWords, withoutPin, withPin } from './edit-pins.ts';

const KEY = 'ab'.repeat(32);
const keys = { kind: 'keys', keyIds: [KEY] } as const;

const BLOCK = `# the whole house
trust:
  vendor:                      # ours
    type: notary
    url: https://notary.example
    pins:                      # where trust begins
      reg.example/: { keys: [${'cd'.repeat(32)}] }     # all of it
      reg.example/app:
        root: app.json         # one

  other: { type: notary, url: "https://other.example", pins: { a/: { ca: ca.pem }, b/: { ca: b.pem } } }
  third: { type: notary, url: "https://third.example" }
  fourth:
    type: notary
    pins:                      # none yet
policy: []
`;

/** The lines that are new, and those that are gone. */
function changes(after: string): { plus: string[]; minus: string[] } {
  const [old, now] = [BLOCK.split('\n'), after.split('\n')];
  return { plus: now.filter((line) => !old.includes(line)), minus: old.filter((line) => !now.includes(line)) };
}

test('a pin among others is one more line', () => {
  const plus = [`      reg.example/team/: { keys: [${KEY}] }`];
  expect(changes(withPin(BLOCK, 'vendor', 'reg.example/team/', keys))).toEqual({ plus, minus: [] });
});

test('another pin in place of one keeps what stands around it', () => {
  const plus = [`      reg.example/: { keys: [${KEY}] }     # all of it`];
  expect(changes(withPin(BLOCK, 'vendor', 'reg.example/', keys)).plus).toEqual(plus);
  expect(changes(withPin(BLOCK, 'vendor', 'reg.example/app', keys))).toEqual({
    plus: [`      reg.example/app: { keys: [${KEY}] }`],
    minus: ['      reg.example/app:', '        root: app.json         # one'],
  });
});

test('the first pin of a source, however the source is written', () => {
  expect(withPin(BLOCK, 'third', 'a', keys)).toContain(`third.example", pins: { a: { keys: [${KEY}] } } }`);
  expect(withPin(BLOCK, 'fourth', 'a', keys)).toContain(
    `    pins: { a: { keys: [${KEY}] } }                      # none yet`,
  );
  const bare = 'trust:\n  v:\n    type: notary # last';
  expect(withPin(bare, 'v', 'a', keys)).toBe(`${bare}\n    pins: { a: { keys: [${KEY}] } }`);
});

test('in a source on one line', () => {
  const after = withPin(BLOCK, 'other', 'c:5000/x', { kind: 'ca', file: 'my ca.pem' });
  expect(after).toContain('b/: { ca: b.pem }, c:5000/x: { ca: "my ca.pem" } } }');
});

test('a pin less, and with the last one goes the list', () => {
  expect(changes(withoutPin(BLOCK, 'vendor', 'reg.example/')).plus).toEqual([]);
  const none = withoutPin(withoutPin(BLOCK, 'vendor', 'reg.example/'), 'vendor', 'reg.example/app');
  expect(changes(none).minus).toHaveLength(4);
  const one = withoutPin(BLOCK, 'other', 'a/');
  expect(one).toContain('pins: { b/: { ca: b.pem } } }');
  expect(withoutPin(BLOCK, 'other', 'b/')).toContain('pins: { a/: { ca: ca.pem } } }');
  expect(withoutPin(one, 'other', 'b/')).toContain('url: "https://other.example" }');
});

test.each([
  ['a name that YAML would read otherwise is quoted', '[::1]:5000/x'],
  ['so is a path', 'a/b'],
])('%s', (_, gun) => {
  const after = withPin(BLOCK, 'vendor', gun, { kind: 'root', file: '../roots/a: b #.json' });
  expect(after).toContain(pinWords({ kind: 'root', file: '../roots/a: b #.json' }));
});

test('what is written too cleverly to be edited is refused, with the line to write', () => {
  const clever = `trust:\n  v:\n    ? type\n    : notary\n`;
  expect(code(() => withPin(clever, 'v', 'a', keys))).toBe('usage');
  expect(code(() => withPin('trust: {}\n', 'v', 'a', keys))).toBe('usage');
  expect(code(() => withPin('trust: { <<: {}, v: &a { } }\n', 'v', 'a', keys))).toBe('usage');
});

const examples = new URL('../../config/examples/', import.meta.url);

test.each(readdirSync(examples).filter((name) => /type: notary/.test(readFileSync(new URL(name, examples), 'utf8'))))(
  '%s: a pin that comes and goes leaves the file as it was',
  (name) => {
    const text = readFileSync(new URL(name, examples), 'utf8');
    const [, source = ''] = /^ {2}(\w+):.*\n(?: +#.*\n)*? {4}type: notary/m.exec(text) ?? [];
    const pinned = withPin(text, source, 'a.example/b/', keys);
    expect(pinned.split('\n').length - text.split('\n').length).toBe(1);
    expect(withoutPin(pinned, source, 'a.example/b/')).toBe(text);
  },
);
