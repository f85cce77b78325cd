import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { idOf } from './case.ts';
import { HOSTILE, VALID } from './corpus.ts';
import { listOf } from './list.ts';
import { LIVES, playHostile, playValid } from './play.ts';
import { CorpusServer } from './server.ts';
import { Trace } from './trace.ts';

const server = new CorpusServer();
const trace = new Trace();
let base: URL;
beforeAll(async () => {
  base = await server.listen();
  trace.start();
});
afterAll(async () => {
  trace.stop();
  await server.close();
});

describe.each(LIVES)('%s', (life) => {
  test.each(HOSTILE.map((attack) => [idOf(attack), attack] as const))('refuses %s', async (_, attack) => {
    const traced = life === 'one process' ? trace : undefined;
    expect((await playHostile(attack, server, base, life, traced)).faults).toEqual([]);
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

test('no two attacks take the same way to the same code', () => {
  const ways = new Map<string, string[]>();
  for (const attack of HOSTILE) {
    const { refusal, whole } = trace.all.get(idOf(attack))!;
    const way = attack.expect === 'trust.signature' ? whole : refusal;
    ways.set(way, [...(ways.get(way) ?? []), idOf(attack)]);
  }
  expect([...ways.values()].filter((ids) => ids.length > 1)).toEqual([]);
});
