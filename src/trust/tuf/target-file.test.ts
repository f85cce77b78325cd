import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { SimulatedSource } from '../../simulator/simulated-source.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import { code } from '../../../test/thrown.ts';
import { nodeCrypto } from '../crypto.ts';
import { refresh } from '../refresh.ts';
import { acceptDelegated, type TrustContext, type View, withRole } from './collection.ts';
import { tufFormat } from './format/tuf.ts';
import { findEntry, refuseOtherTarget } from './target-file.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const BYTES = Buffer.from('a policy');
const sha256 = createHash('sha256').update(BYTES).digest('hex');
const sha512 = createHash('sha512').update(BYTES).digest('hex');

function contextOf(repository: TufRepository): TrustContext {
  const anchor = { kind: 'root-file', bytes: repository.at('root', 1) } as const;
  return { format: tufFormat, gun: 'vendor', anchor, crypto: nodeCrypto };
}

async function viewOf(ctx: TrustContext, repository: TufRepository): Promise<View> {
  const view = await refresh({
    ctx,
    source: new SimulatedSource(repository),
    trusted: undefined,
    now: NOW,
    maxBytes: 1 << 20,
    persist: () => Promise.resolve(),
    alarm: (error) => expect.fail(error.message),
  });
  return view ?? expect.fail('no view');
}

describe('the entry of a target', () => {
  const repository = new TufRepository(NOW)
    .put('policy.yaml', { length: BYTES.length, hashes: { sha512 } })
    .delegate('team', { paths: ['team/*'] })
    .put('team/a', { length: 1, digest: `sha256:${sha256}` }, 'team')
    .publish();
  const ctx = contextOf(repository);

  test('is what targets says of it, a sha512 alone too', async () => {
    const view = await viewOf(ctx, repository);
    expect(findEntry(ctx, view, 'policy.yaml', NOW)).toEqual({
      kind: 'found',
      entry: { length: BYTES.length, sha512 },
    });
  });

  test('is what a delegated role says, once its file is there; and nothing where nobody says anything', async () => {
    const view = await viewOf(ctx, repository);
    const step = findEntry(ctx, view, 'team/a', NOW);
    if (step.kind !== 'wanted') return expect.unreachable();
    expect(step.wanted.role).toBe('team');
    const loaded = withRole(view, acceptDelegated(ctx, step, repository.at('team'), NOW));
    expect(findEntry(ctx, loaded, 'team/a', NOW)).toEqual({ kind: 'found', entry: { length: 1, sha256 } });
    expect(code(() => findEntry(ctx, loaded, 'team/b', NOW))).toBe('trust.unsigned');
    expect(code(() => findEntry(ctx, loaded, 'other', NOW))).toBe('trust.unsigned');
  });

  test('is not told once the timestamp has expired', async () => {
    const view = await viewOf(ctx, repository);
    expect(code(() => findEntry(ctx, view, 'policy.yaml', NOW + DAY))).toBe('trust.expired');
  });
});

describe('the bytes of a target', () => {
  const judge = (entry: Parameters<typeof refuseOtherTarget>[1], bytes: Uint8Array = BYTES): string =>
    code(() => refuseOtherTarget('policy.yaml', entry, bytes));
  const length = BYTES.length;
  const other = '0'.repeat(64);

  test.each([{ sha256 }, { sha512 }, { sha256, sha512 }])('are accepted with $sha256 $sha512', (hashes) => {
    expect(judge({ length, ...hashes })).toBe('accepted');
  });

  test('must have every hash that is listed', () => {
    expect(judge({ length, sha256: other })).toBe('integrity.digest');
    expect(judge({ length, sha256: other, sha512 })).toBe('integrity.digest');
    expect(judge({ length, sha256, sha512: other.repeat(2) })).toBe('integrity.digest');
    expect(judge({ length, sha256 }, Buffer.from('a Policy'))).toBe('integrity.digest');
  });

  test('must have the length that is signed, neither more nor less', () => {
    expect(judge({ length: length + 1, sha256 })).toBe('integrity.length');
    expect(judge({ length: length - 1, sha256 })).toBe('integrity.length');
  });

  test('are not verified by an entry without length, or with unknown hashes alone', () => {
    expect(judge({ length })).toBe('trust.malformed');
    expect(judge({ sha256 })).toBe('trust.malformed');
  });
});
