import { type Reason, REASONS, TufgateError } from '../errors.ts';
import { decisionFacts, iso } from '../pull/decision-facts.ts';
import type { SourceVerdict } from '../policy/decision.ts';
import type { DecisionFilter, StoredDecision } from '../state/store.ts';
import { visible } from '../text/visible.ts';

/** The options of `tufgate decisions`, as the command line gives them. */
export interface DecisionOptions {
  readonly since?: string;
  readonly denied?: boolean;
  readonly allowed?: boolean;
  readonly wouldDeny?: boolean;
  readonly image?: string;
  readonly reason?: string;
  readonly client?: string;
  readonly event?: string;
  readonly limit?: string;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 100_000;
const EVENTS = ['pull', 'integrity', 'alarm'] as const;
const UNIT_MS = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
]);
const DATE = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/**
 * @param now epoch milliseconds: what `--since 7d` counts from
 * @throws usage
 */
export function parseDecisionFilter(options: DecisionOptions, now: number): DecisionFilter {
  const { denied = false, allowed = false, image, client } = options;
  if (denied && allowed) throw usage('--denied and --allowed exclude each other: give one, or neither for both');
  return {
    limit: options.limit === undefined ? DEFAULT_LIMIT : parseLimit(options.limit),
    ...(options.since === undefined ? {} : { since: parseSince(options.since, now) }),
    ...(denied ? { verdict: 'deny' } : allowed ? { verdict: 'allow' } : {}),
    ...(options.wouldDeny === true ? { wouldDeny: true } : {}),
    ...(options.event === undefined ? {} : { event: parseEvent(options.event) }),
    ...(image === undefined ? {} : { image: notEmpty('--image', image) }),
    ...(options.reason === undefined ? {} : { reason: parseReason(options.reason) }),
    ...(client === undefined ? {} : { client: notEmpty('--client', client) }),
  };
}

function parseSince(text: string, now: number): number {
  const [, amount, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined) return now - Number(amount) * (UNIT_MS.get(unit) ?? 0);
  const at = DATE.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(at) || !iso(at + offsetMs(text)).startsWith(text.slice(0, 10)))
    throw usage(
      `--since ${shown(text)} is neither a duration (90s, 15m, 6h, 7d, 2w) nor a date (2026-11-21, UTC) nor an instant with its zone (2026-11-21T09:00:00Z)`,
    );
  return at;
}

/** Of the zone at the end of an instant: to tell 31 February, which Date.parse moves into March. */
function offsetMs(text: string): number {
  const [, sign, hours, minutes] = /T.*([+-])(\d{2}):(\d{2})$/.exec(text) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
}

function parseLimit(text: string): number {
  const limit = /^[1-9]\d{0,5}$/.test(text) ? Number(text) : NaN;
  if (!(limit <= MAX_LIMIT)) throw usage(`--limit ${shown(text)} is not a number from 1 to ${MAX_LIMIT}`);
  return limit;
}

function parseEvent(text: string): (typeof EVENTS)[number] {
  const event = EVENTS.find((known) => known === text);
  if (event === undefined) throw usage(`--event ${shown(text)} is not one of ${EVENTS.join(', ')}`);
  return event;
}

function parseReason(text: string): Reason {
  const reason = REASONS.find((known) => known === text);
  if (reason !== undefined) return reason;
  const near = REASONS.filter((known) => text !== '' && known.includes(text.split('.').at(-1) || text));
  throw usage(
    `--reason ${shown(text)} is not a reason code; they are: ${(near.length > 0 ? near : REASONS).join(', ')}`,
  );
}

function notEmpty(option: string, text: string): string {
  if (text === '') throw usage(`${option} needs a text to look for`);
  return text;
}

function usage(message: string): TufgateError {
  return new TufgateError('usage', message);
}

function shown(text: string): string {
  return visible(JSON.stringify(text.slice(0, 80)));
}

/** One JSON document: `{"decisions":[…]}`, newest last. */
export function decisionsJson(decisions: readonly StoredDecision[]): object {
  return { decisions: decisions.map((decision) => ({ ...decisionFacts(decision), firstAt: iso(decision.firstAt) })) };
}

/** One line each, newest last; with `long` what each rested on below it. */
export function renderDecisions(decisions: readonly StoredDecision[], options: { readonly long: boolean }): string {
  if (decisions.length === 0) return 'No decision matches.';
  const lines = decisions.flatMap((decision) => [line(decision), ...(options.long ? details(decision) : [])]);
  return lines.join('\n');
}

function line(decision: StoredDecision): string {
  const { event, reason, rule, client, count } = decision;
  const parts = [
    iso(decision.at).replace(/\.\d+Z$/, 'Z'),
    verdictWord(decision).padEnd(10),
    event === 'integrity' ? 'INTEGRITY' : '',
    imageOf(decision),
    reason ?? '',
    rule ?? '',
    client.address,
    count > 1 ? `${count} times` : '',
  ];
  return parts
    .filter((part) => part !== '')
    .map(visible)
    .join('  ');
}

/** An alarm is about a collection: nobody asked for anything, so nothing was denied. */
function verdictWord({ event, verdict, wouldDeny }: StoredDecision): string {
  if (event === 'alarm') return 'ALARM';
  return verdict === 'deny' ? 'DENY' : wouldDeny ? 'WOULD-DENY' : 'allow';
}

/** What the gate itself found in its cache belongs to no repository. */
function imageOf({ event, repository, tag, asked }: StoredDecision): string {
  const nameless = event === 'integrity' ? '(cache)' : '(unreadable name)';
  const name = repository === '' ? nameless : repository;
  return name + (tag === undefined ? '' : `:${tag}`) + (asked === undefined ? '' : `@${asked}`);
}

function details(decision: StoredDecision): string[] {
  const { client, count, event, firstAt, message, digest, method, request, mode } = decision;
  const asked = `asked    ${method} ${request} by ${client.address} (${client.userAgent || 'no user agent'}), mode ${mode}`;
  const lines = [
    ...(message === undefined ? [] : [`why      ${message}`]),
    ...(digest === undefined ? [] : [`digest   ${digest}`]),
    ...(event === 'alarm' ? [] : [asked]),
    ...(count > 1 ? [`first    ${iso(firstAt)}, ${count} times`] : []),
    ...decision.sources.flatMap(sourceLines),
  ];
  return lines.map((text) => `    ${visible(text)}`);
}

function sourceLines(source: SourceVerdict): string[] {
  const { reason, roles, signers, root, versions, expires } = source;
  const role = (name: string, version: number) => {
    const ends = expires.get(name);
    return `${name} v${version}${ends === undefined ? '' : ` until ${iso(ends)}`}`;
  };
  return [
    `source   ${source.source} (${source.kind}): ${source.outcome}${reason === undefined ? '' : ` ${reason}`}`,
    ...(source.message === undefined ? [] : [`         ${source.message}`]),
    ...(roles.length > 0 ? [`         by ${roles.join(', ')}, keys ${signers.join(', ')}`] : []),
    ...(root === undefined ? [] : [`         root v${root.version}, anchored by ${root.anchor}`]),
    ...(versions.size > 0 ? [`         ${[...versions].map(([name, n]) => role(name, n)).join(', ')}`] : []),
  ];
}
