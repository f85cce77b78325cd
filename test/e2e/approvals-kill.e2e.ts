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
/** From the first sign of a publication; it takes about as long. */
const WITHIN_MS = 40;
/** As many at least must fall between its beginning and its end, or the instants were no test. */
const HALF = 5;

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
    for (let kill = 0; kill < KILLS; kill++) {
      const file = `shared/renew-${kill}`;
      await the.keeper.prints('approvals', 'renew', '--within', '400d', '--propose', file);
      const signed = await the.keeper.prints(...['approvals', 'sign', file, '--yes']);
      expect(signed).toMatchObject({ complete: true });
      await killed(file, random() * WITHIN_MS);
      if (leftovers().length > 0) half++;

      const next = new Map([...before].map(([role, version]) => [role, version + 1]));
      expect([before, next]).toContainEqual(await versions());
      // Reads every file from the pinned root down.
      expect((await the.keeper.prints('approvals', 'list'))['targets']).toHaveLength(2);
      expect(await the.keeper.prints('approvals', 'publish', file)).toMatchObject({ published: true });
      expect(leftovers()).toEqual([]);
      before = next;
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

  async function killed(file: string, afterMs: number): Promise<void> {
    const trees = join(the.gate.data, '.approvals');
    mkdirSync(trees, { recursive: true });
    const watcher = watch(trees);
    const options = { cwd: the.keeper.folder, env: the.keeper.env, stdio: 'ignore' } as const;
    const child = spawn(process.execPath, [MAIN, 'approvals', 'publish', file], options);
    const ended = once(child, 'exit');
    const begun = new Promise<void>((resolve) => {
      watcher.on('change', (_, name) => {
        if (/^[0-9]{6,}-/.test(String(name))) resolve();
      });
    });
    await Promise.race([begun, ended]);
    await pause(afterMs);
    child.kill('SIGKILL');
    await ended;
    watcher.close();
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
