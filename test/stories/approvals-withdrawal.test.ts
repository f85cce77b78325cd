import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { Digest } from '../../src/oci/digest.ts';
import { clientsOf } from '../../src/pull/clients-of.ts';
import { DAY, type GateWorld } from './gate-world.ts';
import { MINUTE, type Opening, REPOSITORY, TARGET, TufWorld } from './tuf-world.ts';

/** An approval is taken back: at gates that never asked for it, whatever rule lets the image in, and for good. */
let world: TufWorld;
afterEach(async () => await world.close());

const open = async (opening: Opening = {}): Promise<TufWorld> => (world = await TufWorld.open(opening));
const image = () => world.gate.image;
const layer = (): Digest => image().layers[0]!;
const blob = (digest: string = layer()) => world.gate.get(`/v2/acme/app/blobs/${digest}`);
const ALLOW = 'allow: { reason: bootstrap, until: 2027-03-31 }';

async function inCache(...digests: readonly string[]): Promise<readonly string[]> {
  return await found(world.gate, digests);
}

async function cached(gate: GateWorld = world.gate): Promise<readonly string[]> {
  return await found(gate, [image().digest, layer()]);
}

async function found({ folder }: GateWorld, digests: readonly string[]): Promise<readonly string[]> {
  const there: string[] = [];
  for (const digest of digests) {
    const path = join(folder, 'data/cache/v1/blobs/sha256', digest.slice(7, 9), digest.slice(7));
    const known = await access(path).then(
      () => true,
      () => false,
    );
    if (known) there.push(digest);
  }
  return there;
}

async function pullAll(gate: GateWorld = world.gate): Promise<void> {
  expect((await gate.get('/v2/acme/app/manifests/1.0')).status).toBe(200);
  expect((await gate.get(`/v2/acme/app/blobs/${layer()}`)).status).toBe(200);
  await gate.gate.deps.manifests.close();
}

describe('a withdrawn digest is refused', () => {
  test('although its tag is approved: the reason says when, by whom and why', async () => {
    await open();
    world.approve().publish();
    expect(await world.outcome('1.0')).toEqual([200, image().digest]);
    world.withdraw(undefined, undefined, { by: 'alice', reason: 'CVE-2026-1' }).publish();
    world.later();
    const refused = await world.pull('1.0');
    expect([refused.status, refused.reason]).toEqual([403, 'trust.withdrawn']);
    expect(refused.message).toContain(
      `${REPOSITORY}@${image().digest} was withdrawn 2026-11-21T12:00:00Z by alice: CVE-2026-1; pull another version`,
    );
  });

  test('although another source requires it and this one is not asked by the rule', async () => {
    await open({ rule: 'require: [vendor]' });
    expect(await world.outcome('1.0')).toEqual([200, image().digest]);
    world.withdraw().publish();
    world.later();
    expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
    expect((await blob()).reason).toBe('trust.withdrawn');
  });

  test('although a rule allows it', async () => {
    await open({ rule: ALLOW });
    world.withdraw().publish();
    expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
    expect(await world.outcome(image().digest)).toEqual([403, 'policy.digest-outside-closure']);
  });

  test('under observe it is served, and recorded as what would be refused', async () => {
    await open({ rule: `require: [approvals]\n    mode: observe` });
    world.approve().publish();
    world.withdraw().publish();
    expect(await world.outcome('1.0')).toEqual([200, image().digest]);
    expect(await world.outcome(image().digest)).toEqual([200, image().digest]);
    expect((await blob()).status).toBe(200);
    await world.gate.gate.flushDecisions();
    const decisions = await world.gate.gate.state.decisions({ wouldDeny: true, limit: 9 });
    expect(decisions.map(({ reason }) => reason)).toEqual(['trust.withdrawn', 'trust.withdrawn', 'trust.withdrawn']);
  });

  test.each(['superseded: 30d', 'any'])('as the past of its tag, with digests: %s', async (digests) => {
    await open({ rule: `require: [approvals]\n    digests: ${digests === 'any' ? 'any' : `{ ${digests} }`}` });
    world.approve().publish();
    const old = image().digest;
    await world.pull('1.0');
    world.move('newer');
    world.approvals.publish();
    world.later(2 * 60 * MINUTE);
    expect((await world.pull('1.0')).status).toBe(200);
    expect(await world.outcome(old)).toEqual([200, old]);
    world.withdraw(old).publish();
    world.later();
    expect(await world.outcome(old)).toEqual([403, 'trust.withdrawn']);
    expect((await blob()).reason).toBe('trust.withdrawn');
    expect((await world.pull('1.0')).status).toBe(200);
  });

  test('in the hour in which a pull may end', async () => {
    await open();
    world.approve().publish();
    await world.pull('1.0');
    world.move('newer');
    world.withdraw().publish();
    world.later();
    expect((await world.pull('1.0')).status).toBe(200);
    expect((await blob()).reason).toBe('trust.withdrawn');
  });

  test('where the digest is approved by its name in another source', async () => {
    await open({ rule: 'require: [approvals]' });
    world.approve(`${REPOSITORY}@${image().digest}`).publish();
    expect(await world.outcome(image().digest)).toEqual([200, image().digest]);
    world.withdraw().publish();
    world.later();
    expect(await world.outcome(image().digest)).toEqual([403, 'trust.withdrawn']);
    expect((await blob()).reason).toBe('trust.withdrawn');
  });

  test('and told so where its tag is gone with it', async () => {
    await open();
    world.approve().publish();
    await world.pull('1.0');
    world.approvals.remove(TARGET);
    world.withdraw().publish();
    world.later();
    expect(await world.outcome(image().digest)).toEqual([403, 'trust.withdrawn']);
    expect((await blob()).reason).toBe('trust.withdrawn');
  });

  test('in this repository only', async () => {
    await open({ rule: ALLOW });
    world.withdraw().publish();
    world.gate.registry.addImage({ repository: 'acme/mirror', tag: '1.0', layers: [Buffer.from('layer')] });
    expect((await world.pull('1.0', 'acme/mirror')).status).toBe(200);
    expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
  });

  test('a tag that is signed as withdrawn itself is refused, and its past with it', async () => {
    await open({ rule: 'require: [approvals]\n    digests: any' });
    world.approve().publish();
    await world.pull('1.0');
    world.approve(TARGET, undefined, { revoked: '2026-11-21T12:00:00Z' }).publish();
    world.later();
    expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
    world.move('newer');
    world.approvals.publish();
    world.later();
    expect((await world.pull('1.0')).status).toBe(200);
    expect(await world.outcome(image().digest)).toEqual([403, 'policy.digest-outside-closure']);
  });

  test('a withdrawal that cannot be read refuses, and is not remembered', async () => {
    await open({ rule: ALLOW });
    world.withdraw(undefined, undefined, { revoked: 'yesterday' }).publish();
    const refused = await world.pull('1.0');
    expect([refused.status, refused.reason]).toEqual([403, 'trust.malformed']);
    world.approvals.remove(`${REPOSITORY}@${image().digest}`).publish();
    world.later();
    expect((await world.pull('1.0')).status).toBe(200);
  });

  test('a list of tags leaves it out', async () => {
    await open();
    world.approve().publish();
    expect(JSON.parse((await world.gate.get('/v2/acme/app/tags/list')).body.toString())).toMatchObject({
      tags: ['1.0'],
    });
    world.withdraw().publish();
    world.later();
    await world.pull('1.0');
    expect(JSON.parse((await world.gate.get('/v2/acme/app/tags/list')).body.toString())).toMatchObject({ tags: [] });
  });
});

describe('below an index', () => {
  /** An index of two images, the first of which is withdrawn. */
  async function indexed() {
    await open();
    const { registry } = world.gate;
    const [one, two] = ['one', 'two'].map((name) =>
      registry.addImage({ repository: 'acme/app', tag: name, layers: [Buffer.from(name), Buffer.from('base')] }),
    );
    const index = registry.addIndex('acme/app', '1.0', [one!, two!]);
    world.approvals.put(TARGET, { digest: index.digest, length: index.size }).publish();
    for (const digest of ['1.0', one!.digest, two!.digest]) expect((await world.pull(digest)).status).toBe(200);
    for (const digest of [...one!.layers, ...two!.layers]) expect((await blob(digest)).status).toBe(200);
    world.withdraw(one!.digest).publish();
    world.later();
    return { index, one: one!, two: two! };
  }

  test('a withdrawn child is refused, and the layers that only it has; the rest is served', async () => {
    const { index, one, two } = await indexed();
    expect(await world.outcome('1.0')).toEqual([200, index.digest]);
    expect(await world.outcome(two.digest)).toEqual([200, two.digest]);
    expect(await world.outcome(one.digest)).toEqual([403, 'trust.withdrawn']);
    expect((await blob(one.layers[0])).reason).toBe('trust.withdrawn');
    expect((await blob(two.layers[0])).status).toBe(200);
    expect((await blob(two.layers[1])).status).toBe(200);
  });

  test('one that is approved anew is served again, its layers first', async () => {
    const { one } = await indexed();
    expect((await blob(one.layers[0])).status).toBe(200);
    expect(await world.outcome(one.digest)).toEqual([403, 'trust.withdrawn']);
    expect((await blob(one.layers[0])).reason).toBe('trust.withdrawn');
    world.approvals.put(`${REPOSITORY}@${one.digest}`, { digest: one.digest, length: one.size }).publish();
    world.later();
    expect((await blob(one.layers[0])).status).toBe(200);
  });

  test('a sweep finds it, and evicts what nothing else needs', async () => {
    const { index, one, two } = await indexed();
    const store = world.gate.gate.state;
    await world.runs(MINUTE);
    expect(await store.withdrawals(REPOSITORY, [one.digest])).toHaveLength(1);
    expect(await inCache(one.digest, one.layers[0]!, one.layers[1]!)).toEqual([one.layers[1]]);
    const before = world.gate.registry.seen.length;
    expect((await blob(two.layers[1])).status).toBe(200);
    expect(await world.outcome(index.digest)).toEqual([200, index.digest]);
    expect(world.gate.registry.seen.length).toBe(before);
  });
});

describe('what was seen once binds', () => {
  async function seen(): Promise<void> {
    await open({ rule: ALLOW, layout: (made) => made.delegate('team', { paths: [`${REPOSITORY}@*`] }) });
    world.withdraw(undefined, 'team').publish();
    expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
  }

  test('when the source cannot be reached, and when its view has expired, over a restart', async () => {
    await seen();
    await world.server.close();
    await world.gate.restart();
    world.later();
    expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
    world.later(3 * DAY);
    expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
  });

  test('when the entry is gone', async () => {
    await seen();
    world.approvals.remove(`${REPOSITORY}@${image().digest}`, 'team').publish();
    world.later();
    expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
  });

  test('until a newer view approves the digest again', async () => {
    await seen();
    world.approve(`${REPOSITORY}@${image().digest}`, 'team').publish();
    world.later();
    expect(await world.outcome('1.0')).toEqual([200, image().digest]);
    world.withdraw(undefined, 'team').publish();
    world.later();
    expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
  });

  test('an approval that has ended is no new approval', async () => {
    await seen();
    world.approve(`${REPOSITORY}@${image().digest}`, 'team', { until: '2026-11-21T12:00:00Z' }).publish();
    world.later();
    expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
  });

  test('after a recovery: an old file of the role, which approved it, brings nothing back', async () => {
    await open({ rule: ALLOW, layout: (made) => made.delegate('team', { paths: [`${REPOSITORY}@*`] }) });
    world.approve(`${REPOSITORY}@${image().digest}`, 'team').publish();
    expect((await world.pull('1.0')).status).toBe(200);
    const { approvals } = world;
    const version = approvals.versions('team').at(-1)!;
    const approving = approvals.at('team');
    world.withdraw(undefined, 'team').publish();
    world.later();
    expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
    // Whoever holds the new online keys too lists the old file again: floors are forgotten, the withdrawal is not.
    approvals
      .rotate('snapshot')
      .rotate('timestamp')
      .rewrites.set('team', () => approving);
    approvals.publish({ team: version });
    world.later();
    expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
    expect(await world.alarms()).toEqual(['trust.withdrawn']);
  });

  test('when a command has seen it first', async () => {
    await open({ rule: ALLOW });
    await pullAll();
    const { digest } = image();
    const versions = new Map([['targets', 7]]);
    const { state } = world.gate.gate;
    await state.withdraw({ source: 'approvals', repository: REPOSITORY, digest, at: 0, seenAt: 0, versions });
    expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
  });

  test('a source that is not configured any more binds nothing', async () => {
    await seen();
    await world.gate.restart({ sources: '' });
    expect((await world.pull('1.0')).status).toBe(200);
  });
});

describe('a source that cannot be asked takes nothing away', () => {
  test('where another rule lets the image in', async () => {
    await open({ rule: ALLOW });
    await world.server.close();
    expect((await world.pull('1.0')).status).toBe(200);
  });

  test('a warm view costs no request', async () => {
    await open({ rule: ALLOW, layout: (made) => made.bins('bulk', { bits: 4 }) });
    expect((await world.pull('1.0')).status).toBe(200);
    const before = world.server.requests.length;
    for (let pulls = 0; pulls < 3; pulls++) await pullAll();
    expect(world.server.requests.length).toBe(before);
  });
});

describe('two gates before one server', () => {
  test('a running gate that nobody pulls from evicts it within check_every, and says so', async () => {
    await open();
    world.approve().publish();
    const other = await world.another();
    await pullAll();
    await pullAll(other);
    // Longer than what is not pulled is asked about.
    await other.runs(15 * MINUTE);
    expect(await cached(other)).toEqual([image().digest, layer()]);
    world.withdraw(undefined, undefined, { reason: 'CVE-2026-1' }).publish();
    await other.runs(MINUTE);
    expect(await cached(other)).toEqual([]);
    expect(await cached()).toEqual([image().digest, layer()]);
    await other.gate.flushDecisions();
    expect(await other.gate.state.decisions({ event: 'alarm', limit: 9 })).toMatchObject([
      { reason: 'trust.withdrawn', source: 'approvals', repository: REPOSITORY, digest: image().digest, count: 1 },
    ]);
    expect(await other.gate.metrics.text()).toContain('tufgate_withdrawals_total{source="approvals"} 1');
    await world.server.close();
    const refused = await other.get('/v2/acme/app/manifests/1.0');
    expect([refused.status, refused.reason]).toEqual([403, 'trust.withdrawn']);
  });

  test('a pull that meets it first evicts it too, once', async () => {
    await open();
    world.approve().publish();
    await pullAll();
    world.withdraw().publish();
    world.later();
    expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
    await world.gate.gate.settleWithdrawals();
    expect(await cached()).toEqual([]);
    await world.runs(2 * MINUTE);
    expect(await world.alarms()).toEqual(['trust.withdrawn']);
  });

  test('a gate asks before anybody has pulled anything', async () => {
    await open();
    await world.runs(MINUTE);
    expect(world.server.requests.map(({ path }) => path)).toContain('tuf/timestamp.json');
  });

  test('who is being sent a layer is cut off, and nothing of it stays', async () => {
    await open();
    const { registry } = world.gate;
    const large = registry.addImage({ repository: 'acme/app', tag: '1.0', layers: [Buffer.alloc(8 << 20, 'x')] });
    world.approvals.put(TARGET, { digest: large.digest, length: large.size }).publish();
    expect((await world.pull('1.0')).status).toBe(200);
    const path = `/v2/acme/app/blobs/${large.layers[0]!}`;
    registry.lie(path, { kind: 'stall', bytes: 1 << 20 });
    const pulling = world.gate.get(path).then(
      () => 'whole',
      () => 'cut off',
    );
    while (registry.count(path) === 0) await setImmediate();
    world.withdraw(large.digest).publish();
    await world.runs(MINUTE);
    expect(await pulling).toBe('cut off');
    registry.release();
    expect(await inCache(large.digest, large.layers[0]!)).toEqual([]);
  });

  test('what another repository still serves stays', async () => {
    await open({ rule: ALLOW });
    world.gate.registry.addImage({ repository: 'acme/mirror', tag: '1.0', layers: [Buffer.from('layer')] });
    await pullAll();
    expect((await world.pull('1.0', 'acme/mirror')).status).toBe(200);
    world.withdraw().publish();
    await world.runs(MINUTE);
    expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
    expect(await cached()).toEqual([image().digest, layer()]);
  });

  test('what a crash left is carried out at the next start', async () => {
    await open();
    world.approve().publish();
    await pullAll();
    const { state } = world.gate.gate;
    const versions = new Map([['targets', 7]]);
    const { digest } = image();
    await state.withdraw({ source: 'approvals', repository: REPOSITORY, digest, at: 0, seenAt: 0, versions });
    expect(await cached()).toHaveLength(2);
    await world.gate.restart();
    await world.gate.gate.settleWithdrawals();
    expect(await cached()).toEqual([]);
  });

  test('who got it is known', async () => {
    await open();
    world.approve().publish();
    await pullAll();
    world.later(5_000);
    await world.pull(image().digest);
    await world.gate.get('/v2/acme/app/manifests/1.0', { method: 'HEAD' });
    await world.gate.gate.flushDecisions();
    const { state } = world.gate.gate;
    const found = await clientsOf(state, { registry: 'reg.example', path: 'acme/app' }, image().digest);
    expect(found).toMatchObject([
      { address: '127.0.0.1', repository: REPOSITORY, count: 1, lastAt: world.gate.clock },
      { address: '127.0.0.1', repository: REPOSITORY, tag: '1.0', count: 1, firstAt: world.gate.clock - 5_000 },
    ]);
    expect(await clientsOf(state, { registry: 'reg.example', path: 'acme/other' }, image().digest)).toEqual([]);
    expect(await clientsOf(state, undefined, image().digest)).toHaveLength(2);
  });
});

describe('a folder', () => {
  const publish = async (): Promise<void> => {
    const folder = join(world.gate.folder, 'published');
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    for (const [name, bytes] of world.approvals.files.paths()) await writeFile(join(folder, name), bytes);
  };
  const moment = (): void => world.later(100);

  test('is asked again at once when something was published, also just after a refusal', async () => {
    await open({ folder: true });
    expect((await world.pull('1.0')).reason).toBe('trust.unreachable');
    await publish();
    moment();
    expect((await world.pull('1.0')).reason).toBe('trust.unsigned');
    world.approve().publish();
    await publish();
    moment();
    expect(await world.outcome('1.0')).toEqual([200, image().digest]);
    world.withdraw().publish();
    await publish();
    moment();
    expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
  });

  test('is asked again at once also where no rule names it', async () => {
    await open({ folder: true, rule: ALLOW });
    await publish();
    moment();
    expect((await world.pull('1.0')).status).toBe(200);
    world.withdraw().publish();
    await publish();
    moment();
    expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
  });

  test('is looked at in the background too', async () => {
    await open({ folder: true });
    world.approve().publish();
    await publish();
    moment();
    await pullAll();
    world.withdraw().publish();
    await publish();
    await world.runs(MINUTE / 4);
    expect(await cached()).toEqual([]);
  });

  test('through the other thread too', async () => {
    await open({ folder: true });
    for (let n = 0; n < 3_000; n++) world.approvals.put(`${REPOSITORY}:t${n}`, { digest: image().digest, length: 1 });
    world.approvals.publish();
    await publish();
    expect((await world.pull('1.0')).reason).toBe('trust.unsigned');
    world.approve().publish();
    await publish();
    moment();
    expect(await world.outcome('1.0')).toEqual([200, image().digest]);
    world.withdraw().publish();
    await publish();
    moment();
    expect(await world.outcome('1.0')).toEqual([403, 'trust.withdrawn']);
  });
});
