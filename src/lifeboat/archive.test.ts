import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { A, B, bytesBelow, lifeboat, outcomeOf, START } from '../../test/lifeboat-world.ts';
import { NotaryRepository } from '../simulator/notary-repository.ts';
import { SimulatedSource } from '../simulator/simulated-source.ts';
import { Archive } from './archive.ts';
import { captureCollection } from './capture-collection.ts';
import { baseOf } from './collection-folder.ts';
import { type Disk, realDisk } from './disk.ts';

const GUN = 'docker.io/library/alpine';
const world = lifeboat();
const first = new NotaryRepository('docker.io/library/first', START).sign('1', B, 7).publish();
const publisher = new NotaryRepository(GUN, START)
  .delegate('targets/releases')
  .sign('1', A, 7, 'targets/releases')
  .publish();

class PowerCut extends Error {}

/** Works until step `last`, of which half is done at most; nothing after it. */
function dying(last: number): Disk {
  let steps = 0;
  const cut = (): boolean => {
    steps += 1;
    if (steps > last) throw new PowerCut();
    return steps === last;
  };
  const half = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.length >> 1);
  return {
    async makeFolder(path) {
      cut();
      await realDisk.makeFolder(path);
    },
    async write(path, bytes) {
      const now = cut();
      await realDisk.write(path, now ? half(bytes) : bytes);
      if (now) throw new PowerCut();
    },
    async syncFolder(path) {
      cut();
      await realDisk.syncFolder(path);
    },
    async rename(from, to) {
      cut();
      await realDisk.rename(from, to);
    },
    async append(path, bytes) {
      const now = cut();
      await realDisk.append(path, now ? half(bytes) : bytes);
      if (now) throw new PowerCut();
    },
    async truncate(path, length) {
      cut();
      await realDisk.truncate(path, length);
    },
    async remove(path) {
      if (cut()) throw new PowerCut();
      await realDisk.remove(path);
    },
  };
}

async function captureOn(
  disk: Disk,
  over: Partial<{ again: boolean; publisher: NotaryRepository }> = {},
): Promise<void> {
  const archive = await Archive.open(world.folder(), disk);
  const from = over.publisher ?? publisher;
  if (over.again !== true && (await archive.find(from.gun)) !== undefined) return;
  const task = { gun: from.gun, url: 'https://notary.example/', source: new SimulatedSource(from) };
  await captureCollection(task, { archive, now: () => START, maxBytes: 1 << 20 });
}

/** @returns whether it came to its end */
async function untilPowerCut(last: number, over: Parameters<typeof captureOn>[1] = {}): Promise<boolean> {
  try {
    await captureOn(dying(last), over);
    return true;
  } catch (error) {
    if (error instanceof PowerCut) return false;
    throw error;
  }
}

test('cut off at any step: what was complete before is read, the rest is not believed, and one more run completes it', async () => {
  await captureOn(realDisk, { publisher: first });
  let last = 0;
  for (let done = false; !done; last++) {
    done = await untilPowerCut(last);
    const read = await world.read();
    expect(outcomeOf(read[0])).toBe('ok');
    for (const each of read.slice(1)) expect(['ok', 'archive.damaged']).toContain(outcomeOf(each));
    // Twice: the run that mends may be cut off too.
    await untilPowerCut(2);
    await captureOn(realDisk);
    expect((await world.read()).map(outcomeOf)).toEqual(['ok', 'ok']);
    await realDisk.remove(join(world.folder(), baseOf(GUN)));
    const index = await readFile(join(world.folder(), 'index.jsonl'), 'utf8');
    await writeFile(join(world.folder(), 'index.jsonl'), index.split('\n').slice(0, 3).join('\n'));
  }
  expect(last).toBeGreaterThan(14);
});

test('captured again next to it: the one before holds until the new one is complete', async () => {
  await captureOn(realDisk);
  const newer = new NotaryRepository(GUN, START).sign('1', B, 8).publish();
  for (let last = 0, done = false; !done; last++) {
    done = await untilPowerCut(last, { again: true, publisher: newer });
    const [read, ...rest] = await world.read();
    expect(rest).toEqual([]);
    const digest = read?.ok === true ? read.tags.get('1')?.digest : outcomeOf(read);
    expect(done ? [B] : [A, B, 'archive.damaged']).toContain(digest);
    // A plain run finds one that is complete, and asks nobody.
    const asked = new SimulatedSource(newer);
    const archive = await Archive.open(world.folder());
    expect(await archive.find(GUN)).toBeDefined();
    expect(asked.asked).toEqual([]);
    expect(outcomeOf((await world.read())[0])).toBe('ok');
  }
  expect(await world.files()).toEqual(
    expect.arrayContaining([`${baseOf(GUN)}/capture.json`, `${baseOf(GUN)}.2/capture.json`]),
  );
});

test('a capture that lacks only its line gets it, with the server gone', async () => {
  await captureOn(realDisk);
  await writeFile(join(world.folder(), 'index.jsonl'), '');
  expect((await world.read()).map(outcomeOf)).toEqual(['archive.damaged']);
  const archive = await Archive.open(world.folder());
  expect(await archive.find(GUN)).toMatchObject({ capture: { gun: GUN } });
  expect((await world.read()).map(outcomeOf)).toEqual(['ok']);
});

test('a capture of which a byte has changed is none: it is captured again next to it', async () => {
  await captureOn(realDisk);
  const file = join(world.folder(), baseOf(GUN), 'timestamp.json');
  const bytes = await readFile(file);
  bytes[9]! ^= 1;
  await writeFile(file, bytes);
  expect((await world.read()).map(outcomeOf)).toEqual(['archive.damaged']);
  await captureOn(realDisk);
  expect(await world.read()).toMatchObject([{ ok: true, folder: `${baseOf(GUN)}.2` }]);
});

test('a line of which a byte has changed is not written again from what lies there: its capture is made anew', async () => {
  await captureOn(realDisk);
  const file = join(world.folder(), 'index.jsonl');
  await writeFile(file, (await readFile(file, 'utf8')).replace('"sha256":"', '"sha256":"x'));
  await captureOn(realDisk);
  expect(await world.read()).toMatchObject([{ ok: true, folder: `${baseOf(GUN)}.2` }]);
});

test('two collections at once do not tear each other’s lines', async () => {
  const archive = await Archive.open(world.folder());
  const many = ['a', 'b', 'c', 'd'].map((name) =>
    new NotaryRepository(`docker.io/x/${name}`, START).sign('1', A, 7).publish(),
  );
  await Promise.all(
    many.map((each) =>
      captureCollection(
        { gun: each.gun, url: '', source: new SimulatedSource(each) },
        { archive, now: () => START, maxBytes: 1 << 20 },
      ),
    ),
  );
  expect((await world.read()).map(outcomeOf)).toEqual(['ok', 'ok', 'ok', 'ok']);
});

test('what does not belong to a capture is left alone', async () => {
  await captureOn(realDisk);
  await writeFile(join(world.folder(), 'README'), 'mine');
  await realDisk.makeFolder(join(world.folder(), 'lost+found'));
  await captureOn(realDisk, { again: true });
  expect((await bytesBelow(world.folder())).get('README')?.toString()).toBe('mine');
  expect((await world.read()).map(outcomeOf)).toEqual(['ok']);
});
