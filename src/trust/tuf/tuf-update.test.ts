import { expect, test } from 'vitest';
import { tufKey } from '../../simulator/tuf-key.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import { code } from '../../../test/thrown.ts';
import { nodeCrypto } from '../crypto.ts';
import { refresh } from '../refresh.ts';
import { tufFileName } from '../tuf-file-name.ts';
import {
  acceptDelegated,
  carryOver,
  findTarget,
  type TrustContext,
  type Trusted,
  type View,
  withRole,
} from './collection.ts';
import { tufFormat } from './format/tuf.ts';

const NOW = Date.UTC(2026, 10, 21);
const A = { digest: `sha256:${'aa'.repeat(32)}`, length: 1 };
const B = { digest: `sha256:${'bb'.repeat(32)}`, length: 2 };

function contextOf(repository: TufRepository): TrustContext {
  const anchor = { kind: 'root-file', bytes: repository.at('root', 1) } as const;
  return { format: tufFormat, gun: 'vendor', anchor, crypto: nodeCrypto };
}

async function update(ctx: TrustContext, { files }: TufRepository, before?: Trusted): Promise<[View, Trusted]> {
  let trusted = before;
  const view = await refresh({
    ctx,
    source: { fetch: (file) => Promise.resolve(files.get(tufFileName(file))) },
    trusted,
    now: NOW,
    maxBytes: 1 << 20,
    persist: (_, after) => Promise.resolve(void (trusted = after)),
    alarm: (error) => expect.fail(error.message),
  });
  return [view ?? expect.fail('no view'), trusted ?? expect.fail('nothing stored')];
}

test('old targets that were verified before are refused under the name of the new ones', async () => {
  const repository = new TufRepository(NOW).put('app:1', A).publish();
  const ctx = contextOf(repository);
  const [, trusted] = await update(ctx, repository);
  repository.put('app:1', B).publish();
  repository.files.replace('2.targets.json', repository.at('targets', 1));
  await expect(update(ctx, repository, trusted)).rejects.toMatchObject({ code: 'trust.hash' });
});

test.each([
  { signers: ['one'], refused: 'trust.signature' },
  { signers: ['one', 'two'], refused: 'trust.threshold' },
])('a role that was loaded along another delegation is refused as if it was not: $refused', async (the) => {
  const keys = { one: tufKey('ed25519', 'one'), two: tufKey('ed25519', 'two'), more: tufKey('ed25519', 'more') };
  const repository = new TufRepository(NOW)
    .delegate('first', { paths: ['app:1'] })
    .delegate('second', { paths: ['app:2'] })
    .delegate('shared', { by: 'first', keys: [keys.one], paths: ['*'] })
    .delegate('shared', { by: 'second', keys: [keys.two, keys.more], threshold: 2, paths: ['*'] })
    .put('app:1', A, 'shared');
  repository.of('shared').signers = the.signers.map((name) => keys[name as 'one' | 'two']);
  const ctx = contextOf(repository.publish());
  let [view] = await update(ctx, repository);
  const load = (name: string): string =>
    code(() => {
      for (let step = findTarget(ctx, view, name, NOW); step.kind === 'wanted';) {
        view = withRole(view, acceptDelegated(ctx, step, repository.at(step.wanted.role), NOW));
        step = findTarget(ctx, view, name, NOW);
      }
    });
  const alone = load('app:2');
  expect([load('app:1'), load('app:2'), alone]).toEqual(['accepted', the.refused, the.refused]);
});

test('a delegated file that was loaded before is loaded anew when the snapshot gives it a smaller length', async () => {
  const repository = new TufRepository(NOW)
    .delegate('team', { paths: ['app:1'] })
    .put('app:1', A, 'team')
    .publish();
  const ctx = contextOf(repository);
  const [view, trusted] = await update(ctx, repository);
  const step = findTarget(ctx, view, 'app:1', NOW);
  if (step.kind !== 'wanted') return expect.unreachable();
  const loaded = withRole(view, acceptDelegated(ctx, step, repository.at('team'), NOW));
  const rolesAfter = async (length: number): Promise<readonly string[]> => {
    repository.edits.set('snapshot', (signed) =>
      Object.assign(signed['meta'] as object, { 'team.json': { version: 1, length } }),
    );
    const [next] = await update(ctx, repository.touch('snapshot').publish(), trusted);
    return [...carryOver(loaded, next).targets.keys()];
  };
  const { length } = repository.at('team');
  expect(await rolesAfter(length)).toEqual(['targets', 'team']);
  expect(await rolesAfter(length - 1)).toEqual(['targets']);
});
