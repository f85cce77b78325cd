import { afterEach, expect, test } from 'vitest';
import { resolveImage } from '../../src/cli/resolution.ts';
import { DAY } from './gate-world.ts';
import { MINUTE, type Opening, REPOSITORY, TARGET, TufWorld } from './tuf-world.ts';

/** Approvals that were given for a time. The world's clock begins at 2026-11-21T12:00:00Z. */
let opened: TufWorld | undefined;
afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

const open = async (opening: Opening = {}): Promise<TufWorld> => (opened = await TufWorld.open(opening));
const updates = (world: TufWorld): number =>
  world.server.requests.filter(({ path }) => path === 'tuf/timestamp.json').length;

test('it counts until that instant, and not from it on', async () => {
  const world = await open();
  world.approve(TARGET, undefined, { until: '2026-11-21T13:00:00Z' }).publish();
  world.later(60 * MINUTE - 1);
  expect(await world.outcome('1.0')).toEqual([200, world.gate.image.digest]);
  world.later(1);
  const refused = await world.pull('1.0');
  expect([refused.status, refused.reason]).toEqual([403, 'trust.expired']);
  expect(refused.message).toContain(
    `the approval of ${TARGET} ended 2026-11-21T13:00:00Z: ask those who approve images to approve it anew`,
  );
  expect(await world.outcome(world.gate.image.digest)).toEqual([403, 'trust.expired']);
});

test('what ended is no reason to ask the source again and again', async () => {
  const world = await open();
  world.approve(TARGET, undefined, { until: '2026-11-21T12:00:00Z' }).publish();
  for (let pulls = 0; pulls < 5; pulls++) {
    expect((await world.pull('1.0')).reason).toBe('trust.expired');
    world.later(6_000);
  }
  expect(updates(world)).toBe(1);
  world.approve(TARGET, undefined, { until: '2027-04-01T00:00:00Z' }).publish();
  world.later();
  expect((await world.pull('1.0')).status).toBe(200);
});

test('of an approval by digest, too', async () => {
  const world = await open();
  const { digest } = world.gate.image;
  world.approve(`${REPOSITORY}@${digest}`, undefined, { until: '2026-11-21T13:00:00Z' }).publish();
  expect(await world.outcome(digest)).toEqual([200, digest]);
  world.later(60 * MINUTE);
  expect((await world.pull(digest)).status).toBe(403);
});

test('the past of a tag does not outlive the approval of its digest', async () => {
  const world = await open({ rule: 'require: [approvals]\n    digests: { superseded: 30d }' });
  const old = world.gate.image.digest;
  for (const name of [TARGET, `${REPOSITORY}@${old}`])
    world.approve(name, undefined, { until: '2026-11-21T18:00:00Z' });
  world.approvals.publish();
  await world.pull('1.0');
  world.move('newer');
  world.approvals.publish();
  world.later(6 * 60 * MINUTE - 1);
  expect((await world.pull('1.0')).status).toBe(200);
  expect(await world.outcome(old)).toEqual([200, old]);
  world.later(1);
  expect(await world.outcome(old)).toEqual([403, 'trust.expired']);
  expect((await world.pull('1.0')).status).toBe(200);
});

test('with named signers, the first approval that ends counts no more', async () => {
  const paths = [`${REPOSITORY}:*`];
  const world = await open({
    rule: 'require: [{ source: approvals, signers: { at_least: 2, of: [qa, security] } }]',
    layout: (made) => made.delegate('qa', { paths }).delegate('security', { paths }),
  });
  world.approve(TARGET, 'qa', { until: '2026-11-21T13:00:00Z' });
  world.approve(TARGET, 'security').publish();
  expect((await world.pull('1.0')).status).toBe(200);
  world.later(60 * MINUTE);
  expect(await world.outcome('1.0')).toEqual([403, 'trust.expired']);
});

test.each([
  '2026-11-31T00:00:00Z',
  '2027-04-01',
  '2027-04-01T00:00:00.5Z',
  '2027-04-01T00:00:00+02:00',
  1e12,
  null,
  '',
])('an end that does not parse (%j) is not for ever', async (until) => {
  const world = await open();
  world.approve(TARGET, undefined, { until: until as never }).publish();
  const refused = await world.pull('1.0');
  expect([refused.status, refused.reason]).toEqual([403, 'trust.malformed']);
  expect(refused.message).toContain('the end of its approval that cannot be read');
});

test.each([{ tufgate: {} }, { tufgate: { approved: 5, by: [], reason: null, evidence: {} } }, { other: 7 }, {}])(
  'what else stands in custom (%j) is none of our business',
  async (custom) => {
    const world = await open();
    const { digest, size } = world.gate.image;
    world.approvals.put(TARGET, { digest, length: size, custom }).publish();
    expect((await world.pull('1.0')).status).toBe(200);
  },
);

test('clients are warned in the last week, and resolve says it', async () => {
  const world = await open();
  world.approve(TARGET, undefined, { until: '2026-12-01T12:00:00Z' }).publish();
  const warned = async (): Promise<string> => String((await world.pull('1.0')).headers['warning']);
  expect(await warned()).toBe('undefined');
  world.later(4 * DAY);
  world.approvals.of('timestamp').expires += 30 * DAY;
  world.approvals.of('snapshot').expires += 30 * DAY;
  world.approvals.touch('snapshot').publish();
  expect(await warned()).toBe(
    '299 - "the approval of reg.example/acme/app:1.0 (in approvals) ends 2026-12-01T12:00Z, in 6 days; ask those who approve images to approve it anew"',
  );
  const image = { registry: 'reg.example', path: 'acme/app', tag: '1.0' };
  const { sources } = await resolveImage(world.gate.gate.deps, image);
  expect(sources.map(({ until }) => until)).toEqual(['2026-12-01T12:00:00.000Z']);
  const text = await world.gate.gate.metrics.text();
  expect(text).toContain('tufgate_approvals_ending{source="approvals"}');
});
