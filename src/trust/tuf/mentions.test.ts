import { expect, test } from 'vitest';
import { mentionsIn } from './mentions.ts';
import { trustFile } from './trusted.ts';

const saying = (text: string, role = 'b') => trustFile(role, 1, Buffer.from(text));

test.each([
  ['{"name":"owner","paths":[]}', 'owner', true],
  ['{ "name" :\n "owner" }', 'owner', true],
  ['{"name":"owner"}', 'other', false],
  ['{"name":"owner"}', 'own', false],
  ['{"name":"a"},{"name":"owner"}', 'owner', true],
  ['{"paths":["owner"]}', 'owner', false],
  ['{"name_prefix":"bin"}', 'bin-0f', true],
  ['{"name_prefix":"bin"}', 'bin-xy', false],
  ['{"name_prefix":"app-bin"}', 'app-bin-1f', true],
  ['{"name":"app-bin-1f"}', 'app-bin-1f', true],
])('%s, of %s: %s', (text, role, expected) => {
  const mentions = mentionsIn([saying(text)]);
  expect(mentions.of(role)).toEqual(expected ? ['b'] : []);
  expect(mentions.ofAny).toEqual([]);
});

test('a file with a backslash may name every role, and is told apart', () => {
  const mentions = mentionsIn([saying('{"name":"owner"}', 'c'), saying('{"n\\u0061me":"x"}')]);
  expect(mentions.ofAny).toEqual(['b']);
  expect(mentions.of('owner')).toEqual(['c']);
});

test('several files may name one role, and one file several', () => {
  const mentions = mentionsIn([saying('"name":"x","name":"y"', 'a'), saying('"name":"x"', 'c')]);
  expect([mentions.of('x'), mentions.of('y')]).toEqual([['a', 'c'], ['a']]);
});

test('a file is looked through once', () => {
  const file = saying('{"name":"owner"}');
  expect(mentionsIn([file]).of('owner')).toEqual(['b']);
  file.bytes.fill(0);
  expect(mentionsIn([file]).of('owner')).toEqual(['b']);
});
