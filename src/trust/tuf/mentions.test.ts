import { expect, test } from 'vitest';
import { mentions } from './mentions.ts';
import { trustFile } from './trusted.ts';

const saying = (text: string) => trustFile('b', 1, Buffer.from(text));

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
  ['{"n\\u0061me":"x"}', 'owner', true],
])('%s, of %s: %s', (text, role, expected) => {
  expect(mentions(saying(text), role)).toBe(expected);
});

test('a file is looked through once', () => {
  const file = saying('{"name":"owner"}');
  expect(mentions(file, 'owner')).toBe(true);
  file.bytes.fill(0);
  expect([mentions(file, 'owner'), mentions(file, 'other')]).toEqual([true, false]);
});
