import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf, messageOf, TufgateError } from '../errors.ts';
import { matchesRepository, matchesTag, parsePattern } from './pattern.ts';

function matches(pattern: string, name: string, tag = 'latest'): boolean {
  const parsed = parsePattern(pattern);
  const [registry = '', ...path] = name.split('/');
  return matchesRepository(parsed, { registry, path: path.join('/') }) && matchesTag(parsed, tag);
}

function mistake(pattern: string): string {
  try {
    parsePattern(pattern);
  } catch (error) {
    expect(codeOf(error)).toBe('config.invalid');
    return messageOf(error);
  }
  return 'accepted';
}

describe('a pattern', () => {
  it.each([
    ['ghcr.io/acme/app', 'ghcr.io/acme/app', true],
    ['ghcr.io/acme/app', 'ghcr.io/acme/app2', false],
    ['ghcr.io/acme/app', 'ghcr.io/acme/app/sub', false],
    ['ghcr.io/acme/*', 'ghcr.io/acme/app', true],
    ['ghcr.io/acme/*', 'ghcr.io/acme/app/sub', false],
    ['ghcr.io/acme/*', 'ghcr.io/acme2/app', false],
    ['ghcr.io/acme/app-*', 'ghcr.io/acme/app-one', true],
    ['ghcr.io/acme/app-*', 'ghcr.io/acme/my-app-one', false],
    ['ghcr.io/acme/*-*-x', 'ghcr.io/acme/a-b-x', true],
    ['ghcr.io/acme/*-*-x', 'ghcr.io/acme/a-x', false],
    ['ghcr.io/**', 'ghcr.io/acme/app/sub', true],
    ['ghcr.io/**', 'ghcr.io.evil.example/acme', false],
    ['ghcr.io/acme/**', 'ghcr.io/acme', false],
    ['**', 'docker.io/library/nginx', true],
    ['**/nginx', 'docker.io/library/nginx', true],
    ['**/nginx', 'docker.io/library/nginx-evil', false],
    ['**/acme/**/app', 'ghcr.io/acme/acme/x/app', true],
    ['**/acme/**/app', 'ghcr.io/acme/app', false],
    ['*/acme/app', 'localhost:5000/acme/app', true],
    ['*.corp.example/**', 'registry.corp.example/x', true],
    ['*.corp.example/**', 'corp.example/x', false],
    ['[::1]:5000/x', '[::1]:5000/x', true],
    ['ghcr.io/acme/app-*/**', 'ghcr.io/acme', false],
    ['**/a/**/b/**/c', 'ghcr.io/a/b/x/c', false],
    ['**/a/**/b/**/c', 'ghcr.io/a/x/b/x/c', true],
  ])('%s against %s is %s', (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });

  it('ends in a tag pattern after the last colon behind the last slash', () => {
    expect(matches('localhost:5000/app:1.*', 'localhost:5000/app', '1.27')).toBe(true);
    expect(matches('localhost:5000/app:1.*', 'localhost:5000/app', '11.27')).toBe(false);
    expect(matches('localhost:5000/app', 'localhost:5000/app', 'anything')).toBe(true);
    expect(matches('**:v*-rc*', 'ghcr.io/a', 'v1-rc2')).toBe(true);
    expect(matches('**:latest', 'ghcr.io/a', 'latest2')).toBe(false);
    expect(matches('**:a*a', 'ghcr.io/a', 'a')).toBe(false);
  });

  it.each([
    ['nginx', 'docker.io/library/nginx'],
    ['nginx:1.27', 'docker.io/library/nginx:1.27'],
    ['acme/app', 'docker.io/acme/app'],
    ['acme*/app', 'docker.io/acme*/app'],
    ['docker.io/nginx', 'docker.io/library/nginx'],
    ['docker.io/*', 'docker.io/library/*'],
    ['index.docker.io/**', 'docker.io/**'],
    ['GHCR.io/Acme/App:V1', 'ghcr.io/acme/app:V1'],
    ['ghcr.io', 'ghcr.io/**'],
    ['localhost:5000', 'localhost:5000/**'],
    ['ghcr.io/acme/', 'ghcr.io/acme/**'],
    ['https://ghcr.io/acme/app', 'ghcr.io/acme/app'],
    ['*', '**'],
    ['ghcr.io/a**', 'ghcr.io/a*'],
    ['ghcr.io/a:**', 'ghcr.io/a:*'],
  ])('%s is refused with the hint %s', (pattern, hint) => {
    expect(mistake(pattern)).toContain(`write ${JSON.stringify(hint)}`);
    expect(mistake(hint)).toBe('accepted');
  });

  it.each([
    'ghcr.io/a?',
    'ghcr.io/[ab]',
    'ghcr.io/{a,b}',
    'ghcr.io/a\\*',
    '!ghcr.io/a',
    'ghcr.io//a',
    'ghcr.io/a:',
    'ghcr.io/a:.b',
    '',
    ' ',
    'ghcr.io/a b',
    'ghcr.io/ä',
    'ghcr.io/../a',
    'ghcr.io/a@sha256:00',
    `ghcr.io/${'a'.repeat(600)}`,
  ])('%j is refused', (pattern) => {
    expect(mistake(pattern)).not.toBe('accepted');
  });

  it('matches what it names literally, and nothing longer or shorter', () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,5}$/);
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), part, (path, extra) => {
        const name = `ghcr.io/${path.join('/')}`;
        expect(matches(name, name)).toBe(true);
        expect(matches(name, `${name}/${extra}`)).toBe(false);
        expect(matches(name, `${name}${extra}`)).toBe(false);
      }),
    );
  });

  it('agrees with a plain backtracking matcher', () => {
    const token = fc.constantFrom('a', 'b', 'ab', '*', '**', 'a*', '*b', '*a*');
    const word = fc.stringMatching(/^[ab]{1,4}$/);
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 5 }),
        fc.array(word, { minLength: 1, maxLength: 6 }),
        (tokens, words) => {
          const pattern = ['x.io', ...tokens, '*'];
          const name = ['x.io', ...words];
          expect(matches(pattern.join('/'), name.join('/'))).toBe(slowSegments(pattern, name));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is quick on inputs that make backtracking explode', () => {
    const pattern = `x.io/${'**/a/'.repeat(60)}b`;
    const stars = `x.io/b:${'a*'.repeat(60)}b`;
    const started = performance.now();
    for (let i = 0; i < 100; i++) {
      expect(matches(pattern, `x.io/${'a/'.repeat(120)}c`)).toBe(false);
      expect(matches(stars, 'x.io/b', 'a'.repeat(128))).toBe(false);
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('throws nothing but config.invalid, whatever the text', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^[a-z.:/*@[\]-]{0,20}$/));
    fc.assert(
      fc.property(text, (input) => {
        try {
          expect(parsePattern(input).text).toBe(input);
        } catch (error) {
          expect(error).toBeInstanceOf(TufgateError);
          expect(codeOf(error)).toBe('config.invalid');
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

function slowSegments(pattern: readonly string[], name: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return name.length === 0;
  if (first === '**') return name.some((_, i) => slowSegments(rest, name.slice(i + 1)));
  const [segment, ...others] = name;
  return segment !== undefined && slowText(first, segment) && slowSegments(rest, others);
}

function slowText(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern.startsWith('*'))
    return Array.from({ length: text.length + 1 }, (_, i) => i).some((i) => slowText(pattern.slice(1), text.slice(i)));
  return pattern[0] === text[0] && slowText(pattern.slice(1), text.slice(1));
}
