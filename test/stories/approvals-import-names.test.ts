import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { Archive } from '../../src/lifeboat/archive.ts';
import { captureCollection } from '../../src/lifeboat/capture-collection.ts';
import { NotaryRepository } from '../../src/simulator/notary-repository.ts';
import { SimulatedSource } from '../../src/simulator/simulated-source.ts';
import { START } from './gate-world.ts';
import { shell } from './shell.ts';

/** The lifeboat as an operator types it: `approvals import`, from an archive that holds what nobody should get in by it. */
const { command, configure, document, env, folder, said } = shell();
const NGINX = 'docker.io/library/nginx';
const [GOOD, BAD] = ['aa', 'bb'].map((pair) => `sha256:${pair.repeat(32)}`) as [string, string];

const CONFIG = `data: ./data
upstreams: { docker.io: { url: https://registry-1.docker.io } }
trust: { approvals: { type: tuf, url: "file:approvals", root: approvals/root.json, publish: { keys: keys } } }
policy: [{ match: '**', require: [approvals] }]
`;

let file: string;
beforeEach(async () => {
  file = await configure(CONFIG);
  // As a job in CI has it, with nobody there.
  env['TUFGATE_PASSPHRASE'] = 'a passphrase for a test';
  expect(await command('approvals', 'init', '--config', file)).toBe(0);
});

async function capture(gun: string, tags: Readonly<Record<string, string>>): Promise<void> {
  const publisher = new NotaryRepository(gun, START);
  for (const [tag, digest] of Object.entries(tags)) publisher.sign(tag, digest, 7);
  const archive = await Archive.open(join(folder(), 'archive'));
  const task = { gun, url: 'https://notary.example/', source: new SimulatedSource(publisher.publish()) };
  await captureCollection(task, { archive, now: () => Date.now(), maxBytes: 1 << 20 });
}

const imported = (...more: string[]): Promise<number> =>
  command(
    'approvals',
    'import',
    '--archive',
    join(folder(), 'archive'),
    '--first-use',
    '--yes',
    ...more,
    '--config',
    file,
  );
async function approved(): Promise<string> {
  await command('approvals', 'list', '--json', '--config', file);
  return JSON.stringify(document());
}

describe('a collection that is called after no repository', () => {
  test.each(['nginx', 'library/nginx', 'docker.io/nginx', 'index.docker.io/library/nginx'])(
    '%s does not speak for docker.io/library/nginx',
    async (gun) => {
      await capture(NGINX, { '1.0': GOOD });
      await capture(gun, { '1.0': BAD, '2.0': BAD });
      expect(await imported()).toBe(3);
      expect(said.stderr).toContain(`${gun} is not imported: ${gun} is no name of a repository`);
      expect(await approved()).toContain(GOOD.slice(7));
      expect(await approved()).not.toContain(BAD.slice(7));
    },
  );
});

test('a tag whose digest was withdrawn is left out, and keeps nothing else from being imported', async () => {
  await capture(NGINX, { '1.0': GOOD, '2.0': BAD });
  expect(await command('revoke', `${NGINX}@${BAD}`, '--yes', '--reason', 'CVE-1', '--config', file)).toBe(0);
  expect(await imported()).toBe(3);
  expect(said.stderr).toContain(`${NGINX}@${BAD} was withdrawn at `);
  expect(said.stdout).toContain('1 tag of 1 collection is approved.');
});
