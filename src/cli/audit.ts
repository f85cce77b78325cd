import type { CollectionReport } from './trust-report.ts';

/** Why somebody should look at a collection. The list is closed: scripts compare it. */
export type Gap =
  | 'first-use'
  | 'no-pin'
  | 'not-covered'
  | 'expired'
  | 'failing'
  | 'withdrawn'
  | 'not-configured'
  | 'nothing-verified'
  | 'damaged';

/** One collection of an audit: the same for the same trust, wherever it is stored, so that a fleet can be compared. */
export interface AuditRow extends CollectionReport {
  readonly gaps: readonly Gap[];
}

export function audit(report: CollectionReport): AuditRow {
  const { problem, anchor, pin, failing, withdrawn, roles } = report;
  const gaps = new Set<Gap>();
  const known = GAPS.get(problem?.code ?? '');
  if (known !== undefined) gaps.add(known);
  else if (problem !== null && !withdrawn) gaps.add('damaged');
  if (withdrawn) gaps.add('withdrawn');
  // Of one that is gone the keys that were there are no hint: whoever makes it anew has others.
  if (known === undefined && anchor === 'first-use' && pin === null && !withdrawn) gaps.add('first-use');
  if (roles.some(({ people, daysLeft }) => people && daysLeft !== null && daysLeft < 0)) gaps.add('expired');
  if (problem === null && failing !== null) gaps.add('failing');
  return { ...report, gaps: [...gaps] };
}

const GAPS: ReadonlyMap<string, Gap> = new Map([
  ['config.invalid', 'not-configured'],
  ['trust.no-root', 'no-pin'],
  ['trust.pin', 'not-covered'],
  ['trust.unsigned', 'nothing-verified'],
]);

const COLUMNS = [
  'source',
  'gun',
  'anchor',
  'pin',
  'root_version',
  'root_threshold',
  'root_keys',
  'first_end',
  'first_end_role',
  'days_left',
  'confirmed',
  'withdrawn',
  'gaps',
] as const;

/** RFC 4180, with the header line; lists within a cell are separated by spaces. */
export function auditCsv(rows: readonly AuditRow[]): string {
  const lines = rows.map(({ source, gun, anchor, pin, root, expires, checkedAt, withdrawn, gaps }) => [
    source,
    gun,
    anchor,
    pin,
    root?.version,
    root?.threshold,
    root?.keys.join(' '),
    expires?.at,
    expires?.role,
    expires?.daysLeft,
    checkedAt,
    withdrawn,
    gaps.join(' '),
  ]);
  return [COLUMNS, ...lines].map((line) => line.map(cell).join(',')).join('\r\n');
}

/** Spreadsheets run what begins with these, and a role or a pin may be called anything. */
function cell(value: string | number | boolean | null | undefined): string {
  const text = String(value ?? '');
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
