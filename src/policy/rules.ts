import type { RuleConfig } from '../config/config.ts';
import type { Repository } from '../oci/reference.ts';
import { matchesRepository, matchesTag, parsePattern, type Pattern } from './pattern.ts';

export interface Rule {
  /** `rule 2 (ghcr.io/acme/**)`: what people and the decision log see. */
  readonly id: string;
  readonly config: RuleConfig;
  readonly pattern: Pattern;
  /** The pattern names tags: the rule speaks of some tags of its repositories only. */
  readonly tagged: boolean;
}

/** The ordered rules. The first that matches decides; nothing matches = denied. */
export interface Policy {
  readonly rules: readonly Rule[];
  ruleFor(repository: Repository, tag: string): Rule | undefined;
  /** Every rule that some tag of this repository can meet, in order: for requests by digest. */
  rulesOf(repository: Repository): readonly Rule[];
}

/** @throws config.invalid for a pattern that is not one */
export function compilePolicy(configs: readonly RuleConfig[]): Policy {
  const rules = configs.map(compile);
  return {
    rules,
    ruleFor: (repository, tag) =>
      rules.find(({ pattern }) => matchesRepository(pattern, repository) && matchesTag(pattern, tag)),
    rulesOf: (repository) => reachable(rules.filter(({ pattern }) => matchesRepository(pattern, repository))),
  };
}

/** What stands after a rule for all tags is never met: its sources are nobody's business here. */
function reachable(rules: readonly Rule[]): readonly Rule[] {
  const last = rules.findIndex(({ tagged }) => !tagged);
  return last === -1 ? rules : rules.slice(0, last + 1);
}

function compile(config: RuleConfig): Rule {
  const pattern = parsePattern(config.match);
  return { id: `rule ${config.position} (${config.match})`, config, pattern, tagged: pattern.tag !== undefined };
}
