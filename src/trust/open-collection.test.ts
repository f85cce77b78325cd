import { expect, test } from 'vitest';
import type { NotaryConfig, Pin, TrustSourceConfig, TufConfig } from '../config/config.ts';
import { code } from '../../test/thrown.ts';
import { nodeCrypto } from './crypto.ts';
import type { MetadataSource } from './metadata-source.ts';
import { openCollection } from './open-collection.ts';

const pin: Pin = { gun: 'reg.example', prefix: true, anchor: { kind: 'keys', keyIds: ['aa'] } };
const notary = { kind: 'notary', name: 'vendor', pins: [pin], firstUse: 'refuse' } as unknown as NotaryConfig;
const root = { kind: 'root-file', file: 'root.json', bytes: Buffer.from('root') } as const;
const tuf = { kind: 'tuf', name: 'approvals', root } as unknown as TufConfig;
const source: MetadataSource = { fetch: () => Promise.resolve(undefined) };

const asked: unknown[][] = [];
const metadata = (...about: unknown[]): MetadataSource => {
  asked.push(about);
  return source;
};
const open = (config: TrustSourceConfig, gun: string) => openCollection({ crypto: nodeCrypto, metadata }, config, gun);

test('a collection of Notary is anchored in the pin that covers it, and called by its name', () => {
  const opened = open(notary, 'reg.example/app');
  expect(opened).toMatchObject({ source: 'vendor', gun: 'reg.example/app', metadata: source });
  const { format, gun, anchor, crypto } = opened.ctx;
  expect([format.kind, gun, anchor, crypto]).toEqual(['notary', 'reg.example/app', pin.anchor, nodeCrypto]);
  expect(asked.at(-1)).toEqual([notary, 'reg.example/app']);
});

test('the one collection of a TUF 1.0 source is anchored in its root file, and called like the source', () => {
  const opened = open(tuf, '*');
  expect(opened).toMatchObject({ source: 'approvals', gun: '*' });
  const { format, gun, anchor, crypto } = opened.ctx;
  expect([format.kind, gun, anchor, crypto]).toEqual(['tuf', 'approvals', root, nodeCrypto]);
});

test('without a pin trust begins on first use where that is allowed, and else not at all', () => {
  expect(open({ ...notary, firstUse: 'remember' }, 'elsewhere/app').ctx.anchor).toEqual({ kind: 'first-use' });
  expect(open({ ...notary, firstUse: 'remember' }, 'reg.example/app').ctx.anchor).toEqual(pin.anchor);
  const before = asked.length;
  expect(code(() => open(notary, 'elsewhere/app'))).toBe('trust.no-root');
  expect(asked).toHaveLength(before);
});
