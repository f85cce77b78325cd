import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Change } from '../../src/approvals/edit/change.ts';
import { explain } from '../../src/approvals/proposal/explain.ts';
import { codeOf } from '../../src/errors.ts';
import {
  ALONE,
  ANNA,
  approval,
  ApprovalsWorld,
  authorization,
  BEN,
  CARLA,
  hex,
  quorum,
  ROOT,
  withdrawal,
} from '../approvals.ts';
import { everything, Model } from '../approvals-model.ts';
import { Client } from '../conformance/client.ts';
import { TufJsClient } from '../tuf-js.ts';

/**
 * Whatever is approved, withdrawn, delegated, taken back and given other keys, in whatever order: after each publication tuf-js
 * and our own client say of every name what somebody believes who knows nothing of roles, bins and files.
 *
 * `APPROVALS_RUNS=200 npx vitest run --config test/vitest.config.ts test/stories/approvals-model.test.ts` is the long run.
 */
const RUNS = Number(process.env['APPROVALS_RUNS'] ?? 6);
const REPOSITORIES = ['reg.example/acme/app', 'reg.example/acme/two', 'docker.io/library/nginx'];
const TAGS = ['1', '2'];
const CONTENTS = ['a', 'b', 'c'];
const EVERYBODY = [ROOT, ANNA, BEN, CARLA];
const NAMES = REPOSITORIES.flatMap((repository) => [
  ...TAGS.map((tag) => `${repository}:${tag}`),
  ...CONTENTS.map((content) => `${repository}@sha256:${hex(content)}`),
]);

const repository = fc.constantFrom(...REPOSITORIES);
const tag = fc.constantFrom(...TAGS);
const content = fc.constantFrom(...CONTENTS);
const role = fc.constantFrom('team', 'acme');
const who = fc.constantFrom(quorum(1, ANNA), quorum(1, BEN, CARLA), quorum(2, ANNA, BEN, CARLA));
const place = fc.constantFrom(
  ['reg.example/acme/app'],
  ['reg.example/acme/*'],
  ['reg.example/**', 'docker.io/library/nginx'],
);
const approve = fc
  .record({ repository, tag: fc.option(tag, { nil: undefined }), content, reinstate: fc.boolean() })
  .map(({ tag: name, content: of, ...over }): Change => approval(name, of, over));
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: approve },
  { weight: 2, arbitrary: fc.record({ repository, content }).map(({ content: of, ...over }) => withdrawal(of, over)) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove-tag' as const), repository, tag }) },
  {
    weight: 2,
    arbitrary: fc
      .record({ role, names: place, keys: who })
      .map(({ keys, ...of }): Change => ({ kind: 'delegate', ...of, ...keys })),
  },
  { weight: 1, arbitrary: role.map((of): Change => ({ kind: 'undelegate', role: of, keep: true })) },
  {
    weight: 2,
    arbitrary: fc
      .record({ role: fc.constantFrom('team', 'bulk', 'targets'), keys: who })
      .map(({ role: of, keys }): Change => authorization(of, keys)),
  },
  { weight: 1, arbitrary: fc.constant<Change>({ kind: 'renew', endingBefore: Date.UTC(2040, 1, 1) }) },
);

beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => vi.useRealTimers());

test('two clients and a simple model agree after every publication', { timeout: 600_000 }, async () => {
  const batches = fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { minLength: 3, maxLength: 8 });
  await fc.assert(fc.asyncProperty(batches, live), { numRuns: RUNS });
});

async function live(batches: readonly (readonly Change[])[]): Promise<void> {
  const world = await ApprovalsWorld.make(ALONE);
  const theirs = new TufJsClient(world.pinned!);
  const ours = new Client({ files: world.served as never }, world.pinned);
  try {
    let model = new Model();
    for (const changes of batches) {
      const next = new Model(model);
      const good = changes.every((each) => next.apply(each));
      const before = await everything(await world.standing());
      const outcome = await world.changeAs(EVERYBODY, ...changes).catch(codeOf);
      // Of what is refused, nothing is published: not even the part that was good.
      if (typeof outcome === 'string')
        expect(['usage', 'trust.withdrawn', ...(good ? [] : ['none'])]).toContain(outcome);
      else {
        model = next;
        await seesEverything(world, before, outcome);
      }
      await agree(world, model, theirs, ours);
    }
  } finally {
    theirs.dispose();
    await ours.close();
    world.dispose();
  }
}

async function agree(world: ApprovalsWorld, model: Model, theirs: TufJsClient, ours: Client): Promise<void> {
  vi.setSystemTime(world.now);
  ours.now = world.now;
  const expected = NAMES.map((name) => [name, model.answer(name) ?? 'none']);
  const [they, we] = [await theirs.resolve(world.served, ...NAMES), await ours.judge(...NAMES)];
  expect(NAMES.map((name, at) => [name, verdict(they[at]!)])).toEqual(expected);
  const judged = expected.map(([name = '', said]) => [name, model.withdrawn.has(name) ? 'withdrawn' : said]);
  expect(NAMES.map((name, at) => [name, verdict(we[at]!)])).toEqual(judged);
}

interface Verdict {
  readonly kind: string;
  readonly sha256?: string | undefined;
  readonly revoked?: unknown;
  readonly message?: string;
}

function verdict(said: Verdict): string | undefined {
  if (said.revoked !== undefined) return 'withdrawn';
  return said.kind === 'found' ? said.sha256 : said.kind === 'none' ? 'none' : said.message;
}

/** Every name that is said otherwise than before, or by another role, is in the explanation, and nothing else is. */
async function seesEverything(
  world: ApprovalsWorld,
  before: Awaited<ReturnType<typeof everything>>,
  made: Parameters<typeof explain>[0],
): Promise<void> {
  const after = await everything(await world.standing());
  const told = new Set((await explain(made)).targets.map(({ target }) => target));
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(name), after.get(name)].map(plain);
    expect([name, told.has(name)]).toEqual([name, old !== now]);
  }
}

function plain(stands: { role: string; entry: unknown } | undefined): string | undefined {
  if (stands === undefined) return undefined;
  const text = JSON.stringify(stands.entry, (name, value: unknown) =>
    name === 'keys' || name === 'carried' ? undefined : value,
  );
  return `${stands.role.replace(/^bulk-.*/, 'bulk')} ${text}`;
}
