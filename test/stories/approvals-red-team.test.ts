import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TargetsDocument } from '../../src/approvals/document/documents.ts';
import { readRoot, readSnapshot, readTargets, readTimestamp } from '../../src/approvals/document/read-document.ts';
import type { TufFiles } from '../../src/simulator/tuf-files.ts';
import { type TufKey, tufKey } from '../../src/simulator/tuf-key.ts';
import { TufServer } from '../../src/simulator/tuf-server.ts';
import { ApprovalsWorld, forged, LIFETIMES } from './approvals-world.ts';
import { DAY, type GateWorld, openGate, START } from './gate-world.ts';

/**
 * Somebody holds the server of an organisation: all published files, the key of its timestamp and snapshot, and one approver's key of
 * three, of whom two have to sign. Before him are gates elsewhere, which have pinned the root.
 *
 * He cannot make an unapproved digest pass, cannot bring back a withdrawn one at a gate that has seen the withdrawal, nor anywhere once
 * the older role file has expired, and can otherwise at most stop updates until the timestamp expires.
 */
const REPOSITORY = 'reg.example/acme/app';
const MINUTE = 60_000;
let server: TufServer;
let owner: ApprovalsWorld;
let gate: GateWorld;

beforeEach(async () => {
  server = new TufServer();
  await server.listen();
  owner = await ApprovalsWorld.open(START);
  server.serve('tuf', owner.files());
  gate = await gateBefore();
  await owner.approve(REPOSITORY, '1.0', gate.image);
  server.serve('tuf', owner.files());
});

afterEach(async () => {
  await gate.close();
  await server.close();
  owner.close();
});

async function gateBefore(): Promise<GateWorld> {
  const sources = `  approvals: { type: tuf, url: "${server.url.href}tuf", root: root.json }`;
  return await openGate({ rule: 'require: [approvals]', sources, files: { 'root.json': owner.pinned } });
}

/** What his server has from now on, and time for the gates to ask. */
function serve(files: TufFiles, ...gates: readonly GateWorld[]): void {
  server.serve('tuf', files);
  for (const each of [gate, ...gates]) each.clock += 2 * MINUTE;
}

async function outcome(reference: string, at = gate): Promise<unknown> {
  const { status, reason, headers } = await at.get(`/v2/acme/app/manifests/${reference}`);
  return status === 200 ? headers['docker-content-digest'] : reason;
}

/** With the online key: a snapshot of these versions, and a timestamp for it, newer than what is there. */
function published(files: TufFiles, versions: Readonly<Record<string, number>>, now = gate.clock): TufFiles {
  const [timestamp, snapshot] = [timestampOf(files), snapshotOf(files)];
  const meta = new Map([...snapshot.meta, ...Object.entries(versions)]);
  const [next, expires] = [snapshot.version + 1, now + LIFETIMES.snapshot];
  const bytes = forged({ type: 'snapshot', version: next, expires, meta }, owner.online);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const entry = { version: next, length: bytes.length, sha256 };
  const fresh = { type: 'timestamp', version: timestamp.version + 1, expires: now + DAY, snapshot: entry } as const;
  return files.copy().replace(`${next}.snapshot.json`, bytes).replace('timestamp.json', forged(fresh, owner.online));
}

function timestampOf(files: TufFiles): ReturnType<typeof readTimestamp> {
  return readTimestamp('the timestamp', files.get('timestamp.json')!);
}

function snapshotOf(files: TufFiles): ReturnType<typeof readSnapshot> {
  return readSnapshot('the snapshot', files.get(`${timestampOf(files).snapshot.version}.snapshot.json`)!);
}

/** The bins that the names of this image lie in, as they stand. */
function binsWith(files: TufFiles, digest: string): readonly (readonly [string, TargetsDocument])[] {
  const bins = [...snapshotOf(files).meta].filter(([role]) => role.startsWith('bulk-'));
  return bins.flatMap(([role, version]) => {
    const document = readTargets(role, files.get(`${version}.${role}.json`)!);
    return [...document.targets.keys()].some((name) => name === `${REPOSITORY}:1.0` || name.endsWith(digest))
      ? [[role, document] as const]
      : [];
  });
}

describe('an image that nobody approved', () => {
  let evil: string;
  let size: number;

  beforeEach(() => {
    ({ digest: evil, size } = gate.registry.addImage({
      repository: 'acme/app',
      tag: '2.0',
      layers: [Buffer.from('evil')],
    }));
  });

  /** The bin of each of its names, with an entry of his, signed with these keys. */
  function planted(...keys: readonly TufKey[]): TufFiles {
    const files = owner.files();
    const versions: Record<string, number> = {};
    for (const [role, version] of snapshotOf(files).meta) {
      if (!role.startsWith('bulk-')) continue;
      const document = readTargets(role, files.get(`${version}.${role}.json`)!);
      const word = { kind: 'approval', at: START, by: 'alice', evidence: [] } as const;
      const entry = { length: size, sha256: evil.slice('sha256:'.length), word };
      const targets = new Map([
        ...document.targets,
        [`${REPOSITORY}:1.0`, entry],
        [`${REPOSITORY}:2.0`, entry],
        [`${REPOSITORY}@${evil}`, entry],
      ] as const);
      files.replace(`${version + 1}.${role}.json`, forged({ ...document, version: version + 1, targets }, ...keys));
      versions[role] = version + 1;
    }
    return published(files, versions);
  }

  test.each([
    ['by nobody', () => []],
    ['with the online key', () => [owner.online]],
    ['with the online key and the one of an approver', () => [owner.online, owner.people[0]!]],
    ['by one approver twice', () => [owner.people[0]!, { ...owner.people[0]!, keyId: owner.people[1]!.keyId }]],
    ['with keys of his own', () => [tufKey('ed25519', 'his'), tufKey('ed25519', 'his too')]],
  ])('signed %s: it is refused by tag and by digest', async (_, keys) => {
    serve(planted(...keys()));
    for (const reference of ['2.0', evil, '1.0']) expect(await outcome(reference)).toMatch(/^trust\.|^policy\.digest/);
  });

  test('two approvers have to sign: then it passes, so what was refused above was refused for the signatures', async () => {
    serve(planted(owner.people[0]!, owner.people[1]!));
    expect(await outcome('2.0')).toBe(evil);
  });

  test('roots and delegations of his own count for nothing', async () => {
    expect(await outcome('1.0')).toBe(gate.image.digest);
    const files = owner.files();
    const root = readRoot('root', owner.pinned);
    const his = tufKey('ed25519', 'his');
    const keys = new Map([[his.keyId, his.entry as never]]);
    const all = { keyIds: [his.keyId], threshold: 1 };
    const roles = { root: all, timestamp: all, snapshot: all, targets: all };
    files.replace('2.root.json', forged({ ...root, version: 2, keys, roles }, his, owner.online, owner.people[0]!));
    serve(files);
    expect(await outcome('2.0')).not.toBe(evil);
    // The chain is not believed; the view before serves on until it ends.
    expect(await outcome('1.0')).toBe(gate.image.digest);
    const targets = readTargets('targets', owner.files().get('1.targets.json')!);
    const delegations = {
      kind: 'roles',
      keys,
      roles: [{ name: 'mine', paths: { kind: 'hash-prefixes', of: ['0', '1'] }, ...all }],
    } as const;
    const mine = owner
      .files()
      .replace('2.targets.json', forged({ ...targets, version: 2, delegations }, owner.online, owner.people[0]!));
    serve(published(mine, { targets: 2, mine: 1 }));
    expect(await outcome('2.0')).not.toBe(evil);
  });

  test('what he writes into the folder of those who approve is not signed with the next approval', async () => {
    const files = planted(owner.online);
    const read = (name: string): Promise<Uint8Array | undefined> => Promise.resolve(files.get(name));
    const { Standing } = await import('../../src/approvals/standing/standing.ts');
    const { propose } = await import('../../src/approvals/proposal/make-proposal.ts');
    const change = {
      kind: 'approve',
      repository: REPOSITORY,
      tag: '3.0',
      sha256: 'a'.repeat(64),
      length: 1,
      by: 'bob',
      evidence: [],
      reinstate: false,
    } as const;
    await expect(
      Standing.open('approvals', owner.pinned, read).then((standing) => standing.role('bulk-0')),
    ).rejects.toMatchObject({ code: 'trust.signature' });
    const on = { repository: 'approvals', pinned: owner.pinned, read };
    await expect(propose('approvals', on, [change], START, LIFETIMES)).rejects.toMatchObject({
      code: 'trust.signature',
    });
  });
});

describe('an image that was withdrawn', () => {
  let before: TufFiles;

  beforeEach(async () => {
    expect(await outcome('1.0')).toBe(gate.image.digest);
    before = owner.files();
    await owner.withdraw(REPOSITORY, gate.image.digest);
  });

  /** The files as they are, but the snapshot names the bins as they were before the withdrawal. */
  function broughtBack(now?: number): TufFiles {
    const versions = Object.fromEntries(
      binsWith(before, gate.image.digest).map(([role, { version }]) => [role, version]),
    );
    const files = owner.files();
    for (const [path, bytes] of before.paths()) if (path.includes('bulk-')) files.replace(path, bytes);
    return published(files, versions, now);
  }

  test('a gate that has seen it: it does not come back, whatever the server shows', async () => {
    serve(owner.files());
    expect(await outcome(gate.image.digest)).toBe('trust.withdrawn');
    expect(await outcome('1.0')).not.toBe(gate.image.digest);
    for (const files of [broughtBack(), before, published(before, {})]) {
      serve(files);
      expect(await outcome(gate.image.digest)).toBe('trust.withdrawn');
      expect(await outcome('1.0')).not.toBe(gate.image.digest);
    }
    await gate.restart();
    expect(await outcome(gate.image.digest)).toBe('trust.withdrawn');
  });

  test('a gate that never saw it is shown the older files, for as long as they count, and no longer', async () => {
    const other = await gateBefore();
    serve(broughtBack(), other);
    other.registry.addImage({ repository: 'acme/app', tag: '1.0', layers: [Buffer.from('layer')] });
    expect(await outcome('1.0', other)).toBe(gate.image.digest);
    const end = START + LIFETIMES.approvals;
    other.clock = end + MINUTE;
    server.serve('tuf', broughtBack(other.clock));
    expect(await outcome('1.0', other)).toBe('trust.expired');
    expect(await outcome(gate.image.digest, other)).not.toBe(gate.image.digest);
    await other.close();
  });
});

test('the server says nothing more: what was approved is served until the timestamp expires, and then nothing', async () => {
  expect(await outcome('1.0')).toBe(gate.image.digest);
  server.misbehaviours.set('*', { kind: 'status', status: 503 });
  gate.clock = START + DAY - MINUTE;
  expect(await outcome('1.0')).toBe(gate.image.digest);
  gate.clock = START + DAY + MINUTE;
  expect(await outcome('1.0')).toMatch(/^trust\.(?:unreachable|expired)$/);
});
