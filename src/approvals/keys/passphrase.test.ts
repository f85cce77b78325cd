import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pipe, terminal } from '../../../test/keyboard.ts';
import { codeOf, messageOf } from '../../errors.ts';
import type { Env } from './env.ts';
import type { Keyboard } from './keyboard.ts';
import { typedLine } from './keyboard.ts';
import { Passphrases } from './passphrase.ts';

const RIGHT = 'correct horse';

function world(keyboard: Keyboard, env: Env = {}): { said: string[]; passphrases: Passphrases; tried: string[] } {
  const [said, tried]: [string[], string[]] = [[], []];
  return { said, tried, passphrases: new Passphrases({ env, keyboard, say: (line) => said.push(line) }) };
}

/** A key that opens with `right`. */
const lock =
  (tried: string[], right = RIGHT) =>
  (passphrase: string) => {
    tried.push(passphrase);
    return passphrase === right ? { key: right } : undefined;
  };

test('it comes from the environment, and nobody is asked', async () => {
  const { said, tried, passphrases } = world(terminal(), { TUFGATE_PASSPHRASE: RIGHT });
  expect(await passphrases.open('root.pem', lock(tried))).toEqual({ key: RIGHT });
  expect(await passphrases.create('new.pem')).toBe(RIGHT);
  expect(said).toEqual([]);
});

test('it comes from a file, without the newline an editor puts there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tufgate-pass-'));
  for (const end of ['', '\n', '\r\n', '\nmore\n']) {
    writeFileSync(join(folder, 'secret'), RIGHT + end);
    const { tried, passphrases } = world(pipe(), { TUFGATE_PASSPHRASE_FILE: join(folder, 'secret') });
    expect(await passphrases.open('root.pem', lock(tried))).toEqual({ key: RIGHT });
  }
  rmSync(folder, { recursive: true });
});

test.each([
  [{ TUFGATE_PASSPHRASE: '' }, 'usage', 'TUFGATE_PASSPHRASE holds no passphrase'],
  [{ TUFGATE_PASSPHRASE: 'a', TUFGATE_PASSPHRASE_FILE: 'b' }, 'usage', 'are both set'],
  [{ TUFGATE_PASSPHRASE_FILE: '/nowhere/at/all' }, 'usage', '/nowhere/at/all cannot be read'],
  [
    { TUFGATE_PASSPHRASE: 'wrong one' },
    'approvals.key',
    'root.pem was not opened: what TUFGATE_PASSPHRASE holds is not',
  ],
  [{}, 'usage', 'set TUFGATE_PASSPHRASE, or TUFGATE_PASSPHRASE_FILE to the path of a file'],
])('%j without a terminal: %s', async (env: Env, code, words) => {
  // A pipe that happens to hold it is no answer.
  const { tried, passphrases } = world(pipe(`${RIGHT}\n`), env);
  const error: unknown = await passphrases.open('root.pem', lock(tried)).catch((thrown: unknown) => thrown);
  expect(codeOf(error)).toBe(code);
  expect(messageOf(error)).toContain(words);
});

test('a person is asked in silence, three times', async () => {
  const keyboard = terminal('one\r', 'two\r', `${RIGHT}\r`);
  const { said, tried, passphrases } = world(keyboard);
  expect(await passphrases.open('root.pem', lock(tried))).toEqual({ key: RIGHT });
  expect(tried).toEqual(['one', 'two', RIGHT]);
  expect(keyboard.raw).toEqual([true, false, true, false, true, false]);
  expect(said.filter((line) => line === 'Passphrase of root.pem:')).toHaveLength(3);
  expect(said.join()).not.toContain(RIGHT);
});

test('the terminal is silent before the question is seen', async () => {
  const keyboard = terminal(`${RIGHT}\r`);
  const raw: (readonly boolean[])[] = [];
  const say = (): void => void raw.push([...keyboard.raw]);
  await new Passphrases({ env: {}, keyboard, say }).open('root.pem', lock([]));
  expect(raw).toEqual([[true]]);
});

test('not four times', async () => {
  const { tried, passphrases } = world(terminal('one\r', 'two\r', 'three\r', `${RIGHT}\r`));
  expect(await passphrases.open('root.pem', lock(tried)).catch(codeOf)).toBe('approvals.key');
  expect(tried).toEqual(['one', 'two', 'three']);
});

test('what opened one key opens the next, also when both are opened at once; a third is asked for its own', async () => {
  const { said, tried, passphrases } = world(terminal(`${RIGHT}\r`, 'its own one\r'));
  await Promise.all([passphrases.open('a', lock(tried)), passphrases.open('b', lock(tried))]);
  expect(said).toEqual(['Passphrase of a:']);
  expect(await passphrases.open('c', lock(tried, 'its own one'))).toEqual({ key: 'its own one' });
  expect(tried).toEqual([RIGHT, RIGHT, RIGHT, 'its own one']);
});

test.each([
  ['backspace', 'correctt\x7f horsex\b\r'],
  ['a whole character', 'correct hors\u00e9\x7fe\r'],
  ['Ctrl-U', 'something else\x15correct horse\r'],
  ['keys that are no text', 'correct\t horse\x1a\r'],
  ['Ctrl-D at the end', 'correct horse\x04'],
  ['a line that came in pieces', 'correct'],
])('%s', async (_, first) => {
  const { tried, passphrases } = world(terminal(first, ' horse\r'));
  expect(await passphrases.open('root.pem', lock(tried))).toEqual({ key: RIGHT });
  expect(tried).toEqual([RIGHT]);
});

test('a character whose bytes come apart is one character', async () => {
  const keyboard = terminal();
  for (const byte of Buffer.from('p\u00e4ss\r')) (keyboard as unknown as NodeJS.WritableStream).write(Buffer.of(byte));
  const { tried, passphrases } = world(keyboard);
  await passphrases.open('root.pem', lock(tried, 'p\u00e4ss'));
  expect(tried).toEqual(['p\u00e4ss']);
});

test.each([
  ['Ctrl-C', terminal('correct hor\x03')],
  ['Ctrl-D at the beginning', terminal('\x04')],
])('%s changes nothing, and the terminal echoes again', async (_, keyboard) => {
  const { tried, passphrases } = world(keyboard);
  const error: unknown = await passphrases.open('root.pem', lock(tried)).catch((thrown: unknown) => thrown);
  expect([codeOf(error), messageOf(error)]).toEqual(['usage', 'not confirmed: nothing was changed']);
  expect(tried).toEqual([]);
  expect(keyboard.raw).toEqual([true, false]);
});

test('a terminal that goes away is no answer, then and later', async () => {
  const keyboard = terminal('correct horse');
  (keyboard as unknown as NodeJS.WritableStream).end();
  const { tried, passphrases } = world(keyboard);
  for (let tries = 0; tries < 2; tries++)
    expect(await passphrases.open('root.pem', lock(tried)).catch(codeOf)).toBe('usage');
  expect(tried).toEqual([]);
});

test('what was typed ahead is for whoever asks next', async () => {
  const keyboard = terminal(`y\n${RIGHT}\rrest\n`);
  expect(await typedLine(keyboard)).toEqual({ kind: 'line', text: 'y' });
  const { tried, passphrases } = world(keyboard);
  await passphrases.open('root.pem', lock(tried));
  expect(await typedLine(keyboard)).toEqual({ kind: 'line', text: 'rest' });
});

test('a new one is asked twice and must be long enough; the next key is opened with it', async () => {
  const { said, tried, passphrases } = world(
    terminal('short\r', 'correct horse\r', 'correct house\r', ...twice(RIGHT)),
  );
  expect(await passphrases.create('root.pem')).toBe(RIGHT);
  expect(said).toContain('That is shorter than 8 characters.');
  expect(said).toContain('Those are not the same.');
  await passphrases.open('root.pem', lock(tried));
  expect(tried).toEqual([RIGHT]);
});

test('three bad choices of a new one are enough', async () => {
  const { passphrases } = world(terminal('1\r', '2\r', '3\r', ...twice(RIGHT)));
  expect(await passphrases.create('root.pem').catch(codeOf)).toBe('usage');
});

test('a new one from the environment must be long enough, too, and without one or a terminal it is said what to set', async () => {
  const short = world(pipe(), { TUFGATE_PASSPHRASE: '1234567' }).passphrases.create('root.pem');
  expect(await short.catch(messageOf)).toContain('shorter than 8 characters');
  const none = world(pipe(`${RIGHT}\n`)).passphrases.create('root.pem');
  expect(await none.catch(messageOf)).toContain('set TUFGATE_PASSPHRASE');
});

test('a PIN is asked once for each token, and again after it failed', async () => {
  const { said, passphrases } = world(terminal('1234\r', '5678\r', '4321\r'));
  expect([await passphrases.pin('a'), await passphrases.pin('a'), await passphrases.pin('b')]).toEqual([
    '1234',
    '1234',
    '5678',
  ]);
  passphrases.forgetPin('a');
  expect(await passphrases.pin('a')).toBe('4321');
  expect(said).toHaveLength(3);
  expect(await world(pipe('1234\n')).passphrases.pin('a').catch(messageOf)).toContain('add pin-source=env:NAME');
});

function twice(text: string): readonly string[] {
  return [`${text}\r`, `${text}\r`];
}
