import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CredentialsConfig } from '../config/config.ts';
import { createCredentials, type Credentials } from './credentials.ts';

let folder = '';
let time = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tufgate-credentials-'));
});
afterAll(() => rm(folder, { recursive: true }));

function credentials(config: CredentialsConfig, host = 'r.example', env: NodeJS.ProcessEnv = {}): Credentials {
  const path = `${folder}:${process.env['PATH'] ?? ''}`;
  return createCredentials(config, { host, env: { PATH: path, ...env }, clock: () => time, helperTimeoutMs: 2_000 });
}

async function dockerConfig(content: unknown): Promise<CredentialsConfig> {
  const file = join(folder, `config-${String(Math.abs(JSON.stringify(content).length))}-${String(time++)}.json`);
  await writeFile(file, JSON.stringify(content));
  return { kind: 'docker-config', file };
}

async function helper(name: string, script: string): Promise<void> {
  const file = join(folder, `docker-credential-${name}`);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
}

const auth = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString('base64') });

describe('a docker config.json', () => {
  it('knows Docker Hub by its old name, and other hosts with or without scheme and path', async () => {
    const config = await dockerConfig({
      auths: { 'https://index.docker.io/v1/': auth('hub:a:b'), 'https://r.example/v2/': auth('user:pw') },
    });
    const hub = await credentials(config, 'registry-1.docker.io').find('library/nginx', false);
    expect(hub).toEqual({ kind: 'basic', username: 'hub', password: 'a:b' });
    expect(await credentials(config).find('x', false)).toMatchObject({ username: 'user' });
    expect(await credentials(config, 'r.example:5000').find('x', false)).toBeUndefined();
  });

  it('may hold credentials for a namespace: the longest match on whole segments wins', async () => {
    const auths = { 'r.example': auth('host:1'), 'r.example/a': auth('a:1'), 'r.example/a/b': auth('ab:1') };
    const found = credentials(await dockerConfig({ auths }));
    const users = ['a/b', 'a/b/c', 'a/x', 'ab', 'x'].map(async (path) => found.find(path, false));
    expect((await Promise.all(users)).map((one) => (one?.kind === 'basic' ? one.username : ''))).toEqual([
      ...['ab', 'ab', 'a', 'host', 'host'],
    ]);
  });

  it('may hold identity and registry tokens', async () => {
    const auths = {
      'r.example': { ...auth('u:'), identitytoken: 'refresh' },
      'b.example': { registrytoken: 'bearer' },
    };
    const config = await dockerConfig({ auths });
    expect(await credentials(config).find('x', false)).toEqual({ kind: 'identity', username: 'u', token: 'refresh' });
    expect(await credentials(config, 'b.example').find('x', false)).toEqual({ kind: 'bearer', token: 'bearer' });
  });

  it('is read again when it changed, and says where it is when it cannot be read, but not what is in it', async () => {
    const config = await dockerConfig({ auths: { 'r.example': auth('old:1') } });
    const found = credentials(config);
    expect(await found.find('x', false)).toMatchObject({ username: 'old' });
    if (config.kind !== 'docker-config') return;
    await writeFile(config.file, JSON.stringify({ auths: { 'r.example': auth('newer:1') } }));
    expect(await found.find('x', false)).toMatchObject({ username: 'newer' });
    await writeFile(config.file, '{"auths": {"secret": ');
    await expect(found.find('x', false)).rejects.toMatchObject({ code: 'upstream.unauthorized' });
    await expect(found.find('x', false)).rejects.toThrow(expect.not.stringContaining('secret') as string);
    await rm(config.file);
    await expect(found.find('x', false)).rejects.toThrow('ENOENT');
  });

  it('names helpers, per host and for all', async () => {
    await helper('one', 'read server; echo "{\\"Username\\":\\"one\\",\\"Secret\\":\\"$server\\"}"');
    await helper('all', 'read server; echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"$server\\"}"');
    const config = await dockerConfig({
      auths: { 'r.example': {} },
      credHelpers: { 'r.example': 'one' },
      credsStore: 'all',
    });
    const one = await credentials(config).find('x', false);
    expect(one).toEqual({ kind: 'basic', username: 'one', password: 'r.example' });
    const hub = await credentials(config, 'registry-1.docker.io').find('x', false);
    expect(hub).toEqual({ kind: 'identity', username: '', token: 'https://index.docker.io/v1/' });
  });
});

describe('a credential helper', () => {
  it('is asked once in five minutes, whoever asks, and again when its answer was refused', async () => {
    const log = join(folder, 'count');
    await helper('count', `echo x >> ${log}; echo "{\\"Username\\":\\"u\\",\\"Secret\\":\\"$(wc -l < ${log})\\"}"`);
    const found = credentials({ kind: 'helper', helper: 'count' });
    const ask = (fresh = false): Promise<unknown> => found.find('x', fresh);
    const [first, second] = await Promise.all([ask(), ask()]);
    expect(first).toEqual(second);
    expect(await ask(true)).toEqual(first);
    time += 10_000;
    expect(await ask(true)).toMatchObject({ password: '2' });
    time += 5 * 60_000;
    expect(await ask()).toMatchObject({ password: '3' });
  });

  it('that knows nothing means anonymous; one that fails is named, its output is not', async () => {
    await helper('none', 'echo "credentials not found in native keychain"; exit 1');
    expect(await credentials({ kind: 'helper', helper: 'none' }).find('x', false)).toBeUndefined();
    await helper('broken', 'echo secret; echo secret >&2; exit 3');
    await helper('noise', 'echo secret');
    for (const [name, why] of [
      ['broken', 'ended with 3'],
      ['noise', 'printed no'],
      ['missing', 'no such program'],
    ] as const) {
      const asked = credentials({ kind: 'helper', helper: name }).find('x', false);
      await expect(asked).rejects.toMatchObject({ code: 'upstream.unauthorized' });
      await expect(asked).rejects.toThrow(why);
      await expect(asked).rejects.toThrow(expect.not.stringContaining('secret') as string);
    }
    await expect(credentials({ kind: 'helper', helper: '../x' }).find('x', false)).rejects.toMatchObject({
      code: 'config.invalid',
    });
  });
});

describe('a password', () => {
  it('comes from a file, without its last line end, or from the variable that is named', async () => {
    const file = join(folder, 'password');
    await writeFile(file, ' pw \n');
    const fromFile = credentials({ kind: 'password-file', username: 'u', file });
    expect(await fromFile.find('x', false)).toEqual({ kind: 'basic', username: 'u', password: ' pw ' });
    const config = { kind: 'password-env', username: 'u', variable: 'PW' } as const;
    expect(await credentials(config, 'r', { PW: 'pw' }).find('x', false)).toMatchObject({ password: 'pw' });
    const unset = async (): Promise<unknown> => credentials(config).find('x', false);
    await expect(unset()).rejects.toMatchObject({ code: 'upstream.unauthorized' });
  });
});
