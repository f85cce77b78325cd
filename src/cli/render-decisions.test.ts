import { describe, expect, it } from 'vitest';
import type { StoredDecision } from '../state/store.ts';
import { decisionsJson, parseDecisionFilter, renderDecisions } from './render-decisions.ts';

const NOW = Date.UTC(2026, 10, 21, 9);
const DAY = 86_400_000;
const denied: StoredDecision = {
  id: 7,
  at: NOW,
  firstAt: NOW - 30_000,
  count: 12,
  event: 'pull',
  client: { address: '10.0.0.5', userAgent: 'docker/28.1' },
  request: 'manifest',
  method: 'GET',
  repository: 'docker.io/library/nginx',
  tag: '1.27',
  verdict: 'deny',
  mode: 'enforce',
  wouldDeny: false,
  reason: 'trust.unsigned',
  message: 'nobody trusted signed this tag',
  rule: 'rule 1 (docker.io/library/**)',
  sources: [
    {
      source: 'vendor',
      kind: 'notary',
      outcome: 'refused',
      reason: 'trust.unsigned',
      roles: ['targets'],
      signers: ['abcd'],
      versions: new Map([['__proto__', 4]]),
      expires: new Map([['__proto__', NOW + DAY]]),
      checkedAt: NOW,
    },
  ],
};

describe('the filter of `tufgate decisions`', () => {
  const parse = (options: object) => parseDecisionFilter(options, NOW);

  it('is the newest fifty when nothing is asked for', () => {
    expect(parse({})).toEqual({ limit: 50 });
  });

  it('takes every option', () => {
    const options = { denied: true, wouldDeny: true, image: 'nginx', client: '10.', event: 'alarm', limit: '5' };
    expect(parse({ ...options, reason: 'trust.expired', since: '7d' })).toEqual({
      ...{ verdict: 'deny', wouldDeny: true, image: 'nginx', client: '10.', event: 'alarm', limit: 5 },
      ...{ reason: 'trust.expired', since: NOW - 7 * DAY },
    });
    expect(parse({ allowed: true })).toEqual({ limit: 50, verdict: 'allow' });
  });

  it.each([
    ['90s', NOW - 90_000],
    ['2w', NOW - 14 * DAY],
    ['2026-11-20', Date.UTC(2026, 10, 20)],
    ['2026-11-20T10:00+02:00', Date.UTC(2026, 10, 20, 8)],
    ['2026-11-20T00:30:00+02:00', Date.UTC(2026, 10, 19, 22, 30)],
  ])('reads --since %s', (since, at) => expect(parse({ since })).toEqual({ limit: 50, since: at }));

  it.each([
    [{ denied: true, allowed: true }, /exclude each other/],
    [{ since: 'yesterday' }, /--since "yesterday"/],
    [{ since: '2026-11-20T10:00' }, /zone/],
    [{ since: '2026-02-31' }, /--since/],
    [{ since: '' }, /--since/],
    [{ limit: '0' }, /1 to 100000/],
    [{ limit: '999999' }, /1 to 100000/],
    [{ limit: '-1' }, /--limit/],
    [{ event: 'push' }, /pull, integrity, alarm/],
    [{ reason: 'unsigned' }, /they are: trust\.unsigned$/],
    [{ reason: 'nonsense' }, /request\.name/],
    [{ image: '' }, /--image needs/],
    [{ client: '' }, /--client needs/],
  ])('refuses %j', (options, message) => {
    expect(() => parse(options)).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
    expect(() => parse(options)).toThrow(message);
  });
});

describe('decisions for people', () => {
  it('are one line each', () => {
    expect(renderDecisions([denied], { long: false })).toBe(
      '2026-11-21T09:00:00Z  DENY        docker.io/library/nginx:1.27  trust.unsigned  rule 1 (docker.io/library/**)  10.0.0.5  12 times',
    );
  });

  it('tell what would have been denied, and events that are no pulls', () => {
    const observed = { ...denied, verdict: 'allow', wouldDeny: true, event: 'integrity' } as const;
    expect(renderDecisions([observed], { long: false })).toContain('WOULD-DENY  INTEGRITY  docker.io');
  });

  it('show an alarm as one: nobody asked, so nothing was denied', () => {
    const nobody = { address: '', userAgent: '' };
    const alarm = { ...denied, event: 'alarm', client: nobody, method: '', rule: undefined, tag: undefined } as const;
    const text = renderDecisions([alarm as unknown as StoredDecision], { long: true });
    expect(text).toContain('Z  ALARM       docker.io/library/nginx  trust.unsigned');
    expect(text).not.toMatch(/DENY|asked/);
  });

  it('show with --long what they rested on', () => {
    const text = renderDecisions([denied], { long: true });
    for (const fact of ['nobody trusted', 'docker/28.1', 'vendor (notary): refused trust.unsigned', '__proto__ v4'])
      expect(text).toContain(fact);
  });

  it('say so when there is none', () => {
    expect(renderDecisions([], { long: true })).toBe('No decision matches.');
  });

  it('never pass control characters of a client to the terminal', () => {
    const evil = '\u001b[2Jx\r\nfake line\u009b1m\u202e';
    const text = renderDecisions([{ ...denied, tag: evil, client: { address: evil, userAgent: evil } }], {
      long: true,
    });
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(text).not.toContain('\nfake');
  });
});

describe('decisions as JSON', () => {
  it('have instants as text and Maps as objects, hostile names included', () => {
    const text = JSON.stringify(decisionsJson([denied]));
    expect(text).toContain('"versions":{"__proto__":4}');
    expect(text).toContain('"expires":{"__proto__":"2026-11-22T09:00:00.000Z"}');
    expect(JSON.parse(text)).toMatchObject({
      decisions: [{ id: 7, at: '2026-11-21T09:00:00.000Z', firstAt: '2026-11-21T08:59:30.000Z', count: 12 }],
    });
  });
});
