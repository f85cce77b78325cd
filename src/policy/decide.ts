import type { Requirement } from '../config/config.ts';
import { type Reason, TufgateError } from '../errors.ts';
import type { Rule } from './rules.ts';

/** What the rule that matches a tag says, before any source was asked. `mode` is the caller's to apply. */
export type Ruling =
  | { readonly kind: 'no-rule' }
  | { readonly kind: 'deny'; readonly rule: Rule; readonly message: string }
  | {
      readonly kind: 'allow';
      readonly rule: Rule;
      readonly because: string;
      readonly owner?: string;
      readonly untilMs: number;
    }
  | {
      readonly kind: 'exemption-expired';
      readonly rule: Rule;
      readonly because: string;
      readonly owner?: string;
      readonly untilMs: number;
    }
  | { readonly kind: 'require'; readonly rule: Rule; readonly requirement: Requirement };

export type Refusal = Extract<Ruling, { readonly kind: 'no-rule' | 'deny' | 'exemption-expired' }>;

/** @param now epoch milliseconds; an exemption ends at `untilMs`, which is the first instant without it */
export function ruling(rule: Rule | undefined, now: number): Ruling {
  if (rule === undefined) return { kind: 'no-rule' };
  const { action } = rule.config;
  switch (action.kind) {
    case 'deny':
      return { kind: 'deny', rule, message: action.message };
    case 'require':
      return { kind: 'require', rule, requirement: action.requirement };
    case 'allow': {
      const owner = action.owner === undefined ? {} : { owner: action.owner };
      const kind = now < action.untilMs ? 'allow' : 'exemption-expired';
      return { kind, rule, because: action.reason, untilMs: action.untilMs, ...owner };
    }
  }
}

/** The coded refusal, in words for the person who pulls. @param image what was asked for: `docker.io/library/nginx:1` */
export function refusal(refused: Refusal, image: string): TufgateError {
  return new TufgateError(reasonOf(refused), `${image} ${wordsFor(refused)}`);
}

function reasonOf(refused: Refusal): Reason {
  switch (refused.kind) {
    case 'no-rule':
      return 'policy.no-rule';
    case 'deny':
      return 'policy.denied';
    case 'exemption-expired':
      return 'policy.exemption-expired';
  }
}

function wordsFor(refused: Refusal): string {
  switch (refused.kind) {
    case 'no-rule':
      return 'is refused: no rule of the policy matches it; ask those who run this proxy to add one';
    case 'deny':
      return `is denied by ${refused.rule.id}: ${refused.message}`;
    case 'exemption-expired': {
      const whom = refused.owner ?? 'those who run this proxy';
      const last = lastDay(refused.untilMs);
      return `is refused: its exemption, ${refused.rule.id}, ended with ${last} (it was for: ${refused.because}); ask ${whom} to have it signed, or to extend the exemption`;
    }
  }
}

/** The end is exclusive; people think of the last day that counted. */
function lastDay(untilMs: number): string {
  return new Date(untilMs - 1).toISOString().slice(0, 10);
}
