import { expect, test } from 'vitest';
import { blobLanes, Lanes } from './lanes.ts';

const settle = (): Promise<void> => new Promise(setImmediate);
const patient = new AbortController().signal;

test('so many at once, the others in their order', async () => {
  const lanes = new Lanes(2);
  const order: number[] = [];
  const leave: (() => void)[] = [];
  for (let n = 0; n < 5; n += 1)
    void lanes.enter(patient).then((end) => {
      order.push(n);
      leave[n] = end;
    });
  await settle();
  expect(order).toEqual([0, 1]);
  leave[1]!();
  leave[1]!();
  await settle();
  expect(order).toEqual([0, 1, 2]);
  leave[0]!();
  leave[2]!();
  await settle();
  expect(order).toEqual([0, 1, 2, 3, 4]);
});

test('who gives up leaves no gap', async () => {
  const lanes = new Lanes(1);
  const end = await lanes.enter(patient);
  const leaving = new AbortController();
  const reason = new Error('client left');
  const given = lanes.enter(leaving.signal);
  const next = lanes.enter(patient);
  leaving.abort(reason);
  await expect(given).rejects.toBe(reason);
  end();
  (await next)();
  await expect(lanes.enter(leaving.signal)).rejects.toBe(reason);
  (await lanes.enter(patient))();
});

test('blobs leave an eighth of the connections to everything else, if there is more than one', () => {
  expect([1, 2, 8, 9, 64, 4_096].map((connections) => blobLanes(connections).width)).toEqual([1, 1, 7, 7, 56, 3_584]);
});
