import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { TufRepository } from '../../src/simulator/tuf-repository.ts';
import type { Schedule } from '../../src/trust/patience.ts';
import { APP, approvalsShell, namesIn, PASSPHRASE, type RunningGate } from './approvals-shell.ts';
import { ask, DAY, START } from './gate-world.ts';

/** The gate that keeps the repository: its first start, every other, and what it does while it runs. */
const story = approvalsShell();
const { tufgate, said, typed, env, made, image, keys, gate } = story;
const TAG = `${APP}:1.0`;
const MINUTE = 60_000;
const ALL_KEYS = ['online', 'root', 'signer'].flatMap((name) => [`${name}.pem`, `${name}.pem.pub`]);

/** Starts `tufgate serve`, and ends it as a service manager does. @param during with the address that clients are told */
async function served(during: (url: string) => Promise<void> = () => Promise.resolve()): Promise<number> {
  await story.reconfigured((yaml) => yaml.replace('127.0.0.1:5000', '127.0.0.1:0').concat('log: { level: error }\n'));
  const before = new Set([...process.listeners('SIGTERM'), ...process.listeners('SIGINT')]);
  let onListener: (name: string | symbol) => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    onListener = (name) => name === 'SIGINT' && resolve();
    process.on('newListener', onListener);
  });
  const ended = tufgate('serve');
  try {
    const first = await Promise.race([ready, ended]);
    if (first !== undefined) return first;
    await during(/docker pull (\S+?)\//.exec(said.stderr)?.[1] ?? 'nowhere');
    for (const stop of process.listeners('SIGTERM')) if (!before.has(stop)) stop('SIGTERM');
    return await ended;
  } finally {
    process.off('newListener', onListener);
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      for (const listener of process.listeners(signal)) if (!before.has(listener)) process.off(signal, listener);
  }
}

describe('the first start', () => {
  test('makes keys and repository with a passphrase of the environment, and says what to do next', async () => {
    env['TUFGATE_PASSPHRASE'] = PASSPHRASE;
    const code = await served(async (host) => {
      expect(
        (await ask(`http://${host}/tuf/approvals/root.json`)).body.equals(await story.published('root.json')),
      ).toBe(true);
      expect((await ask(`http://${host}/v2/acme/app/manifests/1.0`)).reason).toBe('trust.unsigned');
    });
    expect(code).toBe(0);
    expect(said.stderr).toMatch(
      /^approvals has not been made yet: a repository for your approvals, in .*data\/approvals, with keys in /,
    );
    expect(said.stderr).toContain('Made. Keep a copy of ');
    expect(said.stderr).toMatch(
      /Approve an image: {2}npx tufgate approve REGISTRY\/REPOSITORY:TAG\nThen pull it: {6}docker pull 127\.0\.0\.1:\d+\//,
    );
    expect(said.stderr).not.toContain(PASSPHRASE);
    expect(await namesIn(keys())).toEqual(ALL_KEYS);
  });

  test('without a terminal and a passphrase it says exactly what to set, and leaves nothing', async () => {
    expect(await served()).toBe(2);
    expect(said.stderr).toContain(
      'tufgate: trust.approvals cannot be made: the passphrase of your signing keys is needed, and there is no terminal to ask on: set TUFGATE_PASSPHRASE, or TUFGATE_PASSPHRASE_FILE to the path of a file that holds it\n',
    );
    expect(await namesIn(keys())).toEqual([]);
  });

  test('the second one asks nothing, and what was approved between them is served', async () => {
    await made({ encrypted: true });
    env['TUFGATE_PASSPHRASE'] = PASSPHRASE;
    expect(await tufgate('approve', TAG, '--yes')).toBe(0);
    env['TUFGATE_PASSPHRASE'] = undefined;
    const code = await served(async (host) => {
      expect((await ask(`http://${host}/v2/acme/app/manifests/1.0`)).status).toBe(200);
    });
    expect(code).toBe(0);
    expect(said.stderr).not.toMatch(/assphrase|has not been made/);
  });
});

/** What is there when a first start is killed at each step. */
describe('a first start that was killed goes on where it was', () => {
  const gone = async (...names: readonly string[]): Promise<void> => {
    for (const name of names) await rm(join(story.folder(), 'data', name), { recursive: true });
  };

  test.each([
    ['before any key', ALL_KEYS],
    ['between the halves of the first key', ALL_KEYS.filter((name) => name !== 'root.pem')],
    ['after the first key', ALL_KEYS.filter((name) => !name.startsWith('root'))],
    ['between the halves of the second', ['online.pem', 'online.pem.pub', 'signer.pem.pub']],
    ['after the second', ['online.pem', 'online.pem.pub']],
    ['between the halves of the online key', ['online.pem.pub']],
    ['with all keys, and no repository', []],
  ])('%s', async (_, missing) => {
    await made();
    await gone('approvals', '.approvals', ...missing.map((name) => `keys/${name}`));
    env['TUFGATE_PASSPHRASE'] = PASSPHRASE;
    const left = await Promise.all(
      (await namesIn(keys())).map(async (name) => [name, await readFile(keys(name))] as const),
    );
    expect(await served(), said.stderr).toBe(0);
    expect(await namesIn(keys())).toEqual(ALL_KEYS);
    for (const [name, bytes] of left) expect((await readFile(keys(name))).equals(bytes), name).toBe(true);
    expect(await tufgate('approve', TAG, '--yes'), said.stderr).toBe(0);
  });

  test('in the middle of publishing: a tree without its link is none', async () => {
    await made();
    await gone('approvals');
    expect(await served(), said.stderr).toBe(0);
    expect(await tufgate('approve', TAG, '--yes'), said.stderr).toBe(0);
  });

  test('the passphrase of the keys that are there is asked', async () => {
    await made({ encrypted: true });
    await gone('approvals', '.approvals', 'keys/root.pem.pub');
    typed(`${PASSPHRASE}\n`);
    expect(await served(), said.stderr).toBe(0);
    expect(said.stderr).toMatch(/Passphrase of .*root\.pem:/);
  });

  test('another passphrase than that of the keys that are there', async () => {
    await made({ encrypted: true });
    await gone('approvals', '.approvals');
    env['TUFGATE_PASSPHRASE'] = 'another passphrase';
    expect(await served()).toBe(1);
    expect(said.stderr).toContain('root.pem was not opened: what TUFGATE_PASSPHRASE holds is not its passphrase');
  });
});

describe('a root that is pinned elsewhere', () => {
  const elsewhere = (): Promise<void> =>
    story.reconfigured((yaml) => yaml.replace('root: data/approvals/root.json', 'root: pinned-root.json'));

  test('is written at the first start', async () => {
    await elsewhere();
    env['TUFGATE_PASSPHRASE'] = PASSPHRASE;
    expect(await served()).toBe(0);
    const pinned = await readFile(join(story.folder(), 'pinned-root.json'));
    expect(pinned.equals(await story.published('root.json'))).toBe(true);
  });

  test('that cannot be written there: it is said where it is', async () => {
    await story.reconfigured((yaml) => yaml.replace('root: data/approvals/root.json', 'root: nowhere/root.json'));
    env['TUFGATE_PASSPHRASE'] = PASSPHRASE;
    expect(await served()).toBe(2);
    expect(said.stderr).toMatch(
      /but its root file .*nowhere\/root\.json cannot be written: .*; copy root\.json of the published folder there/,
    );
  });

  test('a repository that is found where it is lost is not pinned by itself', async () => {
    await made();
    await elsewhere();
    expect(await served()).toBe(2);
    expect(said.stderr).toMatch(
      /no root file .*pinned-root\.json for trust in it to begin with: if it is yours, copy /,
    );
  });

  test('another repository than the pinned one is refused', async () => {
    await made();
    await elsewhere();
    await writeFile(join(story.folder(), 'pinned-root.json'), new TufRepository(START).publish().at('root', 1));
    expect(await tufgate('approve', TAG, '--yes', '--json')).toBe(3);
    expect(story.document()).toMatchObject({ error: { code: expect.stringMatching(/^trust\./) as string } });
    expect((await (await gate()).pull('1.0')).status).toBe(403);
  });
});

/** Timers that a test lets run out. */
class Timers {
  readonly waiting = new Map<() => void, number>();
  readonly schedule: Schedule = (task, ms) => {
    this.waiting.set(task, ms);
    return () => void this.waiting.delete(task);
  };

  /** Of the repository: the other one looks for what the gate reads, four times within `check_every`. */
  get kept(): readonly (readonly [() => void, number])[] {
    return [...this.waiting].filter(([, ms]) => ms !== MINUTE / 4);
  }

  get next(): number | undefined {
    return this.kept[0]?.[1];
  }
}

describe('while it runs', () => {
  interface Kept extends RunningGate {
    readonly timers: Timers;
    /** Time goes by; what is due runs. @returns versions of timestamp and snapshot then */
    readonly later: (ms: number) => Promise<readonly [number, number]>;
  }

  async function keeping(): Promise<Kept> {
    const timers = new Timers();
    let now = START;
    const running = await gate({ clock: () => now, elapsed: () => now - START, schedule: timers.schedule });
    const later: Kept['later'] = async (ms) => {
      now += ms;
      for (const [task] of timers.kept) {
        timers.waiting.delete(task);
        task();
      }
      while (timers.next === undefined) await new Promise((resolve) => setImmediate(resolve));
      return await versions();
    };
    return { ...running, timers, later };
  }

  async function versions(): Promise<readonly [number, number]> {
    const text = (await story.published('timestamp.json')).toString();
    const { signed } = JSON.parse(text) as { signed: { version: number; meta: Record<string, { version: number }> } };
    return [signed.version, signed.meta['snapshot.json']!.version];
  }

  test('the timestamp is signed anew once half its time is over, the snapshot with its own half, and nothing before', async () => {
    await made();
    await tufgate('approve', TAG, '--yes');
    const running = await keeping();
    expect(await versions()).toEqual([2, 2]);
    expect(running.timers.next).toBe(10 * MINUTE);
    expect(await running.later(DAY / 2 - MINUTE)).toEqual([2, 2]);
    expect(running.timers.next).toBe(MINUTE + 1_000);
    expect(await running.later(MINUTE + 1_000)).toEqual([3, 2]);
    for (let day = 1; day < 3; day++) await running.later(DAY);
    expect(await running.later(DAY)).toEqual([6, 3]);
    expect((await running.pull('1.0')).status).toBe(200);
    expect(running.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('a gate that was off for weeks signs before it serves', async () => {
    await made();
    await tufgate('approve', TAG, '--yes');
    const running = await gate({ clock: () => START + 20 * DAY, schedule: new Timers().schedule });
    expect((await running.pull('1.0')).status).toBe(200);
    expect(await versions()).toEqual([3, 3]);
  });

  test.each([
    ['is gone', () => rm(keys('online.pem')), /cannot be read: there is no such file/],
    [
      'is gone with its public half',
      () => rm(keys(), { recursive: true }),
      /none of the keys in .* may sign timestamp and snapshot .*: restore it, or rotate it with tufgate approvals rotate online/,
    ],
    [
      'can be read by others',
      () => chmod(keys('online.pem'), 0o644),
      /others than its owner can read it: run chmod 600/,
    ],
    [
      'is damaged',
      () => writeFile(keys('online.pem'), 'garbage', { mode: 0o600 }),
      /cannot be used as a key: it holds no PEM/,
    ],
  ])(
    'an online key that %s: the gate serves, and says so each time until the timestamp ends',
    async (_, harm, words) => {
      await made();
      await tufgate('approve', TAG, '--yes');
      await harm();
      const running = await keeping();
      expect((await running.pull('1.0')).status).toBe(200);
      expect(running.log.filter(({ level }) => level === 'error')).toEqual([]);
      for (let tries = 1; tries < 3; tries++) {
        expect(await running.later(DAY / 2 + 1_000)).toEqual([2, 2]);
        const errors = running.log.filter(
          ({ level, msg }) => level === 'error' && msg.includes('could not be signed anew'),
        );
        expect(errors).toHaveLength(tries);
        expect(errors[0]!.msg).toMatch(words);
        expect(errors[0]!.msg).toContain('other gates stop believing it once its timestamp ends');
        expect(errors[0]).not.toHaveProperty('err');
        expect(running.timers.next).toBe(MINUTE);
      }
      expect((await running.pull('1.0')).reason).toBe('trust.expired');
    },
  );

  test('the key comes back: it goes on by itself', async () => {
    await made();
    const pem = await readFile(keys('online.pem'));
    await rm(keys('online.pem'));
    const running = await keeping();
    expect(await running.later(DAY / 2)).toEqual([1, 1]);
    await writeFile(keys('online.pem'), pem, { mode: 0o600 });
    expect(await running.later(MINUTE)).toEqual([2, 1]);
  });

  test('an online key of the environment', async () => {
    await made();
    env['ONLINE'] = await readFile(keys('online.pem'), 'utf8');
    await rm(keys('online.pem'));
    await story.reconfigured((yaml) =>
      yaml.replace('{ keys: data/keys }', '{ keys: data/keys, online: "env:ONLINE" }'),
    );
    expect(await (await keeping()).later(DAY / 2)).toEqual([2, 1]);
  });

  test('of the environment that serve was started in', async () => {
    await made();
    env['ONLINE'] = await readFile(keys('online.pem'), 'utf8');
    await rm(keys('online.pem'));
    await story.reconfigured((yaml) =>
      yaml.replace('{ keys: data/keys }', '{ keys: data/keys, online: "env:ONLINE" }'),
    );
    vi.setSystemTime(START + DAY / 2 + MINUTE);
    expect(await served(async () => expect(await versions()).toEqual([2, 1]))).toBe(0);
  });

  test('what people must sign is reminded of once a day, though nobody pulls what it is about', async () => {
    await made();
    await tufgate('approve', TAG, '--yes');
    const running = await keeping();
    const reminders = (): readonly string[] =>
      running.log.flatMap(({ msg }) => (msg.includes('approvals renew') ? [msg] : []));
    await running.later(330 * DAY);
    expect(reminders()).toEqual([]);
    expect(await running.metrics()).toMatch(/tufgate_trust_expires_days\{source="approvals"\}/);
    await running.later(10 * DAY);
    await running.later(DAY / 4);
    expect(reminders()).toEqual([
      'root of approvals ends in 25 d (2027-11-21T12:00:00.000Z): sign it anew with tufgate approvals renew, before pulls that rest on it are refused',
    ]);
    await running.later(20 * DAY);
    expect(running.log.filter(({ level, msg }) => level === 'error' && msg.includes('approvals renew'))).toHaveLength(
      1,
    );
    await running.later(10 * DAY);
    expect(reminders().at(-1)).toMatch(
      /^root of approvals has ended .*: pulls that rest on it are refused until it is signed anew: tufgate approvals renew$/,
    );
  });

  test('another gate that reads it over HTTP believes it while it is kept fresh, and no longer', async () => {
    await made();
    await tufgate('approve', TAG, '--yes');
    const code = await served(async (host) => {
      const file = join(story.folder(), 'other.yaml');
      await writeFile(join(story.folder(), 'pinned.json'), await story.published('root.json'));
      await writeFile(
        file,
        (await readFile(story.file(), 'utf8'))
          .replace('data: ./data', 'data: ./other')
          .replace(
            / {2}approvals: .*/,
            `  first: { type: tuf, url: "http://${host}/tuf/approvals/", root: pinned.json }`,
          )
          .replace('[approvals]', '[first]'),
      );
      let now = Date.now();
      const other = await gate({ clock: () => now, elapsed: () => now }, file);
      expect((await other.pull('1.0')).headers['docker-content-digest']).toBe(image().digest);
      now += 2 * DAY;
      expect((await other.pull('1.0')).reason).toBe('trust.expired');
    });
    expect(code).toBe(0);
  });
});
