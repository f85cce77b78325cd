import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exitCode } from '../../src/cli/exit-code.ts';
import { reportingFrom, reportOn } from '../../src/cli/trust-report.ts';
import { loadConfig } from '../../src/config/load.ts';
import { GUN } from './gate-world.ts';
import { onFirstUse, shell } from './shell.ts';

const { world, configure, command, document, said, piped, folder } = shell();

test('resolve --json prints one document and nothing else, whatever there is to log', async () => {
  const gate = await world();
  const file = await configure(onFirstUse(gate));
  expect(await command('resolve', 'reg.example/acme/app:1.0', '--json', '--config', file)).toBe(0);
  expect(document()).toMatchObject({ decision: 'allow', digest: gate.image.digest });
  expect(said.stderr).toContain('trusted on first use');
});

test('with an alarm too', async () => {
  const gate = await world();
  const file = await configure(onFirstUse(gate));
  await command('resolve', 'reg.example/acme/app:1.0', '--json', '--config', file);
  const pinned = `trust: { vendor: { type: notary, url: "${gate.notary.url.href}", pins: { reg.example/: { keys: [${'a'.repeat(64)}] } } } }`;
  await configure(onFirstUse(gate).replace(/trust: .*/, pinned));
  said.stdout = '';
  expect(await command('resolve', 'reg.example/acme/app:1.0', '--json', '--config', file)).toBe(3);
  expect(document()).toMatchObject({ decision: 'deny', reason: 'trust.pin' });
  expect(said.stderr).toContain('not covered by the pin');
});

test('several images: what is refused counts before what is not found', async () => {
  const file = await configure(onFirstUse(await world()));
  const images = ['reg.example/acme/app:1.0', 'reg.example/acme/app:9', 'quay.io/a/b:1'];
  expect(await command('resolve', ...images, '--json', '--config', file)).toBe(3);
  expect(document()).toMatchObject([{ decision: 'allow' }, { reason: 'upstream.not-found' }, { rule: null }]);
  expect(await command('resolve', ...images.slice(0, 2), '--config', file)).toBe(4);
});

test('a list on stdin: each image once, one line each, and what names none is said', async () => {
  const gate = await world();
  const file = await configure(onFirstUse(gate));
  piped('reg.example/acme/app:1.0\n\nreg.example/acme/app:1.0\n605c77e624dd\nNope!\n<none>\n');
  expect(await command('resolve', '-', '--config', file)).toBe(2);
  expect(said.stdout.split('\n')).toEqual([
    `allow  reg.example/acme/app:1.0  ${gate.image.digest}`,
    expect.stringMatching(/^deny {3}605c77e624dd {2}request\.name: .*an image id without a name/),
    expect.stringMatching(/^deny {3}Nope! {2}request\.name/),
    '',
  ]);
});

test('one refused image among many fails the daily check, whatever else could not be judged', async () => {
  const file = await configure(onFirstUse(await world()));
  piped('reg.example/acme/app:1.0\nquay.io/a/b:1\nNope!\n');
  expect(await command('resolve', '--json', '--config', file)).toBe(3);
  expect(document()).toMatchObject([{ decision: 'allow' }, { reason: 'policy.unknown-registry' }, { image: 'Nope!' }]);
});

test('what could not be asked is no refusal', async () => {
  const gate = await world();
  const file = await configure(onFirstUse(gate));
  gate.notary.misbehaviours.set('*', { kind: 'status', status: 503 });
  piped('reg.example/acme/app:1.0\nNope!\n');
  expect(await command('resolve', '-', '--config', file)).toBe(5);
});

test('what was pulled by the name of the gate itself is judged as the gate would', async () => {
  const gate = await world();
  const file = await configure(`${onFirstUse(gate)}default_upstream: reg.example\n`);
  piped('127.0.0.1:5000/acme/app:1.0\ngate.corp:443/reg.example/acme/app:1.0\n');
  expect(await command('resolve', '--gate', 'other:1', '--gate', 'gate.corp:443', '-', '--config', file)).toBe(0);
  expect(said.stdout).toBe(`allow  reg.example/acme/app:1.0  ${gate.image.digest}\n`);
});

test('an empty list is in order when it was asked for, and wrong usage when a variable was empty', async () => {
  const file = await configure(onFirstUse(await world()));
  piped('');
  expect(await command('resolve', '-', '--json', '--config', file)).toBe(0);
  expect(document()).toEqual([]);
  piped('');
  expect(await command('resolve', '--config', file)).toBe(2);
  expect(said.stderr).toContain('no image to resolve');
});

test('an unknown registry has no rule to speak of', async () => {
  const file = await configure(onFirstUse(await world()));
  expect(await command('resolve', 'quay.io/a/b:1', '--config', file)).toBe(3);
  expect(said.stdout).toContain('policy.unknown-registry');
  expect(said.stdout).not.toContain('no rule matches');
});

test.each([
  [['resolve', 'Nope!', '--json'], 'request.name', 2],
  [['decisions', '--since', 'yesterday', '--json'], 'usage', 2],
  [['resolve', '--frist', '--json'], 'usage', 2],
  [['trust', 'list', '--json', '--config', '/nowhere.yaml'], 'config.invalid', 2],
  [['serve', '--json'], 'usage', 2],
])('%j: a failure is one document on stdout, and a message on stderr', async (argv, code, exit) => {
  expect(await command(...argv)).toBe(exit);
  expect(document()).toEqual({ error: { code, message: expect.any(String) as string } });
  expect(said.stderr).not.toBe('');
});

test('without --json a failure leaves stdout empty', async () => {
  expect(await command('resolve', 'Nope!')).toBe(2);
  expect(said.stdout).toBe('');
  expect(said.stderr).toMatch(/^tufgate: "Nope!" is not an image name/);
});

test('config check --json says every mistake with its place', async () => {
  const file = await configure('data: x\nupstreams: {}\npolicy: [{ match: "**" }]\nnope: 1\n');
  expect(await command('config', 'check', '--json', '--config', file)).toBe(2);
  const problems = [
    { line: 2, column: 12, message: expect.stringContaining('is empty') as string },
    { line: 3, column: 10, message: expect.any(String) as string },
    { line: 4, column: 1, message: expect.stringContaining('nope') as string },
  ];
  expect(document()).toEqual({ file, ok: false, problems });
  expect(said.stderr).toContain(`${file}:4:1: `);
});

test('config check --json says so when there is no file', async () => {
  expect(await command('config', 'check', '--json', '--config', '/nowhere.yaml')).toBe(2);
  expect(document()).toMatchObject({ file: '/nowhere.yaml', ok: false, problems: [{ line: null }] });
});

test('config check warns of an exemption that has ended, and counts in good English', async () => {
  const upstream = 'data: x\nupstreams: { ghcr.io: { url: https://ghcr.io } }\n';
  const file = await configure(
    `${upstream}policy: [{ match: '**', allow: { reason: was needed, until: 2020-03-31 } }]\n`,
  );
  expect(await command('config', 'check', '--config', file)).toBe(0);
  expect(said.stderr).toContain(`${file}:3: warning: rule 1 (**) ended with 2020-03-31`);
  expect(said.stdout).toBe(`${file} is in order: 1 upstream, 0 trust sources, 1 rule\n`);
});

test('config check --image says refused where a source has no root of trust', async () => {
  const trust = 'trust: { vendor: { type: notary, url: https://notary.example } }';
  const file = await configure(
    `data: x\nupstreams: { ghcr.io: { url: https://ghcr.io } }\n${trust}\npolicy: [{ match: '**', require: [vendor] }]\n`,
  );
  expect(await command('config', 'check', '--image', 'ghcr.io/a/b:1', '--json', '--config', file)).toBe(0);
  expect(document()).toMatchObject({ ok: true, explanation: { refusal: { reason: 'trust.no-root' } } });
});

test('a root file that cannot be one is a mistake of the configuration, with its line', async () => {
  const gate = await world();
  await writeFile(join(folder(), 'targets.json'), gate.publisher.bytesOf('targets'));
  const file = await configure(
    onFirstUse(gate).replace('first_use: remember', `pins: { reg.example/acme/app: { root: targets.json } }`),
  );
  expect(await command('config', 'check', '--json', '--config', file)).toBe(2);
  const message = expect.stringContaining('targets.json" cannot be the root that trust begins with: ') as string;
  expect(document()).toMatchObject({ ok: false, problems: [{ line: 3, message }] });
  expect(await command('serve', '--config', file)).toBe(2);
});

test('an address where nothing ever verified is said once, beside the refusals', async () => {
  const gate = await world();
  const elsewhere = onFirstUse(gate).replace(gate.notary.url.href, `${gate.notary.url.href}elsewhere/`);
  const hint = 'tufgate: nothing was ever verified from vendor: if it has signed images, check its url';
  const file = await configure(elsewhere);
  expect(await command('resolve', 'reg.example/acme/app:1.0', 'reg.example/acme/b:1', '--config', file)).toBe(3);
  expect(said.stderr.split(hint)).toHaveLength(2);
  await configure(onFirstUse(gate));
  expect(await command('resolve', 'reg.example/acme/app:9', 'reg.example/acme/app:1.0', '--config', file)).toBe(4);
  expect(said.stderr).not.toContain('nothing was ever verified');
});

test('decisions end with their last line', async () => {
  const file = await configure(onFirstUse(await world()));
  expect(await command('decisions', '--config', file)).toBe(0);
  expect(said.stdout).toBe('No decision matches.\n');
});

test('trust list says what was withdrawn, and what was never there', async () => {
  const gate = await world();
  const reporting = await reportingFrom(gate.gate);
  const report = async (gun: string) => (await reportOn(reporting, { source: 'vendor', gun })).problem?.code;
  expect(await report('reg.example/acme/other')).toBe('trust.unsigned');
  expect((await gate.get('/v2/acme/app/manifests/1.0')).status).toBe(200);
  expect(await report(GUN)).toBeUndefined();
  gate.notary.remove(GUN);
  gate.clock += 120_000;
  expect((await gate.get('/v2/acme/app/manifests/1.0')).reason).toBe('trust.withdrawn');
  expect(await report(GUN)).toBe('trust.withdrawn');
});

test('exit codes tell a peer that failed us from an image that was refused', () => {
  const codes = ['upstream.unauthorized', 'upstream.protocol', 'upstream.rate-limited', 'trust.unreachable'] as const;
  expect(codes.map(exitCode)).toEqual([5, 5, 5, 5]);
  expect([exitCode('integrity.digest'), exitCode('trust.pin'), exitCode('upstream.not-found')]).toEqual([3, 3, 4]);
});

test('the configuration in the README loads as it is', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const blocks = [...readme.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, yaml = '']) => yaml);
  expect(blocks.length).toBeGreaterThan(0);
  for (const yaml of blocks) expect(loadConfig(await configure(yaml), {}).policy.length).toBeGreaterThan(0);
});

test('every command and every option says what it is, and the help that is asked for is no failure', async () => {
  const silent: string[] = [];
  const commands = async (...words: string[]): Promise<void> => {
    expect(await command(...words, '--help')).toBe(0);
    expect(said.stderr).toBe('');
    const [, options = ''] = /\nOptions:\n([\s\S]*?)\n\n/.exec(said.stdout) ?? [];
    const [, below = ''] = /\nCommands:\n([\s\S]*)$/.exec(said.stdout) ?? [];
    for (const line of [...options.split('\n'), ...below.split('\n')])
      if (/^ {2}\S/.test(line) && !/\S {2,}\S/.test(line)) silent.push(`${words.join(' ')}: ${line.trim()}`);
    const names = [...below.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name);
    for (const name of names) if (name !== 'help') await commands(...words, name);
  };
  await commands();
  expect(silent).toEqual([]);
});
