import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readlinkSync, watch } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Ceremony } from './real/ceremony.ts';
import { stories } from './real/needs.ts';
import { seeded } from './real/random.ts';
import { MAIN } from './real/tufgate.ts';

const KILLS = 20;
/** Within so many times what one takes here, from its first sign until its link has moved: one in three falls behind that. */
const WITHIN = 1.5;
/** As many at least must fall between its beginning and its end, or the instants were no test. */
const HALF = 3;

stories('a publication that is killed', ['docker-registry'], () => {
  const seed = Number(process.env['TUFGATE_SEED'] ?? Date.now() % 2 ** 31);
  const random = seeded(seed);
  let the: Ceremony;

  beforeAll(async () => {
    the = await Ceremony.open();
    await the.keeper.prints('approvals', 'init');
    await the.push('acme/app', '1.0');
    await the.keeper.prints('approve', 'reg.example/acme/app:1.0', '--yes');
    await the.gate.serve();
    await the.answers(200, 'acme/app:1.0');
  });
  afterAll(() => the.close());

  it(`leaves the repository before or after it, ${KILLS} times (TUFGATE_SEED=${seed})`, async () => {
    let half = 0;
    let before = await versions();
    const lasts = await undisturbed();
    before = next(before);
    expect(await versions()).toEqual(before);
    for (let kill = 0; kill < KILLS; kill++) {
      const file = await proposal(`renew-${kill}`);
      await killed(file, random() * lasts * WITHIN);
      if (leftovers().length > 0) half++;

      expect([before, next(before)]).toContainEqual(await versions());
      // Reads every file from the pinned root down.
      expect((await the.keeper.prints('approvals', 'list'))['targets']).toHaveLength(2);
      expect(await the.keeper.prints('approvals', 'publish', file)).toMatchObject({ published: true });
      expect(leftovers()).toEqual([]);
      before = next(before);
    }
    expect(await versions()).toEqual(before);
    expect(half).toBeGreaterThanOrEqual(HALF);
    await the.answers(200, 'acme/app:1.0');
  }, 400_000);

  /** Of what people sign. */
  async function versions(): Promise<ReadonlyMap<string, number>> {
    const { roles } = (await the.keeper.prints('approvals', 'show')) as unknown as {
      readonly roles: readonly { readonly role: string; readonly version: number }[];
    };
    const online = ['timestamp', 'snapshot'];
    return new Map(roles.flatMap(({ role, version }) => (online.includes(role) ? [] : [[role, version] as const])));
  }

  function next(now: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
    return new Map([...now].map(([role, version]) => [role, version + 1]));
  }

  /** Signed by all who must. */
  async function proposal(name: string): Promise<string> {
    const file = `shared/${name}`;
    await the.keeper.prints('approvals', 'renew', '--within', '400d', '--propose', file);
    expect(await the.keeper.prints('approvals', 'sign', file, '--yes')).toMatchObject({ complete: true });
    return file;
  }

  /** @returns how long one takes, in ms, from its first sign until its link has moved */
  async function undisturbed(): Promise<number> {
    const publication = publish(await proposal('undisturbed'));
    const began = await publication.begun.then(() => performance.now());
    await publication.ended;
    return publication.moved - began;
  }

  async function killed(file: string, afterMs: number): Promise<void> {
    const publication = publish(file);
    await Promise.race([publication.begun, publication.ended]);
    await pause(afterMs);
    publication.child.kill('SIGKILL');
    await publication.ended;
  }

  function publish(file: string) {
    const trees = join(the.gate.data, '.approvals');
    mkdirSync(trees, { recursive: true });
    const watcher = watch(trees);
    const options = { cwd: the.keeper.folder, env: the.keeper.env, stdio: 'ignore' } as const;
    const child = spawn(process.execPath, [MAIN, 'approvals', 'publish', file], options);
    const publication = { child, begun: Promise.resolve(), ended: once(child, 'exit'), moved: 0 };
    publication.begun = new Promise<void>((resolve) => {
      watcher.on('change', (_, name) => {
        if (/^[0-9]{6,}-/.test(String(name))) resolve();
        if (String(name).startsWith('next-')) publication.moved = performance.now();
      });
    });
    void publication.ended.then(() => watcher.close());
    return publication;
  }

  /** Trees that are neither the published one nor the one before it, and links that lead nowhere yet. */
  function leftovers(): readonly string[] {
    const link = basename(readlinkSync(join(the.gate.data, 'approvals')));
    const serial = Number.parseInt(link, 10);
    return readdirSync(join(the.gate.data, '.approvals')).filter(
      (name) => name.startsWith('next-') || (Number.parseInt(name, 10) >= serial && name !== link),
    );
  }
});
