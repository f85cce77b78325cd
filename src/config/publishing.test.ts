import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeOf, messageOf } from '../errors.ts';
import type { Lifetimes, TufConfig } from './config.ts';
import { parseConfig } from './schema.ts';

const FILE = '/etc/tufgate/tufgate.yaml';
const DAY = 86_400_000;
const ROOT = '{"signed":{},"signatures":[]}';

function missing(): never {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
}

/** @param root what stands in the root file; nothing: it is not there */
function parse(
  members: string,
  root?: string,
  read = (): Uint8Array => (root === undefined ? missing() : Buffer.from(root)),
): TufConfig {
  const text = `data: ../data\nupstreams: { docker.io: { url: https://registry-1.docker.io } }\ntrust:\n  approvals:\n    type: tuf\n${members}\npolicy: []\n`;
  return parseConfig(text, FILE, read).trust.get('approvals') as TufConfig;
}

const SOURCE = '    url: "file:../data/approvals/"\n    root: ../data/approvals/root.json';
const published = (publish: string, root?: string): TufConfig => parse(`${SOURCE}\n    publish: ${publish}`, root);

/** The mistakes, with the lines that they stand on. */
function mistakes(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    expect(codeOf(error)).toBe('config.invalid');
    return messageOf(error)
      .split('\n')
      .map((line) => line.replace(`${FILE}:`, ''));
  }
  return [];
}

describe('publish', () => {
  it('needs a folder of keys; all else has a default', () => {
    expect(published('{ keys: ../data/keys }', ROOT).publish).toEqual({
      folder: '/etc/data/approvals',
      keys: '/etc/data/keys',
      lifetimes: { root: 365 * DAY, approvals: 365 * DAY, snapshot: 7 * DAY, timestamp: DAY },
    });
  });

  it('says how long what is signed counts, one by one', () => {
    const lifetimes = (expires: string): Lifetimes | undefined =>
      published(`{ keys: k, expires: ${expires} }`).publish?.lifetimes;
    expect(lifetimes('{ timestamp: 1h }')).toEqual({
      root: 365 * DAY,
      approvals: 365 * DAY,
      snapshot: 7 * DAY,
      timestamp: 3_600_000,
    });
    expect(lifetimes('{ root: 3650d, approvals: 1d, snapshot: 365d, timestamp: 1m }')).toEqual({
      root: 3_650 * DAY,
      approvals: DAY,
      snapshot: 365 * DAY,
      timestamp: 60_000,
    });
  });

  it('takes any key reference for the online key', () => {
    for (const online of ['env:ONLINE', 'program:/opt/kms --key a', 'online.pem', 'pkcs11:object=k'])
      expect(published(`{ keys: k, online: "${online}" }`).publish?.online).toBe(online);
  });

  it('folder and keys are absolute, without a slash at the end: the folder is a link', () => {
    const { publish, location } = published('{ keys: keys/ }');
    expect([publish?.folder, publish?.keys]).toEqual(['/etc/data/approvals', '/etc/tufgate/keys']);
    expect(location).toEqual({ kind: 'folder', path: '/etc/data/approvals' });
  });

  it.each([
    ['{}', /^8:\d+: .*the folder of the keys/],
    ['yes', /^8:14: .*such as `\{ keys: \.\.\/data\/keys \}`/],
    ['{ keys: k, key: x }', /^8:\d+: .*key/],
    ['{ keys: k, online: [] }', /^8:\d+: .*a key: a PEM file, env:VARIABLE, or program:COMMAND/],
    ['{ keys: k, expires: 1d }', /^8:\d+: .*such as `\{ approvals: 365d, timestamp: 1d \}`/],
    ['{ keys: k, expires: { root: 1h } }', /^8:\d+: .*from 1d to 3650d/],
    ['{ keys: k, expires: { approvals: 4000d } }', /^8:\d+: .*from 1d to 3650d/],
    ['{ keys: k, expires: { snapshot: 1s } }', /^8:\d+: .*from 1m to 365d/],
    ['{ keys: k, expires: { timestamp: 366d } }', /^8:\d+: .*from 1m to 365d/],
    ['{ keys: k, expires: { targets: 1d } }', /^8:\d+: .*targets/],
    ['{ keys: ../data/approvals/keys }', /^8:\d+: .*must not be in the folder that is published/],
    ['{ keys: ../data/approvals/ }', /^8:\d+: .*must not be in the folder that is published/],
  ])('%s is a mistake, with its line', (publish, words) => {
    expect(mistakes(() => published(publish))).toEqual([expect.stringMatching(words)]);
  });

  it('keys may be beside the folder, under a name that begins as its own does', () => {
    for (const keys of ['../data/approvals.keys', '../data/..approvals', '../data'])
      expect(published(`{ keys: ${keys} }`).publish?.folder).toBe('/etc/data/approvals');
  });

  it('is for a folder: nobody publishes at a URL', () => {
    const url = '    url: https://tuf.example/\n    root: root.json\n    publish: { keys: k }';
    expect(mistakes(() => parse(url, ROOT))).toEqual([
      expect.stringMatching(/^8:\d+: .*can only keep a repository in a folder/),
    ]);
  });
});

describe('the root file of a repository that this gate keeps', () => {
  it('may be missing, until it is made', () => {
    expect(published('{ keys: k }').root).toEqual({
      kind: 'root-file',
      file: '/etc/data/approvals/root.json',
      bytes: new Uint8Array(),
    });
    expect(Buffer.from(published('{ keys: k }', ROOT).root.bytes).toString()).toBe(ROOT);
  });

  it('must be there for a repository of others', () => {
    expect(mistakes(() => parse(SOURCE))).toEqual([expect.stringMatching(/^7:\d+: .*no such file/)]);
  });

  it('what is there must be a root, and readable', () => {
    expect(mistakes(() => published('{ keys: k }', 'no root'))).toEqual([expect.stringMatching(/^7:\d+: /)]);
    const denied = (): never => {
      throw Object.assign(new Error('denied'), { code: 'EACCES' });
    };
    expect(mistakes(() => parse(`${SOURCE}\n    publish: { keys: k }`, undefined, denied))).toEqual([
      expect.stringMatching(/^7:\d+: .*permission denied/),
    ]);
  });
});

it('config/tufgate.yaml is made for it', () => {
  const shipped = new URL('../../config/tufgate.yaml', import.meta.url).pathname;
  const folder = mkdtempSync(join(tmpdir(), 'tufgate-config-'));
  const file = join(folder, 'tufgate.yaml');
  writeFileSync(file, readFileSync(shipped));
  const { root, publish } = parseConfig(readFileSync(file, 'utf8'), file, missing).trust.get('approvals') as TufConfig;
  expect([root.bytes.length, root.file]).toEqual([0, join(publish!.folder, 'root.json')]);
  rmSync(folder, { recursive: true });
});
