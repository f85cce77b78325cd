import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TufFiles } from '../../src/simulator/tuf-files.ts';
import { Client } from './client.ts';

/** Repositories as others publish them, from their first root that is here to a target of a delegated role. */
const VECTORS = new URL('../vectors/tuf/', import.meta.url);

function filesOf(set: string): TufFiles {
  const files = new TufFiles();
  for (const name of readdirSync(new URL(set, VECTORS))) {
    const bytes = readFileSync(new URL(`${set}/${name}`, VECTORS));
    const { signed } = JSON.parse(bytes.toString()) as { signed: { version: number } };
    const file = name.replace(/\.tuf$/, '.json');
    const versioned = file === 'timestamp.json' || file.endsWith('.root.json');
    files.replace(versioned ? file : `${signed.version}.${file}`, bytes);
  }
  return files;
}

describe.each([
  ['tuf-on-ci', 1, 1, '2025-02-09T12:02:08Z', 'delegatedrole/artifact', 'delegatedrole'],
  ['sigstore', 4, 15, '2026-08-01T00:00:00Z', 'registry.npmjs.org/keys.json', 'registry.npmjs.org'],
  ['docker-test', 1, 4, '2025-06-01T00:00:00Z', 'testing/mapping.yaml', 'testing'],
])('the repository of %s, from root %i on', (set, first, last, now, target, role) => {
  const files = filesOf(set);
  const begin = (): Client => {
    const client = new Client({ files }, files.get(`${first}.root.json`));
    client.now = Date.parse(now);
    return client;
  };

  test('is followed to its newest root, and kept to the byte', async () => {
    const client = begin();
    expect(await client.refresh()).toBe('done');
    const kept = await client.kept();
    expect(kept.get('root')).toEqual(files.get(`${last}.root.json`));
    expect(kept.get('timestamp')).toEqual(files.get('timestamp.json'));
  });

  test('has a target that a delegated role signs', async () => {
    const client = begin();
    const { outcome, entries } = await client.find(target);
    expect(outcome).toBe('done');
    expect(entries[0]?.sha256 ?? entries[0]?.sha512).toMatch(/^[0-9a-f]{64,128}$/);
    expect([...(await client.kept()).keys()]).toContain(role);
  });
});
