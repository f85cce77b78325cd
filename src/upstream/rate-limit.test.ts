import { expect, test } from 'vitest';
import { createRateLimit } from './rate-limit.ts';

test('of two answers that were under way at once the longer wait holds', () => {
  let now = 0;
  for (const order of [
    ['120', '10'],
    ['10', '120'],
  ]) {
    const limit = createRateLimit('reg.example', () => now);
    for (const header of order) limit.hit('acme/app:1', header);
    now += 119_999;
    expect(() => limit.check('acme/app:1')).toThrow('not asked for again for 1 s');
    now += 1;
    limit.check('acme/app:1');
  }
});
