import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, it } from 'vitest';
import { pushImage } from './real/image.ts';
import { stories } from './real/needs.ts';
import { Registry } from './real/registry.ts';
import { blocksOf } from './real/runbook.ts';
import { Machine, typeBlock } from './real/typed.ts';
import { Workspace } from './real/workspace.ts';

const IMAGES = ['library/nginx:1.27', 'library/redis:7', 'library/redis:8', 'library/busybox:1.36', 'acme/app:1'];
const MORE = ['acme/app:2', 'acme/app:rc', 'library/nginx:1.28'];
/** Two names of one image: one file says both. */
const TWIN = ['library/busybox:stable', 'library/busybox:1.36'] as const;
const OWN = {
  type: 'tuf',
  url: 'file:../data/approvals/',
  root: '../data/approvals/root.json',
  publish: { keys: '../data/keys' },
};

document('docs/runbook.md', ['alice', 'bob', 'carol', 'dave', 'tina']);
document('docs/approvals.md', ['alice', 'bob']);

/** Every command of a document is typed as it stands there, in its order, by the people that it names. */
function document(path: string, people: readonly string[]): void {
  stories(path, ['docker-registry'], () => {
    const space = new Workspace();
    const machines = new Map<string, Machine>();
    beforeAll(async () => {
      const registry = await Registry.start(space);
      await fill(registry);
      const upstreams = { 'docker.io': { url: registry.url } };
      const rest = { upstreams, policy: [{ match: '**', require: ['approvals'] }], freshness: { check_every: '1s' } };
      const gate = { default_upstream: 'docker.io', ...rest, trust: { approvals: OWN } };
      machines.set('gate', await Machine.of(space, 'gate', gate));
      const url = `${machines.get('gate')?.url ?? ''}/tuf/approvals/`;
      const other = { ...gate, trust: { approvals: { type: 'tuf', url, root: '../root.json' } } };
      machines.set('another', await Machine.of(space, 'another', other));
      for (const name of people) machines.set(name, await Machine.of(space, name));
    });
    afterAll(() => space.close());

    blocksOf(readFileSync(path, 'utf8')).forEach((block, at) => {
      it(`${at + 1}. ${block.heading}`, async () => {
        await typeBlock(block, machines);
      });
    });
  });
}

async function fill(registry: Registry): Promise<void> {
  const names = new Map([...IMAGES, ...MORE].map((name) => [name, name]));
  names.set(...TWIN);
  for (const [name, content] of names) {
    const [repository = '', reference = ''] = name.split(':');
    const layer = await registry.pushBlob(repository, Buffer.from(content));
    await pushImage(registry, { repository, reference }, layer);
  }
}
