import { join } from 'node:path';
import { expect, test } from 'vitest';
import { shell } from './shell.ts';

/** `approvals sign` as one who signs types it, for a proposal that somebody sent him. */
const { command, configure, env, folder, said } = shell();

const config = (name: string): string => `data: ./data
upstreams: { docker.io: { url: https://registry-1.docker.io } }
trust: { approvals: { type: tuf, url: "file:${name}", root: ${name}/root.json, publish: { keys: ${name}-keys } } }
policy: [{ match: '**', require: [approvals] }]
`;

test('who trusts a root of a repository does not sign a proposal that makes it anew', async () => {
  const [file, keys, proposal] = [
    join(folder(), 'tufgate.yaml'),
    join(folder(), 'real-keys'),
    join(folder(), 'p.json'),
  ];
  env['TUFGATE_PASSPHRASE'] = 'a passphrase for a test';
  await configure(config('real'));
  expect(await command('approvals', 'init', '--config', file)).toBe(0);
  await configure(config('other'));
  const named = ['--root-key', join(keys, 'root.pem.pub'), '--targets-key', join(keys, 'signer.pem.pub')];
  expect(await command('approvals', 'root', 'init', proposal, ...named, '--config', file)).toBe(0);

  await configure(config('real'));
  const sign = ['approvals', 'sign', proposal, '--key', join(keys, 'signer.pem'), '--yes'];
  const root = ['--root', join(folder(), 'real', 'root.json')];
  for (const more of [
    ['--config', file],
    [...root, '--config', join(folder(), 'none.yaml')],
  ]) {
    expect(await command(...sign, ...more)).toBe(3);
    expect(said.stderr).toContain('this proposal makes approvals anew, and you trust a root of it already');
  }
  // Whoever trusts none begins with it.
  expect(await command(...sign, '--config', join(folder(), 'none.yaml'))).toBe(0);
});
