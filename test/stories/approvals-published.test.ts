import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SnapshotDocument } from '../../src/approvals/document/documents.ts';
import { fileBytes, signedBytes } from '../../src/approvals/document/write-document.ts';
import { publishFresh } from '../../src/approvals/publish/publish.ts';
import { fileName } from '../../src/approvals/standing/file-name.ts';
import { TufFiles } from '../../src/simulator/tuf-files.ts';
import { sha256Hex } from '../../src/trust/tuf/hex.ts';
import {
  ANNA,
  APP,
  approval,
  ApprovalsWorld,
  authorization,
  BEN,
  CARLA,
  DAY,
  hex,
  ONLINE,
  type Person,
  person,
  quorum,
  ROOT,
  TWO_OF_THREE,
  withdrawal,
} from '../approvals.ts';
import { everything } from '../approvals-model.ts';
import { Client } from '../conformance/client.ts';
import { TufJsClient } from '../tuf-js.ts';

/**
 * What we publish is read by others: tuf-js and our own client, each with a disk of its own, of a repository with owners' roles,
 * 2-of-3 thresholds, hash bins, and keys of both kinds.
 */
const NGINX = 'docker.io/library/nginx';
const DORA = person('dora', 'p256');
const EMIL = person('emil');
let world: ApprovalsWorld;
let theirs: TufJsClient;
let ours: Client;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  world = await ApprovalsWorld.make(TWO_OF_THREE);
  world.signers = [ANNA, BEN, DORA, EMIL];
  theirs = new TufJsClient(world.pinned!);
  ours = new Client({ files: world.served as never }, world.pinned);
  await world.change({ kind: 'delegate', role: 'team-nginx', names: [NGINX], ...quorum(2, CARLA, DORA, EMIL) });
  await world.change(approval('1', 'a'), approval('1.27', 'n', { repository: NGINX }), approval(undefined, 'own'));
});
afterEach(async () => {
  vi.useRealTimers();
  theirs.dispose();
  await ours.close();
  world.dispose();
});

const NAMES = {
  tag: `${APP}:1`,
  digest: `${APP}@sha256:${hex('a')}`,
  own: `${APP}@sha256:${hex('own')}`,
  nginx: `${NGINX}:1.27`,
  nginxDigest: `${NGINX}@sha256:${hex('n')}`,
  nothing: `${APP}:2`,
} as const;

/** By name: the content that both found, `none`, or that both refused. */
async function read(files = world.served): Promise<Record<keyof typeof NAMES, string>> {
  vi.setSystemTime(world.now);
  Object.assign(ours, { now: world.now, files });
  const names = Object.values(NAMES);
  const [they, we] = [await theirs.resolve(files, ...names), await ours.judge(...names)];
  const said = names.map((_, at) => {
    const [a, b] = [they[at]!, we[at]!];
    expect([names[at], b.kind, b.kind === 'refused' && b.message]).toEqual([
      names[at],
      a.kind,
      b.kind === 'refused' && b.message,
    ]);
    if (b.kind === 'found' && b.revoked !== undefined) return 'withdrawn';
    if (a.kind === 'found' && b.kind === 'found') {
      expect(b).toMatchObject({ sha256: a.sha256, length: a.length });
      return Buffer.from(a.sha256!, 'hex').toString().replace(/\0/g, '');
    }
    return a.kind;
  });
  return Object.fromEntries(Object.keys(NAMES).map((key, at) => [key, said[at]])) as Record<keyof typeof NAMES, string>;
}

const GOOD = { tag: 'a', digest: 'a', own: 'own', nginx: 'n', nginxDigest: 'n', nothing: 'none' };
const REFUSED = {
  tag: 'refused',
  digest: 'refused',
  own: 'refused',
  nginx: 'refused',
  nginxDigest: 'refused',
  nothing: 'refused',
};

test('tags and digests, of owners and of the bins', async () => {
  expect(await read()).toEqual(GOOD);
});

test('what changes is seen by who has read before', async () => {
  await read();
  await world.change(approval('1', 'b'), approval('2', 'a'));
  expect(await read()).toEqual({ ...GOOD, tag: 'b', nothing: 'a' });
  await world.change(withdrawal('a'), withdrawal('own'));
  expect(await read()).toMatchObject({ digest: 'withdrawn', own: 'withdrawn', nothing: 'none', nginx: 'n' });
});

test('a role that is taken back, and one that comes before another', async () => {
  await read();
  await world.change({ kind: 'undelegate', role: 'team-nginx', keep: true });
  expect(await read()).toEqual(GOOD);
  await world.change({ kind: 'delegate', role: 'all', names: ['docker.io/**', 'reg.example/**'], ...quorum(1, EMIL) });
  expect(await read()).toEqual(GOOD);
  await world.change({ kind: 'delegate', role: 'team-nginx', names: [NGINX], ...quorum(1, DORA) });
  expect(await read()).toEqual(GOOD);
  await world.changeAs([EMIL], approval('1', 'b'));
  expect(await read()).toEqual({ ...GOOD, tag: 'b', digest: 'none' });
});

test('every key is another one, one role after the other', async () => {
  await read();
  const [fay, gus, two] = [person('fay'), person('gus', 'p256'), person('online two')];
  world.signers = [...world.signers, fay, gus];
  await world.change(authorization('root', quorum(2, fay, gus)));
  expect(await read()).toEqual(GOOD);
  await world.change(authorization('targets', quorum(1, fay)), authorization('bulk', quorum(1, gus)));
  expect(await read()).toEqual(GOOD);
  world.online = two;
  await world.change(authorization('timestamp', quorum(1, two)), authorization('snapshot', quorum(1, two)));
  expect(await read()).toEqual(GOOD);
  await world.change(authorization('team-nginx', quorum(1, EMIL)));
  await world.change(authorization('root', quorum(1, ROOT)), approval('2', 'z')).catch(() => undefined);
  expect(await read()).toEqual(GOOD);
  const late = new TufJsClient(world.pinned!);
  expect(await late.resolve(world.served, NAMES.tag)).toMatchObject([{ kind: 'found', sha256: hex('a') }]);
  late.dispose();
});

test('more bins', { timeout: 120_000 }, async () => {
  await read();
  const many = Array.from({ length: 1_800 }, (_, at) => approval(`t${at}`, 'same', { sha256: hex(`c${at}`) }));
  await world.change(...many);
  expect((await everything(await world.standing())).get(NAMES.tag)?.role).toMatch(/^bulk-[0-9a-f]{2}$/);
  expect(await read()).toEqual(GOOD);
});

test('once the timestamp has ended nobody believes it; signed anew, all do', async () => {
  await read();
  world.now += 2 * DAY;
  expect(await read()).toEqual(REFUSED);
  await publishFresh(world.publishing(), { snapshot: true });
  expect(await read()).toEqual(GOOD);
  world.now += 100 * DAY;
  await publishFresh(world.publishing(), { snapshot: true });
  expect(await read()).toEqual(REFUSED);
  await world.change({ kind: 'renew', endingBefore: world.now + DAY });
  expect(await read()).toEqual(GOOD);
});

/** The attacker holds the whole server with every online key, and all files that ever were. */
describe('with every online key', () => {
  const past = new Map<string, Uint8Array>();
  const keep = (): void => {
    for (const [name, bytes] of world.files()) past.set(name, bytes);
  };

  async function signed(
    document: Parameters<typeof signedBytes>[0],
    ...people: readonly Person[]
  ): Promise<Uint8Array> {
    const message = signedBytes(document);
    return fileBytes(
      message,
      await Promise.all(people.map(async (each) => ({ keyId: each.keyId, bytes: await each.sign(message) }))),
    );
  }

  /** A new snapshot and timestamp over what he likes. */
  async function served(
    edit: (files: Map<string, Uint8Array>, meta: Map<string, number>) => unknown,
  ): Promise<TufFiles> {
    const standing = await world.standing();
    const files = new Map(world.files());
    const meta = new Map(standing.snapshot.meta);
    await edit(files, meta);
    const [version, expires] = [standing.snapshot.version + 1, world.now + DAY];
    const snapshot: SnapshotDocument = { type: 'snapshot', version, expires, meta };
    const bytes = await signed(snapshot, ONLINE);
    files.set(fileName('snapshot', version), bytes);
    const named = { version, length: bytes.length, sha256: sha256Hex(bytes) };
    files.set(
      'timestamp.json',
      await signed({ type: 'timestamp', version: standing.timestamp.version + 1, expires, snapshot: named }, ONLINE),
    );
    return new TufFiles(files);
  }

  const holder = async (name: string): Promise<string> => (await everything(await world.standing())).get(name)!.role;

  test.each([
    ['nobody', []],
    ['himself', [ONLINE]],
    ['one of the two that it takes', [ANNA]],
    ['one of them twice', [ANNA, ANNA]],
    ['who may sign for others', [DORA, EMIL]],
  ])('an unapproved digest, signed by %s, passes nowhere', async (_, people) => {
    await read();
    const role = await holder(NAMES.tag);
    const { document } = (await (await world.standing()).role(role))!;
    const word = { kind: 'approval', at: 0, by: 'x', evidence: [] } as const;
    const targets = new Map(document.targets).set(NAMES.tag, { length: 7, sha256: hex('evil'), word });
    const files = await served(async (all, meta) => {
      meta.set(role, document.version + 1);
      all.set(
        fileName(role, document.version + 1),
        await signed({ ...document, targets, version: document.version + 1 }, ...people),
      );
    });
    vi.setSystemTime(world.now);
    Object.assign(ours, { now: world.now, files });
    const fresh = new Client({ files }, world.pinned);
    fresh.now = world.now;
    for (const client of [ours, fresh]) expect(await client.judge(NAMES.tag)).toMatchObject([{ kind: 'refused' }]);
    expect(await theirs.resolve(files, NAMES.tag)).toMatchObject([{ kind: 'refused' }]);
    await fresh.close();
  });

  test('a withdrawn one does not come back where the withdrawal was seen, nor anywhere once the older file has ended', async () => {
    keep();
    const role = await holder(NAMES.digest);
    const before = (await world.standing()).snapshot.meta.get(role)!;
    await world.change(withdrawal('a'));
    expect(await read()).toMatchObject({ digest: 'withdrawn' });
    const replay = (): Promise<TufFiles> =>
      served((files, meta) => {
        meta.set(role, before);
        files.set(fileName(role, before), past.get(fileName(role, before))!);
      });
    const outcome = async (): Promise<readonly unknown[]> => {
      const files = await replay();
      vi.setSystemTime(world.now);
      Object.assign(ours, { now: world.now, files });
      const fresh = new Client({ files }, world.pinned);
      fresh.now = world.now;
      const [seen, unseen] = [await ours.judge(NAMES.digest), await fresh.judge(NAMES.digest)];
      await fresh.close();
      return [seen[0]!.kind, unseen[0]!.kind, (await theirs.resolve(files, NAMES.digest))[0]!.kind];
    };
    // Who has never seen the withdrawal can be shown the state before it, until the older file ends: the docs say so.
    expect(await outcome()).toEqual(['refused', 'found', 'refused']);
    world.now += 91 * DAY;
    expect(await outcome()).toEqual(['refused', 'refused', 'refused']);
  });

  test('he can stop updates until the timestamp ends, and no longer', async () => {
    await read();
    const frozen = new TufFiles(world.files());
    await world.change(withdrawal('a'));
    expect(await read(frozen)).toMatchObject({ digest: 'a' });
    world.now += 2 * DAY;
    expect(await read(frozen)).toMatchObject({ digest: 'refused' });
  });
});
