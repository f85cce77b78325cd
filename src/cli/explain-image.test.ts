import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config/schema.ts';
import { codeOf } from '../errors.ts';
import { compilePolicy } from '../policy/rules.ts';
import { type Explanation, explainImage } from './explain-image.ts';
import { renderExplanation } from './render-explanation.ts';

const KEY_ID = 'a'.repeat(64);
const NOW = Date.UTC(2027, 0, 1);
const config = parseConfig(
  `data: x
upstreams:
  docker.io: { url: https://registry-1.docker.io, aliases: [hub.example] }
  ghcr.io: { url: https://ghcr.io }
trust:
  vendor:
    type: notary
    url: https://notary.example
    pins: { docker.io/: { keys: [${'b'.repeat(64)}] }, docker.io/library/: { keys: [${KEY_ID}] } }
  open: { type: notary, url: https://open.example, first_use: remember }
policy:
  - { match: docker.io/library/**, require: [vendor] }
  - { match: ghcr.io/acme/*:v*, require: [{ source: vendor, signers: [targets/qa] }, { any: [open, vendor] }], mode: observe, digests: { superseded: 30d } }
  - { match: ghcr.io/acme/pause, allow: { reason: bootstrap, until: 2027-03-31 } }
  - { match: ghcr.io/acme/*, deny: { message: ask us } }
`,
  '/etc/tufgate.yaml',
  () => new Uint8Array(),
);
const policy = compilePolicy(config.policy);
const explain = (image: string, now = NOW): Explanation => explainImage(config, policy, image, now);

/** The same sources, one rule for everything. */
function explainWith(rule: string): Explanation {
  const yaml = `data: x
upstreams: { ghcr.io: { url: https://ghcr.io } }
trust:
  vendor: { type: notary, url: https://notary.example }
  open: { type: notary, url: https://open.example, first_use: remember }
policy: [{ match: '**', ${rule} }]
`;
  const other = parseConfig(yaml, '/etc/tufgate.yaml', () => new Uint8Array());
  return explainImage(other, compilePolicy(other.policy), 'ghcr.io/acme/app:v1', NOW);
}

describe('config check', () => {
  it('names upstream, rule with its place, source, collection and the longest pin', () => {
    expect(explain('nginx:1.27')).toEqual({
      image: 'docker.io/library/nginx:1.27',
      upstream: { name: 'docker.io', url: 'https://registry-1.docker.io/' },
      action: 'require',
      rules: [
        {
          id: 'rule 1 (docker.io/library/**)',
          at: '/etc/tufgate.yaml:12',
          action: 'require',
          mode: 'enforce',
          digests: { kind: 'current' },
          requires: 'vendor',
          sources: [
            {
              source: 'vendor',
              urls: ['https://notary.example/'],
              gun: 'docker.io/library/nginx',
              anchor: { kind: 'keys', pin: 'docker.io/library/', keys: [KEY_ID] },
              releases: 'strict',
            },
          ],
        },
      ],
    });
    const text = renderExplanation(explain('nginx:1.27'));
    for (const part of ['docker.io/library/nginx:1.27', 'tufgate.yaml:12', 'vendor', KEY_ID])
      expect(text).toContain(part);
  });

  it('says where no pin holds, and where the first root seen would be believed', () => {
    const [rule] = explain('ghcr.io/acme/app:v1').rules;
    expect(rule).toMatchObject({ mode: 'observe', requires: 'vendor and (open or vendor)' });
    expect(rule?.sources.map(({ source, anchor, signers }) => [source, anchor.kind, signers?.atLeast])).toEqual([
      ['vendor', 'none', 1],
      ['open', 'first-use', undefined],
      ['vendor', 'none', undefined],
    ]);
    const text = renderExplanation(explain('ghcr.io/acme/app:v1'));
    expect(text).toContain('add a pin for ghcr.io/acme/app under trust.vendor.pins');
    expect(text).toContain('refused, trust.no-root: no pin of trust source vendor covers ghcr.io/acme/app');
    expect(text).toContain('served nevertheless, and recorded');
  });

  it('says refused where no pin can make it otherwise, and not where another source suffices', () => {
    const refused = explain('ghcr.io/acme/app:v1');
    expect(refused).toMatchObject({ action: 'require', refusal: { reason: 'trust.no-root' } });
    expect(explain('nginx:1.27').refusal).toBeUndefined();
    const either = { any: explainWith('require: [{ any: [open, vendor] }]'), none: explainWith('require: [vendor]') };
    expect([either.any.refusal, either.none.refusal?.reason]).toEqual([undefined, 'trust.no-root']);
  });

  it('prints a duration and a last day as they were configured', () => {
    const text = renderExplanation(explainWith('require: [open], digests: { superseded: 90m }'));
    expect(text).toContain('also what the tag named until 90m ago');
    expect(renderExplanation(explain('ghcr.io/acme/pause:3'))).toContain('until 2027-03-31 (');
  });

  it('says what is refused at once, and why', () => {
    expect(explain('quay.io/a/b').refusal?.reason).toBe('policy.unknown-registry');
    expect(explain('ghcr.io/acme/app:main').refusal).toEqual({
      reason: 'policy.denied',
      message: 'ghcr.io/acme/app:main is denied by rule 4 (ghcr.io/acme/*): ask us',
    });
    expect(explain('ghcr.io/other/app:main').refusal?.reason).toBe('policy.no-rule');
    expect(renderExplanation(explain('quay.io/a/b'))).not.toContain('rule');
    expect(renderExplanation(explain('quay.io/a/b'))).toContain('add it under upstreams in /etc/tufgate.yaml');
  });

  it('follows the end of an exemption', () => {
    expect(explain('ghcr.io/acme/pause:3')).toMatchObject({
      action: 'allow',
      rules: [{ until: '2027-03-31' }],
    });
    expect(explain('ghcr.io/acme/pause:3', Date.UTC(2027, 3, 1)).action).toBe('exemption-expired');
  });

  it('knows upstreams by their aliases', () => {
    expect(explain('hub.example/nginx')).toMatchObject({ image: 'docker.io/library/nginx:latest', action: 'require' });
  });

  it('lists every rule of the repository for a pull by digest, whatever the tag beside it', () => {
    const digest = `sha256:${'c'.repeat(64)}`;
    const asked = explain(`ghcr.io/acme/app:main@${digest}`);
    expect([asked.action, asked.refusal]).toEqual(['by-digest', undefined]);
    expect(asked.rules.map(({ id }) => id)).toEqual(['rule 2 (ghcr.io/acme/*:v*)', 'rule 4 (ghcr.io/acme/*)']);
    expect(renderExplanation(explain(`ghcr.io/other/app@${digest}`))).toContain('policy.digest-outside-closure');
  });

  it('refuses what is not an image name', () => {
    expect(() => explain('Nope!')).toThrow();
    try {
      explain('Nope!');
    } catch (error) {
      expect(codeOf(error)).toBe('request.name');
    }
  });
});
