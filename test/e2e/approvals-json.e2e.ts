import { readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Ceremony, Person, type Printed } from './real/ceremony.ts';
import { stories } from './real/needs.ts';

/** A repository with one signer at the gate, and every command as a job runs it: no terminal, one JSON document on stdout. */
stories('approvals without a terminal', ['docker-registry'], () => {
  let the: Ceremony;
  let gate: Person;
  let ci: Person;
  const digests = new Map<string, string>();
  const name = (tag: string): string => `reg.example/acme/app:${tag}`;

  beforeAll(async () => {
    the = await Ceremony.open();
    gate = the.keeper;
    ci = new Person(the.space, 'ci');
    await ci.makesKey('--p256');
    for (const tag of ['1', '2', '3', 'rc']) digests.set(tag, await the.push('acme/app', tag));
  });
  afterAll(() => the.close());

  it('begins', async () => {
    const made = await gate.prints('approvals', 'init');
    expect(made).toMatchObject({ repository: 'approvals' });
    expect(await gate.refused('approvals', 'init')).toMatchObject({ code: 2, error: 'usage' });
    await the.gate.serve();
    const { roles } = await gate.prints('approvals', 'show');
    expect((roles as Printed[]).map(({ role }) => role)).toEqual(['root', 'timestamp', 'snapshot', 'targets', 'bulk']);
  });

  it('asks for what it needs, and says what to set', async () => {
    const mute = new Person(the.space, 'keeper', { TUFGATE_CONFIG: the.gate.configFile, TUFGATE_PASSPHRASE: '' });
    expect((await gate.refused('approve', name('1'))).why).toContain('--yes');
    const refused = await mute.refused('approve', name('1'), '--yes');
    expect(refused).toMatchObject({ code: 2, error: 'usage' });
    expect(refused.why).toContain('TUFGATE_PASSPHRASE');
  });

  it('approves, lists, promotes, withdraws', async () => {
    expect(await gate.prints('approve', name('1'), '--yes', '--by', 'job 7')).toMatchObject({ published: true });
    await the.answers(200, 'acme/app:1');
    await gate.prints('approve', name('rc'), '--yes', '--until', '90d');
    const promoted = await gate.prints('promote', name('rc'), name('stable'), '--yes');
    expect(promoted).toMatchObject({ to: name('stable'), digest: digests.get('rc') });
    await the.answers(200, 'acme/app:stable');
    const tagOnly = await gate.prints('revoke', name('stable'), '--tag-only', '--yes');
    expect(tagOnly).toMatchObject({ removed: [name('stable')], published: true });
    const withdrawn = await gate.prints('revoke', name('rc'), '--yes', '--reason', 'CVE');
    expect(withdrawn).toMatchObject({ withdrawn: [`reg.example/acme/app@${digests.get('rc') ?? ''}`] });
    await the.answers(403, 'acme/app:rc');
    const listed = async (flag: string): Promise<unknown> =>
      ((await gate.prints('approvals', 'list', flag))['targets'] as Printed[]).map(({ target }) => target);
    expect(await listed('--approved')).toEqual([name('1')]);
    expect(await listed('--withdrawn')).toEqual([`reg.example/acme/app@${digests.get('rc') ?? ''}`]);
    expect((await gate.run('approvals', 'list', '--approved')).stdout).toBe(`${name('1')}@${digests.get('1') ?? ''}\n`);
  });

  it('a job gets a key, approves with it, and the key is stolen', async () => {
    expect(await gate.prints('approvals', 'authorize', 'bulk', '--add', 'shared/ci.pub', '--yes')).toMatchObject({
      roles: ['bulk'],
      published: true,
    });
    const env = { TUFGATE_CONFIG: the.gate.configFile, CI_KEY: readFileSync(ci.key, 'utf8') };
    const job = new Person(the.space, 'ci', env);
    expect(await job.prints('approve', name('2'), '--key', 'env:CI_KEY', '--yes')).toMatchObject({
      signers: [ci.keyId],
    });
    await the.answers(200, 'acme/app:2');

    const affected = await gate.prints('approvals', 'affected', '--key', 'shared/ci.pub');
    const lines = (await gate.run('approvals', 'affected', '--key', ci.keyId.slice(0, 8))).stdout;
    expect(lines.split('\n')).toContain(`${name('2')}@${digests.get('2') ?? ''}`);
    expect((affected['affected'] as Printed[]).map(({ image }) => image)).toContain(name('2'));
    await gate.prints('approvals', 'authorize', 'bulk', '--remove', 'shared/ci.pub', '--stolen', '--yes');
    await the.answers(403, 'acme/app:2');
    await the.answers(200, 'acme/app:1');
    expect((await job.refused('approve', name('2'), '--key', 'env:CI_KEY', '--yes')).error).toBe('approvals.key');

    const again = await gate.printsGiven(lines, 'approve', '--from-file', '-', '--reason', 'again', '--yes');
    expect(again).toMatchObject({ published: true, failed: [] });
    await the.answers(200, 'acme/app:2');
    expect(await gate.prints('approvals', 'affected', '--key', ci.keyId)).toMatchObject({ affected: [] });
  });

  it('never ends with nobody, or with fewer than was said', async () => {
    const signer = String(
      (await gate.prints('approvals', 'keys', 'show', `${the.gate.data}/keys/signer.pem.pub`))['keyId'],
    );
    const authorize = (...words: string[]) => gate.refused('approvals', 'authorize', 'bulk', ...words, '--yes');
    expect((await authorize('--remove', signer)).why).toContain('nobody would be left');
    expect((await authorize('--threshold', '2')).why).toContain('which is 1');
    expect((await authorize('--remove', ci.keyId)).why).toContain('no key of bulk');
    expect((await authorize('--remove', 'ab')).why).toContain('8 to 64 hex digits');
    const both = ['--key', `${the.gate.data}/keys/signer.pem`, '--key', `${the.gate.data}/keys/root.pem`];
    const root = `${the.gate.data}/keys/root.pem.pub`;
    await gate.prints('approvals', 'authorize', 'bulk', '--add', root, '--threshold', '2', ...both, '--yes');
    expect((await authorize('--remove', root)).why).toContain('say --threshold 1');
    await gate.prints('approvals', 'authorize', 'bulk', '--remove', root, '--threshold', '1', '--yes');
  });

  it('gives a team its names, and takes them back', async () => {
    const team = ['delegate', 'team', 'reg.example/acme/*', '--to', 'shared/ci.pub', '--propose', 'shared/team'];
    expect(await gate.prints('approvals', ...team)).toMatchObject({ published: false, role: 'team' });
    const root = ['--root', `${the.gate.data}/approvals/root.json`];
    gate.key = `${the.gate.data}/keys/signer.pem`;
    expect(await gate.sign('shared/team')).toMatchObject({ complete: false });
    expect(await ci.sign('shared/team', ...root)).toMatchObject({ complete: true });
    await gate.prints('approvals', 'publish', 'shared/team');
    await the.answers(200, 'acme/app:1');
    await the.answers(403, 'acme/app:rc');
    expect((await gate.refused('approve', name('3'), '--key', gate.key, '--yes')).error).toBe('approvals.key');
    expect(await gate.prints('approvals', 'undelegate', 'team', '--keep', '--yes')).toMatchObject({ published: true });
    await the.answers(200, 'acme/app:1');
    await the.answers(403, 'acme/app:rc');
    expect((await gate.prints('approvals', 'list', '--withdrawn'))['targets']).toHaveLength(1);
  });

  it('renews, rotates, and does nothing when nothing is due', async () => {
    expect(await gate.prints('approvals', 'renew', '--yes')).toMatchObject({ published: false });
    expect(await gate.prints('approvals', 'renew', '--within', '400d', '--yes')).toMatchObject({ published: true });
    expect(await gate.prints('approvals', 'rotate', 'online', '--older-than', '90d', '--yes')).toMatchObject({
      published: false,
    });
    const { key } = await gate.prints('approvals', 'rotate', 'online', '--yes');
    const { keyFiles } = await gate.prints('approvals', 'show');
    expect(Object.values(keyFiles as Record<string, string>)).toContain(key);
    expect(Object.values(keyFiles as Record<string, string>)).not.toContain(`${the.gate.data}/keys/online.pem`);
    await gate.prints('approve', name('3'), '--yes');
    await the.answers(200, 'acme/app:3');
  });

  it('backs up its keys, and restores them', async () => {
    const { keys } = await gate.prints('approvals', 'keys', 'backup', '--to', 'shared/backup');
    expect(keys).toHaveLength(3);
    expect(await gate.prints('approvals', 'keys', 'backup', '--test', 'shared/backup')).toMatchObject({ keys });
    rmSync(`${the.gate.data}/keys`, { recursive: true });
    expect((await gate.refused('approve', name('1'), '--yes')).error).toBe('approvals.key');
    expect(await gate.prints('approvals', 'keys', 'restore', 'shared/backup')).toMatchObject({ keys });
    expect(await gate.prints('approve', name('1'), '--yes')).toMatchObject({ published: true });
  });
});
