import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { disk, reset } from '../../../test/failing-disk.ts';
import { finishPublication, publishTree, readFrom, treesOf } from './tree.ts';

vi.mock('node:fs/promises', async (real) => {
  const { failing } = await import('../../../test/failing-disk.ts');
  return failing(await real());
});

/** A publication is one rename: whatever happens meanwhile, the folder is the one before or the one after. */
let base: string;
let folder: string;
beforeEach(() => {
  reset();
  base = mkdtempSync(join(tmpdir(), 'tufgate-tree-'));
  folder = join(base, 'approvals');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const files = (...pairs: readonly (readonly [string, string])[]): Map<string, Uint8Array> =>
  new Map(pairs.map(([name, text]) => [name, Buffer.from(text)]));
const content = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
const trees = (): readonly string[] => readdirSync(treesOf(folder)).sort();

test('files in place of those of their name, the others as they were, and what is dropped gone', async () => {
  await publishTree(folder, files(['a', '1'], ['b', '1'], ['c', '1']));
  await publishTree(folder, files(['b', '2'], ['d', '2']), (name) => name === 'c' || name === 'd');
  expect(content()).toEqual({ a: '1', b: '2', d: '2' });
  expect(lstatSync(folder).isSymbolicLink()).toBe(true);
  expect(readlinkSync(folder)).toMatch(/^\.approvals\/000002-[0-9a-f]{8}$/);
});

test('what did not change is the same file, and readers of the tree before go on reading', async () => {
  await publishTree(folder, files(['a', '1'], ['b', '1']));
  const before = join(base, readlinkSync(folder));
  const { ino } = statSync(join(folder, 'a'));
  await publishTree(folder, files(['b', '2']));
  expect(statSync(join(folder, 'a')).ino).toBe(ino);
  expect(readFileSync(join(before, 'b'), 'utf8')).toBe('1');
  await publishTree(folder, files(['b', '3']));
  expect(existsSync(before)).toBe(false);
  expect(trees()).toHaveLength(2);
});

test('a file that is not there is undefined, one that cannot be read is an error', async () => {
  await publishTree(folder, files(['a', '1']));
  expect(await readFrom(folder)('b')).toBeUndefined();
  expect(await readFrom(join(base, 'nowhere'))('b')).toBeUndefined();
  await expect(readFrom(folder)('.')).rejects.toMatchObject({ code: 'EISDIR' });
});

describe('a folder that somebody made by hand', () => {
  beforeEach(() => {
    mkdirSync(join(folder, 'notes'), { recursive: true });
    writeFileSync(join(folder, 'a'), '1');
    writeFileSync(join(folder, 'notes', 'x'), 'mine');
  });

  test('is taken over, and set aside as it was', async () => {
    await publishTree(folder, files(['b', '2']));
    expect(content()).toEqual({ a: '1', b: '2' });
    expect(readlinkSync(folder)).toMatch(/^\.approvals\/000001-/);
    const aside = trees().find((name) => name.startsWith('replaced-'))!;
    expect(readFileSync(join(treesOf(folder), aside, 'notes', 'x'), 'utf8')).toBe('mine');
    await publishTree(folder, files(['b', '3']));
    expect(trees()).toContain(aside);
  });

  test('a crash between the two renames: whoever comes next finds what was published', async () => {
    let last = 0;
    for (let failsAt = 1; !existsSync(join(treesOf(folder), 'never')) && failsAt < 100; failsAt++) {
      reset(failsAt, true);
      const done = await publishTree(folder, files(['b', '2'])).then(
        () => true,
        () => false,
      );
      reset();
      if (!existsSync(folder)) last = failsAt;
      await finishPublication(folder);
      expect([
        { a: '1', notes: undefined },
        { a: '1', b: '2' },
      ]).toContainEqual(
        Object.fromEntries(
          readdirSync(folder).map((name) => [
            name,
            name === 'notes' ? undefined : readFileSync(join(folder, name), 'utf8'),
          ]),
        ),
      );
      if (done || lstatSync(folder).isSymbolicLink()) break;
    }
    expect(last).toBeGreaterThan(0);
    expect(content()).toEqual({ a: '1', b: '2' });
    await publishTree(folder, files(['c', '3']));
    expect(content()).toEqual({ a: '1', b: '2', c: '3' });
  });

  test('two that finish it at once are one', async () => {
    await publishTree(folder, files(['b', '2']));
    const tree = readlinkSync(folder).split('/')[1]!;
    rmSync(folder);
    symlinkSync(join('.approvals', tree), join(treesOf(folder), `next-${tree}`));
    await Promise.all([finishPublication(folder), finishPublication(folder), finishPublication(folder)]);
    expect(content()).toEqual({ a: '1', b: '2' });
  });
});

test('two crashes left a tree each: the newer is the one that is finished', async () => {
  for (const tree of ['000003-aaaaaaaa', '000002-bbbbbbbb', '000001-cccccccc']) {
    mkdirSync(join(treesOf(folder), tree), { recursive: true });
    symlinkSync(join('.approvals', tree), join(treesOf(folder), `next-${tree}`));
  }
  await finishPublication(folder);
  expect(readlinkSync(folder)).toBe('.approvals/000003-aaaaaaaa');
});

test('what somebody else put beside the trees stays', async () => {
  const others = ['000001-abcdef12.bak', 'my-000001-abcdef12'];
  for (const name of others) mkdirSync(join(treesOf(folder), name), { recursive: true });
  await publishTree(folder, files(['a', '1']));
  expect(trees().filter((name) => others.includes(name))).toEqual(others);
});

test('where nothing was ever published there is nothing to finish', async () => {
  await finishPublication(folder);
  expect(existsSync(folder)).toBe(false);
});

describe.each([
  ['one step fails, as on a full disk', false],
  ['everything ends there, as with kill -9', true],
])('%s', (_, dead) => {
  test('at any step: the one before or the one after, and the next publication is as if nothing had been', async () => {
    await publishTree(folder, files(['a', '0'], ['b', '0'], ['c', '0']));
    reset();
    await publishTree(folder, files(['a', '1'], ['b', '1']));
    const { steps } = disk;
    expect(steps).toBeGreaterThan(20);
    for (let step = 1; step <= steps; step++) {
      const before = content();
      const after = { ...before, a: `s${step}`, b: `s${step}` };
      reset(step, dead);
      const published = await publishTree(folder, files(['a', `s${step}`], ['b', `s${step}`])).then(
        () => true,
        () => false,
      );
      reset();
      const now = content();
      if (published) expect(now).toEqual(after);
      else expect([before, after]).toContainEqual(now);
      await publishTree(folder, files(['b', `n${step}`]));
      expect(content()).toEqual({ ...now, b: `n${step}` });
      expect(trees().filter((name) => name.startsWith('next-'))).toEqual([]);
      expect(trees().length).toBeLessThanOrEqual(2);
    }
  });
});

test('a file system without hard links: copies', async () => {
  await publishTree(folder, files(['a', '1'], ['b', '1']));
  const { ino } = statSync(join(folder, 'a'));
  const failsFirst = disk.steps;
  // The first link of the next publication: lstat, readlink, mkdir twice and readdir come before.
  for (let step = 1; step < failsFirst + 20; step++) {
    reset(step);
    await publishTree(folder, files(['b', `${step}`])).catch(() => undefined);
    reset();
    if (statSync(join(folder, 'a')).ino !== ino) break;
  }
  expect(statSync(join(folder, 'a')).ino).not.toBe(ino);
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('1');
});
