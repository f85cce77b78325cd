import { expect, test } from 'vitest';
import { hasAlready } from './if-none-match.ts';

const ETAG = '"sha256:aa"';

test.each([
  [undefined, false],
  ['', false],
  [ETAG, true],
  [`W/${ETAG}`, true],
  ['*', true],
  [' * ', true],
  [`"x", ${ETAG}`, true],
  [`"x",W/${ETAG} , "y"`, true],
  ['"sha256:ab"', false],
  ['sha256:aa', false],
  [`w/${ETAG}`, false],
  ['"x", *', false],
  ['"*"', false],
])('%j: %s', (header, has) => {
  expect(hasAlready(header, ETAG)).toBe(has);
});
