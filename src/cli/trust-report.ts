import type { Judge } from '../compose.ts';
import { codeOf, messageOf } from '../errors.ts';
import type { Collection, StoredTrust, TrustStore } from '../state/store.ts';
import type { TrustSourceConfig } from '../config/config.ts';
import type { Trusted, View } from '../trust/tuf/collection.ts';
import { type Coverage, coverageOf, pinWordsFor } from './coverage.ts';
import { type Alarm, type LastAlarm, lastAlarms } from './last-alarms.ts';
import { type EndingApproval, endingApprovals } from './ending-approvals.ts';
import { roleReports, type RoleReport } from './role-report.ts';
import { type RootFacts, storedFacts } from './stored-facts.ts';

/** One collection as `trust list`, `trust show` and `trust audit` tell it: facts only, instants as ISO text. */
export interface CollectionReport {
  readonly source: string;
  readonly kind: TrustSourceConfig['kind'] | null;
  readonly gun: string;
  /** Why it does not count as it is stored; null when all is well. */
  readonly problem: { readonly code: string; readonly message: string } | null;
  /** What the trust in it began with. */
  readonly anchor: string | null;
  /** The pin that holds for it today, the longest match. */
  readonly pin: string | null;
  readonly checkedAt: string | null;
  /** What its source sent since does not verify, or it refuses us: what was confirmed before serves until it expires. */
  readonly failing: { readonly at: string; readonly code: string; readonly message: string } | null;
  readonly withdrawn: boolean;
  /** What ends first of what a person must sign anew. */
  readonly expires: { readonly role: string; readonly at: string; readonly daysLeft: number } | null;
  /** Approvals that end within 30 days, in the files that are held; the first to end first. */
  readonly approvals: readonly EndingApproval[];
  readonly root: RootFacts | null;
  readonly roles: readonly RoleReport[];
}

/** What it takes to look into what is stored. */
export interface Reporting {
  readonly sources: ReadonlyMap<string, TrustSourceConfig>;
  readonly store: TrustStore;
  readonly now: () => number;
  readonly lastAlarm: LastAlarm;
}

export async function reportingFrom({ trust, state }: Judge): Promise<Reporting> {
  return { ...trust, lastAlarm: await lastAlarms(state) };
}

/** From what is stored, verified again, without asking the source. */
export async function reportOn(reporting: Reporting, collection: Collection): Promise<CollectionReport> {
  const config = reporting.sources.get(collection.source);
  const pin = config === undefined ? null : pinWordsFor(config, collection.gun);
  const base = { ...UNKNOWN, ...collection, pin, kind: config?.kind ?? null };
  try {
    const stored = await reporting.store.loadTrust(collection);
    if (stored === undefined) return { ...base, problem: NOTHING };
    const found = { ...base, ...facts(stored), failing: failingSince(stored, reporting.lastAlarm(collection)) };
    if (config === undefined) return { ...found, problem: unconfigured(collection) };
    const coverage = coverageOf(config, collection.gun, stored);
    const problem = problemOf(coverage) ?? (stored.withdrawn ? withdrawn(collection) : null);
    if (coverage.kind !== 'covered' || coverage.view === undefined) return { ...found, problem };
    return { ...found, problem, ...believed(coverage.view, coverage.shelf, reporting.now()) };
  } catch (error) {
    return { ...base, problem: { code: codeOf(error), message: messageOf(error) } };
  }
}

const UNKNOWN = {
  anchor: null,
  checkedAt: null,
  failing: null,
  withdrawn: false,
  expires: null,
  approvals: [],
  root: null,
  roles: [],
} as const;
const NOTHING = {
  code: 'trust.unsigned',
  message: 'nothing verified is stored: resolve one of its tags to ask the source',
} as const;

function facts(stored: StoredTrust): Pick<CollectionReport, 'anchor' | 'checkedAt' | 'withdrawn' | 'root'> {
  const { anchor, root, withdrawn: gone, checkedAt } = storedFacts(stored);
  return {
    anchor,
    root,
    withdrawn: gone,
    checkedAt: checkedAt === undefined ? null : new Date(checkedAt).toISOString(),
  };
}

function failingSince({ checkedAt }: StoredTrust, alarm: Alarm | undefined): CollectionReport['failing'] {
  if (alarm === undefined || alarm.at <= checkedAt) return null;
  const { at, code, message } = alarm;
  return { at: new Date(at).toISOString(), code, message };
}

function believed(
  view: View,
  shelf: Trusted['shelf'],
  now: number,
): Pick<CollectionReport, 'anchor' | 'expires' | 'approvals' | 'roles'> {
  const roles = roleReports(view, now, shelf);
  return { anchor: view.anchor, expires: soonest(roles), approvals: endingApprovals(view, shelf, now), roles };
}

function problemOf(coverage: Coverage): CollectionReport['problem'] {
  switch (coverage.kind) {
    case 'covered':
      return coverage.view === undefined ? NOTHING : null;
    case 'anew':
      return { code: 'trust.pin', message: `the pin does not cover what is stored: ${coverage.message}` };
    case 'no-root':
      return { code: 'trust.no-root', message: coverage.message };
    case 'damaged':
      return { code: 'state.damaged', message: coverage.message };
  }
}

function unconfigured({ source }: Collection): CollectionReport['problem'] {
  return { code: 'config.invalid', message: `trust source ${source} is no longer configured` };
}

function withdrawn({ source, gun }: Collection): CollectionReport['problem'] {
  return { code: 'trust.withdrawn', message: `${source} no longer has ${gun}, which it had before: nothing is served` };
}

function soonest(roles: readonly RoleReport[]): CollectionReport['expires'] {
  const ends = roles.flatMap(({ role, expires, daysLeft, people }) =>
    !people || expires === null || daysLeft === null ? [] : [{ role, at: expires, daysLeft }],
  );
  return ends.sort((a, b) => Date.parse(a.at) - Date.parse(b.at))[0] ?? null;
}
