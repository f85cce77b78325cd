import { describe, expect, it } from 'vitest';
import type { ActionConfig, RuleConfig } from '../config/config.ts';
import { refusal, ruling, type Refusal } from './decide.ts';
import { compilePolicy } from './rules.ts';

const end = Date.UTC(2027, 3, 1);
const allow: ActionConfig = { kind: 'allow', reason: 'bootstrap', owner: 'platform', untilMs: end };
const deny: ActionConfig = { kind: 'deny', message: 'ask the platform team' };

function rules(...given: readonly (readonly [string, ActionConfig])[]): RuleConfig[] {
  return given.map(([match, action], i) => ({
    position: i + 1,
    line: i + 10,
    match,
    action,
    digests: { kind: 'current' },
    mode: 'enforce',
  }));
}

const app = { registry: 'ghcr.io', path: 'acme/app' };

describe('the policy', () => {
  const policy = compilePolicy(rules(['ghcr.io/acme/*:v*', allow], ['docker.io/**', deny], ['ghcr.io/**', deny]));

  it('lets the first rule that matches decide', () => {
    expect(policy.ruleFor(app, 'v1')?.id).toBe('rule 1 (ghcr.io/acme/*:v*)');
    expect(policy.ruleFor(app, 'main')?.id).toBe('rule 3 (ghcr.io/**)');
    const all = compilePolicy(rules(['**', deny], ['ghcr.io/acme/*', allow]));
    expect(all.ruleFor(app, 'v1')?.config.position).toBe(1);
  });

  it('has no rule for what nothing matches', () => {
    expect(policy.ruleFor({ registry: 'quay.io', path: 'a' }, 'v1')).toBeUndefined();
  });

  it('lists the rules of a repository in order, whatever their tag part', () => {
    expect(policy.rulesOf(app).map((rule) => [rule.config.position, rule.tagged])).toEqual([
      [1, true],
      [3, false],
    ]);
  });
});

describe('the rules of a repository', () => {
  it('end with the first one for all tags: what stands below is never met', () => {
    const policy = compilePolicy(rules(['ghcr.io/acme/app', deny], ['ghcr.io/**:v*', allow], ['**', allow]));
    expect(policy.rulesOf(app).map((rule) => rule.config.position)).toEqual([1]);
  });

  it('are all of them when each speaks of some tags only', () => {
    const policy = compilePolicy(rules(['ghcr.io/**:v*', deny], ['**:main', allow]));
    expect(policy.rulesOf(app).map((rule) => rule.config.position)).toEqual([1, 2]);
  });
});

describe('the ruling', () => {
  const rule = compilePolicy(rules(['ghcr.io/acme/*', allow])).rules[0]!;

  it('allows until the end, which is exclusive', () => {
    expect(ruling(rule, end - 1)).toEqual({
      kind: 'allow',
      rule,
      because: 'bootstrap',
      owner: 'platform',
      untilMs: end,
    });
    expect(ruling(rule, end).kind).toBe('exemption-expired');
  });

  it('names the rule, the image, the last day and whom to ask', () => {
    const error = refusal(ruling(rule, end) as Refusal, 'ghcr.io/acme/app:v1');
    expect(error.code).toBe('policy.exemption-expired');
    for (const word of ['ghcr.io/acme/app:v1', 'rule 1 (ghcr.io/acme/*)', 'with 2027-03-31 (', 'platform', 'bootstrap'])
      expect(error.message).toContain(word);
  });

  it('denies with the message of the rule, and without a rule', () => {
    const denying = compilePolicy(rules(['**', deny])).rules[0]!;
    const denied = refusal(ruling(denying, 0) as Refusal, 'ghcr.io/a:1');
    expect([denied.code, denied.message]).toEqual([
      'policy.denied',
      'ghcr.io/a:1 is denied by rule 1 (**): ask the platform team',
    ]);
    const unruled = refusal(ruling(undefined, 0) as Refusal, 'ghcr.io/a:1');
    expect(unruled.code).toBe('policy.no-rule');
    expect(unruled.message).toContain('ghcr.io/a:1 is refused: no rule of the policy matches it');
  });

  it('names no owner where there is none: then those who run the proxy are to be asked', () => {
    const nobodys = compilePolicy(rules(['**', { kind: 'allow', reason: 'trial', untilMs: end }])).rules[0]!;
    expect(ruling(nobodys, 0)).toStrictEqual({ kind: 'allow', rule: nobodys, because: 'trial', untilMs: end });
    expect(refusal(ruling(nobodys, end) as Refusal, 'ghcr.io/a:1').message).toContain(
      'ask those who run this proxy to',
    );
  });

  it('hands on what a rule requires', () => {
    const requirement = { kind: 'source', source: 'vendor' } as const;
    const asking = compilePolicy(rules(['**', { kind: 'require', requirement }])).rules[0]!;
    expect(ruling(asking, 0)).toEqual({ kind: 'require', rule: asking, requirement });
  });
});
