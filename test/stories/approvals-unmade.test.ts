import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openGate } from './gate-world.ts';
import { shell } from './shell.ts';

/** A repository of approvals that is configured, and has not been made yet: whoever meets it is told what to do. */
const { configure, command, said, document, folder } = shell();

const CONFIG = `data: ./data
upstreams: { reg.example: { url: https://reg.example } }
trust: { approvals: { type: tuf, url: "file:approvals", root: approvals/root.json, publish: { keys: keys } } }
policy: [{ match: '**', require: [approvals] }]
`;

test('a pull is refused for want of a root, in words that help, and the gate goes on', async () => {
  const sources = '  approvals: { type: tuf, url: "file:approvals", root: missing/root.json, publish: { keys: keys } }';
  const read = (): never => {
    throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
  };
  const files = {
    get 'root.json'(): Uint8Array {
      return read();
    },
  };
  const gate = await openGate({ rule: 'require: [approvals]', sources, files });
  const refused = await gate.get('/v2/acme/app/manifests/1.0');
  expect([refused.status, refused.reason]).toEqual([403, 'trust.no-root']);
  expect(refused.message).toMatch(/approvals has not been made yet.*npm start.*tufgate approvals init/);
  expect((await fetch(`${gate.url}/tuf/approvals/timestamp.json`)).status).toBe(404);
  await gate.close();
});

test('config check takes it, and says what an image would meet', async () => {
  const file = await configure(CONFIG);
  expect(await command('config', 'check', '--config', file)).toBe(0);
  expect(said.stdout).toBe(`${file} is in order: 1 upstream, 1 trust source, 1 rule\n`);
  expect(await command('config', 'check', '--json', '--image', 'reg.example/a/b:1', '--config', file)).toBe(0);
  expect(document()).toMatchObject({ ok: true, explanation: { image: 'reg.example/a/b:1' } });
});

test('config check says which line of publish is wrong', async () => {
  const file = await configure(CONFIG.replace('keys: keys', 'key: keys'));
  expect(await command('config', 'check', '--config', file)).toBe(2);
  expect(said.stderr).toContain(`${file}:3:`);
  expect(said.stderr).toContain('the folder of the keys that this gate signs with');
});

test('commands that read it say that it has not been made', async () => {
  const file = await configure(CONFIG);
  for (const words of [
    ['approvals', 'show'],
    ['approvals', 'list'],
  ] as const) {
    expect(await command(...words, '--config', file)).not.toBe(0);
    expect(said.stderr).toMatch(/has not been made yet/);
  }
  expect(join(folder(), 'approvals')).not.toBe('');
});
