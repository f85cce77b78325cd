import { expect, test } from 'vitest';
import { audit, auditCsv } from './audit.ts';
import type { CollectionReport } from './trust-report.ts';

const KEY = 'ab'.repeat(32);
const sound: CollectionReport = {
  source: 'vendor',
  kind: 'notary',
  gun: 'reg.example/acme/app',
  problem: null,
  anchor: 'keys',
  pin: `reg.example/ (keys ${KEY})`,
  checkedAt: '2026-11-21T12:00:00.000Z',
  failing: null,
  withdrawn: false,
  expires: { role: 'targets', at: '2027-01-01T00:00:00.000Z', daysLeft: 40 },
  root: { version: 3, keys: [KEY], threshold: 1, expires: '2036-01-01T00:00:00Z' },
  approvals: [],
  roles: [],
};
const FAILING = { at: '2026-11-22T12:00:00.000Z', code: 'trust.signature', message: 'timestamp' };
const problem = (code: string) => ({ problem: { code, message: '' } });
const role = (people: boolean, daysLeft: number) => ({ people, daysLeft }) as CollectionReport['roles'][number];

test.each<[string, Partial<CollectionReport>, readonly string[]]>([
  ['pinned, fresh', {}, []],
  ['nobody pinned it', { anchor: 'first-use', pin: null }, ['first-use']],
  ['trusted on first use, and pinned since', { anchor: 'keys' }, []],
  ['no pin any more', { pin: null, ...problem('trust.no-root') }, ['no-pin']],
  ['another pin', problem('trust.pin'), ['not-covered']],
  ['no source of that name', problem('config.invalid'), ['not-configured']],
  ['never verified as a whole', problem('trust.unsigned'), ['nothing-verified']],
  ['bytes that were changed', problem('state.damaged'), ['damaged']],
  ['withdrawn', { withdrawn: true, ...problem('trust.withdrawn') }, ['withdrawn']],
  ['withdrawn, and trusted on first use', { withdrawn: true, anchor: 'first-use', pin: null }, ['withdrawn']],
  ['what its source sends does not verify', { failing: FAILING }, ['failing']],
  [
    'withdrawn, which is an alarm too',
    { failing: FAILING, withdrawn: true, ...problem('trust.withdrawn') },
    ['withdrawn'],
  ],
  ['what people signed has ended', { roles: [role(true, -1)] }, ['expired']],
  ['a timestamp that nobody asked for lately', { roles: [role(false, -20), role(true, 0)] }, []],
])('%s', (_, over, gaps) => {
  expect(audit({ ...sound, ...over }).gaps).toEqual(gaps);
});

test('the table has one line a collection, and no cell that a spreadsheet would run', () => {
  const [header, first, second] = auditCsv([
    audit({ ...sound, pin: 'a "quoted", pin' }),
    audit({ ...sound, ...problem('config.invalid'), pin: '=cmd()', expires: null, checkedAt: null }),
  ]).split('\r\n');
  expect(header).toMatch(/^source,gun,anchor,pin,root_version,root_threshold,root_keys/);
  expect(first).toBe(
    `vendor,reg.example/acme/app,keys,"a ""quoted"", pin",3,1,${KEY},2027-01-01T00:00:00.000Z,targets,40,2026-11-21T12:00:00.000Z,false,`,
  );
  expect(second).toContain(",'=cmd(),");
  expect(second).toMatch(/not-configured$/);
});
