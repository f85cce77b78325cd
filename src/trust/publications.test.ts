import { expect, test } from 'vitest';
import { Publications } from './publications.ts';

function publications() {
  const folder = { stamp: 'a' as string | undefined };
  const made = new Publications({ stamp: () => Promise.resolve(folder.stamp) });
  return { folder, made, look: () => made.look?.() };
}

test('a source without a stamp is never looked at, and never has news', () => {
  const made = new Publications({});
  expect([made.look, made.areNew, made.untried]).toEqual([undefined, false, false]);
  made.begin()();
  expect([made.areNew, made.untried]).toEqual([false, false]);
});

test('news end with an update that ended well, and not with one that failed', async () => {
  const { folder, made, look } = publications();
  await look();
  expect([made.areNew, made.untried]).toEqual([true, true]);
  const failed = made.begin();
  expect([made.areNew, made.untried]).toEqual([true, false]);
  made.begin()();
  expect([made.areNew, made.untried]).toEqual([false, false]);
  folder.stamp = 'b';
  expect(made.areNew).toBe(false);
  await look();
  expect([made.areNew, made.untried]).toEqual([true, true]);
  failed();
  expect(made.areNew).toBe(true);
});

test('without a look, that there is no news can be told only where the last look is at hand', async () => {
  const last = { stamp: undefined as string | undefined };
  const made = new Publications({ stamp: () => Promise.resolve('a'), lastStamp: () => last.stamp });
  expect(made.areNone).toBe(false);
  await made.look?.();
  made.begin()();
  expect(made.areNone).toBe(false);
  last.stamp = 'a';
  expect(made.areNone).toBe(true);
  last.stamp = 'b';
  expect(made.areNone).toBe(false);
  expect(new Publications({ stamp: () => Promise.resolve('a') }).areNone).toBe(false);
  expect(new Publications({}).areNone).toBe(true);
});

test('what was published while an update ran is news after it', async () => {
  const { folder, made, look } = publications();
  await look();
  const seen = made.begin();
  folder.stamp = 'b';
  await look();
  seen();
  expect([made.areNew, made.untried]).toEqual([true, true]);
});
