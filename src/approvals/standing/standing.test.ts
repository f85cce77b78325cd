import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ALONE,
  ANNA,
  APP,
  approval,
  ApprovalsWorld,
  authorization,
  BEN,
  hex,
  NAME,
  ONLINE,
  person,
  quorum,
  ROOT,
  SECOND,
} from '../../../test/approvals.ts';
import { everything } from '../../../test/approvals-model.ts';
import { codeOf, messageOf } from '../../errors.ts';
import { sha256Hex } from '../../trust/tuf/hex.ts';
import type { Document, SnapshotDocument, TargetsDocument } from '../document/documents.ts';
import { tagTarget } from '../document/names.ts';
import { fileBytes, signedBytes } from '../document/write-document.ts';
import { fileName, parseFileName } from './file-name.ts';
import { Standing } from './standing.ts';

/** The attacker holds the server, and what a signer reads there before he signs the next version of it. */
let world: ApprovalsWorld;
let files: Map<string, Uint8Array>;

beforeEach(async () => {
  world = await ApprovalsWorld.make(ALONE);
  await world.change(approval('1', 'a'));
  files = world.files();
});
afterEach(() => world.dispose());

const open = (pinned = world.pinned!): Promise<Standing> =>
  Standing.open(NAME, pinned, (name) => Promise.resolve(files.get(name)));
const failure = async (work: Promise<unknown>): Promise<readonly [string, string]> => {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  return [error instanceof Error ? codeOf(error) : 'accepted', messageOf(error)];
};

async function holder(tag = '1'): Promise<string> {
  return (await everything(await world.standing())).get(tagTarget(APP, tag))!.role;
}

async function signed(document: Document, ...people: readonly (typeof ANNA)[]): Promise<Uint8Array> {
  const message = signedBytes(document);
  const list = people.map(async (each) => ({ keyId: each.keyId, bytes: await each.sign(message) }));
  return fileBytes(message, await Promise.all(list));
}

/** In the place of a role's file, and with the online keys listed as what is. */
async function replace(
  role: string,
  edit: (document: TargetsDocument) => TargetsDocument,
  ...people: readonly (typeof ANNA)[]
): Promise<void> {
  const standing = await world.standing();
  const { document } = (await standing.role(role))!;
  const version = document.version + 1;
  files.set(fileName(role, version), await signed({ ...edit(document), version }, ...people));
  await list((meta) => meta.set(role, version));
}

/** A new snapshot and timestamp: who holds the server holds the keys of both. */
async function list(edit: (meta: Map<string, number>) => unknown): Promise<void> {
  const standing = await world.standing();
  const meta = new Map(standing.snapshot.meta);
  edit(meta);
  const snapshot: SnapshotDocument = { ...standing.snapshot, version: standing.snapshot.version + 1, meta };
  const bytes = await signed(snapshot, ONLINE);
  files.set(fileName('snapshot', snapshot.version), bytes);
  const named = { version: snapshot.version, length: bytes.length, sha256: sha256Hex(bytes) };
  const timestamp = { ...standing.timestamp, version: standing.timestamp.version + 1, snapshot: named };
  files.set('timestamp.json', await signed(timestamp, ONLINE));
}

const evil = (document: TargetsDocument): TargetsDocument => {
  const word = { kind: 'approval', at: 0, by: 'x', evidence: [] } as const;
  return {
    ...document,
    targets: new Map(document.targets).set(tagTarget(APP, '1'), { length: 1, sha256: hex('evil'), word }),
  };
};

test('what stands is read from the pinned root down', async () => {
  const standing = await open();
  expect([standing.root.version, standing.snapshot.version, standing.timestamp.version]).toEqual([1, 2, 2]);
  expect(standing.rootSigners).toEqual([ROOT.keyId]);
  const role = await standing.role(await holder());
  expect(role?.signers).toEqual([ANNA.keyId]);
  expect(role?.document.targets.get(tagTarget(APP, '1'))?.sha256).toBe(hex('a'));
  expect(await standing.role('nobody')).toBeUndefined();
  expect(await standing.role('bulk-00')).toBeUndefined();
});

test('a role without bins has none, whatever it is asked for', async () => {
  world.signers = [ROOT, ANNA, BEN];
  await world.change({ kind: 'delegate', role: 'team', names: [APP], ...quorum(1, BEN) });
  const standing = await world.standing();
  expect(await standing.role('team-0')).toBeUndefined();
  expect((await standing.role('team'))?.signers).toEqual([BEN.keyId]);
});

test('a file is read and verified once', async () => {
  const asked: string[] = [];
  const standing = await Standing.open(NAME, world.pinned!, (name) => {
    asked.push(name);
    return Promise.resolve(files.get(name));
  });
  const role = await holder();
  await Promise.all([standing.role(role), standing.role(role), standing.role('bulk')]);
  expect(await standing.role(role)).toBe(await standing.role(role));
  expect(new Set(asked).size).toBe(asked.length);
});

describe('an entry that somebody wrote into a file', () => {
  test('unsigned', async () => {
    await replace(await holder(), evil);
    expect((await failure((await open()).role(await holder())))[0]).toMatch(/^trust\.(signature|threshold)$/);
  });

  test('into the very file, under the signatures of the old content', async () => {
    const name = fileName(await holder(), 2);
    files.set(name, Buffer.from(Buffer.from(files.get(name)!).toString().replaceAll(hex('a'), hex('b'))));
    expect((await failure((await open()).role(await holder())))[0]).toBe('trust.signature');
  });

  test.each([
    ['the key of the gate', ONLINE],
    ['a key that nobody named', BEN],
    ['the root’s own', ROOT],
  ])('signed with %s', async (_, who) => {
    await replace(await holder(), evil, who);
    expect((await failure((await open()).role(await holder())))[0]).toMatch(/^trust\./);
  });

  test('signed by one where two have to', async () => {
    world.signers = [ROOT, ANNA, BEN];
    await world.change(authorization('bulk', quorum(2, ANNA, BEN)));
    files = world.files();
    await replace(await holder(), evil, ANNA);
    expect((await failure((await open()).role(await holder())))[0]).toBe('trust.threshold');
    expect(await (await open()).role(await holder()).catch((error: unknown) => error)).toMatchObject({
      detail: { role: await holder() },
    });
    await replace(await holder(), evil, ANNA, ANNA);
    expect((await failure((await open()).role(await holder())))[0]).not.toBe('accepted');
    await replace(await holder(), (same) => same, ANNA, BEN);
    expect((await (await open()).role(await holder()))?.signers).toEqual([ANNA.keyId, BEN.keyId]);
  });

  test('a role of owners, signed by those who hold the bins', async () => {
    world.signers = [ROOT, ANNA, BEN];
    await world.change({ kind: 'delegate', role: 'team', names: [APP], ...quorum(1, BEN) });
    files = world.files();
    await replace('team', evil, ANNA);
    expect((await failure((await open()).role('team')))[0]).toMatch(/^trust\./);
  });

  describe('a member that tufgate does not write, rightly signed: it would be signed again unseen', () => {
    const withMember = async (document: Document, who: typeof ANNA): Promise<Uint8Array> => {
      const message = Buffer.from(Buffer.from(signedBytes(document)).toString().replace(/\}$/, ',"x":1}'));
      return fileBytes(message, [{ keyId: who.keyId, bytes: await who.sign(message) }]);
    };
    const refused = (what: string): readonly unknown[] => [
      'trust.malformed',
      expect.stringContaining(`${what} has a member "x"`),
    ];

    test('in the file of a role', async () => {
      const role = await holder();
      const { document } = (await (await open()).role(role))!;
      files.set(fileName(role, 3), await withMember({ ...document, version: 3 }, ANNA));
      await list((meta) => meta.set(role, 3));
      expect(await failure((await open()).role(role))).toEqual(refused(`${role} of ${NAME}`));
    });

    test('in a root', async () => {
      files.set('2.root.json', await withMember({ ...(await open()).root, version: 2 }, ROOT));
      expect(await failure(open())).toEqual(refused(`root 2 of ${NAME}`));
    });

    test('in the timestamp', async () => {
      files.set('timestamp.json', await withMember((await open()).timestamp, ONLINE));
      expect(await failure(open())).toEqual(refused(`the timestamp of ${NAME}`));
    });

    test('in the snapshot', async () => {
      const { snapshot, timestamp } = await open();
      const bytes = await withMember({ ...snapshot, version: 3 }, ONLINE);
      files.set('3.snapshot.json', bytes);
      const named = { version: 3, length: bytes.length, sha256: sha256Hex(bytes) };
      files.set('timestamp.json', await signed({ ...timestamp, snapshot: named }, ONLINE));
      expect(await failure(open())).toEqual(refused(`the snapshot of ${NAME}`));
    });
  });
});

describe('what is not whole', () => {
  test.each(['timestamp.json', '2.snapshot.json', '1.targets.json', '1.bulk.json'])('without %s', async (name) => {
    files.delete(name);
    const all = open().then(async (standing) => standing.role(await holder()));
    expect(await failure(all)).toEqual(['trust.malformed', expect.stringContaining(`there is no ${name}; restore it`)]);
  });

  test('a role of owners whose file is gone: the bins are read all the same', async () => {
    world.signers = [ROOT, ANNA, BEN];
    await world.change({ kind: 'delegate', role: 'team', names: ['reg.example/team/*'], ...quorum(1, BEN) });
    files = world.files();
    files.delete('1.team.json');
    const standing = await open();
    expect((await failure(standing.role('team')))[0]).toBe('trust.malformed');
    expect((await standing.role(await holder()))?.document.targets.has(tagTarget(APP, '1'))).toBe(true);
  });

  test('an older bin than the snapshot lists, in its place', async () => {
    const role = await holder();
    files.set(fileName(role, 2), files.get(fileName(role, 1))!);
    expect((await failure((await open()).role(role)))[0]).toBe('trust.hash');
  });

  test('an older snapshot than the timestamp names, and one of other bytes', async () => {
    files.set('2.snapshot.json', files.get('1.snapshot.json')!);
    expect((await failure(open()))[0]).toBe('trust.hash');
    files.set('2.snapshot.json', Buffer.concat([world.files().get('2.snapshot.json')!, Buffer.from(' ')]));
    expect((await failure(open()))[0]).toBe('trust.hash');
  });

  test('a role that the snapshot does not list', async () => {
    const role = await holder();
    await list((meta) => meta.delete(role));
    expect(await failure((await open()).role(role))).toEqual([
      'trust.signer-missing',
      expect.stringContaining('does not list'),
    ]);
  });

  test('a snapshot and a timestamp that others signed', async () => {
    const standing = await open();
    files.set('timestamp.json', await signed(standing.timestamp, ANNA));
    expect((await failure(open()))[0]).toMatch(/^trust\./);
    files = world.files();
    files.set('2.snapshot.json', await signed(standing.snapshot, ANNA));
    expect((await failure(open()))[0]).toMatch(/^trust\./);
  });
});

describe('the chain of roots', () => {
  const rotate = async (): Promise<void> => {
    for (const name of ['root two', 'root three']) {
      world.signers = [ROOT, person('root two'), person('root three'), ANNA];
      await world.change(authorization('root', quorum(1, person(name))));
    }
    files = world.files();
  };

  test('is walked to its end', async () => {
    await rotate();
    const { roots, root, rootSigners } = await open();
    expect([roots.length, root.version]).toEqual([3, 3]);
    expect(rootSigners).toEqual([person('root three').keyId]);
  });

  test('a gap ends it, and so does nothing else', async () => {
    await rotate();
    files.delete('2.root.json');
    expect((await open()).root.version).toBe(1);
    files = world.files();
    files.set('2.root.json', files.get('3.root.json')!);
    expect((await failure(open()))[0]).toBe('trust.root-chain');
  });

  test('another root than the pinned one, signed by keys of its own', async () => {
    const other = await ApprovalsWorld.make({ ...ALONE, root: quorum(1, BEN), signers: [BEN, ANNA] });
    files.set('2.root.json', Buffer.from(Buffer.from(other.pinned!).toString().replace('"version":1', '"version":2')));
    expect((await failure(open()))[0]).toMatch(/^trust\./);
    other.dispose();
  });

  test('a pinned file that is no root', async () => {
    expect((await failure(open(files.get('timestamp.json'))))[0]).toBe('trust.malformed');
  });
});

test('what has expired is read: only people can renew it', async () => {
  world.now += 10 * 365 * 24 * 3_600 * SECOND;
  expect((await (await open()).role(await holder()))?.document.targets.size).toBeGreaterThan(0);
  await world.change({ kind: 'renew', endingBefore: world.now });
  expect((await world.standing()).root.expires).toBeGreaterThan(world.now);
});

test('names of files, there and back, and nothing else', () => {
  expect(fileName('timestamp', 7)).toBe('timestamp.json');
  for (const role of ['root', 'targets', 'snapshot', 'team.b_c', 'bulk-0f'])
    expect(parseFileName(fileName(role, 12))).toEqual({ role, version: 12 });
  for (const version of [1, 9, 10, 123, 999_999_999_999_999])
    expect(parseFileName(fileName('bulk-0', version))).toEqual({ role: 'bulk-0', version });
  for (const other of [
    'timestamp.json',
    'root.json',
    '0.root.json',
    '01.root.json',
    '1.root',
    '1.Root.json',
    '1..json',
    '-1.a.json',
    '1.a/b.json',
    '1234567890123456.a.json',
    'x1.a.json',
    'a.json',
    '1.-a.json',
    '1.a.jsonx',
    '1.a.json.tmp',
    '',
  ])
    expect(parseFileName(other)).toBeUndefined();
});
