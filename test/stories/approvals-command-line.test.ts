import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RESET, rateLimited, status } from '../../src/simulator/registry-lies.ts';
import { fakeProgram } from '../fake-program.ts';
import { APP, approvalsShell, namesIn, PASSPHRASE } from './approvals-shell.ts';

/** Somebody makes a repository of approvals and approves images, one at a time, at the command line. */
const story = approvalsShell();
const { command, tufgate, said, document, typed, piped, env, made, image, add, registry, gate, keys } = story;
const TAG = `${APP}:1.0`;
const approve = (...argv: string[]): Promise<number> => tufgate('approve', ...argv);
const list = async (): Promise<string> => {
  await tufgate('approvals', 'list');
  return said.stdout;
};

describe('before the repository was made', () => {
  test.each([
    [['approve', TAG, '--yes']],
    [['revoke', TAG, '--yes']],
    [['promote', TAG, `${APP}:2.0`, '--yes']],
    [['approvals', 'list']],
    [['approvals', 'show']],
    [['approvals', 'renew', '--yes']],
    [['approvals', 'affected', '--key', 'aaaaaaaa']],
    [['approvals', 'import', '--archive', 'x']],
    [['approvals', 'rotate', 'online', '--yes']],
  ])('%j says how it is made, and asks nobody anything', async (argv) => {
    expect(await tufgate(...argv)).toBe(3);
    expect(said.stdout).toBe('');
    expect(said.stderr).toBe(
      'tufgate: approvals has not been made yet; start the gate once (npm start), or say: tufgate approvals init\n',
    );
    expect(registry().seen).toEqual([]);
  });

  test('the configuration is in order, an image is refused with what to do, and nothing is stored', async () => {
    expect(await tufgate('config', 'check')).toBe(0);
    expect(await tufgate('resolve', TAG)).toBe(3);
    expect(said.stdout).toMatch(/trust\.no-root: .*approvals has not been made yet.*tufgate approvals init/);
    expect(await tufgate('trust', 'list')).toBe(0);
    expect(said.stdout).toBe('No trust data yet: it is fetched when the first tag is pulled or resolved.\n');
  });

  test('a configuration that keeps none says what it lacks', async () => {
    await story.reconfigured((yaml) => yaml.replace(', publish: { keys: data/keys }', ''));
    await made();
    expect(await approve(TAG, '--yes')).toBe(2);
    expect(said.stderr).toContain('keeps no repository of approvals: give a trust source `type: tuf`');
    await story.reconfigured((yaml) => yaml.replace(/url: "?file:[^,]*/, 'url: http://127.0.0.1:9/tuf/approvals/'));
    expect(await approve(TAG, '--yes')).toBe(2);
    expect(said.stderr).toContain('approve at the gate that publishes approvals; or to keep one here give');
  });
});

test('the example of a second gate is in order once the root of the first one lies beside it, and says what lacks before', async () => {
  await made();
  const file = join(story.folder(), 'other-gate.yaml');
  await writeFile(file, await readFile(new URL('../../config/examples/other-gate.yaml', import.meta.url)));
  expect(await command('config', 'check', '--config', file)).toBe(2);
  expect(said.stderr).toContain('approvals-root.json');
  await writeFile(join(story.folder(), 'approvals-root.json'), await story.published('root.json'));
  expect(await command('config', 'check', '--config', file)).toBe(0);
  expect(await command('approve', 'nginx:1.27', '--yes', '--config', file)).toBe(2);
  expect(said.stderr).toContain('keeps no repository of approvals');
});

describe('approvals init', () => {
  test('asks for a passphrase, twice, until both are the same and long enough', async () => {
    typed('short\n', `${PASSPHRASE}\n`, 'another one\n', `${PASSPHRASE}\n`, `${PASSPHRASE}\n`);
    expect(await tufgate('approvals', 'init')).toBe(0);
    expect(said.stderr).toContain('That is shorter than 8 characters.');
    expect(said.stderr).toContain('Those are not the same.');
    expect(said.stderr + said.stdout).not.toContain(PASSPHRASE);
    expect(said.stdout).toContain('approvals is made: published in ');
    expect(await namesIn(keys())).toEqual(
      ['online', 'root', 'signer'].flatMap((name) => [`${name}.pem`, `${name}.pem.pub`]),
    );
    expect(await readFile(keys('root.pem'), 'utf8')).toContain('ENCRYPTED PRIVATE KEY');
    expect(await list()).toBe('Nothing is approved or withdrawn yet: tufgate approve IMAGE\n');
    expect(await tufgate('approvals', 'init', '--json')).toBe(2);
    expect(document()).toMatchObject({
      error: { code: 'usage', message: expect.stringContaining('there already') as string },
    });
  });

  test('without a terminal it says what to set, and leaves nothing', async () => {
    expect(await tufgate('approvals', 'init', '--json')).toBe(2);
    expect(document()).toMatchObject({ error: { code: 'usage' } });
    expect(said.stderr).toContain('set TUFGATE_PASSPHRASE, or TUFGATE_PASSPHRASE_FILE');
    expect(await namesIn(keys())).toEqual([]);
  });
});

describe('approve shows, asks, and signs', () => {
  test('what the image is, that it is new, and what is signed; and the gate serves it at once', async () => {
    await made();
    const before = await gate();
    const refused = await before.pull('1.0');
    expect([refused.status, refused.reason]).toEqual([403, 'trust.unsigned']);
    typed('y\n');
    env['TUFGATE_BY'] = 'alice';
    expect(await approve('127.0.0.1:5000/acme/app:1.0', '--reason', 'TICKET-12', '--until', '2026-12-31')).toBe(0);
    expect(said.stdout).toBe(`${TAG}@${image().digest} is approved.\n`);
    expect(said.stderr.split('\n')).toEqual([
      expect.stringMatching(`^${TAG} is ${image().digest} \\(image, \\d+ bytes\\)$`),
      expect.stringMatching('^  linux/amd64: 1 layer, '),
      'It was not approved before.',
      'nothing was found that speaks for it or against it',
      `Approve: ${TAG} is ${image().digest} (${image().size} bytes, application/vnd.oci.image.manifest.v1+json)`,
      '  until 2027-01-01T00:00:00Z, by alice: TICKET-12',
      expect.stringMatching(/^\d files? (?:is|are) to be signed \(bulk-.*\), to count until 2027-11-21T/),
      'Sign and publish in approvals? [y/N]',
      '',
    ]);
    expect((await before.pull('1.0')).status).toBe(200);
    expect((await before.pull(image().digest)).status).toBe(200);
    expect(await list()).toBe(
      `${TAG}  ${image().digest}  approved 2026-11-21T12:00:01Z by alice, until 2027-01-01T00:00:00Z: TICKET-12\n`,
    );
  });

  test.each([
    ['no', ['n\n'], 'not confirmed: nothing was changed'],
    ['an empty line', ['\n'], 'not confirmed: nothing was changed'],
    ['nothing', [], 'not confirmed: nothing was changed'],
    ['half a yes', ['ye\n'], 'not confirmed: nothing was changed'],
    ['a pipe that holds a y', undefined, 'Say --yes: there is no terminal to ask on'],
  ])('%s is no yes', async (_, answer, words) => {
    await made();
    if (answer === undefined) piped('y\n');
    else typed(...answer);
    expect(await approve(TAG)).toBe(2);
    expect(said.stderr).toContain(words);
    expect(said.stdout).toBe('');
    expect(await list()).toContain('Nothing is approved');
  });

  test('the passphrase after the yes; a wrong one three times is the end', async () => {
    await made({ encrypted: true });
    typed('y\n', 'wrong\n', 'wrong too\n', 'still wrong\n');
    expect(await approve(TAG)).toBe(1);
    expect(said.stderr).toContain('That is not its passphrase. Try again.');
    expect(said.stderr).toMatch(
      /signer\.pem was not opened: none of 3 answers was its passphrase, or it is damaged\n$/,
    );
    typed('y\n', 'wrong\n', `${PASSPHRASE}\n`);
    expect(await approve(TAG)).toBe(0);
    expect(said.stderr).not.toContain(PASSPHRASE);
  });

  test('the environment holds a wrong one, or none where nobody can be asked', async () => {
    await made({ encrypted: true });
    env['TUFGATE_PASSPHRASE'] = 'wrong';
    expect(await approve(TAG, '--yes', '--json')).toBe(1);
    expect(document()).toMatchObject({ error: { code: 'approvals.key' } });
    expect(said.stderr).toContain('what TUFGATE_PASSPHRASE holds is not its passphrase');
    env['TUFGATE_PASSPHRASE'] = undefined;
    expect(await approve(TAG, '--yes')).toBe(2);
    expect(said.stderr).toContain('set TUFGATE_PASSPHRASE, or TUFGATE_PASSPHRASE_FILE');
    const file = join(story.folder(), 'passphrase');
    await writeFile(file, `${PASSPHRASE}\n`);
    env['TUFGATE_PASSPHRASE_FILE'] = file;
    expect(await approve(TAG, '--yes')).toBe(0);
  });

  test('one document and nothing else', async () => {
    await made();
    expect(await approve(TAG, '--yes', '--json')).toBe(0);
    expect(document()).toEqual({
      approved: [`${TAG}@${image().digest}`],
      failed: [],
      leftOut: [],
      repository: 'approvals',
      published: true,
      signers: [expect.stringMatching(/^[0-9a-f]{64}$/)],
    });
  });
});

describe('who signs', () => {
  const PEM = () => readFile(keys('signer.pem'), 'utf8');

  test('a file elsewhere, a variable, and a program, with no key but the online one beside the gate', async () => {
    await made();
    const pem = await PEM();
    const elsewhere = join(story.folder(), 'signer.pem');
    await writeFile(elsewhere, pem, { mode: 0o600 });
    for (const name of ['root.pem', 'root.pem.pub', 'signer.pem', 'signer.pem.pub']) await rm(keys(name));
    expect(await approve(TAG, '--yes')).toBe(1);
    expect(said.stderr).toContain('may sign this: name one with --key, or hand it on with --propose FILE');
    env['SIGNER'] = pem;
    const program = fakeProgram(
      story.folder(),
      'kms',
      `const key = createPrivateKey(readFileSync(${JSON.stringify(elsewhere)}));
process.stdout.write(args.at(-1) === 'public' ? createPublicKey(key).export({ type: 'spki', format: 'pem' }) : sign(null, input(), key));`,
    );
    for (const key of [elsewhere, 'env:SIGNER', `program:${program}`]) {
      expect(await approve(TAG, '--yes', '--key', key), said.stderr).toBe(0);
    }
  });

  test('the folder of keys is not there, or the private half is not', async () => {
    await made();
    await rm(keys('signer.pem'));
    expect(await approve(TAG, '--yes')).toBe(1);
    expect(said.stderr).toMatch(/the key .*signer\.pem cannot be read: there is no such file\n$/);
    await rm(keys(), { recursive: true });
    expect(await approve(TAG, '--yes', '--json')).toBe(1);
    expect(document()).toMatchObject({
      error: { code: 'approvals.key', message: expect.stringContaining('--key') as string },
    });
    expect(await list()).toContain('Nothing is approved');
  });

  test('a name of the environment that cannot be shown', async () => {
    await made();
    env['TUFGATE_BY'] = 'al\u001Bice';
    expect(await approve(TAG, '--yes')).toBe(2);
    expect(said.stderr).toBe('tufgate: TUFGATE_BY needs a name of at most 100 printable characters\n');
  });

  test.each([
    ['nowhere.pem', 1, 'approvals.key', 'the key nowhere.pem cannot be read: there is no such file'],
    ['env:NOWHERE', 1, 'approvals.key', 'the environment variable NOWHERE is not set'],
    ['kms:production', 2, 'usage', 'does not name a key: expected a path, env:VARIABLE, pkcs11:… or program:COMMAND'],
    ['program:/nowhere/kms', 1, 'approvals.key', '/nowhere/kms'],
  ])('--key %s', async (key, exit, code, words) => {
    await made();
    expect(await approve(TAG, '--yes', '--json', '--key', key)).toBe(exit);
    expect(document()).toMatchObject({ error: { code, message: expect.stringContaining(words) as string } });
  });

  test('a key that is not encrypted, and that others can read, is not used', async () => {
    await made();
    const readable = join(story.folder(), 'readable.pem');
    await writeFile(readable, await PEM(), { mode: 0o644 });
    expect(await approve(TAG, '--yes', '--key', readable)).toBe(1);
    expect(said.stderr).toContain('others than its owner can read it: run chmod 600');
  });
});

describe('what cannot be approved', () => {
  test.each([
    [
      'a tag that nobody pushed',
      [`${APP}:nope`],
      4,
      'upstream.not-found',
      'check the name, and that it was pushed there',
    ],
    [
      'a registry that is not configured',
      ['quay.io/a/b:1'],
      3,
      'policy.unknown-registry',
      'add it there, or check the name',
    ],
    ['no image at all', [], 2, 'usage', 'name an image, such as nginx:1.27'],
    ['what is no name', ['Nope!'], 2, 'request.name', 'is not an image name'],
    ['a digest that is none', [`${APP}@sha256:12`], 2, 'request.digest', 'is not a digest'],
    ['a digest that is not there', [`${APP}@sha256:${'a'.repeat(64)}`], 4, 'upstream.not-found', 'reg.example has no'],
    ['a garbled end', [TAG, '--until', 'soon\u001B[2J'], 2, 'usage', '"soon\\u001b[2J" is neither a day'],
    ['an end that is past', [TAG, '--until', '2026-11-20'], 2, 'usage', 'is past: nothing would be approved'],
    ['a day that no calendar has', [TAG, '--until', '2027-02-30'], 2, 'usage', 'is neither a day'],
    ['a reason that moves the cursor', [TAG, '--reason', '\u001B[2Jgood'], 2, 'usage', 'cannot be shown'],
    ['a reason that turns what follows around', [TAG, '--reason', 'good \u202Edoog'], 2, 'usage', 'cannot be shown'],
    ['no reason', [TAG, '--reason', ' '], 2, 'usage', 'the reason is empty'],
    ['a reason without end', [TAG, '--reason', 'x'.repeat(501)], 2, 'usage', 'longer than 500 characters'],
    ['nobody', [TAG, '--by', ''], 2, 'usage', '--by needs a name'],
    ['a name with an escape', [TAG, '--by', 'al\u001Bice'], 2, 'usage', 'printable characters'],
    ['--since without --denied', [TAG, '--since', '3d'], 2, 'usage', 'say --denied too'],
  ])('%s', async (_, argv, exit, code, words) => {
    await made();
    expect(await approve(...argv, '--yes', '--json')).toBe(exit);
    expect(document()).toEqual({ error: { code, message: expect.stringContaining(words) as string } });
    expect(said.stderr).toMatch(/^tufgate: .*\n$/);
    expect(said.stderr).not.toMatch(/\u001B|\u202E|\n {4}at /);
    if (exit === 2) expect(registry().seen).toEqual([]);
  });

  test.each([
    ['that is down', RESET],
    ['that fails', status(503)],
    ['of too many requests', rateLimited(60)],
    ['that asks for a login', status(401)],
  ])('an upstream %s', async (_, lie) => {
    await made();
    registry().lie('/v2/acme/app/manifests/1.0', lie);
    expect(await approve(TAG, '--yes', '--json')).toBe(5);
    expect(document()).toMatchObject({ error: { code: expect.stringMatching(/^upstream\./) as string } });
  });

  test('an upstream that sends other bytes than the digest names', async () => {
    await made();
    registry().lie(`/v2/acme/app/manifests/${image().digest}`, { kind: 'flip' });
    expect(await approve(`${APP}@${image().digest}`, '--yes', '--json')).toBe(3);
    expect(document()).toMatchObject({ error: { code: 'integrity.digest' } });
  });
});

describe('of an image that was approved before', () => {
  test('the same digest is told as that; another one with what differs and what it takes the place of', async () => {
    await made();
    await approve(TAG, '--yes');
    const first = image().digest;
    await approve(TAG, '--yes');
    expect(said.stderr).toContain('It is the digest that is approved already.');
    const moved = add('1.0', 'another layer').digest;
    expect(await approve(TAG, '--yes')).toBe(0);
    expect(said.stderr).toContain(`since the last approved digest ${first}:`);
    expect(said.stderr).toMatch(/linux\/amd64: 0 layers kept, 1 new \(13 bytes\), 1 gone/);
    expect(said.stderr).toContain(`  instead of ${first}`);
    expect(said.stdout).toBe(`${TAG}@${moved} is approved.\n`);
  });

  test('the one before is gone upstream: that is told, and no obstacle', async () => {
    await made();
    await approve(TAG, '--yes');
    const { digest } = image();
    add('1.0', 'another layer');
    registry().remove('acme/app', { digest });
    expect(await approve(TAG, '--yes')).toBe(0);
    expect(said.stderr).toContain(`Approved so far is ${digest}, which the upstream does not show any more: `);
  });

  test('TAG@DIGEST approves that digest for the tag, wherever the registry has the tag by now', async () => {
    await made();
    const running = await gate();
    const moved = add('1.0', 'moved').digest;
    expect(await approve(`${TAG}@${image().digest}`, '--yes')).toBe(0);
    expect(said.stderr).toContain(`${TAG} is ${image().digest} (`);
    expect((await running.pull('1.0')).headers['docker-content-digest']).toBe(image().digest);
    expect((await running.pull(moved)).reason).toBe('policy.digest-outside-closure');
  });

  test('a digest alone is approved without any tag', async () => {
    await made();
    const running = await gate();
    expect(await approve(`${APP}@${image().digest}`, '--yes')).toBe(0);
    expect((await running.pull(image().digest)).status).toBe(200);
    expect((await running.pull('1.0')).reason).toBe('trust.unsigned');
    await approve(TAG, '--yes');
    expect(await list()).toContain(`${APP}@${image().digest}  also without a tag: approved `);
  });

  test('an index: with its platforms, and the manifests below are served', async () => {
    await made();
    const children = ['amd', 'arm'].map((layer) => add(undefined, layer));
    const index = registry().addIndex('acme/app', 'multi', children);
    const running = await gate();
    expect(await approve(`${APP}:multi`, '--yes')).toBe(0);
    expect(said.stderr).toContain(`${APP}:multi is ${index.digest} (index, 2 platforms, `);
    expect(said.stderr).toMatch(/\n {2}linux\/amd64: 1 layer.*\n {2}linux\/arm64: 1 layer/);
    for (const reference of ['multi', index.digest, children[1]!.digest])
      expect((await running.pull(reference)).status, reference).toBe(200);
  });

  test('what its publisher wrote into labels moves no cursor', async () => {
    await made();
    const labels = {
      'org.opencontainers.image.title': 'app\u001B[2J\u202Egood',
      'org.opencontainers.image.version': '1\n2',
    };
    const label = registry().addImage({
      repository: 'acme/app',
      tag: 'label',
      layers: [],
      config: { os: 'linux', architecture: 'amd\u001B64', config: { Labels: labels } },
    });
    registry().addReferrer('acme/app', label, { artifactType: 'application/x\u009B2J\u202E' });
    expect(await approve(`${APP}:label`, '--yes')).toBe(0);
    expect(said.stderr).toContain('org.opencontainers.image.title: app\\u{1b}[2J\\u{202e}good');
    expect(said.stderr).not.toMatch(/\u001B|\u202E|\u009B/);
    await list();
    expect(said.stdout).not.toMatch(/\u001B|\u202E|\u009B/);
  });
});

describe('--until', () => {
  test('a day counts to its end, a time from now; from then on the gate refuses, and says since when', async () => {
    await made();
    let now = 0;
    const running = await gate({ clock: () => Math.max(Date.now(), now) });
    expect(await approve(TAG, '--yes', '--until', '2026-11-21')).toBe(0);
    now = Date.parse('2026-11-21T23:59:59Z');
    expect((await running.pull('1.0')).status).toBe(200);
    now = Date.parse('2026-11-22T00:00:00Z');
    const refused = await running.pull('1.0');
    expect([refused.status, refused.reason]).toEqual([403, 'trust.expired']);
    expect(refused.message).toContain(`the approval of ${TAG} ended 2026-11-22T00:00:00Z`);
    expect(await approve(TAG, '--yes', '--until', '36h')).toBe(0);
    expect(said.stderr).toContain('  until 2026-11-23T00:00:02Z, by ');
  });

  test('what ends soon shows where trust is listed', async () => {
    await made();
    await approve(TAG, '--yes', '--until', '2026-11-30');
    await tufgate('resolve', TAG);
    expect(said.stdout).toContain('its approval in approvals ends 2026-12-01T00:00:00Z');
    await tufgate('trust', 'list');
    expect(said.stdout).toContain(`approval of "${TAG}" ends in 9 d (2026-12-01)`);
  });
});

test('a withdrawn image comes back with --reinstate only', async () => {
  await made();
  await approve(TAG, '--yes');
  await tufgate('revoke', TAG, '--yes', '--reason', 'CVE-2026-1');
  expect(await approve(TAG, '--yes', '--json')).toBe(3);
  expect(document()).toMatchObject({
    error: { code: 'trust.withdrawn', message: expect.stringContaining('--reinstate') as string },
  });
  const running = await gate();
  expect((await running.pull('1.0')).status).toBe(403);
  expect(await approve(TAG, '--yes', '--reinstate')).toBe(0);
  expect(said.stderr).toContain(
    `Approve again: ${APP}@${image().digest}, which was withdrawn at 2026-11-21T12:00:02Z by `,
  );
  expect((await running.pull('1.0')).status).toBe(200);
});

test('who signs elsewhere, without a configuration, is told to name the root that he trusts', async () => {
  await made();
  const proposal = join(story.folder(), 'proposal');
  expect(await approve(TAG, '--propose', proposal)).toBe(0);
  const nowhere = ['--config', join(story.folder(), 'nowhere.yaml')];
  for (const verb of ['show', 'sign']) {
    expect(await story.command('approvals', verb, proposal, ...nowhere)).toBe(2);
    expect(said.stderr).toMatch(/^tufgate: cannot read the configuration .*; .* name the root .* with --root FILE\n$/);
  }
});
