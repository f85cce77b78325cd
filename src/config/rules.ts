import { messageOf } from '../errors.ts';
import { parsePattern } from '../policy/pattern.ts';
import type { ActionConfig, DigestsConfig, RuleConfig } from './config.ts';
import { type Field, quote, type Reader, section } from './field.ts';
import { present } from './present.ts';
import { duration, oneOf } from './quantity.ts';
import { requirement, type SourceKinds } from './requirement.ts';

/** What the rules may refer to, from the rest of the file. */
export interface Known {
  readonly sources: SourceKinds;
  /** Alias → canonical name: after normalisation no image has an alias in its name. */
  readonly aliases: ReadonlyMap<string, string>;
}

const EXAMPLE = 'such as `{ match: ghcr.io/acme/**, require: [vendor] }`';

/** The `policy` section. The first rule that matches decides. */
export function rules(known: Known): Reader<readonly RuleConfig[]> {
  return (field) => {
    const found: RuleConfig[] = [];
    for (const [i, item] of (field.items(`such as \`- match: "**"\``) ?? []).entries()) {
      const one = rule(i + 1, known)(item);
      if (one === undefined) continue;
      const before = found.find((other) => other.match === one.match || other.match === '**');
      if (before !== undefined)
        item.fail(`rule ${one.position} can never decide: rule ${before.position} (${before.match}) matches first`);
      found.push(one);
    }
    return found;
  };
}

function rule(position: number, known: Known): Reader<RuleConfig> {
  return section(EXAMPLE, (open, field) => {
    const match = open.required('match', pattern(known), EXAMPLE);
    const required = open.optional('require', requirement(known.sources));
    const allowed = open.optional('allow', allow);
    const denied = open.optional('deny', deny);
    const digests = open.optional('digests', digestsOf) ?? { kind: 'current' };
    const mode = open.optional('mode', oneOf(['enforce', 'observe'])) ?? 'enforce';
    if (!open.exactlyOne(['require', 'allow', 'deny'], 'what is to happen to an image that matches')) return undefined;
    if (open.has('deny') && open.has('digests')) open.failAt('digests', 'digests has no meaning beside deny');
    const action = required === undefined ? (allowed ?? denied) : ({ kind: 'require', requirement: required } as const);
    if (match === undefined || action === undefined) return undefined;
    return { position, line: field.line, match, action, digests, mode };
  });
}

function pattern(known: Known): Reader<string> {
  return (field) => {
    const text = field.text('a pattern such as docker.io/library/**');
    if (text === undefined) return undefined;
    try {
      parsePattern(text);
    } catch (error) {
      return field.fail(messageOf(error));
    }
    const [host = ''] = text.split('/');
    const canonical = known.aliases.get(host);
    return canonical === undefined
      ? text
      : field.fail(`${quote(host)} is an alias; images are named after the upstream: write ${quote(canonical)}`);
  };
}

const allow: Reader<ActionConfig> = section('such as `{ reason: "…", owner: platform, until: 2027-03-31 }`', (open) => {
  const reason = open.required('reason', words('why it is let through unsigned'), 'say why it is let through unsigned');
  const owner = open.optional('owner', words('who answers for it'));
  const untilMs = open.required('until', lastDay, 'an exemption has an end, such as 2027-03-31');
  return reason === undefined || untilMs === undefined
    ? undefined
    : { kind: 'allow', reason, untilMs, ...present({ owner }) };
});

const deny: Reader<ActionConfig> = section('such as `{ message: "ask the platform team" }`', (open) => {
  const message = open.required('message', words('what the user should do'), 'say what the user should do');
  return message === undefined ? undefined : { kind: 'deny', message };
});

/** These texts are printed on one line of other people's terminals. */
function words(expected: string): Reader<string> {
  return (field) => {
    const text = field.text(expected)?.trim();
    if (text === undefined) return undefined;
    if (text === '') return field.fail(`is empty: expected ${expected}`);
    if (text.length > 500) return field.fail('is longer than 500 characters');
    return /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text) ? field.fail('must be one line of plain text') : text;
  };
}

/** The day itself still counts, in UTC. @returns the first instant after it */
const lastDay: Reader<number> = (field: Field) => {
  const text = field.text('a day such as 2027-03-31');
  if (text === undefined) return undefined;
  const start = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  // Some days that do not exist, such as February 30, parse as the days after them.
  const exists = !Number.isNaN(start) && new Date(start).toISOString().startsWith(text);
  return exists
    ? start + 86_400_000
    : field.fail(`${quote(text)} is not a day: expected YYYY-MM-DD, such as 2027-03-31`);
};

const DIGESTS = 'current, any or { superseded: 30d }';

const digestsOf: Reader<DigestsConfig> = (field) => {
  if (field.node.kind === 'map') return superseded(field);
  const text = field.text(DIGESTS);
  if (text === undefined) return undefined;
  return text === 'current' || text === 'any'
    ? { kind: text }
    : field.fail(`${quote(text)} is not allowed: expected ${DIGESTS}`);
};

const superseded: Reader<DigestsConfig> = section(DIGESTS, (open) => {
  const limits = { min: 1_000, max: 3_650 * 86_400_000, words: 'from 1s to 3650d' };
  const forMs = open.required('superseded', duration(limits), 'such as `{ superseded: 30d }`');
  return forMs === undefined ? undefined : { kind: 'superseded', forMs };
});
