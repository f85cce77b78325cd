import { describe, expect, it } from 'vitest';
import { message } from '../../test/thrown.ts';
import { parsePattern } from './pattern.ts';

const words = (pattern: string): string => message(() => parsePattern(pattern));
const accepted = '';

describe('a pattern that is refused', () => {
  it.each([
    ['ghcr.io/a@sha256:00', 'a pattern cannot hold a digest'],
    ['ghcr.io/a?', 'no other wildcards'],
    ['ghcr.io/a b', 'a character that no image name has'],
    ['ghcr.io/ä', 'a character that no image name has'],
    ['ghcr.io/a\x7f', 'a character that no image name has'],
    ['ghcr.io/a:.b', 'is not a tag pattern'],
    ['ghcr.io/a:', 'is not a tag pattern'],
    ['ghcr.io/a:~*', 'is not a tag pattern'],
    [`ghcr.io/a:*${'b'.repeat(128)}`, 'is not a tag pattern'],
    ['ghcr.io//a', 'it has an empty segment'],
    ['ghcr.io/../a', '".." is not a name'],
    ['ghcr.io/https://x', '"https:" is not a name'],
    ['ghcr.io/*~', '"*~" is not a name'],
    ['ghcr.io/~*', '"~*" is not a name'],
    ['-ghcr.io/a', '"-ghcr.io" is not a registry'],
    ['*_.io/a', '"*_.io" is not a registry'],
    ['_*.io/a', '"_*.io" is not a registry'],
    ['', 'it names nothing'],
    [':v1', 'it names nothing'],
  ])('%j says: %s', (pattern, why) => {
    expect(words(pattern)).toContain(why);
  });

  it.each([
    ['[::1]', '[::1]/**'],
    ['ghcr.io:v1', 'ghcr.io/**:v1'],
    ['ghcr.io:443x', 'ghcr.io/**:443x'],
    ['ghcr.io:x443', 'ghcr.io/**:x443'],
    ['registry-1.docker.io/acme/app', 'docker.io/acme/app'],
    ['http://ghcr.io/acme/app', 'ghcr.io/acme/app'],
    ['ghcr.io/**a/b', 'ghcr.io/*a/b'],
    ['ghcr.io/**/a**', 'ghcr.io/**/a*'],
  ])('%s gets the hint %s', (pattern, hint) => {
    expect(words(pattern)).toContain(`write ${JSON.stringify(hint)}`);
    expect(words(hint)).toBe(accepted);
  });

  it('is shown up to its 80th character, and so is the hint up to its 160th', () => {
    const long = (length: number): string => `ghcr.io/A${'a'.repeat(length - 9)}`;
    expect(words(long(80))).toContain(`${JSON.stringify(long(80))} is not a pattern`);
    expect(words(long(81))).toContain(`${JSON.stringify(`${long(80)}…`)} is not a pattern`);
    expect(words(long(161))).toMatch(/; write "ghcr\.io\/a{152}"$/);
  });

  it('gets no hint where nothing can be guessed', () => {
    expect(words('ghcr.io/a~')).toBe('"ghcr.io/a~" is not a pattern: "a~" is not a name');
  });
});

describe('a pattern', () => {
  it('has up to 512 characters', () => {
    const longest = `ghcr.io/${'a/'.repeat(251)}ab`;
    expect(longest).toHaveLength(512);
    expect(words(longest)).toBe(accepted);
    expect(words(`${longest}c`)).toContain('longer than 512');
  });

  it('may end in digits, and may name a port by a star', () => {
    expect(words('ghcr.io/acme/app:1')).toBe(accepted);
    expect(words('[::1]:*/x')).toBe(accepted);
  });
});
