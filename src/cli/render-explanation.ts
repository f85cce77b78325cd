import type { AnchorExplanation, Explanation, RuleExplanation, SourceExplanation } from './explain-image.ts';
import { durationWords } from './time-words.ts';

/** For people, several lines. */
export function renderExplanation(explanation: Explanation): string {
  const { image, upstream, refusal: refused, rules } = explanation;
  const lines = [image, row('upstream', upstream === undefined ? 'none' : `${upstream.name} (${upstream.url})`)];
  if (explanation.action === 'by-digest') lines.push(row('asked', BY_DIGEST));
  for (const rule of rules) lines.push(...ruleLines(rule));
  if (rules.length === 0 && upstream !== undefined) lines.push(row('rule', 'none'));
  lines.push(row('outcome', outcomeWords(explanation)));
  if (refused !== undefined && rules.some(({ mode }) => mode === 'observe'))
    lines.push(row('observe', 'served nevertheless, and recorded as what enforcing would have refused'));
  return lines.join('\n');
}

const BY_DIGEST = 'by digest: tag patterns are not asked; it must belong to an image that one of these rules lets in';

function outcomeWords({ action, refusal: refused, rules }: Explanation): string {
  if (refused !== undefined) return `refused, ${refused.reason}: ${refused.message}`;
  if (action === 'allow') return 'served unsigned: every byte must match its digest, but no signature is asked for';
  if (rules.length === 0) return 'refused, policy.digest-outside-closure: no rule is about this repository';
  const observed = rules.every(({ mode }) => mode === 'observe');
  const then = observed ? 'what they refuse is served and recorded (observe)' : 'else refused';
  return `served when the sources vouch for it; ${then}`;
}

function ruleLines(rule: RuleExplanation): string[] {
  const lines = [row('rule', `${rule.id} at ${rule.at}`), row('action', actionWords(rule))];
  if (rule.action !== 'deny') lines.push(row('digests', digestWords(rule)));
  for (const source of rule.sources) lines.push(...sourceLines(source));
  return lines;
}

function actionWords({ action, mode, requires, until }: RuleExplanation): string {
  const what = requires === undefined ? action : `${action} ${requires}`;
  const end = until === undefined ? '' : ` until ${until}`;
  return `${what}${end} (mode ${mode})`;
}

function digestWords({ digests }: RuleExplanation): string {
  if (digests.kind === 'current') return 'pulls by digest: what the tag names now';
  if (digests.kind === 'any') return 'pulls by digest: whatever was ever signed';
  return `pulls by digest: also what the tag named until ${durationWords(digests.forMs)} ago`;
}

function rolesWords({ releases, signers }: SourceExplanation): string {
  if (signers !== undefined) {
    const count = signers.atLeast === signers.of.length ? 'each' : `${signers.atLeast}`;
    return `signed by ${count} of ${signers.of.join(', ')}`;
  }
  if (releases === undefined) return 'the first role, in the order of delegation, that names it';
  return `targets/releases where it exists, ${releases === 'strict' ? 'and then only that' : 'else targets'}`;
}

function sourceLines(explained: SourceExplanation): string[] {
  const { source, urls, gun, anchor } = explained;
  return [
    row('source', `${source} (${urls.join(', ')})`),
    row('  name', gun),
    row('  root', anchorWords(anchor, source, gun)),
    row('  roles', rolesWords(explained)),
  ];
}

function anchorWords(anchor: AnchorExplanation, source: string, gun: string): string {
  switch (anchor.kind) {
    case 'none':
      return `none: refused with trust.no-root; add a pin for ${gun} under trust.${source}.pins`;
    case 'first-use':
      return 'trusted on first use, then remembered';
    case 'keys':
      return `pin ${anchor.pin}: keys ${anchor.keys.join(', ')}`;
    case 'ca':
      return `pin ${anchor.pin}: certificates under ${anchor.file}`;
    case 'root-file':
      return `pin ${anchor.pin}: root ${anchor.file}`;
  }
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(9)} ${text}`;
}
