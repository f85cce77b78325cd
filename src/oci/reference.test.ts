import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codeOf, TufgateError } from '../errors.ts';
import { imageName, parseImageName } from './reference.ts';

const digest = `sha256:${'0'.repeat(64)}`;

test.each([
  ['nginx', 'docker.io/library/nginx:latest'],
  ['nginx:1.27', 'docker.io/library/nginx:1.27'],
  ['acme/app', 'docker.io/acme/app:latest'],
  ['index.docker.io/library/nginx', 'docker.io/library/nginx:latest'],
  ['ghcr.io/acme/app:v1', 'ghcr.io/acme/app:v1'],
  ['localhost/app', 'localhost/app:latest'],
  ['localhost:5000/app:1', 'localhost:5000/app:1'],
  ['127.0.0.1:5000/a/b/c', '127.0.0.1:5000/a/b/c:latest'],
  [`nginx@${digest}`, `docker.io/library/nginx@${digest}`],
  [`nginx:1@${digest}`, `docker.io/library/nginx:1@${digest}`],
])('%s means %s', (text, meant) => {
  expect(imageName(parseImageName(text))).toBe(meant);
});

test.each([
  '',
  ' nginx',
  'Nginx',
  'a//b',
  '/a',
  'a/',
  'a/../b',
  'nginx:',
  'nginx:-x',
  'a%2fb',
  'a\0b',
  `a:${'t'.repeat(129)}`,
  'a'.repeat(300),
  'ghcr.io/',
  'EXAMPLE.org/a',
])('%j is refused', (text) => {
  let code = 'none';
  try {
    parseImageName(text);
  } catch (error) {
    code = codeOf(error);
  }
  expect(code).toBe('request.name');
});

test('what a name is written as is read as the same name', () => {
  const segment = fc.stringMatching(/^[a-z0-9]{1,5}([._-][a-z0-9]{1,5})?$/);
  const name = fc.record({
    registry: fc.constantFrom('docker.io', 'ghcr.io', 'localhost:5000'),
    path: fc.array(segment, { minLength: 2, maxLength: 4 }).map((parts) => parts.join('/')),
    tag: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/),
  });
  fc.assert(
    fc.property(name, (image) => {
      expect(parseImageName(imageName(image))).toEqual(image);
    }),
  );
});

test('any text is a name or a coded error', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseImageName(text);
      } catch (error) {
        expect(error).toBeInstanceOf(TufgateError);
      }
    }),
  );
});
