import { afterEach, expect, test } from 'vitest';
import { ALONE, approval, ApprovalsWorld, creation, DAY, LIFETIMES } from '../../../test/approvals.ts';
import { readFrom } from './tree.ts';
import { earliestEnd } from './earliest-end.ts';

let world: ApprovalsWorld;
afterEach(() => world.dispose());

/** Of all that people sign. */
async function first(): Promise<unknown> {
  const { root, snapshot } = await world.standing();
  return await earliestEnd(readFrom(world.folder), [['root', root.version], ...snapshot.meta]);
}

test('what ends first is found in the files, whoever is asked for', async () => {
  world = await ApprovalsWorld.make(ALONE);
  const made = world.now;
  expect(await first()).toMatchObject({ expires: made + LIFETIMES.approvals });
  world.lifetimes = { ...LIFETIMES, approvals: 10 * DAY };
  const { proposal } = await world.change(approval('1', 'a'));
  expect(await first()).toEqual({ role: proposal.parts[0]!.role, expires: world.now + 10 * DAY });
});

test('the root too', async () => {
  world = new ApprovalsWorld(ALONE);
  world.lifetimes = { ...LIFETIMES, root: 5 * DAY };
  await world.change(creation(ALONE));
  expect(await first()).toEqual({ role: 'root', expires: world.now + 5 * DAY });
});

test('words that look like an end are none', async () => {
  world = await ApprovalsWorld.make(ALONE);
  const made = world.now;
  const reason = '"expires":"2020-01-01T00:00:00Z","spec_version"';
  await world.change(approval('1', 'a', { reason, by: reason }));
  expect(await first()).toMatchObject({ expires: made + LIFETIMES.approvals });
});
