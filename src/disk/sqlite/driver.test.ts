import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { Database, lineFor } from './driver.ts';

const version = (line: string): unknown =>
  (createRequire(import.meta.url)(`${line}/package.json`) as { version: string }).version;

test('Node-API 10 is what line 13 needs; without it line 12 is loaded', () => {
  expect([9, 10, 11].map(lineFor)).toEqual(['better-sqlite3', 'better-sqlite3-13', 'better-sqlite3-13']);
  expect([9, 10].map(lineFor).map(version)).toEqual([expect.stringMatching(/^12\./), expect.stringMatching(/^13\./)]);
});

test('the lockfile keeps npm from running node-gyp for line 13, which comes built: it would ask for python and a compiler', () => {
  const lock = JSON.parse(readFileSync(new URL('../../../package-lock.json', import.meta.url), 'utf8')) as {
    packages: Record<string, { gypfile?: boolean }>;
  };
  // `npm install` drops the member: put it back.
  expect(lock.packages['node_modules/better-sqlite3-13']).toMatchObject({ gypfile: false });
});

test('what is loaded here opens a database', () => {
  const db = new Database(':memory:');
  expect(db.prepare('SELECT 1 + 1 AS two').get()).toEqual({ two: 2 });
  db.close();
});
