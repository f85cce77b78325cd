import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { REASONS } from '../../src/errors.ts';
import { idOf } from './case.ts';
import { HOSTILE, VALID } from './corpus.ts';
import { listOf } from './list.ts';
import { Stage } from './stage.ts';
import { CorpusServer } from './server.ts';

const server = new CorpusServer();
let stage: Stage;
beforeAll(async () => void (stage = new Stage(server, await server.listen())));
afterAll(async () => await server.close());

test.each(HOSTILE.map((attack) => [idOf(attack), attack] as const))('%s is refused', async (_, attack) => {
  expect(await stage.hostile(attack)).toEqual([]);
});

test.each(VALID.map((legal) => [idOf(legal), legal] as const))('%s passes', async (_, legal) => {
  expect(await stage.valid(legal)).toEqual([]);
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

test('every reason of trust is the right answer to some attack', () => {
  const met = new Set<string>(HOSTILE.map(({ expect }) => expect));
  expect(REASONS.filter((reason) => reason.startsWith('trust.') && !met.has(reason))).toEqual([]);
});
