import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { idOf } from './case.ts';
import { HOSTILE, VALID } from './corpus.ts';
import { listOf } from './list.ts';
import { LIVES, playHostile, playValid } from './play.ts';
import { CorpusServer } from './server.ts';

const server = new CorpusServer();
let base: URL;
beforeAll(async () => void (base = await server.listen()));
afterAll(async () => await server.close());

describe.each(LIVES)('%s', (life) => {
  test.each(HOSTILE.map((attack) => [idOf(attack), attack] as const))('refuses %s', async (_, attack) => {
    expect((await playHostile(attack, server, base, life)).faults).toEqual([]);
  });

  test.each(VALID.map((valid) => [idOf(valid), valid] as const))('accepts %s', async (_, valid) => {
    expect((await playValid(valid, server, base, life)).faults).toEqual([]);
  });
});

test('docs/hostile.md is what the cases say', async () => {
  const file = new URL('../../docs/hostile.md', import.meta.url);
  const hint = 'npm run --silent hostile -- --list > docs/hostile.md';
  expect(await readFile(file, 'utf8'), hint).toBe(listOf(HOSTILE, VALID));
});

test('every case has a name of its own', () => {
  const names = [...HOSTILE, ...VALID].map(idOf);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});
