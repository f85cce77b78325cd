import { closeSync, openSync, writeSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { A, B, bytesBelow, lifeboat, outcomeOf, START } from '../../test/lifeboat-world.ts';
import { codeOf } from '../errors.ts';
import { NotaryRepository } from '../simulator/notary-repository.ts';
import { parseCapture, writeCapture } from './capture-file.ts';
import { baseOf } from './collection-folder.ts';
import { indexLine } from './index-file.ts';
import { type ArchivedCollection, readArchive } from './read-archive.ts';
import { hexOf } from './stored-capture.ts';

const world = lifeboat();
const [ONE, TWO] = ['docker.io/library/one', 'docker.io/library/two'];
let one: NotaryRepository;
let two: NotaryRepository;
beforeAll(() => {
  one = new NotaryRepository(ONE, START).sign('1', A, 7).publish();
  two = new NotaryRepository(TWO, START).sign('2', B, 8).publish();
});

async function captureBoth(): Promise<ReadonlyMap<string, Buffer>> {
  await world.capture(one);
  await world.capture(two);
  return await bytesBelow(world.folder());
}

const byGun = (all: readonly ArchivedCollection[], gun: string): ArchivedCollection | undefined =>
  all.find((each) => each.gun === gun);

/** What is read of a collection, as plain as it can be compared. */
function told(read: ArchivedCollection | undefined): unknown {
  return read?.ok === true
    ? [...read.tags].map(([tag, { digest, length }]) => [tag, digest, length, read.capturedAt])
    : outcomeOf(read);
}

const HONEST = new Map<string, unknown>([
  [ONE, [['1', A, 7, START]]],
  [TWO, [['2', B, 8, START]]],
]);

test(
  'one byte changed, anywhere in a collection: it is refused, and the other reads as before',
  {
    timeout: 600_000,
  },
  async () => {
    const files = [...(await captureBoth())].filter(([name]) => name.startsWith(baseOf(ONE)));
    for (const [name, honest] of files) {
      const file = openSync(join(world.folder(), name), 'r+');
      for (let i = 0; i < honest.length; i++) {
        writeSync(file, Buffer.of(honest[i]! ^ (1 << (i % 8))), 0, 1, i);
        const read = await world.read(i % 64 === 0 ? {} : { guns: new Set([ONE]) });
        expect(byGun(read, ONE)).toMatchObject({ ok: false, error: { code: 'archive.damaged' } });
        if (i % 64 === 0) expect(told(byGun(read, TWO))).toEqual(HONEST.get(TWO));
        writeSync(file, honest, i, 1, i);
      }
      closeSync(file);
    }
    expect((await world.read()).map((each) => told(each))).toEqual([...HONEST.values()]);
  },
);

test(
  'one byte changed, anywhere in the index: one collection is lost at most, and what is lost is said',
  {
    timeout: 120_000,
  },
  async () => {
    const honest = (await captureBoth()).get('index.jsonl')!;
    for (let i = 0; i < honest.length; i++) {
      const bytes = Buffer.from(honest);
      bytes[i] = honest[i]! ^ (1 << (i % 8));
      await writeFile(join(world.folder(), 'index.jsonl'), bytes);
      expectOneLostAtMost(await world.read());
    }
  },
);

/** Of a damaged line: one collection at most is lost, what is read is right, and what is lost is said. */
function expectOneLostAtMost(read: readonly ArchivedCollection[]): void {
  const good = read.filter((each) => each.ok);
  for (const each of good) expect(told(each)).toEqual(HONEST.get(each.gun));
  expect(good.length).toBeGreaterThanOrEqual(1);
  if (good.length < 2) expect(read.filter((each) => !each.ok).length).toBeGreaterThanOrEqual(1);
}

test('the damaged line of the newest capture does not bring the one before back', async () => {
  await world.capture(one);
  const renewed = new NotaryRepository(ONE, START).sign('1', B, 9).publish();
  await world.capture(renewed);
  const file = join(world.folder(), 'index.jsonl');
  const honest = await readFile(file);
  expect(await world.read()).toMatchObject([{ tags: new Map([['1', { digest: B }]]) }]);
  const from = honest.lastIndexOf('{');
  for (let i = from - 1; i < honest.length; i++) {
    const bytes = Buffer.from(honest);
    bytes[i] = honest[i]! ^ 1;
    await writeFile(file, bytes);
    for (const read of await world.read()) if (read.ok) expect(read.tags.get('1')?.digest).toBe(B);
  }
  // Its folder gone as well: the line alone speaks of it.
  await rm(join(world.folder(), `${baseOf(ONE)}.2`), { recursive: true });
  await writeFile(file, honest.toString().replace(/"}\n$/, '?}\n'));
  expect(await world.read()).toMatchObject([{ ok: false, gun: ONE, error: { code: 'archive.damaged' } }]);
});

test('a capture in the folder of another collection is refused, however right its own hash is', async () => {
  await captureBoth();
  const [from, to] = [join(world.folder(), baseOf(ONE)), join(world.folder(), baseOf(TWO))];
  await rm(to, { recursive: true });
  await rename(from, to);
  const sha256 = hexOf(await readFile(join(to, 'capture.json')));
  await writeFile(
    join(world.folder(), 'index.jsonl'),
    indexLine({ gun: TWO, base: baseOf(TWO), generation: 1, sha256 }),
  );
  expect(await world.read()).toMatchObject([{ ok: false, gun: TWO, error: { code: 'archive.damaged' } }]);
});

/** As somebody would who can write the archive, and fixes all its hashes: the signatures are what is left. */
async function rewritten(gun: string, change: (capture: ReturnType<typeof parseCapture>) => object): Promise<void> {
  const folder = join(world.folder(), baseOf(gun));
  const capture = parseCapture(await readFile(join(folder, 'capture.json')));
  const bytes = writeCapture({ ...capture, ...change(capture) });
  await writeFile(join(folder, 'capture.json'), bytes);
  await writeFile(
    join(world.folder(), 'index.jsonl'),
    indexLine({ gun, base: baseOf(gun), generation: 1, sha256: hexOf(bytes) }),
  );
}

test('with every hash made right again, the signatures still hold: another key, another time, another file', async () => {
  await world.capture(one);
  await rewritten(ONE, () => ({ capturedAt: START + 15 * 86_400_000 }));
  expect(outcomeOf((await world.read())[0])).toBe('trust.expired');
  await rewritten(ONE, ({ anchor }) => ({ capturedAt: START, anchor: { ...anchor, rootKeys: ['0'.repeat(64)] } }));
  expect(outcomeOf((await world.read())[0])).toBe('trust.pin');
  const path = join(world.folder(), baseOf(ONE), 'timestamp.json');
  const forged = Buffer.from((await readFile(path, 'utf8')).replace('"version":1', '"version":9'));
  await writeFile(path, forged);
  const keys = one.of('root').keys.map(({ keyId }) => keyId);
  await rewritten(ONE, ({ anchor, files }) => ({
    anchor: { ...anchor, rootKeys: keys },
    files: files.map((file) =>
      file.name === 'timestamp.json' ? { ...file, sha256: hexOf(forged), length: forged.length } : file,
    ),
  }));
  expect(outcomeOf((await world.read())[0])).toBe('trust.signature');
});

test('a capture without a timestamp is damaged, whatever it says of itself', async () => {
  await world.capture(one);
  await rewritten(ONE, ({ files }) => ({ files: files.filter(({ role }) => role !== 'timestamp') }));
  expect(outcomeOf((await world.read())[0])).toBe('archive.damaged');
});

test('a mark that was taken away does not make an expired capture believed', async () => {
  const late = new NotaryRepository(ONE, START).sign('1', A, 7);
  late.of('timestamp').expires = START - 1;
  await world.capture(late.publish());
  const keys = late.of('root').keys.map(({ keyId }) => keyId);
  await rewritten(ONE, ({ anchor }) => ({ state: 'verified', why: '', anchor: { ...anchor, rootKeys: keys } }));
  expect(outcomeOf((await world.read())[0])).toBe('trust.expired');
});

test('a link, a pipe or a folder in the place of a file is not followed', async () => {
  await captureBoth();
  const path = join(world.folder(), baseOf(ONE), 'timestamp.json');
  await copyFile(path, join(world.folder(), 'elsewhere'));
  await rm(path);
  await symlink(join(world.folder(), 'elsewhere'), path);
  const read = await world.read();
  expect(byGun(read, ONE)).toMatchObject({ ok: false, error: { code: 'archive.damaged' } });
  expect(outcomeOf(byGun(read, TWO))).toBe('ok');
  await rm(path);
  await mkdir(path);
  expect(outcomeOf(byGun(await world.read(), ONE))).toBe('archive.damaged');
});

test('a file that is not there any more, or that has grown, is named', async () => {
  await captureBoth();
  const path = join(world.folder(), baseOf(ONE), 'root.json');
  await writeFile(path, Buffer.concat([await readFile(path), Buffer.from(' ')]));
  const [grown] = await world.read();
  expect(grown).toMatchObject({ ok: false, error: { message: expect.stringContaining('root.json') as unknown } });
  await rm(path);
  const [gone] = await world.read();
  expect(gone).toMatchObject({ ok: false, error: { message: expect.stringContaining('root.json') as unknown } });
});

test('no archive is a mistake of who asks; an empty one has nothing', async () => {
  const nowhere = async (): Promise<unknown> => {
    for await (const read of readArchive(join(world.folder(), 'no'), { now: START })) return read;
    return undefined;
  };
  await expect(nowhere()).rejects.toSatisfy((error) => codeOf(error) === 'usage');
  expect(await world.read()).toEqual([]);
  expect(dirname(world.folder())).not.toBe('');
});

test('the folder of a collection that the index lost is told of', async () => {
  await captureBoth();
  await rm(join(world.folder(), 'index.jsonl'));
  const read = await world.read();
  expect(read.map(outcomeOf)).toEqual(['archive.damaged', 'archive.damaged']);
  expect(read.map(({ gun }) => gun).sort()).toEqual([baseOf(ONE), baseOf(TWO)].sort());
});
