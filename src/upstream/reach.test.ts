import { describe, expect, it } from 'vitest';
import { mayReach, reachOf } from './reach.ts';
import { realmRefusal } from './realm.ts';
import { nextPage } from './link.ts';
import { retryAfterSeconds } from './rate-limit.ts';
import { redirectTarget } from './redirect.ts';

describe('an address', () => {
  it.each([
    ['8.8.8.8', 'public'],
    ['2606:4700::1', 'public'],
    ['64:ff9b::808:808', 'public'],
    ['127.3.2.1', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['10.1.2.3', 'private'],
    ['172.31.0.1', 'private'],
    ['192.168.0.1', 'private'],
    ['100.64.0.1', 'private'],
    ['fd00::1', 'private'],
    ['::ffff:10.0.0.1', 'private'],
    ['64:ff9b::a00:1', 'private'],
    ['169.254.169.254', 'reserved'],
    ['::ffff:169.254.169.254', 'reserved'],
    ['0.0.0.0', 'reserved'],
    ['::', 'reserved'],
    ['fe80::1', 'reserved'],
    ['224.0.0.1', 'reserved'],
    ['2002:7f00:1::', 'reserved'],
  ])('%s is %s', (address, reach) => {
    expect(reachOf(address)).toBe(reach);
  });

  it('inwards of the upstream is out of reach, link-local ones always', () => {
    expect(mayReach('public', 'public')).toBe(true);
    for (const target of ['private', 'loopback', 'reserved'] as const) expect(mayReach(target, 'public')).toBe(false);
    expect(mayReach('private', 'private')).toBe(true);
    expect(mayReach('loopback', 'private')).toBe(false);
    expect(mayReach('loopback', 'loopback')).toBe(true);
    expect(mayReach('reserved', 'loopback')).toBe(false);
  });
});

describe('a token realm', () => {
  const trusted = (realm: string, home: string): boolean => realmRefusal(new URL(realm), new URL(home)) === undefined;

  it.each([
    ['https://auth.docker.io/token', 'https://registry-1.docker.io'],
    ['https://ghcr.io/token', 'https://ghcr.io'],
    ['https://registry.example:8443/token', 'https://registry.example'],
    ['http://127.0.0.1:9/token', 'http://127.0.0.1:5000'],
    ['https://auth.corp.co.uk/token', 'https://registry.corp.co.uk'],
  ])('%s may see the password of %s', (realm, home) => {
    expect(trusted(realm, home)).toBe(true);
  });

  it.each([
    ['https://evil.example/token', 'https://registry-1.docker.io'],
    ['https://docker.io.evil.example/token', 'https://registry-1.docker.io'],
    ['https://evildocker.io/token', 'https://registry-1.docker.io'],
    ['http://auth.docker.io/token', 'https://registry-1.docker.io'],
    ['http://auth.corp.example/token', 'http://registry.corp.example'],
    ['http://127.0.0.1/token', 'https://127.0.0.1'],
    ['https://10.0.0.1/token', 'https://10.9.0.1'],
    ['https://10.9.0.2/token', 'https://registry.example'],
    ['https://user:pw@auth.docker.io/token', 'https://registry-1.docker.io'],
    ['ftp://auth.docker.io/token', 'https://registry-1.docker.io'],
    ['https://evil.co.uk/token', 'https://registry.co.uk'],
    ['https://io./token', 'https://registry-1.docker.io.'],
  ])('%s may not see that of %s', (realm, home) => {
    expect(trusted(realm, home)).toBe(false);
  });
});

describe('a redirect', () => {
  it('from https to http, out of HTTP, with credentials or without sense is refused, and its query is kept secret', () => {
    const from = new URL('https://r.example/v2/');
    const bad = [
      'http://r.example/x?sig=secret',
      'file:///etc/passwd',
      'https://u:p@cdn.example/?sig=secret',
      'https://',
    ];
    for (const location of [...bad, undefined]) {
      let message = '';
      try {
        redirectTarget('sim', from, location);
      } catch (error) {
        message = String(error);
      }
      expect(message).toContain('not followed');
      expect(message).not.toContain('secret');
    }
    expect(redirectTarget('sim', from, '/v2/b?x=1').href).toBe('https://r.example/v2/b?x=1');
  });
});

describe('a Link header', () => {
  const page = new URL('https://r.example/v2/a/tags/list?n=2');
  it('leads on at the same place only', () => {
    expect(nextPage(page, undefined)).toBeUndefined();
    expect(nextPage(page, '</v2/a/tags/list?last=b>; rel="prev"')).toBeUndefined();
    expect(nextPage(page, '<x>; rel="prev", </v2/a/tags/list?last=b&n=2>; rel="next"')).toMatchObject({
      search: '?last=b&n=2',
    });
    for (const target of ['https://evil.example/v2/a/tags/list', '/v2/b/tags/list', 'http://r.example/v2/a/tags/list'])
      expect(nextPage(page, `<${target}>; rel=next`)).toBe('foreign');
  });
});

describe('Retry-After', () => {
  it('is seconds or a date, within bounds', () => {
    const now = Date.UTC(2026, 10, 21);
    expect(retryAfterSeconds('30', now)).toBe(30);
    expect(retryAfterSeconds(new Date(now + 90_000).toUTCString(), now)).toBe(90);
    expect(retryAfterSeconds(new Date(now - 90_000).toUTCString(), now)).toBe(1);
    expect(retryAfterSeconds('99999999', now)).toBe(21_600);
    expect([retryAfterSeconds(undefined, now), retryAfterSeconds('soon', now)]).toEqual([60, 60]);
  });
});
