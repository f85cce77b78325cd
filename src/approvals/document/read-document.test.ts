import { describe, expect, test } from 'vitest';
import { APP, hex, person } from '../../../test/approvals.ts';
import { code, message } from '../../../test/thrown.ts';
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
  carried: [[keyId]],
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
    roles: { root: { ...who }, timestamp: { ...who }, snapshot: { ...who }, targets: { ...who } },
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
      for (const wrong of [-1, 'x\u0000y', [1], { a: [] }, false, null]) {
        const copy = structuredClone(FILES[kind]);
        const holder = at(copy, way.slice(0, -1)) as Plain;
        const last = way.at(-1)!;
        if (typeof holder[last] === 'string' && typeof wrong === 'string' && ANY_TEXT.test(path)) continue;
        if (/\.evidence\.\d+\./.test(path) && !(wrong instanceof Object)) continue;
        holder[last] = wrong;
        expect([path, wrong, code(() => read(kind, copy))]).toEqual([path, wrong, 'trust.malformed']);
      }
    }
  });
});

/** Where any text is as good as another. */
const ANY_TEXT = /\.(by|reason|mediaType|public|kind|digest)$/;

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

  test('both roles and bins; a root without consistent snapshots; a file under no name', () => {
    expect(changed('bins', (signed) => ((signed['delegations'] as Plain)['roles'] = []))).toContain(
      'both roles and bins',
    );
    expect(changed('root', (signed) => (signed['consistent_snapshot'] = false))).toContain('consistent snapshots');
    expect(changed('snapshot', (signed) => (signed['meta'] = { targets: { version: 1 } }))).toContain(
      'which is no file',
    );
  });

  test.each<[Plain, string]>([
    [{ bit_length: 16 }, ''],
    [{ bit_length: 17 }, 'are more than 2^16'],
    [{ bit_length: 32 }, 'are more than 2^16'],
    [{ bit_length: 0 }, 'has no integer bit_length of at least 1'],
    [{ name_prefix: 'team.2' }, ''],
    [{ name_prefix: '' }, 'are called "", which is no name'],
    [{ name_prefix: '../bulk' }, 'are called "../bulk", which is no name'],
    [{ name_prefix: 'targets' }, 'are called "targets", which is no name'],
  ])('bins with %j: each is a file, and all of them are listed', (over, why) => {
    const refused = changed('bins', (signed) => {
      Object.assign((signed['delegations'] as { succinct_roles: Plain }).succinct_roles, over);
    });
    if (why === '') expect(refused).toBe('');
    else expect(refused).toContain(`the bins of it ${why}`);
  });

  test.each([
    ['ed25519', 'ecdsa-sha2-nistp256'],
    ['ecdsa', 'ed25519'],
    ['ecdsa', 'ecdsa-sha2-nistp384'],
    ['ecdsa', 'rsassa-pss-sha256'],
    ['ecdsa', ''],
    ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256'],
    ['rsa', 'rsassa-pss-sha256'],
    ['rsa', 'ed25519'],
    ['rsa', 'ecdsa-sha2-nistp256'],
    ['', ''],
  ])('a key of the kind %j that signs with %j', (keytype, scheme) => {
    const other = { [keyId]: { ...key, keytype, scheme } };
    const kind = `has a key of the kind "${keytype} ${scheme}"`;
    expect(changed('root', (signed) => (signed['keys'] = other))).toContain(kind);
    expect(changed('targets', (signed) => ((signed['delegations'] as Plain)['keys'] = other))).toContain(kind);
  });

  test.each([
    ['nothing', ''],
    ['a digit too few', hex(1).slice(1)],
    ['a digit too many', `${hex(1)}0`],
    ['a line end behind it', `${hex(1)}\n`],
    ['a path behind it', `${hex(1)}/../x`],
    ['a blank before it', ` ${hex(1)}`],
    ['the algorithm before it', `sha256:${hex(1)}`],
    ['large letters', 'A'.repeat(64)],
    ['another letter', 'g'.repeat(64)],
  ])('a sha256 with %s', (_, sha256) => {
    const entry = { ...target(approved), hashes: { sha256 } };
    const listed = { 'snapshot.json': { version: 1, length: 1, hashes: { sha256 } } };
    const expected = 'has no sha256 of 64 hex digits';
    expect(changed('targets', (signed) => (signed['targets'] = { [`${APP}:1`]: entry }))).toContain(expected);
    expect(changed('timestamp', (signed) => (signed['meta'] = listed))).toContain(expected);
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

test('what is not there is not there when it is read either', () => {
  const { custom, ...rest } = target(approved);
  const bare = { ...rest, custom: { tufgate: (custom as Plain)['tufgate'] } };
  const { targets } = readTargets(
    'it',
    Buffer.from(
      JSON.stringify({ signatures: [], signed: { _type: 'targets', ...common, targets: { [`${APP}:1`]: bare } } }),
    ),
  );
  expect(Object.keys(targets.get(`${APP}:1`)!)).toEqual(['length', 'sha256', 'word']);
});

describe('whoever is refused a file learns which part of it is meant', () => {
  const stray = { new: 1 };
  test.each<[Kind, string, string]>([
    ['root', 'roles', 'the roles of it'],
    ['root', 'roles targets', 'role targets of it'],
    ['root', `keys ${keyId}`, 'a key of it'],
    ['root', `keys ${keyId} keyval`, 'a key of it'],
    ['targets', 'delegations', 'the delegations of it'],
    ['targets', 'delegations roles 0', 'a role of it'],
    ['targets', `targets ${APP}:1`, `${APP}:1 in it`],
    ['targets', `targets ${APP}:1 custom tufgate`, `${APP}:1 in it`],
    ['bins', 'delegations succinct_roles', 'the bins of it'],
    ['snapshot', 'meta targets.json', 'the entry of targets.json in it'],
    ['timestamp', 'meta snapshot.json', 'the snapshot of it'],
  ])('%s: %s', (kind, way, what) => {
    const copy = structuredClone(FILES[kind]);
    Object.assign(at(copy, way.split(' ')) as Plain, stray);
    expect(message(() => read(kind, copy))).toMatch(new RegExp(`^${what} has a member "new"`));
  });

  test('and not a page of it: a name may be as long as its writer likes', () => {
    const long = 'x'.repeat(1_000);
    expect(message(() => read('snapshot', { ...FILES.snapshot, meta: { [long]: stray } }))).toMatch(
      /^the entry of x{80} in it /,
    );
    expect(message(() => read('targets', { ...FILES.targets, targets: { [long]: stray } }))).toMatch(/^x{160} in it /);
  });
});
