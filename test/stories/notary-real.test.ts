import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { composeJudge } from '../../src/compose.ts';
import { parseConfig } from '../../src/config/schema.ts';
import type { SourceVerdict } from '../../src/policy/decision.ts';
import { NotaryServer } from '../../src/simulator/notary-server.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

/** Collections that the real tools made (`test/vectors/notary-real/README.md`), judged by the whole gate at a fixed time. */
const NOW = Date.parse('2026-11-22T00:00:00Z');
const VECTORS = new URL('../vectors/notary-real/', import.meta.url).pathname;
const silent = createLogger({ level: 'error', format: 'json' }, { write: () => true } as never);

let close: () => Promise<unknown> = () => Promise.resolve();
afterEach(() => close());

/** Serves a recorded collection as notary-server would: by name, by version, by hash. */
class Recorded extends NotaryServer {
  private readonly files = new Map<string, Uint8Array>();

  constructor(folder: string) {
    super();
    for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!path.endsWith('.tuf')) continue;
      const name = path.slice(0, -'.tuf'.length);
      const bytes = readFileSync(join(folder, path));
      this.files.set(name, bytes).set(`${name}.${createHash('sha256').update(bytes).digest('hex')}`, bytes);
    }
  }

  override fetch(_gun: string, name: string): Uint8Array | undefined {
    return this.files.get(name);
  }
}

type Ask = (tag: string, ...signers: string[]) => Promise<SourceVerdict>;

/** A gate that has pinned the collection's first root. */
async function judgeOf(set: string, gun: string, now = NOW): Promise<Ask> {
  const slash = gun.indexOf('/');
  const [registry, path] = [gun.slice(0, slash), gun.slice(slash + 1)];
  const server = new Recorded(join(VECTORS, set));
  const data = await mkdtemp(join(tmpdir(), 'tufgate-real-'));
  const pins = { [gun]: { root: join(VECTORS, set, '1.root.tuf') } };
  const trust = { vendor: { type: 'notary', url: (await server.listen()).href, pins } };
  const upstreams = { [registry]: { url: 'http://127.0.0.1:9' } };
  const policy = [{ match: '**', require: ['vendor'] }];
  const text = JSON.stringify({ data, upstreams, trust, policy });
  const judge = await composeJudge(parseConfig(text, join(data, 'tufgate.yaml'), readFileSync), {
    log: silent,
    clock: () => now,
  });
  close = async () => {
    await judge.close();
    await server.close();
    await rm(data, { recursive: true });
  };
  return (tag, ...of) => {
    const signers = of.length === 0 ? {} : { signers: { atLeast: of.length, of } };
    return judge.deps.trust.resolve({ kind: 'source', source: 'vendor', ...signers }, { registry, path }, tag);
  };
}

/** What was signed is the hash of the collection's and the tag's name, but for `docker trust`, which pushed images. */
function digestOf(set: string, tag: string): string {
  return `sha256:${createHash('sha256').update(`${set} ${tag}`).digest('hex')}`;
}

test('every role rotated, the snapshot key handed to the server and taken back', async () => {
  const ask = await judgeOf('rotations', 'registry.example/acme/rotations');
  for (const tag of ['1.0', '2.0'])
    expect(await ask(tag)).toMatchObject({ outcome: 'signed', digest: digestOf('rotations', tag), roles: ['targets'] });
  const { root } = await ask('1.0');
  expect(root).toMatchObject({ version: 7, anchor: 'root-file' });
});

test('releases signed by P-384 and RSA: both count', async () => {
  const ask = await judgeOf('delegations', 'registry.example/acme/delegations');
  const released = await ask('1.0');
  expect(released).toMatchObject({ digest: digestOf('delegations', '1.0'), roles: ['targets/releases'] });
  expect(released.signers).toHaveLength(2);
});

test.each([
  ['1.0', 'targets/team'],
  ['n-1', 'targets/team/nightly'],
  ['n-arm-1', 'targets/team/nightly/arm'],
])('nested delegations: %s by %s', async (tag, role) => {
  const ask = await judgeOf('delegations', 'registry.example/acme/delegations');
  expect(await ask(tag, role)).toMatchObject({ digest: digestOf('delegations', tag), roles: [role] });
  expect(await ask('n-arm-1', 'targets/team')).toMatchObject({ outcome: 'refused', reason: 'trust.signer-missing' });
});

test('a role that lost the key it was signed by is no longer believed, until it was witnessed', async () => {
  const ask = await judgeOf('delegations', 'registry.example/acme/delegations');
  expect(await ask('1.0', 'targets/left')).toMatchObject({ outcome: 'refused', reason: 'trust.signature' });
  expect(await ask('1.0', 'targets/witnessed')).toMatchObject({ digest: digestOf('delegations', '1.0') });
});

test('thresholds of two, for the root and for a delegation with keys of three kinds', async () => {
  const ask = await judgeOf('thresholds', 'registry.example/acme/thresholds');
  const verdict = await ask('1.0');
  expect(verdict).toMatchObject({ digest: digestOf('thresholds', '1.0'), roles: ['targets/releases'] });
  expect(verdict.signers).toHaveLength(3);
  expect(verdict.root).toMatchObject({ version: 6 });
  expect(verdict.root?.keys).toHaveLength(2);
  expect(await ask('2.0')).toMatchObject({ reason: 'trust.unsigned' });
});

test('what `docker trust` wrote: two signers, one of them removed, and a tag revoked', async () => {
  const ask = await judgeOf('docker-trust', '127.0.0.1:44149/acme/app');
  const released = await ask('2.0');
  const digest = 'sha256:c38ba8397cc447cfdb9f3571390c780ca4cca3d3b4f9ab8a091c531ff885fdc3';
  expect(released).toMatchObject({ outcome: 'signed', digest, length: 527, roles: ['targets/releases'] });
  expect(released.signers).toHaveLength(1);
  expect(await ask('2.0', 'targets/bob')).toMatchObject({ digest });
  expect(await ask('2.0', 'targets/alice')).toMatchObject({ outcome: 'refused', reason: 'trust.signer-missing' });
  expect(await ask('1.0')).toMatchObject({ reason: 'trust.unsigned' });
});

test('their timestamps end after 14 days', async () => {
  const ask = await judgeOf('thresholds', 'registry.example/acme/thresholds', NOW + 20 * 86_400_000);
  expect(await ask('1.0')).toMatchObject({ outcome: 'refused', reason: 'trust.expired' });
});
