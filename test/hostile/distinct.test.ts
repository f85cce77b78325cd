import { expect, test } from 'vitest';
import { idOf } from './case.ts';
import { HOSTILE } from './corpus.ts';
import { CorpusServer } from './server.ts';
import { Stage } from './stage.ts';
import { Trace } from './trace.ts';

test('no two attacks take the same way to the same code', { timeout: 240_000 }, async () => {
  const trace = new Trace();
  trace.start();
  const server = new CorpusServer();
  const stage = new Stage(server, await server.listen());
  const ways = new Map<string, string[]>();
  for (const attack of HOSTILE) {
    const { refusal, whole } = await stage.traced(attack, trace);
    const way = attack.expect === 'trust.signature' ? whole : refusal;
    ways.set(way, [...(ways.get(way) ?? []), idOf(attack)]);
  }
  trace.stop();
  await server.close();
  const same = [...ways.values()].filter((ids) => ids.length > 1);
  expect(same.map((ids) => ids.join(' = '))).toEqual([]);
});
