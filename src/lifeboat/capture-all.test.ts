import { expect, test } from 'vitest';
import { A, lifeboat, outcomeOf, START } from '../../test/lifeboat-world.ts';
import { TufgateError } from '../errors.ts';
import { NotaryRepository } from '../simulator/notary-repository.ts';
import { answering, down, gone, SimulatedSource } from '../simulator/simulated-source.ts';
import { Archive } from './archive.ts';
import { CaptureRun } from './capture-all.ts';
import type { CaptureTask } from './capture-collection.ts';
import { isDown } from './down.ts';
import { Pace } from './pace.ts';

const world = lifeboat();
const collection = (name: string): NotaryRepository =>
  new NotaryRepository(`docker.io/x/${name}`, START).sign('1', A, 7).publish();

function task(publisher: NotaryRepository, source = new SimulatedSource(publisher)): CaptureTask {
  return { gun: publisher.gun, url: 'https://notary.example/', source };
}

async function begin(again = false): Promise<CaptureRun> {
  const clock = { now: () => START, elapsed: () => 0, sleep: () => Promise.resolve() };
  const archive = await Archive.open(world.folder());
  const pace = new Pace({ clock, pauseMs: 0 });
  return new CaptureRun({ archive, now: () => START, maxBytes: 1 << 20, pace, again });
}

test('what is there is skipped without a question, also by the next run; --again asks', async () => {
  const publisher = collection('a');
  const source = new SimulatedSource(publisher);
  const run = await begin();
  expect(await run.capture(task(publisher, source))).toMatchObject({ kind: 'captured', captured: { tags: 1 } });
  source.take();
  expect(await run.capture(task(publisher, source))).toMatchObject({ kind: 'present' });
  expect(await (await begin()).capture(task(publisher, source))).toMatchObject({
    kind: 'present',
    stored: { generation: 1 },
  });
  expect(source.take()).toEqual([]);
  expect(await (await begin(true)).capture(task(publisher, source))).toMatchObject({
    kind: 'captured',
    captured: { generation: 2 },
  });
});

test('one that is not there, one that does not verify: each by itself, and the run goes on', async () => {
  const run = await begin();
  const [a, b, c] = ['a', 'b', 'c'].map(collection) as [NotaryRepository, NotaryRepository, NotaryRepository];
  const none = new SimulatedSource(a);
  none.instead.set('*', gone);
  expect(await run.capture(task(a, none))).toEqual({ kind: 'not-found', gun: a.gun });
  expect(await run.capture(task(b, new SimulatedSource(c)))).toMatchObject({
    kind: 'failed',
    error: { code: 'trust.wrong-name' },
  });
  const odd = new SimulatedSource(c);
  odd.instead.set('timestamp', answering(Buffer.from('<html>')));
  expect(await run.capture(task(c, odd))).toMatchObject({ kind: 'failed', error: { code: 'trust.malformed' } });
  expect(await run.capture(task(c))).toMatchObject({ kind: 'captured' });
  expect(run.stoppedBy).toBeUndefined();
  expect((await world.read()).map(outcomeOf)).toEqual(['ok']);
});

test('a server that is gone ends the run: nothing more is asked, what is there is still found', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map(collection) as [NotaryRepository, NotaryRepository, NotaryRepository];
  await (await begin()).capture(task(a));
  const run = await begin();
  const away = new SimulatedSource(b);
  away.instead.set('*', down);
  expect(await run.capture(task(b, away))).toMatchObject({ kind: 'failed', error: { code: 'trust.unreachable' } });
  expect(run.stoppedBy).toMatchObject({ code: 'trust.unreachable' });
  const later = new SimulatedSource(c);
  expect(await run.capture(task(c, later))).toEqual({ kind: 'not-tried', gun: c.gun });
  expect(await run.capture(task(a))).toMatchObject({ kind: 'present' });
  expect(later.asked).toEqual([]);
  expect(await (await begin()).capture(task(c))).toMatchObject({ kind: 'captured' });
});

test.each<[string, object, boolean]>([
  ['no answer', {}, true],
  ['429', { status: 429 }, true],
  ['503', { status: 503 }, true],
  ['500: one collection whose timestamp cannot be signed', { status: 500 }, false],
  ['401: a private repository', { status: 401, alarm: true }, false],
  ['a token that was refused', { alarm: true }, false],
  ['302', { status: 302 }, false],
])('down for good, or about one collection: %s', (_, detail, expected) => {
  expect(isDown(new TufgateError('trust.unreachable', '', { detail: { ...detail } }))).toBe(expected);
  expect(isDown(new TufgateError('trust.hash', '', { detail: { ...detail } }))).toBe(false);
});

test('a fault of the machine is one, and ends everything', async () => {
  const run = await begin();
  const broken = new SimulatedSource(collection('a'));
  broken.instead.set('timestamp', () => Promise.reject(new Error('ENOSPC')));
  await expect(run.capture(task(collection('a'), broken))).rejects.toThrow('ENOSPC');
});
