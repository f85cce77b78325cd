import { describe, expect, test } from 'vitest';
import { tufKey } from '../../src/simulator/tuf-key.ts';
import { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { Client, NOW, type Outcome } from './client.ts';

/** Keys and thresholds that change from one version to the next. A key is a digit. */
const key = (digit: string) => tufKey('ed25519', `rotated ${digit}`);
const keys = (digits: string) => Array.from(digits, key);

/** `2 of 123, signed 12` */
function read(text: string) {
  const [, threshold, listed = '', signed = ''] = /^(\d) of (\d+), signed (\d+)$/.exec(text) ?? [];
  return { authority: { threshold: Number(threshold), keys: keys(listed) }, signers: keys(signed) };
}

function publishRoots(versions: readonly string[]): TufRepository {
  const repository = new TufRepository(NOW);
  for (const version of versions) {
    const { authority, signers } = read(version);
    repository.authorize('root', authority).of('root').signers = signers;
    repository.publish();
  }
  return repository;
}

describe('roots one after the other', () => {
  const old3of5 = '3 of 01234, signed 024';

  test.each([
    ['a new key', ['1 of 1, signed 1', '1 of 2, signed 21', '1 of 2, signed 2']],
    ['a new key, among signatures of others', ['1 of 1, signed 314', '1 of 2, signed 3214', '1 of 2, signed 324']],
    ['any three of five', [old3of5, '3 of 01234, signed 041', '3 of 01234, signed 013', '3 of 01234, signed 013']],
    ['one key of five is new', [old3of5, '3 of 01345, signed 041']],
    ['one key of five is new, in two steps', [old3of5, '3 of 01345, signed 0245', '3 of 01345, signed 045']],
    ['all five keys are new, in two steps', [old3of5, '3 of 56789, signed 024567', '3 of 56789, signed 567']],
    ['two instead of one of three', ['1 of 123, signed 1', '2 of 123, signed 12']],
    ['one instead of two of three', ['2 of 123, signed 12', '1 of 123, signed 12', '1 of 123, signed 1']],
    ['a second key, and both needed', ['1 of 1, signed 1', '2 of 12, signed 12']],
  ])('%s: each is kept', async (_, versions) => {
    const repository = publishRoots(versions);
    const client = new Client(repository);
    expect(await client.refresh()).toBe('done');
    expect(await client.keptOf(repository)).toMatchObject({ root: versions.length });
  });

  test.each<readonly [string, readonly string[], Outcome]>([
    ['not signed by the old key', ['1 of 1, signed 1', '1 of 2, signed 234'], 'trust.signature'],
    ['not signed by the new key', ['1 of 1, signed 1', '1 of 2, signed 134'], 'trust.signature'],
    ['signed by two of the three new keys', [old3of5, '3 of 01345, signed 024'], 'trust.threshold'],
    ['signed by two of the three old keys', [old3of5, '3 of 01345, signed 045'], 'trust.threshold'],
    ['short of the threshold that it raises', ['1 of 123, signed 1', '2 of 123, signed 2'], 'trust.threshold'],
    ['short of the threshold that it lowers', ['2 of 123, signed 12', '1 of 123, signed 1'], 'trust.threshold'],
  ])('%s: is refused, and the one before stays', async (_, versions, code) => {
    const repository = publishRoots(versions);
    const client = new Client(repository);
    expect(await client.refresh()).toBe(code);
    expect(await client.keptOf(repository)).toEqual({ root: versions.length - 1 });
  });
});

describe.each(['timestamp', 'snapshot', 'targets'])('another root for %s', (role) => {
  async function rotate(text: string): Promise<{ outcome: Outcome; same: boolean }> {
    const repository = new TufRepository(NOW).publish();
    const client = new Client(repository);
    await client.refresh();
    const { authority, signers } = read(text);
    repository.authorize(role, authority).of(role).signers = signers;
    repository.publish();
    const outcome = await client.refresh();
    const kept = await client.kept();
    expect(kept.get('root')).toEqual(repository.at('root', 2));
    return { outcome, same: Buffer.compare(kept.get(role) ?? new Uint8Array(), repository.at(role, 2)) === 0 };
  }

  test.each([
    '1 of 2, signed 2',
    '1 of 1, signed 314',
    '3 of 01234, signed 024',
    '3 of 01234, signed 041',
    '3 of 01234, signed 013',
    '3 of 01234, signed 123',
    '3 of 01234, signed 234',
  ])('%s: the new file is kept', async (text) => {
    expect(await rotate(text)).toEqual({ outcome: 'done', same: true });
  });

  test.each<readonly [string, Outcome]>([
    ['1 of 2, signed 134', 'trust.signature'],
    ['3 of 01345, signed 024', 'trust.threshold'],
    ['3 of 01345, signed 04', 'trust.threshold'],
  ])('%s: the new file is refused', async (text, code) => {
    expect(await rotate(text)).toEqual({ outcome: code, same: false });
  });
});

test('keys of all three that change one after the other: what is kept stands under the root it was kept under', async () => {
  const repository = new TufRepository(NOW).publish();
  const client = new Client(repository);
  for (const role of ['timestamp', 'snapshot', 'targets']) {
    repository.rotate(role).publish();
    expect(await client.refresh()).toBe('done');
  }
  expect(await client.keptOf(repository)).toEqual({ root: 4, timestamp: 4, snapshot: 3, targets: 2 });
});
