import { createHash } from 'node:crypto';
import type { TrustSourceConfig } from '../config/config.ts';
import { sourcesOf } from '../policy/requirement.ts';
import type { Rule } from '../policy/rules.ts';
import type { TagRuling } from './rule-on-tag.ts';

/**
 * A fingerprint of all that a rule's verdicts depend on in the configuration: the rule itself, and the pins and
 * settings of the sources it names. What was given out counts only under the same basis, so that a stricter rule or
 * another pin holds at once, not an hour later (invariant 12).
 */
export type Basis = (rule: Rule | undefined) => string;

/**
 * With whose word it was, where one role of a TUF 1.0 repository speaks for the tag. The attack: another role names the tag now, and no
 * search comes by the one that named it before; what that one revokes is not noticed.
 */
export function restsOn(basis: Basis, { rule, sources }: Pick<TagRuling, 'rule' | 'sources'>): string {
  const words = sources.flatMap(({ source, kind, outcome, roles }) =>
    kind === 'tuf' && outcome === 'signed' && roles.length === 1 ? [[source, ...roles]] : [],
  );
  return words.length === 0 ? basis(rule) : `${basis(rule)} ${JSON.stringify(words)}`;
}

export function createBasis(sources: ReadonlyMap<string, TrustSourceConfig>): Basis {
  const known = new Map<Rule | undefined, string>();
  return (rule) => {
    const basis = known.get(rule) ?? fingerprint(rule, sources);
    known.set(rule, basis);
    return basis;
  };
}

function fingerprint(rule: Rule | undefined, sources: ReadonlyMap<string, TrustSourceConfig>): string {
  if (rule === undefined) return '';
  const { match, action, mode } = rule.config;
  const named = action.kind === 'require' ? sourcesOf(action.requirement) : [];
  const settings = named.map(({ source }) => {
    const config = sources.get(source);
    return config && settingsOf(config);
  });
  return createHash('sha256')
    .update(JSON.stringify([match, action, mode, settings]))
    .digest('hex');
}

function settingsOf(config: TrustSourceConfig): readonly unknown[] {
  const { name } = config;
  if (config.kind === 'notary')
    return [name, config.urls.map(String), config.gun, config.pins, config.releases, config.firstUse];
  const { location, root, target, targetDigest } = config;
  const where = location.kind === 'folder' ? location.path : location.urls.map(String);
  return [name, where, Buffer.from(root.bytes).toString('base64'), target, targetDigest];
}
