import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { Archive } from '../../src/lifeboat/archive.ts';
import { captureCollection } from '../../src/lifeboat/capture-collection.ts';
import { NotaryRepository } from '../../src/simulator/notary-repository.ts';
import { SimulatedSource } from '../../src/simulator/simulated-source.ts';
import { filesBelow } from '../lifeboat-world.ts';
import { APP, approvalsShell, OWN } from './approvals-shell.ts';
import { START } from './gate-world.ts';

/** The lifeboat at the command line: the Notary server is gone, its archive is there. */
const story = approvalsShell();
const { tufgate, said, document, typed, made, image, add, gate } = story;
const TAG = `${APP}:1.0`;
const OTHER = 'reg.example/acme/other';
const UNKNOWN = `sha256:${'ab'.repeat(32)}`;
let archive: string;
let app: NotaryRepository;

beforeEach(async () => {
  archive = join(story.folder(), 'archive');
  app = new NotaryRepository(APP, START).sign('1.0', image().digest, image().size).publish();
  await made();
});

async function capture(...publishers: readonly NotaryRepository[]): Promise<void> {
  const opened = await Archive.open(archive);
  for (const publisher of publishers) {
    const task = { gun: publisher.gun, url: 'https://notary.example/', source: new SimulatedSource(publisher) };
    await captureCollection(task, { archive: opened, now: () => START, maxBytes: 1 << 20 });
  }
}

const other = (): NotaryRepository => new NotaryRepository(OTHER, START).sign('2.0', UNKNOWN, 7).publish();
const load = (...argv: string[]): Promise<number> =>
  tufgate('approvals', 'import', '--archive', archive, '--yes', ...argv);

async function pin(keyId: string): Promise<void> {
  const vendor = `  vendor: { type: notary, url: "http://127.0.0.1:9/", pins: { ${APP}: { keys: [${keyId}] } } }\n`;
  await story.reconfigured((yaml) => yaml.replace(OWN, `${OWN}${vendor}`));
}

test('first use is refused until somebody says so; then its tags are approved, with the archive as evidence, and served', async () => {
  await capture(app);
  const running = await gate();
  expect(await load('--json')).toBe(3);
  expect(document()).toEqual({
    error: { code: 'trust.no-root', message: expect.stringContaining('allow first use (--first-use)') as string },
  });
  typed('n\n');
  expect(await tufgate('approvals', 'import', '--archive', archive, '--first-use')).toBe(2);
  expect((await running.pull('1.0')).status).toBe(403);
  typed('y\n');
  expect(await tufgate('approvals', 'import', '--archive', archive, '--first-use')).toBe(0);
  expect(said.stderr).toContain(`Approve: ${TAG} is ${image().digest}`);
  expect(said.stderr).toContain(': as signed in Notary when it was captured at 2026-11-21T12:00:00Z');
  expect(said.stderr).toMatch(/ {2}seen: notary-archive, /);
  expect(said.stdout).toBe('1 tag of 1 collection is approved.\n');
  expect((await running.pull('1.0')).status).toBe(200);
  expect(await load('--first-use')).toBe(0);
  expect(said.stdout).toBe('All of it is approved already: nothing was signed.\n');
  expect(await load('--first-use', '--json')).toBe(0);
  expect(document()).toEqual({
    imported: 0,
    collections: 1,
    refused: [],
    unbelieved: [],
    kept: [],
    repository: 'approvals',
    published: false,
  });
});

test('a pin of the configuration stands for first use, and binds', async () => {
  await capture(app);
  await pin(app.of('root').keys[0]!.keyId);
  expect(await load('--reason', 'lifeboat', '--until', '90d')).toBe(0);
  await tufgate('approvals', 'list');
  expect(said.stdout).toMatch(/, until 2027-02-19T.*: lifeboat\n$/);
});

test('another key than the pinned one is refused, first use or not', async () => {
  await capture(app);
  await pin('a'.repeat(64));
  expect(await load('--first-use', '--json')).toBe(3);
  expect(document()).toMatchObject({ error: { code: 'trust.pin' } });
});

test('what is damaged is told, and harms no other', async () => {
  await capture(app, other());
  const targets = (await filesBelow(archive)).find((name) => name.includes('acme_other') && name.includes('targets'))!;
  const bytes = await readFile(join(archive, targets));
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(join(archive, targets), bytes);
  expect(await load('--first-use', '--json')).toBe(3);
  expect(document()).toMatchObject({
    imported: 1,
    collections: 1,
    refused: [{ name: OTHER, code: 'archive.damaged' }],
    published: true,
  });
  expect(said.stderr).toContain(`${OTHER} is not imported: `);
});

test('a tag that is approved with another digest stays, unless --replace', async () => {
  await capture(app);
  const moved = add('1.0', 'moved').digest;
  await tufgate('approve', TAG, '--yes');
  expect(await load('--first-use', '--json')).toBe(0);
  expect(document()).toMatchObject({ imported: 0, kept: [{ name: TAG, digest: moved }], published: false });
  expect(said.stderr).toContain(`${TAG} is approved as ${moved}, and stays so (--replace)`);
  expect(await load('--first-use')).toBe(0);
  expect(said.stdout).toBe('Nothing is left to import: nothing was signed.\n');
  expect(await load('--first-use', '--replace')).toBe(0);
  expect(said.stderr).toContain(`  instead of ${moved}`);
});

test('what was withdrawn does not come back by an old archive, and stops nothing else', async () => {
  await capture(app, other());
  await tufgate('revoke', `${APP}@${image().digest}`, '--yes');
  expect(await load('--first-use', '--json')).toBe(3);
  expect(document()).toMatchObject({ imported: 1, refused: [{ name: TAG, code: 'trust.withdrawn' }], published: true });
  expect((await (await gate()).pull('1.0')).status).toBe(403);
});

test('a tag that its own collection does not believe is told, and the others are approved', async () => {
  app.delegate('targets/releases').sign('2.0', UNKNOWN, 7, 'targets/releases').publish();
  await capture(app);
  expect(await load('--first-use', '--json')).toBe(0);
  const unbelieved = [{ name: TAG, code: expect.stringMatching(/^trust\./) as string }];
  expect(document()).toMatchObject({ imported: 1, refused: [], unbelieved });
  expect(said.stderr).toContain(`${TAG} is not imported: `);
  expect(await load('--first-use')).toBe(0);
  expect(said.stdout).toBe('Nothing is left to import: nothing was signed.\n');
  expect(await load('--first-use', '--releases', 'docker')).toBe(0);
  await tufgate('approvals', 'list');
  expect(said.stdout).toContain(`${TAG}  ${image().digest}`);
});

test('only some; a name that the archive does not hold is not what is approved already', async () => {
  await capture(app, other());
  expect(await load(APP, '--first-use', '--json')).toBe(0);
  expect(document()).toMatchObject({ imported: 1, collections: 1 });
  expect(await load('reg.example/acme/typo', '--first-use', '--json')).toBe(4);
  expect(document()).toMatchObject({ error: { code: 'upstream.not-found', message: `${archive} does not hold it` } });
  expect(await load('reg.example/acme/typo', OTHER, '--first-use')).toBe(4);
  expect(said.stderr).toContain(`reg.example/acme/typo is not imported: ${archive} does not hold it`);
  expect(said.stdout).toBe('1 tag of 1 collection is approved.\n');
});

test.each([
  ['no archive', ['--archive', '/nowhere'], 'cannot read the archive /nowhere'],
  ['a rule that is none', ['--releases', 'none'], '--releases "none" is neither strict nor docker'],
  ['a reason that moves the cursor', ['--reason', '\u001B[2J'], 'cannot be shown'],
])('%s', async (_, argv, words) => {
  await capture(app);
  expect(await load('--first-use', ...argv, '--json')).toBe(2);
  expect(document()).toEqual({ error: { code: 'usage', message: expect.stringContaining(words) as string } });
});
