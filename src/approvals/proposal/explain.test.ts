import { afterEach, describe, expect, test } from 'vitest';
import {
  ALONE,
  ANNA,
  APP,
  approval,
  ApprovalsWorld,
  authorization,
  BEN,
  CARLA,
  creation,
  DAY,
  hex,
  NOW,
  quorum,
  ROOT,
  withdrawal,
} from '../../../test/approvals.ts';
import { binFor } from '../../trust/tuf/bins.ts';
import type { Change } from '../edit/change.ts';
import { explain } from './explain.ts';
import { explanationLines } from './explain-words.ts';

/** Whoever signs is shown what changes, from the files themselves. */
let world: ApprovalsWorld;
afterEach(() => world.dispose());

const open = async (): Promise<void> => {
  world = await ApprovalsWorld.make(ALONE);
  world.signers = [ROOT, ANNA, BEN, CARLA];
};
const lines = async (...changes: readonly Change[]): Promise<readonly string[]> => {
  const all = explanationLines(await explain(await world.propose(...changes)));
  expect(all.at(-1)).toMatch(/^\d+ files? (is|are) to be signed \(.*\), to count until .*\.$/);
  return all.slice(0, -1);
};
const digest = (content: string): string => `${APP}@sha256:${hex(content)}`;
const OTHER = 'reg.example/other/thing';
const byCarla = { keyIds: [CARLA.keyId], threshold: 1 };
const ANYTHING = { kind: 'patterns', of: [`${APP}:*`] } as const;
/** Tags of which one bin is in charge. */
const inBin = (bin: string, count: number): readonly string[] =>
  Array.from({ length: 64 * count }, (_, at) => `s${at}`)
    .filter((tag) => binFor({ prefix: 'bulk', bits: 4 }, `${APP}:${tag}`) === bin)
    .slice(0, count);
const delegation = (role: string, ...names: readonly string[]): Change => ({
  kind: 'delegate',
  role,
  names,
  ...quorum(1, BEN),
});

test('a repository to be made: who signs what', async () => {
  world = new ApprovalsWorld();
  const all = await lines(creation(ALONE));
  for (const role of ['root', 'timestamp', 'snapshot', 'targets', 'bulk'])
    expect(all).toContain(`${role} is signed by 1 of 1 key:`);
  expect(all).toContain(`  + key ${ROOT.keyId}`);
  expect(all).toContain('  in charge of all images of which no role before it is in charge');
  expect(all.filter((line) => /taken away|instead|spread/.test(line))).toEqual([]);
  expect(all[0]).toContain('A NEW repository: nothing vouches for these keys but you.');
});

describe('approvals', () => {
  test('with all that is said of them', async () => {
    await open();
    const change = approval('1', 'a', {
      mediaType: 'm',
      reason: 'T-1',
      until: NOW + DAY,
      evidence: [
        new Map<string, string | number>([
          ['kind', 'sbom'],
          ['size', 7],
        ]),
      ],
    });
    expect(await lines(change)).toEqual([
      `Approve: ${APP}:1 is sha256:${hex('a')} (1001 bytes, m)`,
      '  until 2026-11-22T12:00:00Z, by anna: T-1',
      '  seen: sbom, size 7',
    ]);
  });

  test('what was seen begins with its kind, and a digest that is its own is left out', async () => {
    await open();
    const seen = new Map([
      ['at', '2026-11-20T00:00:00Z'],
      ['digest', `sha256:${hex('a')}`],
      ['kind', 'created'],
      ['of', `sha256:${hex('b')}`],
    ]);
    const told = await lines(approval('1', 'a', { evidence: [seen] }));
    expect(told[2]).toBe(`  seen: created, at 2026-11-20T00:00:00Z, of sha256:${hex('b')}`);
  });

  test.each([
    ['for ever', undefined],
    ['for longer', NOW + 2 * DAY],
  ])('that were for a time, and are %s: which end they had', async (_, until) => {
    const told = '  instead of until 2026-11-22T12:00:00Z';
    await open();
    const ends = { until: NOW + DAY };
    await world.change(approval('1', 'a', ends), approval(undefined, 'd', ends));
    const over = until === undefined ? {} : { until };
    const all = await lines(approval('1', 'a', over), approval(undefined, 'd', over));
    expect(all.filter((line) => line === told)).toHaveLength(2);
    expect(await lines(approval('1', 'b', ends))).not.toContain(told);
  });

  test('a reason that reads like an end is none', async () => {
    await open();
    const told = await lines(approval('1', 'a', { reason: 'T-1; until 2026-11-22T12:00:00Z' }));
    expect(told[1]).toMatch(/^ {2}without an end, by anna: /);
  });

  test('of another digest: instead of which, and that the one before is approved no more', async () => {
    await open();
    await world.change(approval('1', 'a'));
    expect(await lines(approval('1', 'b'))).toEqual([
      `Approve: ${APP}:1 is sha256:${hex('b')} (1001 bytes)`,
      `  instead of sha256:${hex('a')}`,
      '  without an end, by anna',
      `No longer approved: ${digest('a')}`,
    ]);
  });

  test.each([
    ['evidence', { evidence: [new Map([['kind', 'sbom']])] }],
    ['a reason', { reason: 'T-1' }],
    ['an end', { until: NOW + DAY }],
    ['a name', { by: 'ben' }],
    ['a media type', { mediaType: 'm' }],
    ['another length', { length: 7 }],
  ])('once more, with %s that is new, at the very same second', async (_, over) => {
    await open();
    const seen = { evidence: [new Map([['kind', 'provenance']])] };
    await world.change(approval('1', 'a', seen), approval(undefined, 'd', seen));
    const told = await lines(approval('1', 'a', { ...seen, ...over }), approval(undefined, 'd', { ...seen, ...over }));
    expect(told.filter((line) => line.startsWith('Approve: '))).toHaveLength(2);
  });

  test('of another tag in the same file: nothing of those that stay, also once it is written down who signed and who took them over', async () => {
    await open();
    await world.change(authorization('bulk', quorum(1, ANNA, BEN)));
    const [first, ...others] = inBin('bulk-0', 4);
    const approved = (tag: string): Change => approval(tag, 'a');
    for (const [who, tag] of [
      [ANNA, first],
      [BEN, others[0]],
      [ANNA, others[1]],
    ] as const)
      await world.changeAs([who], approved(tag!));
    const kept = (await world.standing()).role('bulk-0');
    expect((await kept)?.document.targets.get(`${APP}:${first!}`)?.word).toMatchObject({ carried: [[BEN.keyId]] });
    const { targets } = await explain(await world.propose(approved(others[2]!)));
    expect(targets.filter(({ target }) => target.includes(':s'))).toMatchObject([{ target: `${APP}:${others[2]!}` }]);
  });

  test('of a digest for itself: beside its tags, once more, and its end', async () => {
    await open();
    await world.change(approval('1', 'a'));
    const own = approval(undefined, 'a', { reason: 'T-1', evidence: [new Map([['kind', 'sbom']])] });
    const told = [
      `Approve: ${digest('a')}, also without a tag (1001 bytes)`,
      '  without an end, by anna: T-1',
      '  seen: sbom',
    ];
    expect(await lines(own)).toEqual(told);
    await world.change(own);
    expect(await lines({ ...own, reason: 'T-2' })).toEqual([told[0], '  without an end, by anna: T-2', told[2]]);
    expect(await lines(withdrawal('a'))).toEqual([
      `No longer approved: ${APP}:1 (sha256:${hex('a')})`,
      `WITHDRAWN: ${digest('a')}, at 2026-11-21T12:00:03Z by anna: CVE-1`,
    ]);
  });

  test('of a digest for itself, that gets one more tag: what was said of it stays, and is not told again', async () => {
    await open();
    await world.change(approval('1', 'a'), approval(undefined, 'a', { until: NOW + DAY }));
    expect(await lines(approval('2', 'a'))).toEqual([
      `Approve: ${APP}:2 is sha256:${hex('a')} (1001 bytes)`,
      '  without an end, by anna',
    ]);
    expect(await lines(approval(undefined, 'a', { until: NOW + 2 * DAY }))).toEqual([
      `Approve: ${digest('a')}, also without a tag (1001 bytes)`,
      '  until 2026-11-23T12:00:00Z, by anna',
      '  instead of until 2026-11-22T12:00:00Z',
    ]);
  });

  test('of a digest for itself with a key that was stolen: that ends, and the tag of others stays', async () => {
    await open();
    await world.change(authorization('bulk', quorum(1, ANNA, BEN)));
    await world.changeAs([ANNA], approval('1', 'a'));
    await world.changeAs([BEN], approval(undefined, 'a'));
    const told = await lines(authorization('bulk', quorum(1, ANNA), BEN));
    expect(told.filter((line) => line.startsWith('No longer'))).toEqual([
      `No longer approved without a tag: ${digest('a')}`,
    ]);
  });

  test('hundreds: each with its digest, by repository and what is said of them; what is taken away, moved or approved for itself in full', async () => {
    await open();
    await world.change(approval('old', 'old'), approval('gone', 'gone'));
    const many = Array.from({ length: 210 }, (_, at) => approval(`t${at}`, `c${at}`));
    const told = await lines(
      ...many,
      approval('old', 'new'),
      { kind: 'remove-tag', repository: APP, tag: 'gone' },
      approval(undefined, 'c0'),
      approval(undefined, 'alone'),
      withdrawal('w'),
      approval('evil', 'evil', { by: 'ben' }),
    );
    expect(told).toContain(`Approve: 210 new tags of ${APP}, without an end, by anna`);
    expect(told.indexOf(`  evil is sha256:${hex('evil')}`)).toBe(
      told.indexOf(`Approve: 1 new tag of ${APP}, without an end, by ben`) + 1,
    );
    for (const { tag = '', sha256 } of many) expect(told).toContain(`  ${tag} is sha256:${sha256}`);
    expect(told).toContain(`Approve: ${APP}:old is sha256:${hex('new')} (1003 bytes)`);
    expect(told).toContain(`No longer approved: ${APP}:gone (sha256:${hex('gone')})`);
    expect(told).toContain(`Approve: ${digest('c0')}, also without a tag (1002 bytes)`);
    expect(told).toContain(`Approve: ${digest('alone')} (1005 bytes)`);
    expect(told.some((line) => line.startsWith(`WITHDRAWN: ${digest('w')}`))).toBe(true);
    expect(told.length).toBeLessThan(230);
  });
});

describe('withdrawals', () => {
  test('and that one comes back', async () => {
    await open();
    await world.change(withdrawal('a'));
    const back = '  which was withdrawn at 2026-11-21T12:00:02Z by anna: CVE-1';
    expect(await lines(approval(undefined, 'a', { reinstate: true }))).toContain(back);
    expect(await lines(approval('1', 'a', { reinstate: true }))).toContain(
      `Approve again: ${digest('a')}, which was withdrawn at 2026-11-21T12:00:02Z by anna: CVE-1`,
    );
  });

  test('without a reason', async () => {
    await open();
    const silent = { kind: 'withdraw', repository: APP, sha256: hex('a'), by: 'anna' } as const;
    expect(await lines(silent)).toEqual([`WITHDRAWN: ${digest('a')}, at 2026-11-21T12:00:01Z by anna`]);
  });

  test('that end, though nothing is approved in the end', async () => {
    await open();
    await world.change(withdrawal('a'));
    const told = await lines(approval('1', 'a', { reinstate: true }), {
      kind: 'remove-tag',
      repository: APP,
      tag: '1',
    });
    expect(told).toEqual([`No longer withdrawn: ${digest('a')}`]);
  });

  test('a tag that goes, and the digest with it; not one that others stand for', async () => {
    await open();
    await world.change(approval('1', 'a'), approval('2', 'a'), approval('3', 'b'));
    expect(await lines({ kind: 'remove-tag', repository: APP, tag: '1' })).toEqual([
      `No longer approved: ${APP}:1 (sha256:${hex('a')})`,
    ]);
    expect(await lines({ kind: 'remove-tag', repository: APP, tag: '3' })).toEqual([
      `No longer approved: ${APP}:3 (sha256:${hex('b')})`,
      `No longer approved: ${digest('b')}`,
    ]);
  });
});

describe('who may sign', () => {
  test('a role of owners: what it is in charge of, and what moves to it', async () => {
    await open();
    await world.change(approval('1', 'a'));
    expect(await lines(delegation('team', APP))).toEqual([
      'team is signed by 1 of 1 key:',
      `  in charge of ${APP}:*  ${APP}@*`,
      `  + key ${BEN.keyId}`,
      expect.stringMatching(/^1 name moves from bulk-. to team\.$/),
      expect.stringMatching(/^1 name moves from bulk-. to team\.$/),
    ]);
  });

  test('the same role, in charge of something else', async () => {
    await open();
    await world.change(delegation('team', APP));
    const told = await lines({ kind: 'undelegate', role: 'team', keep: true }, delegation('team', 'reg.example/**'));
    expect(told[0]).toBe('team is signed by 1 of 1 key instead of 1 of 1 key:');
    expect(told[1]).toContain('in charge of reg.example/*  reg.example/*/*');
  });

  test('a repository that goes from one team to another; nothing is told of others, nor of what they approved', async () => {
    await open();
    await world.change(delegation('team', 'reg.example/acme/*'), delegation('others', OTHER));
    await world.change(approval('1', 'a'), approval('1', 'o', { repository: OTHER }));
    expect(await lines(delegation('app', APP))).toEqual([
      'app is signed by 1 of 1 key:',
      `  in charge of ${APP}:*  ${APP}@*`,
      `  + key ${BEN.keyId}`,
      '2 names move from team to app.',
    ]);
    expect(await lines(delegation('all', 'reg.example/*'))).toEqual([
      'all is signed by 1 of 1 key:',
      '  in charge of reg.example/*',
      `  + key ${BEN.keyId}`,
    ]);
    expect(await lines(approval('2', 'x', { repository: 'reg.example/free/thing' }))).toHaveLength(2);
    expect(await lines({ kind: 'undelegate', role: 'team', keep: false })).not.toContain(
      `No longer approved: ${OTHER}:1 (sha256:${hex('o')})`,
    );
  });

  test('two roles name one image, and the first decides: that it becomes the second is told, though no key and no path changes', async () => {
    await open();
    await world.change(delegation('first', APP), delegation('second', APP), delegation('third', APP));
    const told = await lines({ kind: 'undelegate', role: 'first', keep: true }, delegation('first', APP));
    expect(told).toEqual([
      'first is signed by 1 of 1 key instead of 1 of 1 key:',
      '  from now on after second, third: what both name is theirs',
    ]);
  });

  test('a role that goes, and its approvals where they are not kept', async () => {
    await open();
    await world.change(delegation('team', APP));
    await world.change(approval('1', 'a'), withdrawal('w'));
    expect(await lines({ kind: 'undelegate', role: 'team', keep: false })).toEqual([
      'The role team is taken away (1 of 1 key).',
      expect.stringMatching(/^1 name moves from team to bulk-.\.$/),
      `No longer approved: ${APP}:1 (sha256:${hex('a')})`,
      `No longer approved: ${digest('a')}`,
    ]);
  });

  test('keys that come and go, and the threshold; nothing of approvals that stay', async () => {
    await open();
    await world.change(approval('1', 'a'), approval('2', 'b'), approval('3', 'c'));
    expect(await lines(authorization('bulk', quorum(1, ANNA, BEN)))).toEqual([
      'bulk is signed by 1 of 2 keys instead of 1 of 1 key:',
      `  + key ${BEN.keyId}`,
    ]);
    expect(await lines(authorization('root', quorum(2, BEN, CARLA)))).toEqual([
      'root is signed by 2 of 2 keys instead of 1 of 1 key:',
      `  + key ${BEN.keyId}`,
      `  + key ${CARLA.keyId}`,
      `  - key ${ROOT.keyId}`,
    ]);
  });

  test('what a stolen key costs', async () => {
    await open();
    world.signers = [ROOT, ANNA];
    await world.change(approval('1', 'a'));
    const told = await lines(authorization('bulk', quorum(1, BEN), ANNA));
    expect(told).toContain(`No longer approved: ${APP}:1 (sha256:${hex('a')})`);
    expect(told).toContain(`No longer approved: ${digest('a')}`);
  });

  test('a name of others in the file of a role hides nothing of what is proposed for it', async () => {
    await open();
    await world.change(delegation('team', OTHER));
    await world.change(approval('1', 'good'), approval('1', 'own', { repository: OTHER }));
    const { after: evil } = (await explain(await world.propose(approval('1', 'evil')))).targets[0]!;
    await world.forge('team', BEN, ({ targets }) => ({ targets: new Map(targets).set(`${APP}:1`, evil!.entry) }));
    const told = await lines(approval('1', 'evil'), approval('2', 'x', { repository: OTHER }));
    expect(told).toContain(`Approve: ${APP}:1 is sha256:${hex('evil')} (1004 bytes)`);
    expect(told).toContain(`  instead of sha256:${hex('good')}`);
  });

  test.each([
    ['a role', 'evil', { kind: 'roles', roles: [{ name: 'evil', paths: ANYTHING, ...byCarla }] }],
    ['bins', 'hidden', { kind: 'bins', bins: { prefix: 'hidden', bits: 4, ...byCarla } }],
  ] as const)(
    '%s that a thief made below a role: gone once the role is signed anew, and the role keeps its own',
    async (_, name, below) => {
      await open();
      await world.change(delegation('team', APP));
      await world.change(approval('1', 'a'), withdrawal('w'));
      const keys = new Map([[CARLA.keyId, CARLA.entry]]);
      await world.forge('team', BEN, () => ({ delegations: { ...below, keys } }));
      const gone = `The role team > ${name} is taken away (1 of 1 key).`;
      expect(await lines({ kind: 'renew', endingBefore: NOW + 400 * DAY })).toEqual([gone]);
      expect(await lines(approval('2', 'b'))).toContain(gone);
      expect(await lines(authorization('bulk', quorum(1, BEN)))).not.toContain(gone);
      await world.change({ kind: 'renew', endingBefore: NOW + 400 * DAY });
      const { document } = (await (await world.standing()).role('team'))!;
      expect([...document.targets.keys()]).toEqual([`${APP}:1`, digest('a'), digest('w')]);
    },
  );

  test('bins that a thief of the targets key made right below: gone, and nothing else is told', async () => {
    await open();
    const keys = new Map([[CARLA.keyId, CARLA.entry]]);
    const bins = { prefix: 'bulk', bits: 4, ...byCarla };
    await world.forge('targets', ANNA, () => ({ delegations: { kind: 'bins', keys, bins } }));
    expect(await lines(authorization('targets', quorum(1, BEN)))).toEqual([
      'targets is signed by 1 of 1 key instead of 1 of 1 key:',
      `  + key ${BEN.keyId}`,
      `  - key ${ANNA.keyId}`,
      'The role targets > bulk is taken away (1 of 1 key).',
    ]);
  });

  test('what is signed anew, and until when it counts', async () => {
    await open();
    const all = explanationLines(await explain(await world.propose({ kind: 'renew', endingBefore: NOW + 400 * DAY })));
    expect(all).toEqual([
      expect.stringMatching(
        /^19 files are to be signed \(root, targets, bulk, bulk-0, bulk-1 and 14 more\), to count until 2027-02-19T12:00:01Z or 2027-11-21T12:00:01Z\.$/,
      ),
    ]);
  });
});

test('more bins: told, and with it what is new, what changes and what goes; of what only moves to another bin, nothing', async () => {
  await open();
  const many = Array.from({ length: 780 }, (_, at) => approval(`t${at}`, `c${at}`));
  const tags = inBin('bulk-0', 115);
  await world.change(...many, ...tags.slice(0, 90).map((tag) => approval(tag, 'same')));
  const told = await lines(...tags.slice(90).map((tag) => approval(tag, 'same')), approval('t0', 'new'), {
    kind: 'remove-tag',
    repository: APP,
    tag: 't1',
  });
  expect(told.filter((line) => line.startsWith('Approve: '))).toHaveLength(26);
  expect(told).toContain(`  instead of sha256:${hex('c0')}`);
  expect(told.filter((line) => !/^Approve: |^ {2}/.test(line))).toEqual([
    `No longer approved: ${APP}:t1 (sha256:${hex('c1')})`,
    `No longer approved: ${digest('c0')}`,
    `No longer approved: ${digest('c1')}`,
    'Approvals are spread over 32 files instead of 16; none of them changes by that.',
  ]);
}, 60_000);

describe('at a terminal', () => {
  const NASTY = '\u001b[2J\u009b31m\r\n\u202eevil\u2066\u200b\u0007\u2028\ue000x';
  const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ue000]/;

  test('nothing that is said moves a cursor or turns the direction', async () => {
    await open();
    const over = {
      by: NASTY,
      reason: NASTY,
      mediaType: NASTY,
      evidence: [
        new Map<string, string | readonly string[]>([
          [NASTY, NASTY],
          ['list', [NASTY]],
        ]),
      ],
    };
    for (const line of await lines(approval('1', 'a', over), withdrawal('w', over), approval(undefined, 'a', over)))
      expect(line).not.toMatch(UNSAFE);
    expect((await lines(approval('1', 'a', over))).join('\n')).toContain('evil');
  });
});
