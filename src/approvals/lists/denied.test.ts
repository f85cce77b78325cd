import { afterEach, describe, expect, it } from 'vitest';
import type { RuleConfig } from '../../config/config.ts';
import type { Reason } from '../../errors.ts';
import { parseDigest } from '../../oci/digest.ts';
import { imageName } from '../../oci/reference.ts';
import type { Decision, SourceVerdict } from '../../policy/decision.ts';
import { compilePolicy } from '../../policy/rules.ts';
import { openSqliteStore } from '../../state/sqlite/store.ts';
import { deniedImages } from './denied.ts';

const NOW = Date.UTC(2026, 10, 27);
const HOUR = 3_600_000;
const APP = 'reg.example/acme/app';
const [index, child, lone] = ['a', 'b', 'c'].map((letter) => parseDigest(`sha256:${letter.repeat(64)}`)) as [
  ReturnType<typeof parseDigest>,
  ReturnType<typeof parseDigest>,
  ReturnType<typeof parseDigest>,
];
const stores: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});

function rule(match: string, action: RuleConfig['action'], mode: RuleConfig['mode'] = 'enforce'): RuleConfig {
  return { position: 1, line: 1, match, action, digests: { kind: 'current' }, mode };
}

const source = (name: string) => ({ kind: 'source', source: name }) as const;
const approved = { kind: 'require', requirement: source('approvals') } as const;
const both = { kind: 'require', requirement: { kind: 'all', of: [source('approvals'), source('vendor')] } } as const;
const either = { kind: 'require', requirement: { kind: 'any', of: [source('approvals'), source('vendor')] } } as const;

function verdict(name: string, said: Reason | 'signed'): SourceVerdict {
  const nothing = { roles: [], signers: [], versions: new Map<string, number>(), expires: new Map<string, number>() };
  const base = { source: name, kind: 'tuf', ...nothing } as const;
  return said === 'signed'
    ? { ...base, outcome: 'signed', digest: index }
    : { ...base, outcome: 'refused', reason: said, message: said };
}

function decision(over: Partial<Decision> = {}): Decision {
  return {
    at: NOW - HOUR,
    event: 'pull',
    client: { address: '192.0.2.1', userAgent: 'test' },
    request: 'manifest',
    method: 'GET',
    repository: APP,
    verdict: 'deny',
    mode: 'enforce',
    wouldDeny: false,
    reason: 'trust.unsigned',
    sources: [verdict('approvals', 'trust.unsigned')],
    ...over,
  };
}

async function scene(rules: readonly RuleConfig[], decisions: readonly Decision[]) {
  const store = openSqliteStore(':memory:');
  stores.push(store);
  await store.appendDecisions(decisions);
  const list = async (limit?: number) => {
    const options = { policy: compilePolicy(rules), approvals: 'approvals', since: NOW - 24 * HOUR };
    const { images, beyond, complete } = await deniedImages(store, {
      ...options,
      ...(limit !== undefined && { limit }),
    });
    return {
      images: images.map(({ image, tags, count }) => [imageName(image), ...tags, count]),
      beyond: beyond.map(({ image, why }) => `${imageName(image)}: ${why}`),
      complete,
      first: images[0],
    };
  };
  return { store, list };
}

describe('what was refused', () => {
  it('is listed by tag, each once, the most asked for first, with counts, reasons and times', async () => {
    const asked = [
      decision({ tag: '1', at: NOW - 3 * HOUR }),
      decision({ tag: '2', at: NOW - 5 * HOUR }),
      decision({ tag: '2', at: NOW - 2 * HOUR, reason: 'policy.no-rule', sources: [] }),
      decision({ tag: '3', at: NOW - 25 * HOUR }),
    ];
    const { list } = await scene([rule('**', approved)], asked);
    const { images, beyond, first, complete } = await list();
    expect(images).toEqual([
      [`${APP}:2`, 2],
      [`${APP}:1`, 1],
    ]);
    expect([beyond, complete]).toEqual([[], true]);
    expect(first).toMatchObject({ reasons: ['trust.unsigned', 'policy.no-rule'], observed: false });
    expect([first?.firstAt, first?.lastAt]).toEqual([NOW - 5 * HOUR, NOW - 2 * HOUR]);
  });

  it('or would have been under enforce, is listed too, and says so', async () => {
    const { list } = await scene(
      [rule('**', approved, 'observe')],
      [decision({ tag: '1', verdict: 'allow', mode: 'observe', wouldDeny: true, digest: index })],
    );
    const { images, first } = await list();
    expect(images).toEqual([[`${APP}:1`, 1]]);
    expect(first?.observed).toBe(true);
  });

  it('and has nothing to do with approval is not', async () => {
    const others: Partial<Decision>[] = [
      { tag: '1', reason: 'upstream.not-found' },
      { tag: '1', reason: 'policy.unknown-registry' },
      { tag: '1', reason: 'request.name' },
      { asked: index, request: 'blob', reason: 'policy.digest-outside-closure' },
      { request: 'tags' },
      { tag: 'Not a tag' },
      { repository: 'acme/app', tag: '1' },
      { tag: '1', event: 'alarm' },
      { tag: '1', verdict: 'allow' },
      {},
    ];
    const { list } = await scene([rule('**', approved)], others.map(decision));
    expect(await list()).toMatchObject({ images: [], beyond: [] });
  });

  it('is read up to a bound, the newest first, and that is said', async () => {
    const asked = ['1', '2', '3'].map((tag, n) => decision({ tag, at: NOW - (3 - n) * HOUR }));
    const { list } = await scene([rule('**', approved)], asked);
    expect(await list(2)).toMatchObject({
      images: [
        [`${APP}:3`, 1],
        [`${APP}:2`, 1],
      ],
      complete: false,
    });
  });
});

describe('a digest', () => {
  const outside = (asked: typeof index): Decision =>
    decision({ asked, reason: 'policy.digest-outside-closure', sources: [] });
  const given = { repository: APP, verified: false, basis: '', at: NOW };

  it('has the tags that it was given out for', async () => {
    const { store, list } = await scene([rule('**', approved)], [outside(index), outside(lone)]);
    await store.giveOut({ ...given, tag: '1', digest: index });
    await store.giveOut({ ...given, tag: '2', digest: index, at: NOW + 1 });
    await store.giveOut({ ...given, tag: '', digest: lone });
    const { images } = await list();
    expect(images).toEqual([
      [`${APP}@${index}`, '2', '1', 1],
      [`${APP}@${lone}`, 1],
    ]);
  });

  it('of one platform is the index that it was given out with', async () => {
    const { store, list } = await scene([rule('**', approved)], [outside(index), outside(child)]);
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    await store.recordManifest(index, [{ digest: child, size: 1, mediaType, kind: 'manifest' }]);
    await store.giveOut({ ...given, tag: '1', digest: index });
    expect((await list()).images).toEqual([[`${APP}@${index}`, '1', 2]]);
    await store.giveOut({ ...given, tag: 'amd64', digest: child });
    expect((await list()).images).toEqual([
      [`${APP}@${index}`, '1', 1],
      [`${APP}@${child}`, 'amd64', 1],
    ]);
  });

  it('is let in by a rule on tags only with such a tag', async () => {
    const { store, list } = await scene([rule(`${APP}:v*`, approved)], [outside(index)]);
    expect((await list()).beyond).toEqual([
      `${APP}@${index}: rule 1 (${APP}:v*) is about tags: approve it with the tag that it stands for`,
    ]);
    await store.giveOut({ ...given, tag: 'v1', digest: index });
    expect((await list()).images).toEqual([[`${APP}@${index}`, 'v1', 1]]);
  });
});

describe('no approval alone lets in', () => {
  const why = async (action: RuleConfig['action'], over: Partial<Decision> = {}, match = '**') => {
    const { list } = await scene([rule(match, action)], [decision({ tag: '1', ...over })]);
    const { images, beyond } = await list();
    return images.length > 0 ? 'cured' : beyond.join();
  };

  it('what a rule denies, exempts or does not know', async () => {
    expect(await why({ kind: 'deny', message: 'no' })).toContain('rule 1 (**) denies it');
    expect(await why({ kind: 'allow', reason: 'x', untilMs: 0 })).toContain('exempts it without a signature');
    expect(await why(approved, {}, 'other.example/**')).toContain('no rule of the policy matches it');
    expect(await why({ kind: 'require', requirement: source('vendor') })).toContain('does not ask the approvals');
  });

  it('what was withdrawn: asking again must not bring it back', async () => {
    expect(await why(approved, { reason: 'trust.withdrawn', sources: [] })).toContain('it was withdrawn');
    const sources = [verdict('approvals', 'trust.withdrawn')];
    expect(await why(approved, { reason: 'trust.conflict', sources })).toContain('it was withdrawn');
  });

  it('what the approvals were not believed about', async () => {
    const sources = [verdict('approvals', 'trust.unreachable')];
    expect(await why(approved, { reason: 'trust.unreachable', sources })).toContain(
      'could not be believed (trust.unreachable)',
    );
    expect(await why(approved, { sources: [verdict('approvals', 'trust.signer-missing')] })).toBe('cured');
  });

  it('what another source must sign too, and did not', async () => {
    const sources = [verdict('approvals', 'trust.unsigned'), verdict('vendor', 'trust.unsigned')];
    expect(await why(both, { sources })).toContain('rule 1 (**) asks for more: trust.unsigned');
    expect(await why(either, { sources })).toBe('cured');
    const signed = [verdict('approvals', 'trust.unsigned'), verdict('vendor', 'signed')];
    expect(await why(both, { sources: signed })).toBe('cured');
    expect(await why(both, { sources: [] })).toBe('cured');
  });
});
