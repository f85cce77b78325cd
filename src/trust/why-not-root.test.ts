import { expect, test } from 'vitest';
import { NotaryRepository } from '../simulator/notary-repository.ts';
import { TufRepository } from '../simulator/tuf-repository.ts';
import { whyNotRoot } from './why-not-root.ts';

const LONG_AGO = Date.parse('2001-01-01T00:00:00Z');
const GUN = 'reg.example/app';
const notary = new NotaryRepository(GUN, LONG_AGO).publish();
const tuf = new TufRepository(LONG_AGO).publish();

test('a root of its own format can begin the chain, however old it is', () => {
  expect(whyNotRoot('notary', GUN, notary.bytesOf('root'))).toBeUndefined();
  expect(whyNotRoot('tuf', 'approvals', tuf.at('root', 1))).toBeUndefined();
});

test('another file, another format, another collection or a changed byte cannot, and it is said why', () => {
  expect(whyNotRoot('notary', GUN, notary.bytesOf('targets'))).toMatch(/root/);
  expect(whyNotRoot('notary', GUN, tuf.at('root', 1))).toMatch(/root/);
  expect(whyNotRoot('tuf', 'approvals', notary.bytesOf('root'))).toMatch(/root/);
  expect(whyNotRoot('notary', 'reg.example/other', notary.bytesOf('root'))).toMatch(/reg\.example\/other/);
  const changed = tuf.at('root', 1).toString().replace('"version":1', '"version":2');
  expect(whyNotRoot('tuf', 'approvals', Buffer.from(changed))).toMatch(/signature|signed/);
});

test('a fault of our own is no word about the file', () => {
  expect(() => whyNotRoot('tuf', 'approvals', undefined as never)).toThrow(TypeError);
});
