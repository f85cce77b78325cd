import type {
  Config,
  NotaryConfig,
  Requirement,
  RuleConfig,
  SourceRequirement,
  TrustSourceConfig,
} from '../config/config.ts';
import type { Reason } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { imageName, normalisePath, parseImageName, type Repository } from '../oci/reference.ts';
import { type Ruling, refusal, ruling } from '../policy/decide.ts';
import type { SourceVerdict } from '../policy/decision.ts';
import { judge, sourcesOf } from '../policy/requirement.ts';
import type { Policy, Rule } from '../policy/rules.ts';
import { collectionFor, pinFor } from '../trust/collection-name.ts';
import { lastDay } from './time-words.ts';

/**
 * What the configuration says of one image, without asking anybody: which upstream, which rule, which sources under
 * which names and pins. Pure: the same functions that decide a pull, with their findings written down.
 */
export interface Explanation {
  /** In full: `docker.io/library/nginx:1.27` */
  readonly image: string;
  /** Absent: the registry is not configured. */
  readonly upstream?: { readonly name: string; readonly url: string };
  /** What the rule for this tag says; `by-digest`: every rule of the repository may matter. */
  readonly action: 'unknown-registry' | 'by-digest' | Ruling['kind'];
  /** Refused already, whatever a source would say. */
  readonly refusal?: { readonly reason: Reason; readonly message: string };
  /** The rule that decides; for a digest all that may. */
  readonly rules: readonly RuleExplanation[];
}

export interface RuleExplanation {
  readonly id: string;
  /** `/etc/tufgate/tufgate.yaml:12` */
  readonly at: string;
  readonly action: RuleConfig['action']['kind'];
  readonly mode: RuleConfig['mode'];
  readonly digests: RuleConfig['digests'];
  /** In words: `vendor and (approvals or second)`. */
  readonly requires?: string;
  readonly sources: readonly SourceExplanation[];
  /** The last day it holds, as configured. */
  readonly until?: string;
}

export interface SourceExplanation {
  readonly source: string;
  readonly urls: readonly string[];
  readonly gun: string;
  readonly anchor: AnchorExplanation;
  /** Notary only. */
  readonly releases?: NotaryConfig['releases'];
  readonly signers?: { readonly atLeast: number; readonly of: readonly string[] };
}

/** `none`: no pin, and first use is refused, so this source can vouch for nothing here (trust.no-root). */
export type AnchorExplanation =
  | { readonly kind: 'none' | 'first-use' }
  | { readonly kind: 'keys'; readonly pin: string; readonly keys: readonly string[] }
  | { readonly kind: 'ca' | 'root-file'; readonly pin: string; readonly file: string };

/**
 * @param imageText as a user would write it: `nginx:1.27`
 * @param now epoch milliseconds, for the end of exemptions
 * @throws request.name, request.digest
 */
export function explainImage(config: Config, policy: Policy, imageText: string, now: number): Explanation {
  const parsed = parseImageName(imageText);
  const upstream = config.upstreams.get(parsed.registry) ?? upstreamByAlias(config, parsed.registry);
  if (upstream === undefined) return unknownRegistry(config, imageName(parsed), parsed.registry);
  const repository = { registry: upstream.name, path: normalisePath(upstream.name, parsed.path) };
  const { tag, digest } = parsed;
  const base = { upstream: { name: upstream.name, url: upstream.url.href } };
  const explain = (rule: Rule): RuleExplanation => explainRule(config, rule, repository);
  // With tag and digest a client asks for the digest only.
  if (digest !== undefined || tag === undefined) {
    const image = imageName({ ...parsed, ...repository });
    return { image, ...base, action: 'by-digest', rules: policy.rulesOf(repository).map(explain) };
  }
  const image = imageName({ ...repository, tag });
  const rule = policy.ruleFor(repository, tag);
  const outcome = outcomeOf(config, ruling(rule, now), repository, image);
  return { image, ...base, ...outcome, rules: rule === undefined ? [] : [explain(rule)] };
}

function upstreamByAlias(config: Config, registry: string): { name: string; url: URL } | undefined {
  return [...config.upstreams.values()].find(({ aliases }) => aliases.includes(registry));
}

function unknownRegistry(config: Config, image: string, registry: string): Explanation {
  const known = [...config.upstreams.keys()].join(', ');
  const message = `${registry} is not one of the upstreams (${known}): add it under upstreams in ${config.file}`;
  return { image, action: 'unknown-registry', refusal: { reason: 'policy.unknown-registry', message }, rules: [] };
}

function outcomeOf(
  config: Config,
  ruled: Ruling,
  repository: Repository,
  image: string,
): Pick<Explanation, 'action' | 'refusal'> {
  if (ruled.kind === 'allow') return { action: ruled.kind };
  if (ruled.kind === 'require') {
    const refused = atBest(config, ruled.requirement, repository);
    return { action: ruled.kind, ...(refused === undefined ? {} : { refusal: refused }) };
  }
  const { code, message } = refusal(ruled, image);
  return { action: ruled.kind, refusal: { reason: code as Reason, message } };
}

const SIGNED_AT_BEST = `sha256:${'0'.repeat(64)}` as Digest;

/**
 * Were every source that has a root of trust here to sign the same digest: would that do? By the judgement of a pull
 * itself, so that "refused" here means refused there. @returns why not
 */
function atBest(config: Config, requirement: Requirement, repository: Repository): Explanation['refusal'] {
  const verdicts = new Map<SourceRequirement, SourceVerdict>();
  for (const leaf of sourcesOf(requirement)) {
    const source = config.trust.get(leaf.source);
    if (source !== undefined) verdicts.set(leaf, verdictAtBest(source, collectionFor(source, repository)));
  }
  const judged = judge(requirement, verdicts);
  return judged.ok ? undefined : { reason: judged.reason, message: judged.message };
}

function verdictAtBest(source: TrustSourceConfig, gun: string): SourceVerdict {
  const nothing = { roles: [], signers: [], versions: new Map<string, number>(), expires: new Map<string, number>() };
  const base = { source: source.name, kind: source.kind, ...nothing };
  if (explainAnchor(source, gun).kind !== 'none') {
    return { ...base, outcome: 'signed', digest: SIGNED_AT_BEST };
  }
  const message = `no pin of trust source ${source.name} covers ${gun}: add one under trust.${source.name}.pins, or set first_use: remember`;
  return { ...base, outcome: 'refused', reason: 'trust.no-root', message };
}

function explainRule(config: Config, rule: Rule, repository: Repository): RuleExplanation {
  const { action, mode, digests, line } = rule.config;
  const base = { id: rule.id, at: `${config.file}:${line}`, action: action.kind, mode, digests };
  switch (action.kind) {
    case 'deny':
      return { ...base, sources: [] };
    case 'allow':
      return { ...base, sources: [], until: lastDay(action.untilMs) };
    case 'require': {
      const sources = sourcesOf(action.requirement).flatMap((leaf) => explainSource(config, leaf, repository));
      return { ...base, sources, requires: inWords(action.requirement) };
    }
  }
}

function explainSource(config: Config, leaf: SourceRequirement, repository: Repository): SourceExplanation[] {
  const source = config.trust.get(leaf.source);
  if (source === undefined) return [];
  const gun = collectionFor(source, repository);
  return [
    {
      source: source.name,
      urls: placesOf(source),
      gun,
      anchor: explainAnchor(source, gun),
      ...(source.kind === 'notary' ? { releases: source.releases } : {}),
      ...(leaf.signers === undefined ? {} : { signers: leaf.signers }),
    },
  ];
}

function placesOf(source: TrustSourceConfig): readonly string[] {
  if (source.kind === 'tuf' && source.location.kind === 'folder') return [source.location.path];
  const urls = source.kind === 'tuf' && source.location.kind === 'http' ? source.location.urls : [];
  return (source.kind === 'notary' ? source.urls : urls).map(({ href }) => href);
}

function explainAnchor(source: TrustSourceConfig, gun: string): AnchorExplanation {
  const pin = pinFor(source, gun);
  if (pin === undefined) {
    const remembers = source.kind === 'notary' && source.firstUse === 'remember';
    return { kind: remembers ? 'first-use' : 'none' };
  }
  const name = pin.prefix ? `${pin.gun}/` : pin.gun;
  return pin.anchor.kind === 'keys'
    ? { kind: 'keys', pin: name, keys: pin.anchor.keyIds }
    : { kind: pin.anchor.kind, pin: name, file: pin.anchor.file };
}

function inWords(requirement: Requirement, nested = false): string {
  if (requirement.kind === 'source') return requirement.source;
  const [only] = requirement.of;
  if (only !== undefined && requirement.of.length === 1) return inWords(only, nested);
  const word = requirement.kind === 'all' ? ' and ' : ' or ';
  const text = requirement.of.map((part) => inWords(part, true)).join(word);
  return nested ? `(${text})` : text;
}
