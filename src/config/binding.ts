import { sourcesOf } from '../policy/requirement.ts';
import type { RuleConfig, TrustSourceConfig } from './config.ts';

/**
 * Names bind (invariant 6): a template without `{registry}` gives two registries one collection, or one target, so that the tags
 * of one would vouch for the other's. That is refused where the rules use such a source for more than one upstream.
 *
 * @returns the mistakes, in words
 */
export function unboundNames(
  sources: ReadonlyMap<string, TrustSourceConfig>,
  rules: readonly RuleConfig[],
  upstreams: ReadonlySet<string>,
): readonly string[] {
  return [...sources.values()].flatMap((source) => {
    const { name } = source;
    const [what, template] = source.kind === 'notary' ? ['gun', source.gun] : ['target', source.target];
    const byDigest = source.kind === 'notary' ? template : source.targetDigest;
    if (template.includes('{registry}') && byDigest.includes('{registry}')) return [];
    const registries = new Set(
      rules.filter((rule) => usesSource(rule, name)).flatMap((rule) => registriesOf(rule, upstreams)),
    );
    if (registries.size < 2) return [];
    const which = [...registries].sort().join(', ');
    return [
      `the ${what} of ${name} has no {registry}, but rules use it for ${which}: one's tags would vouch for the other's`,
    ];
  });
}

function usesSource({ action }: RuleConfig, name: string): boolean {
  return action.kind === 'require' && sourcesOf(action.requirement).some(({ source }) => source === name);
}

function registriesOf({ match }: RuleConfig, upstreams: ReadonlySet<string>): readonly string[] {
  const first = match.split('/')[0] ?? '';
  return first.includes('*') ? [...upstreams] : [first];
}
