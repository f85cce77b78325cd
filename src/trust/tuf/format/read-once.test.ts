import { expect, test } from 'vitest';
import { TufRepository } from '../../../simulator/tuf-repository.ts';
import { nodeCrypto } from '../../crypto.ts';
import { readOnce } from './read-once.ts';
import { tufFormat } from './tuf.ts';

const repository = new TufRepository(Date.UTC(2026, 10, 21)).delegate('app').publish();

test('the same array is read once for one role, and whatever it says for another', () => {
  const read: string[] = [];
  const targets: typeof tufFormat.targets = (name, role, ...rest) => {
    read.push(role);
    return tufFormat.targets(name, role, ...rest);
  };
  const format = readOnce({ ...tufFormat, targets });
  const bytes = repository.at('targets');
  const ask = (role: string, of: Uint8Array): unknown => format.targets('test', role, of, nodeCrypto);
  const first = ask('targets', bytes);
  expect(first).toEqual(tufFormat.targets('test', 'targets', bytes, nodeCrypto));
  expect(ask('targets', bytes)).toBe(first);
  expect(ask('targets', Uint8Array.from(bytes))).not.toBe(first);
  expect(read).toEqual(['targets', 'targets']);
  expect(ask('app', bytes)).not.toBe(first);
  expect(ask('app', bytes)).toBe(ask('app', bytes));
  expect(read).toEqual(['targets', 'targets', 'app']);
});

test('all else is read as it always is', () => {
  expect({ ...readOnce(tufFormat), targets: undefined }).toEqual({ ...tufFormat, targets: undefined });
});
