import { describe, expect, test } from 'vitest';
import { APP, hex, person } from '../../../test/approvals.ts';
import { code, message } from '../../../test/thrown.ts';
import { readEvidence } from './evidence.ts';
import { readRoot, readSnapshot, readTargets, readTimestamp } from './read-document.ts';

/** What tufgate does not write is refused at every level: it would be signed again by somebody who was not shown it. */
type Plain = Record<string, unknown>;
const { keyId, entry: key } = person('a');
const who = { keyids: [keyId], threshold: 1 };
const common = { spec_version: '1.0.31', version: 1, expires: '2027-01-01T00:00:00Z' };
const approved = {
  approved: '2026-11-21T12:00:00Z',
  by: 'anna',
  reason: 'TICKET-1',
  until: '2027-01-01T00:00:00Z',
  keys: [keyId],
  evidence: [{ kind: 'sbom', digest: `sha256:${hex(1)}` }],
};
const target = (tufgate: unknown): Plain => ({
  length: 1,
  hashes: { sha256: hex(1) },
  custom: { oci: { mediaType: 'm' }, tufgate },
});

const FILES = {
  root: {
    _type: 'root',
    ...common,
    consistent_snapshot: true,
    keys: { [keyId]: key },
    roles: { root: who, timestamp: who, snapshot: who, targets: who },
  },
  targets: {
    _type: 'targets',
    ...common,
    targets: {
      [`${APP}:1`]: target(approved),
      [`${APP}@sha256:${hex(1)}`]: target({ tags: ['1'], until: approved.until, own: approved }),
      [`${APP}@sha256:${hex(2)}`]: target({ revoked: approved.approved, by: 'anna', reason: 'CVE-1' }),
    },
    delegations: {
      keys: { [keyId]: key },
      roles: [
        { name: 'team', ...who, terminating: true, paths: ['a/b:*'] },
        { name: 'bulk', ...who, terminating: true, path_hash_prefixes: ['0'] },
      ],
    },
  },
  bins: {
    _type: 'targets',
    ...common,
    targets: {},
    delegations: { keys: { [keyId]: key }, succinct_roles: { ...who, bit_length: 4, name_prefix: 'bulk' } },
  },
  snapshot: { _type: 'snapshot', ...common, meta: { 'targets.json': { version: 1 } } },
  timestamp: {
    _type: 'timestamp',
    ...common,
    meta: { 'snapshot.json': { version: 1, length: 1, hashes: { sha256: hex(1) } } },
  },
};
type Kind = keyof typeof FILES;
const READERS = {
  root: readRoot,
  targets: readTargets,
  bins: readTargets,
  snapshot: readSnapshot,
  timestamp: readTimestamp,
};
/** Objects whose members are names of somebody's choice. */
const NAMED = [
  /^root\.keys$/,
  /^targets\.targets$/,
  /^bins\.targets$/,
  /\.delegations\.keys$/,
  /^snapshot\.meta$/,
  /\.evidence\.\d+$/,
];

const read = (kind: Kind, signed: unknown): unknown =>
  READERS[kind]('it', Buffer.from(JSON.stringify({ signatures: [], signed })));

/** The way to every value: names of members. */
function* ways(value: unknown, way: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    yield [...way, name];
    yield* ways(member, [...way, name]);
  }
}

const at = (value: unknown, way: readonly string[]): unknown =>
  way.reduce<unknown>((holder, name) => (holder as Plain)[name], value);

const kinds = Object.keys(FILES) as Kind[];

describe.each(kinds)('%s', (kind) => {
  test('as tufgate writes it', () => {
    expect(code(() => read(kind, FILES[kind]))).toBe('accepted');
  });

  test('a member that tufgate does not write, at any level', () => {
    let tried = 0;
    for (const way of [[], ...ways(FILES[kind])]) {
      const copy = structuredClone(FILES[kind]);
      const holder = at(copy, way);
      const path = [kind, ...way].join('.');
      if (typeof holder !== 'object' || Array.isArray(holder) || NAMED.some((named) => named.test(path))) continue;
      (holder as Plain)['new'] = 1;
      expect([path, code(() => read(kind, copy))]).toEqual([path, 'trust.malformed']);
      tried++;
    }
    expect(tried).toBeGreaterThan(kind === 'targets' ? 15 : 1);
  });

  test('a value of another type, anywhere', () => {
    for (const way of ways(FILES[kind])) {
      const path = way.join('.');
      if (path === 'spec_version' || /\.\d+$/.test(path)) continue;
      for (const wrong of [-1, 'x\u0000y', [1], { a: [] }, false]) {
        const copy = structuredClone(FILES[kind]);
        const holder = at(copy, way.slice(0, -1)) as Plain;
        const last = way.at(-1)!;
        if (typeof holder[last] === 'string' && typeof wrong === 'string' && ANY_TEXT.test(path)) continue;
        if (/\.evidence\.\d+\./.test(path) && typeof wrong !== 'object') continue;
        holder[last] = wrong;
        expect([path, wrong, code(() => read(kind, copy))]).toEqual([path, wrong, 'trust.malformed']);
      }
    }
  });
});

/** Where any text is as good as another. */
const ANY_TEXT = /\.(by|reason|mediaType|public|kind|digest|name_prefix)$/;

describe('what is there and cannot be meant', () => {
  const changed = (kind: Kind, change: (signed: Plain) => void): string => {
    const copy = structuredClone(FILES[kind]) as Plain;
    change(copy);
    return message(() => read(kind, copy));
  };
  const word = (tufgate: unknown): string =>
    changed('targets', (signed) => (signed['targets'] = { [`${APP}:1`]: target(tufgate) }));

  test.each([
    ['2027-01-01T00:00:00.000Z'],
    ['2027-01-01T00:00:00+00:00'],
    ['2027-02-30T00:00:00Z'],
    ['2027-01-01'],
    [''],
    [1_800_000_000],
    [null],
  ])('an until of %j: it must not mean for ever', (until) => {
    expect(word({ ...approved, until })).toContain('has no instant until');
    expect(word({ tags: ['1'], until })).toContain('has no instant until');
  });

  test('a withdrawal that does not say when is no approval either', () => {
    for (const revoked of [null, false, '', 'yes', '2026-11-21'])
      expect(word({ revoked, by: 'anna' })).toContain('has no instant revoked');
    expect(word({ ...approved, revoked: approved.approved })).toContain('"approved" that tufgate does not write');
    expect(word({ tags: ['1'], revoked: approved.approved, by: 'anna' })).toContain('"tags"');
  });

  test('neither, and nothing', () => {
    expect(word({})).toContain('has no instant approved');
    expect(word(undefined)).toContain('is not a JSON object');
  });

  test('evidence that is much', () => {
    const many = (count: number): string =>
      code(() =>
        readEvidence(
          'it',
          Array.from({ length: count }, () => new Map([['kind', 'sbom']])),
        ),
      );
    expect([many(32), many(33)]).toEqual(['accepted', 'trust.malformed']);
    const wide = (count: number): string =>
      code(() => readEvidence('it', [new Map(Array.from({ length: count }, (_, i) => [`m${i}`, '']))]));
    expect([wide(12), wide(13)]).toEqual(['accepted', 'trust.malformed']);
    const long = (length: number): string => code(() => readEvidence('it', [new Map([['kind', 'x'.repeat(length)]])]));
    expect([long(512), long(513)]).toEqual(['accepted', 'trust.malformed']);
  });

  test('a role that others may answer for, or of two kinds of paths', () => {
    const role = (over: Plain): string =>
      changed('targets', (signed) => {
        (signed['delegations'] as { roles: Plain[] }).roles[0] = {
          name: 'team',
          ...who,
          terminating: true,
          paths: ['a'],
          ...over,
        };
      });
    expect(role({ terminating: false })).toContain('others may answer in its place');
    expect(role({ path_hash_prefixes: ['0'] })).toContain('neither or both');
    expect(role({ paths: undefined })).toContain('neither or both');
    for (const name of ['root', 'targets', 'a/b', '../a', 'A', '', '.a', 'a.', 'a\n'])
      expect(role({ name })).toContain('is no name of a role');
    expect(role({ name: 'team.2_x-y' })).toBe('');
  });

  test('both roles and bins; a root without consistent snapshots; a file under no name; a key of another kind', () => {
    expect(changed('bins', (signed) => ((signed['delegations'] as Plain)['roles'] = []))).toContain(
      'both roles and bins',
    );
    expect(changed('root', (signed) => (signed['consistent_snapshot'] = false))).toContain('consistent snapshots');
    expect(changed('snapshot', (signed) => (signed['meta'] = { targets: { version: 1 } }))).toContain(
      'which is no file',
    );
    const rsa = { ...key, keytype: 'rsa', scheme: 'rsassa-pss-sha256' };
    expect(changed('root', (signed) => (signed['keys'] = { [keyId]: rsa }))).toContain('a key of the kind "rsa rsassa');
    const mixed = { ...key, scheme: 'ecdsa-sha2-nistp256' };
    expect(changed('root', (signed) => (signed['keys'] = { [keyId]: mixed }))).toContain(
      'a key of the kind "ed25519 e',
    );
  });

  test('a file of another type, more than signed and signatures, and no JSON', () => {
    expect(code(() => readTargets('it', Buffer.from(JSON.stringify({ signatures: [], signed: FILES.root }))))).toBe(
      'trust.malformed',
    );
    const outer = { signatures: [], signed: FILES.targets, note: '' };
    expect(message(() => readTargets('it', Buffer.from(JSON.stringify(outer))))).toContain('"note"');
    expect(code(() => readTargets('it', Buffer.from('{')))).toBe('trust.malformed');
    const other = { ...FILES.bins, _type: 'snapshot' };
    expect(message(() => read('bins', other))).toContain('is not of the type targets');
  });
});
