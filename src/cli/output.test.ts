import { expect, test } from 'vitest';
import { unlessGone } from './output.ts';

test('a reader that has gone is no fault; any other error of a stream is', () => {
  const failing = (code: string) => (): void => unlessGone(Object.assign(new Error(code), { code }));
  expect(failing('EPIPE')).not.toThrow();
  expect(failing('ENOSPC')).toThrow('ENOSPC');
});
