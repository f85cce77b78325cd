import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { file, stateStoreContract } from '../../../test/contract/state-store.ts';
import { codeOf } from '../../errors.ts';
import type { StateStore, TrustFile, Withdrawal } from '../store.ts';
import { Database } from '../../disk/sqlite/driver.ts';
import { openSqliteStore } from './store.ts';

const vendor = { source: 'vendor', gun: 'docker.io/library/nginx' };
const first = { anchor: 'keys', roots: [file('root', 1)] } as const;
let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tufgate-state-'));
  path = join(folder, 'tufgate.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

stateStoreContract('SQLite in a file', () => openSqliteStore(path));
stateStoreContract('SQLite in memory', () => openSqliteStore(':memory:'));

async function withStore<T>(use: (store: StateStore) => Promise<T>): Promise<T> {
  const store = openSqliteStore(path);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

function codeOfOpening(): string {
  try {
    void openSqliteStore(path).close();
    return 'opened';
  } catch (error) {
    return codeOf(error);
  }
}

function flipAt(position: number): void {
  const bytes = readFileSync(path);
  bytes[position]! ^= 0xff;
  writeFileSync(path, bytes);
}

it('tells that withdrawals may have changed when another process has written', async () => {
  await withStore(async (store) => {
    const before = store.withdrawalsMoved();
    expect(store.withdrawalsMoved()).toBe(before);
    await withStore(async (other) => {
      const versions = new Map([['targets', 1]]);
      const digest = `sha256:${'a'.repeat(64)}` as Withdrawal['digest'];
      await other.withdraw({ source: 'v', repository: 'reg.example/a', digest, at: 1, seenAt: 1, versions });
    });
    const after = store.withdrawalsMoved();
    expect(after).not.toBe(before);
    expect(store.withdrawalsMoved()).toBe(after);
  });
});

it('tells so too when it cannot look', async () => {
  const store = openSqliteStore(path);
  const before = store.withdrawalsMoved();
  await store.close();
  expect(store.withdrawalsMoved()).not.toBe(before);
  expect(store.withdrawalsMoved()).not.toBe(store.withdrawalsMoved());
});

describe('a new database', () => {
  it('is made with its folder, readable by its owner only, with nothing else left behind', async () => {
    path = join(folder, 'a', 'b', 'tufgate.db');
    await withStore((store) => store.check());
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['tufgate.db']);
  });

  it('is refused where its folder cannot be made or written', () => {
    writeFileSync(join(folder, 'file'), '');
    path = join(folder, 'file', 'tufgate.db');
    expect(codeOfOpening()).toBe('startup.directory');
    path = folder;
    expect(codeOfOpening()).toBe('startup.directory');
  });
});

describe('what was stored', () => {
  it('is there after the database was closed and opened', async () => {
    await withStore(async (store) => {
      await store.advanceTrust(vendor, 0, { ...first, floors: [file('timestamp', 3)] }, 1);
      await store.raiseClock(5_000);
      await store.raiseClock(5_001);
    });
    await withStore(async (store) => {
      expect((await store.loadTrust(vendor))?.floors).toEqual([file('timestamp', 3)]);
      expect(await store.raiseClock(0)).toBe(5_001);
    });
  });

  it('is not raised again by a server that still remembers a clock which an operator set back', async () => {
    await withStore(async (server) => {
      await server.raiseClock(90_000);
      await withStore((cli) => cli.lowerClock(5_000));
      expect(await server.raiseClock(5_001)).toBe(5_001);
      await server.raiseClock(90_000);
      await withStore((cli) => cli.lowerClock(5_000));
    });
    await withStore(async (store) => expect(await store.highestClock()).toBe(5_000));
  });

  it('is seen by a second process at once, and both can write', async () => {
    await withStore((server) =>
      withStore(async (cli) => {
        await server.advanceTrust(vendor, 0, first, 1);
        expect((await cli.loadTrust(vendor))?.generation).toBe(1);
        expect(await cli.advanceTrust(vendor, 1, { checkedAt: 9 }, 1)).toBe('ok');
        expect(await server.advanceTrust(vendor, 1, { checkedAt: 8 }, 1)).toBe('conflict');
        expect((await server.loadTrust(vendor))?.checkedAt).toBe(9);
      }),
    );
  });

  it('holds bytes once, and those that nothing refers to not at all', async () => {
    await withStore(async (store) => {
      const both = [file('timestamp', 1), file('targets', 1)];
      await store.advanceTrust(vendor, 0, { ...first, floors: both, view: both }, 1);
      await store.advanceTrust(vendor, 1, { floors: [file('timestamp', 2)], view: [file('timestamp', 2)] }, 1);
    });
    const db = new Database(path, { readonly: true });
    const rows = db.prepare('SELECT role, version FROM trust_file ORDER BY role').all();
    db.close();
    expect(rows).toEqual([
      { role: 'root', version: 1 },
      { role: 'targets', version: 1 },
      { role: 'timestamp', version: 2 },
    ]);
  });
});

describe('a large file', () => {
  const parts = () => {
    const db = new Database(path, { readonly: true });
    const count = db.prepare('SELECT count(*) FROM trust_part WHERE part > 0').pluck().get();
    db.close();
    return count;
  };

  /** Whole buffers: comparing them member by member takes seconds. */
  const isStored = async (store: StateStore, { sha256, bytes }: TrustFile) => {
    const floor = (await store.loadTrust(vendor))?.floors[0];
    return floor?.sha256 === sha256 && Buffer.compare(floor.bytes, bytes) === 0;
  };

  it('is stored part by part, and others write between the parts', async () => {
    await withStore(async (worker) => {
      await worker.advanceTrust(vendor, 0, first, 1);
      await withStore(async (server) => {
        let done = false;
        const advance = worker.advanceTrust(vendor, 1, { floors: [large(1)] }, 1).then(() => (done = true));
        await server.raiseClock(90_000);
        expect(done).toBe(false);
        await advance;
        expect(await isStored(server, large(1))).toBe(true);
      });
    });
  });

  it('goes with the step that refers to it no more, and when its collection is forgotten', async () => {
    await withStore(async (store) => {
      await store.advanceTrust(vendor, 0, { ...first, floors: [large(1)] }, 1);
      expect(parts()).toBe(4);
      await store.advanceTrust(vendor, 1, { floors: [large(2)], view: [large(2)] }, 1);
      expect(parts()).toBe(4);
      expect(await store.advanceTrust(vendor, 1, { floors: [large(3)] }, 1)).toBe('conflict');
      expect(parts()).toBe(4);
      await store.forgetTrust(vendor);
      expect(parts()).toBe(0);
    });
  });

  it('of which a crash left a part is stored whole, or swept with the next start', async () => {
    const { sha256, bytes } = large(1);
    await withStore(async (store) => {
      await store.advanceTrust(vendor, 0, first, 1);
      const db = new Database(path);
      const insert = db.prepare('INSERT INTO trust_part (sha256, part, bytes) VALUES (?, ?, ?)');
      insert.run(sha256, 1, bytes.subarray(256 * 1024, 512 * 1024));
      insert.run(large(2).sha256, 1, Buffer.from('left behind'));
      db.close();
      await store.advanceTrust(vendor, 1, { floors: [large(1)] }, 1);
      expect(await isStored(store, large(1))).toBe(true);
      expect(parts()).toBe(5);
    });
    await withStore((store) => store.check());
    expect(parts()).toBe(4);
  });

  it('that lost a part is damage', async () => {
    await withStore((store) => store.advanceTrust(vendor, 0, { ...first, floors: [large(1)] }, 1));
    const db = new Database(path);
    db.exec('DELETE FROM trust_part WHERE part = 2');
    db.close();
    await withStore((store) => expect(store.loadTrust(vendor)).rejects.toMatchObject({ code: 'state.damaged' }));
  });
});

describe('ruins are named and left alone', () => {
  beforeEach(() => withStore((store) => store.advanceTrust(vendor, 0, { ...first, floors: [file('targets', 1)] }, 1)));
  const untouched = (code: string) => {
    const before = readFileSync(path);
    expect(codeOfOpening()).toBe(code);
    expect(readFileSync(path).equals(before)).toBe(true);
  };

  it('a text file', () => {
    writeFileSync(path, 'not a database, but long enough to be taken for one: '.repeat(100));
    untouched('state.damaged');
  });

  it('an empty file: ours is never empty', () => {
    truncateSync(path, 0);
    untouched('state.damaged');
  });

  it("somebody else's database", () => {
    rmSync(path);
    const db = new Database(path);
    db.exec('CREATE TABLE theirs (a)');
    db.close();
    untouched('state.damaged');
  });

  it('a write-ahead log without its database', () => {
    rmSync(path);
    writeFileSync(`${path}-wal`, 'x');
    expect(codeOfOpening()).toBe('state.damaged');
  });

  it('a database without one of its tables', () => {
    const db = new Database(path);
    db.exec('DROP TABLE given_out');
    db.close();
    expect(codeOfOpening()).toBe('state.damaged');
  });

  it('a database cut short', () => {
    truncateSync(path, Math.floor(statSync(path).size / 2));
    untouched('state.damaged');
  });

  it('a first page with flipped bytes', () => {
    for (const position of [0, 17, 70, 104]) {
      flipAt(position);
      expect(codeOfOpening(), `byte ${position}`).toBe('state.damaged');
      flipAt(position);
    }
    expect(codeOfOpening()).toBe('opened');
  });

  it('flipped bytes in any other page in use', () => {
    const size = statSync(path).size;
    const outcomes = new Map<number, string>();
    for (let page = 4096; page < size; page += 4096) {
      flipAt(page);
      outcomes.set(page, codeOfOpening());
      flipAt(page);
    }
    expect(new Set(outcomes.values())).toEqual(new Set(['state.damaged']));
  });

  it('trust metadata whose bytes were changed: SQLite does not see it, the hash does', async () => {
    flipAt(readFileSync(path).indexOf('targets 1 '));
    await withStore((store) => expect(store.loadTrust(vendor)).rejects.toMatchObject({ code: 'state.damaged' }));
  });

  it('a floor that lost its file', () => {
    const db = new Database(path);
    db.pragma('foreign_keys = OFF');
    db.exec(`DELETE FROM trust_file WHERE role = 'targets'`);
    db.close();
    expect(codeOfOpening()).toBe('state.damaged');
  });

  it('a database of a newer version, with its path and what to do', () => {
    const db = new Database(path);
    db.pragma('user_version = 4');
    db.close();
    untouched('state.newer-version');
    expect(() => openSqliteStore(path)).toThrow(path);
    expect(() => openSqliteStore(path)).toThrow(/newer tufgate/);
  });
});

it('a database from before the first release is refused, with what to do', () => {
  void openSqliteStore(path).close();
  const db = new Database(path);
  db.pragma('user_version = 1');
  db.close();
  expect(codeOfOpening()).toBe('state.damaged');
  expect(() => openSqliteStore(path)).toThrow(/before the first release.*move it away/);
});

it('a lock that another process holds does not hold the event loop', async () => {
  await withStore(async (store) => {
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    const write = store.raiseClock(5_000);
    const first = await Promise.race([write, setImmediate('the event loop goes on')]);
    expect(first).toBe('the event loop goes on');
    other.exec('ROLLBACK');
    other.close();
    expect(await write).toBe(5_000);
  });
});

describe('kill -9', () => {
  it('takes no floor back that was acknowledged', async () => {
    for (let round = 0; round < 3; round++) {
      const acknowledged = await killAfter(8 + round * 5);
      await withStore(async (store) => {
        const stored = await store.loadTrust(vendor);
        expect(acknowledged).toBeGreaterThan(0);
        expect(stored?.floors[0]?.version).toBeGreaterThanOrEqual(acknowledged);
        expect(stored?.generation).toBe(stored?.floors[0]?.version);
      });
    }
  });
});

/** One MiB and a bit: five parts. */
const large = (version: number) => file('targets', version, 'x'.repeat(1024 * 1024));

/** Runs a process that advances without end, kills it after some acknowledgements; the last version acknowledged. */
async function killAfter(acknowledgements: number): Promise<number> {
  const script = fileURLToPath(new URL('../../../test/contract/advance-forever.js', import.meta.url));
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let seen = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    seen += chunk;
    if (seen.split('\n').length > acknowledgements) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.once('close', resolve));
  return Number(seen.slice(0, seen.lastIndexOf('\n')).split('\n').at(-1));
}
