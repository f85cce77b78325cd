import { describe, expect, test } from 'vitest';
import { permissionsFor, permitsName } from './paths.ts';

const NGINX = 'docker.io/library/nginx:1.27';

describe('hash prefixes', () => {
  // sha256 of the name begins 6965a10c.
  test.each([
    [['6'], true],
    [['6965a10c'], true],
    [['0', '69'], true],
    [['7'], false],
    [['965a'], false],
    [[], false],
  ])('%j', (of, expected) => {
    expect(permitsName({ kind: 'hash-prefixes', of }, NGINX)).toBe(expected);
  });

  test('are of the name as it is written, in UTF-8', () => {
    expect(permitsName({ kind: 'hash-prefixes', of: ['4a99557e4033c3539de2eb65472017cad5f9557f'] }, 'é')).toBe(true);
    expect(permitsName({ kind: 'hash-prefixes', of: ['6965a10c'] }, NGINX.toUpperCase())).toBe(false);
  });
});

test('patterns and prefixes permit a name when one of them does', () => {
  expect(permitsName({ kind: 'patterns', of: ['x', 'docker.io/library/*'] }, NGINX)).toBe(true);
  expect(permitsName({ kind: 'patterns', of: ['x'] }, NGINX)).toBe(false);
  expect(permitsName({ kind: 'patterns', of: [] }, '')).toBe(false);
  expect(permitsName({ kind: 'prefixes', of: [''] }, NGINX)).toBe(true);
  expect(permitsName({ kind: 'prefixes', of: ['x', 'docker.io/lib'] }, NGINX)).toBe(true);
  expect(permitsName({ kind: 'prefixes', of: [] }, NGINX)).toBe(false);
  expect(permitsName({ kind: 'prefixes', of: ['docker.io/*'] }, NGINX)).toBe(false);
});

test('a name is hashed once, however many delegations go by its hash: 256 and one for each character', () => {
  let cost = 0;
  const permits = permissionsFor(NGINX, { spend: (count) => void (cost += count) });
  for (let i = 0; i < 3; i++) permits({ kind: 'hash-prefixes', of: ['x', 'y'] });
  expect(cost).toBe(3 * 2 + 256 + NGINX.length);
});
