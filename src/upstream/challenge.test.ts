import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChallenges, pullScope } from './challenge.ts';

describe('a WWW-Authenticate header', () => {
  it('may hold several challenges, quoted commas, escapes, any case, and opaque words', () => {
    const header =
      'Negotiate abc==, BEARER Realm="https://a.example/t,x",service="s \\"q\\"", scope="repository:a:pull,push" , Basic realm=plain';
    const [negotiate, bearer, basic] = parseChallenges(header);
    expect(negotiate).toEqual({ scheme: 'negotiate', params: new Map() });
    expect(bearer?.scheme).toBe('bearer');
    expect([...(bearer?.params ?? [])]).toEqual([
      ['realm', 'https://a.example/t,x'],
      ['service', 's "q"'],
      ['scope', 'repository:a:pull,push'],
    ]);
    expect(basic).toEqual({ scheme: 'basic', params: new Map([['realm', 'plain']]) });
  });

  it('keeps the first of equal names, so that a second realm cannot be slipped in', () => {
    const [bearer] = parseChallenges('Bearer realm="https://a.example",realm="https://evil.example"');
    expect(bearer?.params.get('realm')).toBe('https://a.example');
  });

  it('of any content is read without an error', () => {
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseChallenges(text))));
    fc.assert(fc.property(fc.stringMatching(/^[Bb"=, \\a]*$/), (text) => Array.isArray(parseChallenges(text))));
  });
});

describe('the scope of a challenge', () => {
  it('is taken over, but never for more than pulling', () => {
    expect(pullScope('repository:a/b:pull,push', 'mine')).toBe('repository:a/b:pull');
    expect(pullScope('aws', 'mine')).toBe('aws');
    expect(pullScope('repository:a:push', 'mine')).toBe('mine');
    expect(pullScope('registry:catalog:* repository:a:delete', 'mine')).toBe('mine');
    expect(pullScope(undefined, 'mine')).toBe('mine');
  });
});
