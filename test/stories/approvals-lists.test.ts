import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { NotaryRepository } from '../../src/simulator/notary-repository.ts';
import { NotaryServer } from '../../src/simulator/notary-server.ts';
import { status } from '../../src/simulator/registry-lies.ts';
import { APP, approvalsShell, OWN } from './approvals-shell.ts';
import { START } from './gate-world.ts';

/** Many images at once: from a file, from what runs, from what was refused. */
const story = approvalsShell();
const { tufgate, said, document, typed, piped, made, image, add, registry, gate } = story;
const TAG = `${APP}:1.0`;
const OTHER = 'reg.example/acme/other';
const approve = (...argv: string[]): Promise<number> => tufgate('approve', ...argv, '--yes');

async function list(text: string): Promise<string> {
  const file = join(story.folder(), 'images.txt');
  await writeFile(file, text);
  return file;
}

async function approved(): Promise<readonly string[]> {
  await tufgate('approvals', 'list', '--json');
  const { targets } = document() as { targets: { target: string; digest: string; kind: string }[] };
  return targets.flatMap(({ target, digest, kind }) => (kind === 'approval' ? [`${target} ${digest}`] : []));
}

describe('--from-file', () => {
  test('a reason for each, or the one for all', async () => {
    await made();
    const other = add('2.0', 'other', 'acme/other');
    const file = await list(`# what we run\n${TAG}  # TICKET-1: base\n\n${OTHER}:2.0\n${OTHER}:2.0\n`);
    expect(await approve('--from-file', file, '--reason', 'the rest')).toBe(0);
    expect(said.stdout).toBe(`${TAG}@${image().digest} is approved.\n${OTHER}:2.0@${other.digest} is approved.\n`);
    expect(said.stderr).toContain('TICKET-1: base\n');
    expect(said.stderr).toContain(': the rest\n');
  });

  test('a mistake is an error with its line, and nothing is asked of anybody', async () => {
    await made();
    const file = await list(`${TAG}\nNo\u202Epe!\n${OTHER}:1 # bad \u001B[2J\n${OTHER}:2 # ${'x'.repeat(501)}\n`);
    expect(await approve('--from-file', file, '--json')).toBe(2);
    const { error } = document() as { error: { code: string; message: string } };
    expect(error.code).toBe('usage');
    expect(error.message.split('\n')).toEqual([
      expect.stringContaining(`${file}:2: "No\\u{202e}pe!" is not an image name`),
      `${file}:3: the reason holds characters that cannot be shown`,
      `${file}:4: the reason is longer than 500 characters`,
    ]);
    expect(registry().seen).toEqual([]);
  });

  test('a file that is not there, and one with nothing in it', async () => {
    await made();
    expect(await approve('--from-file', '/nowhere.txt')).toBe(2);
    expect(said.stderr).toContain('cannot read the list /nowhere.txt');
    expect(await approve('--from-file', await list('# nothing yet\n'))).toBe(0);
    expect(said.stdout).toBe('Nothing to approve: the list is empty.\n');
    expect(await approve('--from-file', await list(''), '--json')).toBe(0);
    expect(document()).toEqual({ approved: [], failed: [], leftOut: [], repository: 'approvals', published: false });
  });

  test('one that cannot be had stops none of the others; the exit code says the worst of it', async () => {
    await made();
    add('2.0', 'other', 'acme/other');
    registry().lie('/v2/acme/other/manifests/2.0', status(503));
    const file = await list(`${APP}:nope\n${OTHER}:2.0\n${TAG}\n`);
    expect(await approve('--from-file', file, '--json')).toBe(5);
    expect(document()).toMatchObject({
      approved: [`${TAG}@${image().digest}`],
      failed: [
        { image: `${APP}:nope`, code: 'upstream.not-found' },
        { image: `${OTHER}:2.0`, code: 'upstream.unreachable' },
      ],
      published: true,
    });
    expect(said.stderr).toContain(`${APP}:nope is left out: reg.example has no acme/app:nope (404)`);
    expect(said.stderr).toMatch(new RegExp(`\n1 image; left out: ${APP}:nope, ${OTHER}:2.0\n$`));
    expect(await approved()).toEqual([`${TAG} ${image().digest}`]);
  });

  test('what is refused counts before what is down: a registry that is not configured, and what was withdrawn', async () => {
    await made();
    await approve(TAG);
    await tufgate('revoke', TAG, '--yes');
    add('2.0', 'other', 'acme/other');
    const file = await list(`quay.io/a/b:1\n${TAG}\n${OTHER}:2.0\n${APP}:nope\n`);
    expect(await approve('--from-file', file)).toBe(3);
    expect(said.stderr).toContain('quay.io/a/b:1 is left out: quay.io is not under upstreams in ');
    expect(said.stderr).toContain(`${TAG} is left out: ${APP}@${image().digest} was withdrawn at `);
    expect(said.stdout).toMatch(/^reg\.example\/acme\/other:2\.0@.* is approved\.\n$/);
  });

  test('when none can be approved nothing is asked or signed, and all are told', async () => {
    await made();
    typed('y\n');
    const file = await list(`${APP}:nope\nquay.io/a/b:1\n`);
    expect(await tufgate('approve', '--from-file', file)).toBe(3);
    expect(said.stderr).not.toContain('[y/N]');
    expect(said.stderr).toContain('None of them can be approved: nothing was signed.');
    expect(await tufgate('approve', '--from-file', file, '--json')).toBe(3);
    expect(document()).toMatchObject({ approved: [], failed: [{ image: `${APP}:nope` }, {}], published: false });
  });

  test('on stdin; two lists cannot both be there', async () => {
    await made();
    piped(`${TAG}\n`);
    expect(await approve('--from-file', '-')).toBe(0);
    piped(`${TAG}\n`);
    expect(await approve('--from-file', '-', '--from-running')).toBe(2);
    expect(said.stderr).toContain('both read stdin');
  });
});

describe('--from-running', () => {
  const pod = (name: string, containers: readonly (readonly [string, string?])[]): object => ({
    kind: 'Pod',
    metadata: { namespace: 'default', name },
    spec: { containers: containers.map(([at], i) => ({ name: `c${i}`, image: at })) },
    status: { containerStatuses: containers.map(([, id], i) => ({ name: `c${i}`, ...(id && { imageID: id }) })) },
  });

  test('docker ps: its table, by the name of the gate too; an id without a name is left out, and told', async () => {
    await made();
    piped(
      [
        'CONTAINER ID   IMAGE                          COMMAND   STATUS',
        `aaaaaaaaaaaa   127.0.0.1:5000/acme/app:1.0    "run"     Up`,
        'bbbbbbbbbbbb   605c77e624dd                   "run"     Up',
      ].join('\n'),
    );
    expect(await approve('--from-running', '--json')).toBe(2);
    expect(document()).toMatchObject({
      approved: [`${TAG}@${image().digest}`],
      leftOut: [{ text: '605c77e624dd', why: expect.stringContaining('an image id without a name') as string }],
      published: true,
    });
    expect(said.stderr).toContain('left out: 605c77e624dd: an image id without a name');
  });

  test('kubectl: the digest that runs is approved, whatever the tag is by now', async () => {
    await made();
    const runs = image().digest;
    add('1.0', 'moved');
    const pods = [pod('a', [[TAG, `${APP}@${runs}`]]), pod('pending', [[TAG]])];
    piped(JSON.stringify({ kind: 'List', items: pods }));
    expect(await approve('--from-running')).toBe(0);
    expect(await approved()).toEqual([`${TAG} ${runs}`]);
  });

  test('crictl', async () => {
    await made();
    const containers = [
      { image: { image: 'sha256:x', userSpecifiedImage: TAG }, imageRef: `${APP}@${image().digest}` },
    ];
    piped(JSON.stringify({ containers }));
    expect(await approve('--from-running')).toBe(0);
    expect(await approved()).toEqual([`${TAG} ${image().digest}`]);
  });

  test('a tag that runs with two digests is nobody’s to choose: it is left out, and said how it is approved', async () => {
    await made();
    const moved = add('1.0', 'moved').digest;
    add('2.0', 'other', 'acme/other');
    const runs = [
      [TAG, `${APP}@${image().digest}`] as const,
      [TAG, `${APP}@${moved}`] as const,
      [`${OTHER}:2.0`] as const,
    ];
    piped(JSON.stringify({ kind: 'List', items: runs.map((each, i) => pod(`p${i}`, [each])) }));
    expect(await approve('--from-running', '--json')).toBe(2);
    expect(document()).toMatchObject({
      approved: [expect.stringMatching(`^${OTHER}:2.0@`)],
      leftOut: [
        {
          text: TAG,
          why: `it stands for several (${image().digest}, ${moved}): approve one of them by name, TAG@DIGEST`,
        },
      ],
    });
    expect(await approve(`${TAG}@${moved}`, `${TAG}@${image().digest}`, '--json')).toBe(2);
    expect(document()).toMatchObject({
      error: {
        code: 'usage',
        message: expect.stringContaining(`nothing is left to approve: ${TAG}: it stands for several`) as string,
      },
    });
  });

  test('nothing runs; nothing is piped in; a table without images', async () => {
    await made();
    piped('CONTAINER ID   IMAGE   COMMAND\n');
    expect(await approve('--from-running')).toBe(0);
    expect(said.stdout).toContain('the list is empty');
    typed('y\n');
    expect(await approve('--from-running')).toBe(2);
    expect(said.stderr).toContain(
      'there is only a terminal: kubectl get pods -A -o json | tufgate approve --from-running --yes',
    );
    piped('NAMESPACE   NAME   READY   STATUS\ndefault     a      1/1     Running\n');
    expect(await approve('--from-running')).toBe(2);
    expect(said.stderr).toContain('kubectl get pods -A -o json');
    piped('{ "kind": "List", "items": [ ');
    expect(await approve('--from-running')).toBe(2);
    expect(said.stderr).toContain('begins like JSON, and cannot be read');
  });

  test('names that move the cursor are told without what moves it', async () => {
    await made();
    piped(`${TAG}\nevil\u001B[2J\u202Ename\n`);
    expect(await approve('--from-running')).toBe(2);
    expect(said.stderr).toContain('left out: evil\\u{1b}[2J\\u{202e}name: ');
    expect(said.stderr).not.toMatch(/\u001B|\u202E/);
  });
});

describe('--denied', () => {
  test('what the gate refused is approved, and served by it at once; what a rule denies is told', async () => {
    await story.reconfigured((yaml) =>
      yaml.replace('policy: [{', 'policy: [{ match: reg.example/secret/**, deny: { message: never } }, {'),
    );
    await made();
    add('1', 'secret', 'secret/app');
    const running = await gate();
    for (let times = 0; times < 3; times++) expect((await running.pull('1.0')).status).toBe(403);
    await running.pull('1', 'secret/app');
    await running.pull('nope');
    await running.flush();
    expect(await approve('--denied', '--since', '1d', '--json')).toBe(0);
    expect(document()).toMatchObject({ approved: [`${TAG}@${image().digest}`], published: true });
    expect(said.stderr).toContain(`${TAG} (asked for 3 times, last 2026-11-21T`);
    expect(said.stderr).toMatch(/left out: reg\.example\/secret\/app:1 \(asked for 1 time, .*\): rule 1 .* denies it/);
    expect((await running.pull('1.0')).status).toBe(200);
  });

  test('what was observed, also by digest', async () => {
    await story.reconfigured((yaml) => yaml.replace('require: [approvals]', 'require: [approvals], mode: observe'));
    await made();
    const running = await gate();
    expect((await running.pull('1.0')).status).toBe(200);
    await running.flush();
    expect(await approve('--denied')).toBe(0);
    expect(await approved()).toEqual([`${TAG} ${image().digest}`]);
  });

  test('what was withdrawn does not come back with it', async () => {
    await made();
    await approve(TAG);
    await tufgate('revoke', TAG, '--yes');
    const running = await gate();
    expect((await running.pull('1.0')).status).toBe(403);
    expect((await running.pull(image().digest)).status).toBe(403);
    await running.flush();
    await approve('--denied');
    expect(said.stdout).not.toContain('is approved');
    expect((await running.pull('1.0')).status).toBe(403);
  });

  test('nothing was refused; a time that is none; no gate has run', async () => {
    await made();
    expect(await approve('--denied')).toBe(4);
    expect(said.stderr).toContain('nothing is stored: there is no database');
    await gate();
    expect(await approve('--denied')).toBe(0);
    expect(said.stdout).toContain('the list is empty');
    expect(await approve('--denied', '--since', 'yesterday')).toBe(2);
    expect(said.stderr).toContain('--since "yesterday" is no time such as 7d');
  });
});

describe('a long list', () => {
  afterEach(() => void Reflect.deleteProperty(process.stderr, 'isTTY'));
  const COUNT = 110;
  const some = (): Promise<string> => {
    for (let i = 0; i < COUNT; i++) add(`v${i}`, `layer ${i}`);
    return list(Array.from({ length: COUNT }, (_, i) => `${APP}:v${i}\n`).join(''));
  };

  test('are told by repository before they are signed, with one question and one signature a file', async () => {
    await made();
    const file = await some();
    typed('y\n');
    expect(await tufgate('approve', '--from-file', file)).toBe(0);
    expect(said.stderr).toContain(`Approve: ${COUNT} new tags of ${APP}`);
    expect(said.stderr).toMatch(/\n {2}v0 is sha256:[0-9a-f]{64}\n {2}v1 is sha256:/);
    expect(said.stderr).not.toContain(`Approve: ${APP}:v1 `);
    expect(said.stderr.split('[y/N]')).toHaveLength(2);
    expect(said.stderr).not.toMatch(/\d of 110 images|\r|\u001B/);
    expect(said.stdout.split('\n')).toHaveLength(COUNT + 1);
  });

  test('on a terminal there is progress, in one line that goes again', async () => {
    await made();
    const file = await list(`${TAG}\n${APP}:nope\n`);
    Object.defineProperty(process.stderr, 'isTTY', { value: true, configurable: true });
    expect(await approve('--from-file', file)).toBe(4);
    expect(said.stderr).toContain(`2 of 2 images\r\u001B[K`);
    expect(said.stderr).not.toMatch(/images\n/);
  });
});

describe('a trust source beside the approvals', () => {
  let notary: NotaryServer | undefined;
  afterEach(async () => await notary?.close());
  const other = `sha256:${'ab'.repeat(32)}`;

  async function vendor(signs: (repository: NotaryRepository) => NotaryRepository): Promise<void> {
    const publisher = signs(new NotaryRepository(APP, START)).publish();
    notary = new NotaryServer().add(publisher);
    const url = (await notary.listen()).href;
    const source = `  vendor: { type: notary, url: "${url}", pins: { reg.example/: { keys: [${publisher.of('root').keys[0]!.keyId}] } } }\n`;
    await story.reconfigured((yaml) => yaml.replace(OWN, `${OWN}${source}`));
    await made();
  }

  test('that signs the same is kept as evidence', async () => {
    await vendor((publisher) => publisher.sign('1.0', image().digest, image().size));
    expect(await approve(TAG)).toBe(0);
    expect(said.stderr).toContain(`vendor: for this tag signed ${image().digest} by targets (key `);
    expect(said.stderr).toMatch(/ {2}seen: signed, /);
    await tufgate('approvals', 'list', '--json');
    expect(document()).toMatchObject({ targets: [{ evidence: [{ kind: 'signed', source: 'vendor' }] }, {}] });
  });

  test('that names another digest stops that image, and only that one', async () => {
    await vendor((publisher) => publisher.sign('1.0', other, 7));
    add('2.0', 'other', 'acme/other');
    expect(await approve(TAG, '--json')).toBe(3);
    expect(document()).toMatchObject({
      error: { code: 'trust.conflict', message: expect.stringContaining('--despite') as string },
    });
    expect(said.stderr).toContain(`CONFLICT: vendor: for this tag signed ${other}`);
    expect(await approve(TAG, `${OTHER}:2.0`, '--json')).toBe(3);
    expect(document()).toMatchObject({
      approved: [expect.stringMatching(`^${OTHER}:2.0@`)],
      failed: [{ image: `${TAG}@${image().digest}`, code: 'trust.conflict' }],
      published: true,
    });
    expect(await approve(TAG, '--despite')).toBe(0);
    expect(said.stderr).toMatch(/ {2}seen: conflict, /);
  });

  test('that is down is no obstacle, and told', async () => {
    await vendor((publisher) => publisher.sign('1.0', other, 7));
    notary!.misbehaviours.set('*', { kind: 'status', status: 503 });
    expect(await approve(TAG)).toBe(0);
    expect(said.stderr).toContain('vendor: could not be asked (trust.unreachable)');
  });
});
