import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { APP, approvalsShell } from './approvals-shell.ts';

/** What was approved is taken back, handed on, looked at and renewed at the command line. */
const story = approvalsShell();
const { tufgate, said, document, typed, piped, made, image, add, gate } = story;
const TAG = `${APP}:1.0`;
const approve = (...argv: string[]): Promise<number> => tufgate('approve', ...argv, '--yes');
const revoke = (...argv: string[]): Promise<number> => tufgate('revoke', ...argv, '--yes');
const list = async (...argv: string[]): Promise<string> => {
  await tufgate('approvals', 'list', ...argv);
  return said.stdout;
};

describe('revoke', () => {
  test('a tag: its digest is refused from now on, and whoever pulled it is told', async () => {
    await made();
    await approve(TAG);
    const running = await gate();
    for (let times = 0; times < 2; times++) await running.pull('1.0');
    await running.flush();
    typed('y\n');
    expect(await tufgate('revoke', '127.0.0.1:5000/acme/app:1.0', '--reason', 'CVE-2026-1', '--by', 'alice')).toBe(0);
    expect(said.stdout).toBe(
      `${APP}@${image().digest} is withdrawn.\nGates refuse it from now on; others than this one within their freshness.check_every.\n`,
    );
    expect(said.stderr).toMatch(/^Pulled through this gate by:\n {2}127\.0\.0\.1 {2}last 2026-11-21T.*, \d times? /);
    expect(said.stderr).toContain(`No longer approved: ${TAG} (${image().digest})`);
    expect(said.stderr).toContain(`WITHDRAWN: ${APP}@${image().digest}, at 2026-11-21T12:00:02Z by alice: CVE-2026-1`);
    const refused = await running.pull(image().digest);
    expect([refused.status, refused.reason]).toEqual([403, 'trust.withdrawn']);
    expect(refused.message).toContain('by alice: CVE-2026-1');
    const unsigned = await running.pull('1.0');
    expect([unsigned.status, unsigned.reason]).toEqual([403, 'trust.unsigned']);
    expect(unsigned.message).toContain('those who run this proxy to approve it');
    expect(await list()).toBe(`${APP}@${image().digest}  WITHDRAWN 2026-11-21T12:00:02Z by alice: CVE-2026-1\n`);
  });

  test('what a client calls itself moves no cursor', async () => {
    await made();
    await approve(TAG);
    const running = await gate();
    await running.get('/v2/acme/app/manifests/1.0', { 'user-agent': 'docker\u009B2Jok' });
    await running.flush();
    expect(await revoke(TAG)).toBe(0);
    expect(said.stderr).toContain('docker\\u{9b}2Jok');
    expect(said.stderr).not.toContain('\u009B');
  });

  test('one document', async () => {
    await made();
    await approve(TAG);
    expect(await revoke(TAG, TAG, '--json')).toBe(0);
    expect(document()).toMatchObject({ withdrawn: [`${APP}@${image().digest}`], pulled: [], published: true });
    expect(said.stderr).toContain('Nobody has pulled it through this gate');
  });

  test('no is no', async () => {
    await made();
    await approve(TAG);
    const running = await gate();
    typed('n\n');
    expect(await tufgate('revoke', TAG)).toBe(2);
    piped('y\n');
    expect(await tufgate('revoke', TAG)).toBe(2);
    expect((await running.pull('1.0')).status).toBe(200);
  });

  test('a digest in every repository where it is approved', async () => {
    await made();
    add('1.0', 'layer', 'acme/copy');
    await approve(TAG, 'reg.example/acme/copy:1.0');
    expect(await revoke('--digest', image().digest, '--json')).toBe(0);
    const withdrawn = ['app', 'copy'].map((name) => `reg.example/acme/${name}@${image().digest}`);
    expect(document()).toMatchObject({ withdrawn });
    const running = await gate();
    for (const path of ['acme/app', 'acme/copy']) expect((await running.pull('1.0', path)).status, path).toBe(403);
  });

  test('a tag whose digest another repository has too: which, and how it is withdrawn there', async () => {
    await made();
    add('1.0', 'layer', 'acme/copy');
    await approve(TAG, 'reg.example/acme/copy:1.0');
    expect(await revoke(TAG, '--reason', 'CVE-2026-1')).toBe(0);
    const everywhere = `--digest ${image().digest}`;
    expect(said.stderr).toContain(`The same digest stays approved in reg.example/acme/copy: ${everywhere} withdraws`);
    add('2.0', 'layer', 'acme/copy');
    expect(await approve('reg.example/acme/copy:2.0')).toBe(0);
    expect(said.stderr).toMatch(
      new RegExp(`^WARNING: the same digest was withdrawn in ${APP} at .* by .*: CVE-2026-1$`, 'm'),
    );
    expect(await revoke('--digest', image().digest)).toBe(0);
    expect(said.stderr).toContain(`${APP}@${image().digest} was withdrawn already, at `);
    expect(said.stderr).not.toContain('stays approved');
    expect(said.stdout).toBe(
      `reg.example/acme/copy@${image().digest} is withdrawn.\nGates refuse it from now on; others than this one within their freshness.check_every.\n`,
    );
  });

  test('once more: why and when it was withdrawn stays, unless there is a new reason', async () => {
    await made();
    await approve(TAG);
    await revoke(TAG, '--reason', 'CVE-2026-1', '--by', 'alice');
    const before = await list();
    expect(await revoke(`${APP}@${image().digest}`, '--by', 'bob')).toBe(0);
    expect(said.stdout).toBe('All of it is withdrawn already.\n');
    expect(said.stderr).toMatch(/^\S+ was withdrawn already, at \S+ by alice: CVE-2026-1\n$/);
    expect(await list()).toBe(before);
    expect(await revoke(`${APP}@${image().digest}`, '--json')).toBe(0);
    expect(document()).toEqual({ withdrawn: [], pulled: [], repository: 'approvals', published: false });
    expect(await revoke(`${APP}@${image().digest}`, '--by', 'bob', '--reason', 'CVE-2026-2')).toBe(0);
    expect(await list()).toContain('by bob: CVE-2026-2');
  });

  test('a digest before anybody approved it', async () => {
    await made();
    expect(await revoke(`${APP}@${image().digest}`)).toBe(0);
    const running = await gate();
    expect((await running.pull('1.0')).status).toBe(403);
    expect(await approve(TAG)).toBe(3);
    expect(said.stderr).toContain('was withdrawn at 2026-11-21T12:00:01Z');
  });

  test('--tag-only ends the tag; its digest is served for another tag of it', async () => {
    await made();
    add('latest', 'layer');
    await approve(TAG, `${APP}:latest`);
    expect(await revoke(APP, '--tag-only', '--json')).toBe(0);
    expect(document()).toMatchObject({ removed: [`${APP}:latest`], published: true });
    const running = await gate();
    expect((await running.pull('latest')).reason).toBe('trust.unsigned');
    expect((await running.pull('1.0')).status).toBe(200);
    expect((await running.pull(image().digest)).status).toBe(200);
  });

  test.each([
    ['a slip in the tag', [`${APP}:1.O`], 4, 'upstream.not-found', 'REPOSITORY@sha256:…'],
    ['a slip in the tag that only ends', [`${APP}:1.O`, '--tag-only'], 4, 'upstream.not-found', 'is not approved here'],
    [
      'a digest that is approved nowhere',
      ['--digest', `sha256:${'a'.repeat(64)}`],
      4,
      'upstream.not-found',
      'is not approved here',
    ],
    [
      '--tag-only with a digest',
      ['--digest', `sha256:${'a'.repeat(64)}`, '--tag-only'],
      2,
      'usage',
      'name them without a digest',
    ],
    [
      '--tag-only of a digest',
      [`${APP}@sha256:${'a'.repeat(64)}`, '--tag-only'],
      2,
      'usage',
      'name them without a digest',
    ],
    ['nothing', [], 2, 'usage', 'name an image, or --digest sha256:…'],
    ['a digest that is none', ['--digest', 'sha256:12'], 2, 'request.digest', 'is not a digest'],
    ['a digest of another kind', [`${APP}@sha512:${'a'.repeat(128)}`], 2, 'usage', 'approvals are by sha256'],
    ['a reason that moves the cursor', [TAG, '--reason', '\u001B[2J'], 2, 'usage', 'cannot be shown'],
  ])('%s is refused', async (_, argv, exit, code, words) => {
    await made();
    await approve(TAG);
    expect(await revoke(...argv, '--json')).toBe(exit);
    expect(document()).toEqual({ error: { code, message: expect.stringContaining(words) as string } });
    expect(said.stderr).toMatch(/^tufgate: .*\n$/);
    expect(await list()).toContain(`${TAG}  ${image().digest}  approved`);
  });
});

describe('promote', () => {
  test('what was approved as one tag is approved as another, wherever the registry has them', async () => {
    await made();
    await approve(`${APP}:1.0`);
    const tested = image().digest;
    add('1.0', 'moved');
    add('stable', 'something else');
    typed('y\n');
    expect(await tufgate('promote', '127.0.0.1:5000/acme/app:1.0', `${APP}:stable`, '--reason', 'tested')).toBe(0);
    expect(said.stdout).toBe(`${APP}:stable is ${tested}, as ${TAG}.\n`);
    expect(said.stderr).toMatch(/ {2}seen: promoted, /);
    const running = await gate();
    expect((await running.pull('stable')).headers['docker-content-digest']).toBe(tested);
  });

  test.each([
    [
      'a tag that is not approved',
      [`${APP}:rc`, `${APP}:stable`],
      4,
      'upstream.not-found',
      'there is nothing to promote',
    ],
    ['a digest', [`${APP}@sha256:${'a'.repeat(64)}`, `${APP}:stable`], 2, 'usage', 'both are tags'],
    ['to itself', [TAG, TAG], 2, 'usage', 'is both: name another tag'],
    ['with an end that is past', [TAG, `${APP}:stable`, '--until', '2020-01-01'], 2, 'usage', 'is past'],
  ])('%s: not', async (_, argv, exit, code, words) => {
    await made();
    await approve(TAG);
    expect(await tufgate('promote', ...argv, '--yes', '--json')).toBe(exit);
    expect(document()).toEqual({ error: { code, message: expect.stringContaining(words) as string } });
  });

  test('nor what has ended, or was withdrawn', async () => {
    await made();
    await approve(TAG, '--until', '1s');
    expect(await tufgate('promote', TAG, `${APP}:stable`, '--yes')).toBe(3);
    expect(said.stderr).toContain(`the approval of ${TAG} has ended: approve it anew first`);
    await approve(TAG);
    await revoke(TAG);
    expect(await tufgate('promote', TAG, `${APP}:stable`, '--yes')).toBe(4);
  });
});

describe('approvals list', () => {
  test('instants as text, ends and withdrawals; part of a name', async () => {
    await made();
    add('2.0', 'two');
    await approve(TAG, '--until', '1h', '--by', 'alice');
    await approve(`${APP}:2.0`, '--reason', 'second');
    await list('--json');
    expect(document()).toMatchObject({
      repository: 'approvals',
      targets: [
        { target: TAG, kind: 'approval', at: '2026-11-21T12:00:01Z', by: 'alice', until: '2026-11-21T13:00:01Z' },
        { target: `${APP}:2.0`, at: '2026-11-21T12:00:02Z', reason: 'second' },
        { kind: 'named' },
        { kind: 'named' },
      ],
    });
    await revoke(`${APP}:2.0`);
    await list('--json', '--image', '@');
    expect(document()).toMatchObject({
      targets: expect.arrayContaining([
        expect.objectContaining({ kind: 'named', tags: ['1.0'], until: '2026-11-21T13:00:01Z' }),
        expect.objectContaining({ kind: 'withdrawn', at: '2026-11-21T12:00:04Z' }),
      ]) as unknown,
    });
    expect(await list('--image', ':1.0')).toMatch(/^reg\.example\/acme\/app:1\.0 .*, until 2026-11-21T13:00:01Z\n$/);
    expect(await list('--image', 'nothing')).toBe('Nothing of that name.\n');
  });

  test('what has ended is said to have', async () => {
    await made();
    await approve(TAG, '--until', '1s');
    expect(await list()).toContain(', ENDED 2026-11-21T12:00:02Z');
  });
});

test('approvals show: who signs what and until when, and which file is which key', async () => {
  await made();
  expect(await tufgate('approvals', 'show')).toBe(0);
  expect(said.stdout).toMatch(
    /^approvals, published in .*data\/approvals\nroot {2}version 1, until 2027-11-21T12:00:00Z, signed by 1 of 1\n/,
  );
  expect(said.stdout).toMatch(/ {4}key [0-9a-f]{64} {2}.*keys\/online\.pem\n/);
  expect(said.stdout).toContain('in charge of all other images, in 16 files');
  expect(await tufgate('approvals', 'show', '--json')).toBe(0);
  expect(document()).toMatchObject({ repository: 'approvals', bins: 16, roles: { length: 5 } });
});

describe('approvals renew', () => {
  test('what ends within the time is signed anew; nothing else is', async () => {
    await made();
    expect(await tufgate('approvals', 'renew', '--yes')).toBe(0);
    expect(said.stdout).toBe('Nothing that people sign ends within 90d.\n');
    expect(await tufgate('approvals', 'renew', '--yes', '--within', '400d')).toBe(0);
    expect(said.stderr).toContain('19 files are to be signed (root, targets, bulk, ');
    await tufgate('approvals', 'show');
    expect(said.stdout).toMatch(/root {2}version 2, until 2027-11-21T12:00:02Z/);
    expect(await tufgate('approvals', 'renew', '--within', 'soon', '--json')).toBe(2);
    expect(document()).toMatchObject({ error: { code: 'usage', message: '--within needs a time such as 90d' } });
  });
});

test('approvals affected lists what rests on a key, as a list that approves it again', async () => {
  await made();
  await approve(TAG);
  await tufgate('approvals', 'show', '--json');
  const { roles } = document() as { roles: { role: string; keyIds: string[] }[] };
  const key = roles.find(({ role }) => role === 'bulk')!.keyIds[0]!;
  expect(await tufgate('approvals', 'affected', '--key', key)).toBe(0);
  const affected = said.stdout;
  expect(affected).toBe(`${TAG}@${image().digest}\n`);
  const file = join(story.folder(), 'affected.txt');
  await writeFile(file, affected);
  expect(await approve('--from-file', file)).toBe(0);
  expect(await tufgate('approvals', 'affected', '--key', roles[0]!.keyIds[0]!)).toBe(0);
  expect(said.stdout).toBe('');
});

test.each([['show'], ['sign'], ['publish'], ['rebase']])(
  'approvals %s of a proposal that is not there',
  async (verb) => {
    await made();
    expect(await tufgate('approvals', verb, '/nowhere.json', '--json')).toBe(2);
    expect(document()).toMatchObject({
      error: { code: 'usage', message: expect.stringContaining('cannot read the proposal /nowhere.json') as string },
    });
  },
);
