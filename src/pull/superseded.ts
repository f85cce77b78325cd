import type { DigestsConfig, Requirement, SourceRequirement } from '../config/config.ts';
import type { Statement } from '../state/store.ts';
import type { TagRuling } from './rule-on-tag.ts';

/**
 * Does the rule's `digests` still cover what the tag stood for before?
 *
 * A past statement counts only for what it would have counted then: by a role that this rule believes, from every
 * source that it requires, from as many signers. The attack: somebody who may sign a delegation that nobody releases
 * from names a digest once, and `digests: any` would serve it for ever.
 */
export interface PastStatement extends Statement {
  readonly source: string;
}

/** @param statements those that named this very tag and digest */
export function coversPast(ruled: TagRuling, statements: readonly PastStatement[], now: number): boolean {
  const rule = ruled.rule?.config;
  if (rule?.action.kind !== 'require' || !ruled.verified) return false;
  const recent = statements.filter((statement) => isCovered(rule.digests, statement, now));
  return satisfied(rule.action.requirement, recent, ruled);
}

function isCovered(digests: DigestsConfig, { until }: Statement, now: number): boolean {
  switch (digests.kind) {
    case 'current':
      return false;
    case 'any':
      return true;
    case 'superseded':
      return now - (until ?? now) <= digests.forMs;
  }
}

function satisfied(requirement: Requirement, statements: readonly PastStatement[], ruled: TagRuling): boolean {
  switch (requirement.kind) {
    case 'all':
      return requirement.of.every((part) => satisfied(part, statements, ruled));
    case 'any':
      return requirement.of.some((part) => satisfied(part, statements, ruled));
    case 'source':
      return enoughRoles(requirement, statements, ruled);
  }
}

function enoughRoles(
  { source, signers }: SourceRequirement,
  statements: readonly PastStatement[],
  ruled: TagRuling,
): boolean {
  const stated = statements.filter((statement) => statement.source === source).map(({ role }) => role);
  if (signers !== undefined) return new Set(stated.filter((role) => signers.of.includes(role))).size >= signers.atLeast;
  const believed = ruled.sources.find((verdict) => verdict.source === source && verdict.outcome === 'signed')?.roles;
  return stated.some((role) => believed?.includes(role) === true);
}
