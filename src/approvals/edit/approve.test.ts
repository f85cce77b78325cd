import { afterEach, describe, expect, test } from 'vitest';
import {
  ANNA,
  APP,
  approval,
  ApprovalsWorld,
  DAY,
  hex,
  NOW,
  person,
  SECOND,
  withdrawal,
} from '../../../test/approvals.ts';
import { everything } from '../../../test/approvals-model.ts';
import { codeOf, messageOf } from '../../errors.ts';
import type { Approval, Entry, Word } from '../document/documents.ts';
import { digestTarget, tagTarget } from '../document/names.ts';

let world: ApprovalsWorld;
afterEach(() => world.dispose());

const open = async (): Promise<ApprovalsWorld> => (world = await ApprovalsWorld.make());
const tag = (name: string): string => tagTarget(APP, name);
const digest = (content: string): string => digestTarget(APP, hex(content));

/** What stands there, by target, without who signed it. */
async function words(): Promise<Record<string, Word>> {
  const all = [...(await everything(await world.standing()))].map(([target, { entry }]) => [target, bare(entry.word)]);
  return Object.fromEntries(all) as Record<string, Word>;
}

async function entry(target: string): Promise<Entry | undefined> {
  return (await everything(await world.standing())).get(target)?.entry;
}

function bare(word: Word): Word {
  if (word.kind === 'withdrawn') return word;
  if (word.kind === 'named') return word.own === undefined ? word : { ...word, own: bare(word.own) as Approval };
  const { at, by, reason, until, evidence } = word;
  const given = { ...(reason !== undefined && { reason }), ...(until !== undefined && { until }) };
  return { kind: 'approval', at, by, ...given, evidence };
}

const said = (seconds: number, over: Partial<Approval> = {}): Approval => ({
  kind: 'approval',
  at: NOW + seconds * SECOND,
  by: 'anna',
  evidence: [],
  ...over,
});

describe('approve', () => {
  test('an approval is two targets of one length and hash, with all that is said of it', async () => {
    await open();
    const evidence = [new Map([['kind', 'sbom']])];
    const until = NOW + 30 * DAY;
    await world.change(approval('1', 'a', { mediaType: 'm', reason: 'T-1', until, evidence }));
    const same = { length: 1_001, sha256: hex('a'), mediaType: 'm' };
    expect(await entry(tag('1'))).toEqual({ ...same, word: said(2, { reason: 'T-1', until, evidence }) });
    expect(await entry(digest('a'))).toEqual({ ...same, word: { kind: 'named', tags: ['1'], until } });
  });

  test('a tag moves: the digest before it is approved no more, unless something else stands for it', async () => {
    await open();
    await world.change(approval('1', 'a'), approval('2', 'b'), approval('b', 'b'));
    await world.change(approval('1', 'c'), approval('2', 'c'));
    expect(await words()).toEqual({
      [tag('1')]: said(3),
      [tag('2')]: said(3),
      [tag('b')]: said(2),
      [digest('b')]: { kind: 'named', tags: ['b'] },
      [digest('c')]: { kind: 'named', tags: ['1', '2'] },
    });
  });

  test('the same again changes nothing but when, and who', async () => {
    await open();
    await world.change(approval('1', 'a'));
    await world.change(approval('1', 'a', { by: 'ben' }));
    expect(await words()).toEqual({
      [tag('1')]: said(3, { by: 'ben' }),
      [digest('a')]: { kind: 'named', tags: ['1'] },
    });
  });

  test('by its digest: it stands for itself, with tags and without', async () => {
    await open();
    await world.change(approval(undefined, 'a'));
    expect(await words()).toEqual({ [digest('a')]: said(2) });
    await world.change(approval('1', 'a'));
    expect((await words())[digest('a')]).toEqual({ kind: 'named', tags: ['1'], own: said(2) });
    await world.change(approval(undefined, 'a', { reason: 'again' }));
    expect((await words())[digest('a')]).toEqual({ kind: 'named', tags: ['1'], own: said(4, { reason: 'again' }) });
    await world.change({ kind: 'remove-tag', repository: APP, tag: '1' });
    expect(await words()).toEqual({ [digest('a')]: said(4, { reason: 'again' }) });
  });

  test('a digest in another repository is another approval', async () => {
    await open();
    const repository = `${APP}-two`;
    await world.change(approval('1', 'a'), approval('1', 'a', { repository }), withdrawal('a'));
    expect(Object.keys(await words()).sort()).toEqual(
      [digest('a'), tagTarget(repository, '1'), digestTarget(repository, hex('a'))].sort(),
    );
  });

  test('a digest ends when the last of what it stands for ends', async () => {
    await open();
    const until = async (): Promise<unknown> => ((await words())[digest('a')] as { until?: number }).until;
    const day = (n: number): { until: number } => ({ until: NOW + n * DAY });
    await world.change(approval('1', 'a', day(10)));
    expect(await until()).toBe(NOW + 10 * DAY);
    await world.change(approval('2', 'a', day(20)));
    expect(await until()).toBe(NOW + 20 * DAY);
    await world.change(approval('2', 'a', day(5)));
    expect(await until()).toBe(NOW + 10 * DAY);
    await world.change(approval(undefined, 'a', day(30)));
    expect(await until()).toBe(NOW + 30 * DAY);
    await world.change(approval('3', 'a'));
    expect(await until()).toBeUndefined();
    await world.change(approval('3', 'b'));
    expect(await until()).toBe(NOW + 30 * DAY);
    await world.change({ kind: 'remove-tag', repository: APP, tag: '1' });
    await world.change({ kind: 'remove-tag', repository: APP, tag: '2' });
    expect((await words())[digest('a')]).toEqual(said(5, day(30)));
  });

  test('who signed it is written down once the next version is made', async () => {
    await open();
    await world.change(approval('1', 'a'));
    const role = (await everything(await world.standing())).get(tag('1'))!.role;
    expect((await entry(tag('1')))?.word).not.toHaveProperty('keys');
    await world.change({ kind: 'renew', endingBefore: Infinity });
    expect((await entry(tag('1')))?.word).toHaveProperty('keys', [ANNA.keyId]);
    expect((await world.standing()).snapshot.meta.get(role)).toBe(3);
  });
});

describe('withdraw', () => {
  test('all its tags go, and it stays, marked', async () => {
    await open();
    await world.change(
      approval('1', 'a', { mediaType: 'm' }),
      approval('2', 'a'),
      approval('3', 'b'),
      approval(undefined, 'a'),
    );
    await world.change(withdrawal('a'));
    expect(await words()).toEqual({
      [tag('3')]: said(2),
      [digest('b')]: { kind: 'named', tags: ['3'] },
      [digest('a')]: { kind: 'withdrawn', at: NOW + 3 * SECOND, by: 'anna', reason: 'CVE-1' },
    });
    expect(await entry(digest('a'))).toMatchObject({ length: 1_001, sha256: hex('a') });
  });

  test('one that was never approved is withdrawn as well', async () => {
    await open();
    await world.change(withdrawal('x'));
    expect((await words())[digest('x')]).toMatchObject({ kind: 'withdrawn' });
    await world.change(withdrawal('x', { reason: 'again' }));
    expect((await words())[digest('x')]).toMatchObject({ kind: 'withdrawn', reason: 'again', at: NOW + 3 * SECOND });
  });

  test('it comes back only when that is said', async () => {
    await open();
    await world.change(approval('1', 'a'));
    await world.change(withdrawal('a'));
    for (const again of [approval('1', 'a'), approval(undefined, 'a')]) {
      const error: unknown = await world.change(again).catch((thrown: unknown) => thrown);
      expect([codeOf(error), messageOf(error)]).toEqual(['trust.withdrawn', expect.stringContaining('--reinstate')]);
      expect(messageOf(error)).toContain('2026-11-21T12:00:03Z');
    }
    await world.change(approval('1', 'a', { reinstate: true }));
    expect(Object.keys(await words()).sort()).toEqual([tag('1'), digest('a')].sort());
    expect((await words())[digest('a')]).toEqual({ kind: 'named', tags: ['1'] });
  });
});

test('a tag is removed: its digest stays where other tags stand for it', async () => {
  await open();
  await world.change(approval('1', 'a'), approval('2', 'a'));
  await world.change({ kind: 'remove-tag', repository: APP, tag: '1' });
  expect(await words()).toEqual({ [tag('2')]: said(2), [digest('a')]: { kind: 'named', tags: ['2'] } });
  await world.change({ kind: 'remove-tag', repository: APP, tag: '2' });
  expect(await words()).toEqual({});
  const nothing = await world.propose({ kind: 'remove-tag', repository: APP, tag: '2' });
  expect(nothing.proposal.parts).toEqual([]);
});

describe('text that would break a file', () => {
  test.each(['line\nend', '\u001b[2J', '"\\"', 'a\u0000b', '\u{1f433}', '\u2028'])('%j', async (reason) => {
    await open();
    await world.change(approval('1', 'a', { reason, by: reason, evidence: [new Map([[reason, reason]])] }));
    await world.change(withdrawal('b', { reason }));
    expect((await words())[tag('1')]).toMatchObject({ reason, by: reason });
    expect((await words())[digest('b')]).toMatchObject({ reason });
  });
});

test('two images that approve in one go are as two that do after each other', async () => {
  await open();
  await world.change(approval('1', 'a'), approval('1', 'b'), approval('2', 'a'));
  expect(Object.keys(await words()).sort()).toEqual([tag('1'), tag('2'), digest('a'), digest('b')].sort());
  expect((await words())[digest('a')]).toEqual({ kind: 'named', tags: ['2'] });
});

test('a key that nobody named signs nothing', async () => {
  await open();
  const made = world.changeAs([person('stranger')], approval('1', 'a'));
  expect(await made.catch(codeOf)).toBe('trust.threshold');
  expect(await words()).toEqual({});
});
