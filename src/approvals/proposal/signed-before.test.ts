import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ANNA,
  approval,
  ApprovalsWorld,
  BEN,
  CARLA,
  signedBy,
  TWO_OF_THREE,
  withdrawal,
} from '../../../test/approvals.ts';
import { code, message } from '../../../test/thrown.ts';
import { codeOf, messageOf } from '../../errors.ts';
import type { Change } from '../edit/change.ts';
import type { Proposal } from './proposal.ts';
import { remake } from './make-proposal.ts';
import { SignedBefore } from './signed-before.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tufgate-signed-'));
  file = join(folder, 'state', 'signed.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (anchor = 'a'): Promise<SignedBefore> => SignedBefore.open(file, anchor);
const proposal = (version: number, sha256 = 's', role = 'bulk-0'): Proposal =>
  ({ parts: [{ role, version, sha256, signatures: [] }] }) as unknown as Proposal;
const check = async (one: Proposal, again = false): Promise<string> => {
  const memory = await open();
  return message(() => memory.check(one, again));
};
const signed = async (one: Proposal, published = false): Promise<void> => (await open()).remember(one, published);

test('a newer version, and the same again, are as they should be', async () => {
  await signed(proposal(3));
  for (const one of [proposal(3), proposal(4, 'x'), proposal(1, 'x', 'bulk-1')]) expect(await check(one)).toBe('');
});

describe('an older one, or the same with other content', () => {
  test('is refused; --again says that the newer was never published', async () => {
    await signed(proposal(3));
    for (const one of [proposal(2), proposal(3, 'other')]) {
      expect(await check(one)).toContain('you have signed another version 3 before');
      expect(await check(one)).toContain('--again');
      const memory = await open();
      expect(code(() => memory.check(one, false))).toBe('trust.rollback');
      expect(await check(one, true)).toBe('');
    }
  });

  test('of what was published, it is refused whatever is said', async () => {
    await signed(proposal(3), true);
    for (const one of [proposal(2), proposal(3, 'other')])
      for (const again of [false, true]) {
        expect(await check(one, again)).toContain('find out who, and sign nothing');
        const memory = await open();
        expect(code(() => memory.check(one, again))).toBe('trust.rollback');
      }
  });

  test('is the measure again once it was said that a backup was put back', async () => {
    await signed(proposal(7), true);
    const memory = await open();
    memory.forget(proposal(3));
    expect(message(() => memory.check(proposal(3), false))).toBe('');
    await memory.remember(proposal(3), true);
    expect(await check(proposal(2))).toContain('--restored');
    expect(await check(proposal(4))).toBe('');
    expect(await check(proposal(6, 's', 'bulk-1'))).toBe('');
  });

  test('a newer proposal that is never published does not open the way to an old one', async () => {
    await signed(proposal(3), true);
    await signed(proposal(5));
    expect(await check(proposal(4), true)).toBe('');
    expect(await check(proposal(3, 'other'), true)).toContain('version 3 that you signed was published');
    expect(await check(proposal(2), true)).toContain('find out who');
  });

  test('signing once more what is out does not forget that it is', async () => {
    await signed(proposal(3), true);
    await signed(proposal(3));
    expect(await check(proposal(3, 'other'), true)).toContain('find out who');
  });
});

test('a backup that is put back where nothing was signed yet', async () => {
  const memory = await open();
  memory.forget(proposal(3));
  expect(message(() => memory.check(proposal(1), false))).toBe('');
});

test('of two repositories each has its own', async () => {
  await signed(proposal(3), true);
  const other = await open('b');
  expect(message(() => other.check(proposal(1), false))).toBe('');
  await other.remember(proposal(1), true);
  expect(await check(proposal(2), true)).toContain('find out who');
});

test('the file is for its owner, whole, and nothing is left beside it', async () => {
  await signed(proposal(3));
  await signed(proposal(4));
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(folder, 'state'))).toEqual(['signed.json']);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
    a: { 'bulk-0': { version: 4, sha256: 's', published: 0 } },
  });
});

describe('a memory that cannot be read is not forgotten', () => {
  test.each([
    ['nothing', ''],
    ['half of it', '{"a":{"bulk-0":{"ver'],
    ['a list', '[]'],
    ['a text', '"x"'],
    ['null', 'null'],
    ['a repository of nothing', '{"a":null}'],
    ['a role of nothing', '{"a":{"bulk-0":1}}'],
    ['no version', '{"a":{"bulk-0":{"sha256":"s","published":0}}}'],
    ['no sha256', '{"a":{"bulk-0":{"version":1,"published":0}}}'],
    ['no word of what is out', '{"a":{"bulk-0":{"version":1,"sha256":"s"}}}'],
  ])('%s', async (_, content) => {
    await signed(proposal(1));
    writeFileSync(file, content);
    const error: unknown = await open().catch((thrown: unknown) => thrown);
    expect(codeOf(error)).toBe('trust.malformed');
    expect(messageOf(error)).toContain(file);
    expect(messageOf(error)).toContain('restore it from a backup');
  });

  test('a folder in its place', async () => {
    expect(await SignedBefore.open(folder, 'a').catch((error: unknown) => (error as { code?: string }).code)).toBe(
      'EISDIR',
    );
  });
});

/**
 * Two of three. The attacker holds the server, and with it the online keys, and every proposal that ever travelled. He wants back an
 * image that was withdrawn.
 */
test('the rollback attack: of any two signers one has seen the newer state', async () => {
  const world = await ApprovalsWorld.make(TWO_OF_THREE);
  const memories = new Map(['anna', 'ben', 'carla'].map((name) => [name, join(folder, `${name}.json`)]));
  const memory = (name: string): Promise<SignedBefore> => SignedBefore.open(memories.get(name)!, 'root');
  const people = { anna: ANNA, ben: BEN, carla: CARLA };
  const change = async (names: readonly (keyof typeof people)[], ...changes: readonly Change[]): Promise<void> => {
    const made = await signedBy(await world.propose(...changes), ...names.map((name) => people[name]));
    for (const name of names) {
      (await memory(name)).check(made.proposal, false);
      await (await memory(name)).remember(made.proposal, false);
    }
    await world.publish(made);
    world.now += 1_000;
  };
  await change(['anna', 'ben'], approval('1', 'a'));
  const old = await world.propose(approval('2', 'a'));
  await change(['ben', 'carla'], withdrawal('a'));
  // Everything in it verifies: it is how the repository stood, and whoever makes it anew comes to the same bytes.
  const shown = await remake(old.proposal, world.pinned);
  const outcome = async (name: string): Promise<string> => {
    const mine = await memory(name);
    return message(() => mine.check(shown.proposal, false));
  };
  expect(await outcome('anna')).toBe('');
  expect(await outcome('ben')).toContain('somebody shows you an old state');
  expect(await outcome('carla')).toContain('somebody shows you an old state');
  world.dispose();
});
