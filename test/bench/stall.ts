import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NotaryRepository } from '../../src/simulator/notary-repository.ts';
import { NotaryServer } from '../../src/simulator/notary-server.ts';
import { RegistrySimulator } from '../../src/simulator/registry.ts';
import type { LoadReport } from './load.ts';
import { gateYaml, type LoopReport, type RunningGate, startGate, startLoad } from './running-gate.ts';

/**
 * A collection of 100,000 tags never stalls the others: its first resolution, and a second one after one tag was
 * changed, while other repositories are asked for 200 manifests a second. Gate and client are processes of their own.
 */
const TAGS = Number(process.env['TAGS'] ?? 100_000);
const OTHERS = 20;
const PER_SECOND = 200;
const CHECK_EVERY_MS = 12_000;
const MOST = { loopMs: 50, answerMs: 100 };

type Print = (line: string) => void;

export async function bench(print: Print): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'tufgate-bench-'));
  const registry = await RegistrySimulator.start();
  const notary = new NotaryServer();
  const big = publishLarge(registry);
  notary.add(big.repository);
  const keys = [big.rootKey, ...addOthers(registry, notary)];
  await notary.listen();
  const config = join(folder, 'tufgate.yaml');
  await writeFile(
    config,
    gateYaml(registry.url, notary.url, keys, `freshness: { check_every: ${CHECK_EVERY_MS / 1_000}s }`),
  );
  const gate = await startGate(config);
  try {
    print(`${TAGS} tags, ${(big.bytes / 1e6).toFixed(1)} MB of targets; load average ${loadavg()[0]?.toFixed(1)}`);
    const others = Array.from({ length: OTHERS }, (_, i) => `/v2/acme/other-${i}/manifests/1.0`);
    for (const path of others) await fetch(gate.url + path).then((answer) => answer.arrayBuffer());
    const idle = await watched(print, 'others alone', gate, others, () => sleep(5_000));
    const first = await watched(print, 'first resolution', gate, others, () =>
      until(() => resolve(gate.url, big.before)),
    );
    const second = await watched(print, 'one tag changed', gate, others, async () => {
      notary.requests.length = 0;
      big.change();
      await until(() => resolve(gate.url, big.after));
    });
    const fetched = notary.requests.flatMap(({ path }) => /acme\/big\/.*\/(.{1,24})/.exec(path)?.[1] ?? []);
    print(`fetched for the change: ${fetched.join(', ')}`);
    return [idle, first, second].every(Boolean);
  } finally {
    await gate.close();
    await notary.close();
    await registry.close();
    await rm(folder, { recursive: true });
  }
}

/** Both files are signed before: while it signs 20 MB this process could neither ask nor answer. */
function publishLarge(registry: RegistrySimulator) {
  const repository = new NotaryRepository('reg.example/acme/big', Date.now());
  const entries = Array.from({ length: TAGS }, (_, i) => {
    const hash = (algorithm: string): string => createHash(algorithm).update(`${i}`).digest('base64');
    return [`release-${i}`, { length: 1_000 + i, hashes: { sha256: hash('sha256'), sha512: hash('sha512') } }] as const;
  });
  repository.targets.set('targets', new Map(entries));
  const image = (text: string) => registry.addImage({ repository: 'acme/big', layers: [Buffer.from(text)] });
  const [before, after] = [image('before'), image('after')];
  repository.sign('1.0', before.digest, before.size).publish();
  const files = new Map(repository.files());
  repository.sign('1.0', after.digest, after.size).publish();
  let changed = false;
  const served = Object.create(repository, {
    fetch: { value: (name: string) => (changed ? repository.fetch(name) : files.get(name)) },
  }) as NotaryRepository;
  return {
    repository: served,
    rootKey: repository.of('root').keys[0]?.keyId ?? '',
    bytes: repository.bytesOf('targets').length,
    before: before.digest,
    after: after.digest,
    change: () => (changed = true),
  };
}

/** @returns the ids of their root keys */
function addOthers(registry: RegistrySimulator, notary: NotaryServer): string[] {
  return Array.from({ length: OTHERS }, (_, i) => {
    const repository = `acme/other-${i}`;
    const image = registry.addImage({ repository, layers: [Buffer.from(`${i}`)] });
    const publisher = new NotaryRepository(`reg.example/${repository}`, Date.now()).sign(
      '1.0',
      image.digest,
      image.size,
    );
    notary.add(publisher.publish());
    return publisher.of('root').keys[0]?.keyId ?? '';
  });
}

async function resolve(url: string, digest: string): Promise<boolean> {
  const answer = await fetch(`${url}/v2/acme/big/manifests/1.0`);
  await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`the large collection answers ${answer.status}`);
  return answer.headers.get('docker-content-digest') === digest;
}

/** The change is found when the view is renewed: in the background, before anybody has to wait for it. */
async function until(met: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 3 * CHECK_EVERY_MS;
  while (!(await met())) {
    if (performance.now() > deadline) throw new Error('the change was never seen');
    await sleep(100);
  }
}

/** @returns whether the promise was kept meanwhile */
async function watched(
  print: Print,
  what: string,
  gate: RunningGate,
  paths: string[],
  work: () => Promise<unknown>,
): Promise<boolean> {
  const load = await startLoad(gate.url, paths, PER_SECOND);
  await sleep(1_000);
  gate.process.send('reset');
  const begun = performance.now();
  await work();
  const seconds = (performance.now() - begun) / 1_000;
  await sleep(2_000);
  gate.process.send('report');
  const [loop] = (await once(gate.process, 'message')) as [LoopReport];
  load.send('stop');
  const [answers] = (await once(load, 'message')) as [LoadReport];
  print(
    `${what.padEnd(18)} ${seconds.toFixed(1).padStart(5)} s · event loop: ${ms(loop.max)} at most, ${ms(loop.own)} of it our own, p99 ${ms(loop.p99)}` +
      ` · ${answers.answers} answers: ${ms(answers.max)} at most, p99 ${ms(answers.p99)}, p50 ${ms(answers.p50)}, ${answers.refused} refused`,
  );
  return loop.own < MOST.loopMs && answers.max < MOST.answerMs && answers.refused === 0;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
