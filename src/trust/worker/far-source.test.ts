import { getEventListeners } from 'node:events';
import { beforeEach, expect, test } from 'vitest';
import { TufgateError } from '../../errors.ts';
import { FarSources } from './far-source.ts';
import type { FromWorker } from './messages.ts';

const timestamp = { kind: 'timestamp' } as const;
const pieces = [Buffer.from('meta'), Buffer.from('data')];

let posted: FromWorker[];
let sources: FarSources;
beforeEach(() => {
  posted = [];
  sources = new FarSources((message) => posted.push(message));
});

test('a file is asked for by message, and its bytes are the answer', async () => {
  const first = sources.of('a').fetch(timestamp, 9);
  const second = sources.of('b').fetch({ kind: 'root', version: 2 }, 8);
  expect(posted).toEqual([
    { kind: 'fetch', id: 0, collection: 'a', file: timestamp, maxBytes: 9 },
    { kind: 'fetch', id: 1, collection: 'b', file: { kind: 'root', version: 2 }, maxBytes: 8 },
  ]);
  sources.arrived(1, undefined);
  sources.arrived(0, pieces);
  expect([await first, await second]).toEqual([pieces, undefined]);
});

test('an error comes back as what it was', async () => {
  const answer = sources.of('a').fetch(timestamp, 9);
  sources.failed(0, { code: 'trust.unreachable', message: 'down', detail: { alarm: true } });
  const error = await answer.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TufgateError);
  expect(error).toMatchObject({ code: 'trust.unreachable', message: 'down', detail: { alarm: true } });
});

test('who does not wait any more is told why at once, and the fetch is abandoned', async () => {
  const late = new TufgateError('trust.unreachable', 'late');
  const controller = new AbortController();
  const answer = sources.of('a').fetch(timestamp, 9, controller.signal);
  controller.abort(late);
  await expect(answer).rejects.toBe(late);
  expect(posted.slice(1)).toEqual([{ kind: 'abandon', id: 0 }]);
  sources.arrived(0, pieces);
  sources.failed(0, { code: 'internal', message: '', detail: {} });
});

test('nothing is asked for who had gone before, and nothing abandoned that has arrived', async () => {
  const late = new TufgateError('trust.unreachable', 'late');
  await expect(sources.of('a').fetch(timestamp, 9, AbortSignal.abort(late))).rejects.toBe(late);
  expect(posted).toEqual([]);
  const controller = new AbortController();
  const answer = sources.of('a').fetch(timestamp, 9, controller.signal);
  sources.arrived(0, pieces);
  await answer;
  controller.abort();
  expect(posted).toHaveLength(1);
});

test('a signal that many files of one update have in common keeps none that has arrived', async () => {
  const { signal } = new AbortController();
  const answer = sources.of('a').fetch(timestamp, 9, signal);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  sources.arrived(0, pieces);
  await answer;
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('what arrives in the very turn in which it is given up has arrived', async () => {
  const controller = new AbortController();
  const answer = sources.of('a').fetch(timestamp, 9, controller.signal);
  sources.arrived(0, pieces);
  controller.abort();
  expect(await answer).toBe(pieces);
  expect(posted).toHaveLength(1);
});
