import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { parseDigest } from '../../src/oci/digest.ts';
import { openSqliteStore } from '../../src/state/sqlite/store.ts';
import type { StateStore, Withdrawal } from '../../src/state/store.ts';
import type { AddedImage } from '../../src/simulator/registry.ts';
import type { GateWorld } from './gate-world.ts';
import { REPOSITORY, TufWorld } from './tuf-world.ts';

/**
 * Two gates before the same sources, one of which never gives an answer again: whatever is signed, moved, revoked, withdrawn and
 * lifted, expires, fails, is evicted, or stored by another process, and however time passes, they answer alike, and ask their
 * sources alike. Every pull is made twice, so that the second may be warm.
 *
 * `WARM_RUNS=300 npx vitest run --config test/vitest.config.ts test/stories/warm-tags-model.test.ts` is the long run.
 */
const RUNS = Number(process.env['WARM_RUNS'] ?? 12);
const TAGS = ['1.0', '2.0'] as const;
const SECOND = 1_000;

type Step =
  | { readonly kind: 'pull'; readonly tag: string; readonly method: 'GET' | 'HEAD'; readonly repository: string }
  | { readonly kind: 'pull-digest'; readonly what: 'image' | 'child' | 'blob'; readonly image: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'runs'; readonly ms: number }
  | { readonly kind: 'sign'; readonly tag: string; readonly image: number; readonly by: 'vendor' | 'approvals' }
  | { readonly kind: 'approve-until'; readonly tag: string; readonly image: number; readonly ms: number }
  | { readonly kind: 'revoke'; readonly tag: string; readonly by: 'vendor' | 'approvals' }
  | { readonly kind: 'withdraw'; readonly image: number }
  | { readonly kind: 'lift'; readonly image: number }
  | { readonly kind: 'expire'; readonly role: string; readonly by: 'vendor' | 'approvals'; readonly ms: number }
  | { readonly kind: 'fail'; readonly by: 'vendor' | 'approvals'; readonly fails: boolean }
  | { readonly kind: 'evict'; readonly image: number }
  | { readonly kind: 'beside'; readonly what: 'withdraw' | 'lift' | 'forget'; readonly image: number }
  | { readonly kind: 'move-upstream'; readonly image: number };

const tag = fc.constantFrom(...TAGS);
/** The last is an index. */
const image = fc.nat(2);
const by = fc.constantFrom('vendor' as const, 'approvals' as const);
const ms = fc.constantFrom(50, SECOND, 5 * SECOND, 14_999, 30 * SECOND, 59_999, 60 * SECOND, 3_600 * SECOND);
const kind = <K extends Step['kind']>(name: K) => fc.constant(name);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: kind('pull'),
      tag,
      method: fc.constantFrom('GET' as const, 'HEAD' as const),
      repository: fc.constantFrom('acme/app', 'acme/app', 'open/app'),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: kind('pull-digest'),
      what: fc.constantFrom('image' as const, 'child' as const, 'blob' as const),
      image,
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: kind('pass'), ms }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('runs'), ms: fc.constantFrom(15 * SECOND, 45 * SECOND) }) },
  { weight: 4, arbitrary: fc.record({ kind: kind('sign'), tag, image, by }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('approve-until'), tag, image, ms }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('revoke'), tag, by }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('withdraw'), image }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('lift'), image }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: kind('expire'), role: fc.constantFrom('targets', 'timestamp', 'snapshot'), by, ms }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kind('fail'), by, fails: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('evict'), image }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: kind('beside'),
      what: fc.constantFrom('withdraw' as const, 'lift' as const, 'forget' as const),
      image,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind('move-upstream'), image }) },
);

test('a gate that gives answers again and one that never does answer alike', { timeout: 600_000 }, async () => {
  let short = 0;
  const steps = fc.array(step, { minLength: 25, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const model = await Model.open();
      try {
        for (const each of history) await model.take(each);
        short += model.short;
      } finally {
        await model.close();
      }
    }),
    { numRuns: RUNS },
  );
  // Else all of this shows nothing.
  expect(short).toBeGreaterThan(RUNS);
});

const RULE = 'require: [{ any: [vendor, approvals] }]';
const OPEN = '  - { match: reg.example/open/app, allow: { reason: x, until: 2026-11-21 } }';

class Model {
  /** Pulls that went the short way. */
  short = 0;
  private readonly tuf: TufWorld;
  private readonly warm: GateWorld;
  private readonly cold: GateWorld;
  private readonly images: readonly { digest: string; size: number }[];
  /** A manifest below each of them, or itself. */
  private readonly below: readonly AddedImage[];

  private constructor(tuf: TufWorld, cold: GateWorld) {
    this.tuf = tuf;
    this.warm = tuf.gate;
    this.cold = cold;
    const layers = [Buffer.from('other')];
    const other = tuf.gate.registry.addImage({ repository: 'acme/app', layers });
    const children = ['arm', 'x86'].map((text) =>
      tuf.gate.registry.addImage({ repository: 'acme/app', layers: [Buffer.from(text)] }),
    ) as [AddedImage, AddedImage];
    this.images = [tuf.gate.image, other, tuf.gate.registry.addIndex('acme/app', undefined, children)];
    this.below = [tuf.gate.image, other, children[0]];
    for (const name of TAGS)
      tuf.gate.registry.addImage({ repository: 'open/app', tag: name, layers: [Buffer.from('layer')] });
  }

  static async open(): Promise<Model> {
    const tuf = await TufWorld.open({ rule: RULE, more: OPEN });
    const cold = await tuf.another();
    vi.spyOn(cold.gate.deps.warm, 'again').mockResolvedValue(undefined);
    vi.spyOn(cold.gate.deps.covers, 'ruling').mockResolvedValue(undefined);
    return new Model(tuf, cold);
  }

  async close(): Promise<void> {
    await this.tuf.close();
  }

  private get gates(): readonly GateWorld[] {
    return [this.warm, this.cold];
  }

  async take(step: Step): Promise<void> {
    const { publisher, notary } = this.warm;
    switch (step.kind) {
      case 'pull':
        for (let times = 0; times < 2; times++) await this.pull(step);
        break;
      case 'pull-digest':
        for (let times = 0; times < 3; times++) await this.pullDigest(step);
        break;
      case 'pass':
        for (const gate of this.gates) gate.clock += step.ms;
        break;
      case 'runs':
        for (const gate of this.gates) await gate.runs(step.ms);
        break;
      case 'sign':
        if (step.by === 'vendor') publisher.sign(step.tag, this.of(step.image).digest, this.of(step.image).size);
        else this.approve(step.tag, step.image);
        this.publish(step.by);
        break;
      case 'approve-until': {
        const until = new Date(this.warm.clock + step.ms).toISOString().replace(/\.\d+Z$/, 'Z');
        this.approve(step.tag, step.image, { until });
        this.publish('approvals');
        break;
      }
      case 'revoke':
        if (step.by === 'vendor') publisher.revoke(step.tag);
        else this.tuf.approvals.remove(`${REPOSITORY}:${step.tag}`);
        this.publish(step.by);
        break;
      case 'withdraw':
        this.tuf.withdraw(this.of(step.image).digest);
        this.publish('approvals');
        break;
      case 'lift': {
        const { digest, size } = this.of(step.image);
        this.tuf.approvals.put(`${REPOSITORY}@${digest}`, { digest, length: size });
        this.publish('approvals');
        break;
      }
      case 'expire':
        this.expire(step);
        break;
      case 'fail': {
        const wrong = step.by === 'vendor' ? notary.misbehaviours : this.tuf.server.misbehaviours;
        if (step.fails) wrong.set('*', { kind: 'status', status: 503 });
        else wrong.clear();
        break;
      }
      case 'evict':
        for (const { gate } of this.gates)
          await gate.deps.manifests.drop(new Set([parseDigest(this.of(step.image).digest)]));
        break;
      case 'beside':
        for (const gate of this.gates) await beside(gate, (state) => this.store(state, step));
        break;
      case 'move-upstream':
        for (const name of TAGS)
          this.warm.registry.addImage({
            repository: 'open/app',
            tag: name,
            layers: [Buffer.from(step.image === 0 ? 'layer' : 'other')],
          });
        break;
    }
  }

  private async pull({ tag: name, method, repository }: Extract<Step, { kind: 'pull' }>): Promise<void> {
    const path = `/v2/${repository}/manifests/${name}`;
    const get = vi.spyOn(this.warm.gate.deps.manifests, 'get');
    const [warm, cold] = [await this.ask(this.warm, path, method), await this.ask(this.cold, path, method)];
    if (get.mock.calls.length === 0 && warm.status === 200) this.short++;
    get.mockRestore();
    expect(warm).toEqual(cold);
  }

  /** By which of several tags it is covered may differ, and with it what is told of sources; what is served may not. */
  private async pullDigest({ what, image: place }: Extract<Step, { kind: 'pull-digest' }>): Promise<void> {
    const child = this.below[place]!;
    const digest = { image: this.of(place).digest, child: child.digest, blob: child.layers[0]! };
    const path = `/v2/acme/app/${what === 'blob' ? 'blobs' : 'manifests'}/${digest[what]}`;
    const get = vi.spyOn(this.warm.gate.deps.manifests, 'get');
    const [warm, cold] = [await this.ask(this.warm, path, 'GET'), await this.ask(this.cold, path, 'GET')];
    if (what !== 'blob' && get.mock.calls.length === 0 && warm.status === 200) this.short++;
    get.mockRestore();
    const served = ({ status, body, reason }: typeof warm) => ({ status, body: status === 200 ? body : '', reason });
    expect(served(warm)).toEqual(served(cold));
  }

  /** What a client sees, what is recorded, and how often the sources and the registry were asked. */
  private async ask(gate: GateWorld, path: string, method: string) {
    const record = vi.spyOn(gate.gate.deps.decisions, 'record');
    const before = this.asked();
    const { status, headers, reason, message, body } = await gate.get(path, { method });
    const rest = { ...headers, date: 'any' };
    const recorded = record.mock.calls.map(([decision]) => decision);
    record.mockRestore();
    await gate.gate.deps.manifests.close();
    await gate.gate.settleWithdrawals();
    const asked = this.asked().map((count, i) => count - before[i]!);
    return { status, headers: rest, reason, message, body: body.toString('hex'), recorded, asked };
  }

  private asked(): readonly number[] {
    const { notary, registry } = this.warm;
    return [notary.requests.length, this.tuf.server.requests.length, registry.seen.length];
  }

  private of(place: number): { digest: string; size: number } {
    return this.images[place]!;
  }

  private approve(name: string, place: number, tufgate?: { until: string }): void {
    const { digest, size } = this.of(place);
    const custom = tufgate === undefined ? {} : { custom: { tufgate } };
    this.tuf.approvals.put(`${REPOSITORY}:${name}`, { digest, length: size, ...custom });
  }

  private publish(whose: 'vendor' | 'approvals'): void {
    if (whose === 'vendor') this.warm.publisher.publish();
    else this.tuf.approvals.publish();
  }

  /** From soon on; signed anew, it lasts again. */
  private expire({ role, by: whose, ms: after }: Extract<Step, { kind: 'expire' }>): void {
    const at = after > 1_000_000 ? this.warm.clock + 1_000 * 86_400_000 : this.warm.clock + after;
    if (whose === 'vendor') {
      this.warm.publisher.of(role).expires = at;
      this.warm.publisher.touch(role);
    } else {
      this.tuf.approvals.of(role).expires = at;
      this.tuf.approvals.touch(role);
    }
    this.publish(whose);
  }

  private async store(state: StateStore, { what, image: place }: Extract<Step, { kind: 'beside' }>): Promise<void> {
    if (what === 'forget') {
      await state.forgetTrust({ source: 'approvals', gun: '*' });
      return;
    }
    const digest = parseDigest(this.of(place).digest);
    const known = (await state.withdrawals(REPOSITORY, [digest])).find(({ source }) => source === 'approvals');
    const fresh: Withdrawal = {
      source: 'approvals',
      repository: REPOSITORY,
      digest,
      at: this.warm.clock,
      seenAt: this.warm.clock,
      versions: new Map([['targets', 1]]),
    };
    if (what === 'withdraw') await state.withdraw(fresh);
    else if (known !== undefined) await state.liftWithdrawal(known);
  }
}

/** As a command does: with a connection of its own. */
async function beside({ folder }: GateWorld, work: (state: StateStore) => Promise<void>): Promise<void> {
  const state = openSqliteStore(join(folder, 'data', 'tufgate.db'));
  await work(state);
  await state.close();
}
