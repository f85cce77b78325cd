import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { person } from '../../../test/approvals.ts';
import { nodeCrypto } from '../../trust/crypto.ts';
import { tufFormat } from '../../trust/tuf/format/tuf.ts';
import type { Authority, Paths } from '../../trust/tuf/model.ts';
import type {
  Approval,
  DelegatedRole,
  Delegations,
  Document,
  Entry,
  KeyEntry,
  Quorum,
  RootDocument,
  SnapshotDocument,
  TargetsDocument,
  TimestampDocument,
  Word,
} from './documents.ts';
import { keyIdOf } from './key-id.ts';
import { readRoot, readSnapshot, readTargets, readTimestamp } from './read-document.ts';
import { fileBytes, signedBytes } from './write-document.ts';

/** What is written is read back to the last member, by us and by those who verify it. */
const PEOPLE = ['a', 'b', 'c', 'd', 'e'].flatMap((name) => [person(name), person(name, 'p256')]);
const ids = fc.uniqueArray(fc.constantFrom(...PEOPLE.map(({ keyId }) => keyId)), { maxLength: 4 });
const quorum: fc.Arbitrary<Quorum> = fc.record({ keyIds: ids, threshold: fc.integer({ min: 1, max: 9 }) });
const keys: fc.Arbitrary<ReadonlyMap<string, KeyEntry>> = fc
  .subarray(PEOPLE)
  .map((some) => new Map(some.map(({ keyId, entry }) => [keyId, entry])));

const instant = fc.integer({ min: 0, max: 253_402_300_799 }).map((seconds) => seconds * 1_000);
/** Any text: line ends and terminal escapes are names and reasons too. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('a\nb', '\u001b[2J', '"\\', '\u0000', '\u202e'),
);
const hex = fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), minLength: 64, maxLength: 64 });
const value = fc.oneof(text, fc.integer(), fc.boolean(), fc.array(text, { maxLength: 2 }));
const evidence = fc.array(
  fc
    .uniqueArray(fc.tuple(text, value), { maxLength: 3, selector: ([name]) => name })
    .map((members) => new Map(members)),
  { maxLength: 3 },
);
const some: { requiredKeys: [] } = { requiredKeys: [] };
const sets = fc.array(fc.array(text, { maxLength: 2 }), { maxLength: 2 });
const signed = fc.record({ reason: text, until: instant, keys: fc.array(text, { maxLength: 2 }), carried: sets }, some);
const approval: fc.Arbitrary<Approval> = fc
  .tuple(fc.record({ at: instant, by: text, evidence }), signed)
  .map(([all, more]) => ({ kind: 'approval', ...all, ...more }));
const tags = fc.array(fc.constantFrom('1.27', 'latest', '_', 'A-1'), { minLength: 1, maxLength: 3 });
const word: fc.Arbitrary<Word> = fc.oneof(
  approval,
  fc
    .tuple(tags, fc.record({ until: instant, own: approval }, some))
    .map(([all, more]) => ({ kind: 'named' as const, tags: all, ...more })),
  fc
    .tuple(fc.record({ at: instant, by: text }), fc.record({ reason: text }, some))
    .map(([all, more]) => ({ kind: 'withdrawn' as const, ...all, ...more })),
);
const entry: fc.Arbitrary<Entry> = fc
  .tuple(fc.record({ length: fc.nat(), sha256: hex, word }), fc.record({ mediaType: text }, some))
  .map(([all, more]) => ({ ...all, ...more }));
const names = fc.oneof(
  fc.constantFrom('1.27', 'latest').map((tag) => `docker.io/library/nginx:${tag}`),
  hex.map((digest) => `docker.io/library/nginx@sha256:${digest}`),
);
const roleName = fc.constantFrom('team', 'team-b', 'a.b_c', '0');
const paths: fc.Arbitrary<DelegatedRole['paths']> = fc.oneof(
  fc.record({ kind: fc.constant('patterns' as const), of: fc.array(fc.constantFrom('a/b:*', 'a/b@*', 'a/*/*')) }),
  fc.record({ kind: fc.constant('hash-prefixes' as const), of: fc.array(fc.constantFrom('0', 'f', 'ab')) }),
);
const role: fc.Arbitrary<DelegatedRole> = fc
  .tuple(quorum, fc.record({ name: roleName, paths }))
  .map(([who, what]) => ({ ...who, ...what }));
const delegations: fc.Arbitrary<Delegations> = fc.oneof(
  fc.record({
    kind: fc.constant('roles' as const),
    keys,
    roles: fc.uniqueArray(role, { maxLength: 3, selector: ({ name }) => name }),
  }),
  fc.record({
    kind: fc.constant('bins' as const),
    keys,
    bins: fc
      .tuple(quorum, fc.record({ prefix: fc.constantFrom('bulk', 'bin'), bits: fc.integer({ min: 1, max: 16 }) }))
      .map(([who, what]) => ({ ...who, ...what })),
  }),
);

const common = { version: fc.integer({ min: 1 }), expires: instant };
const root: fc.Arbitrary<RootDocument> = fc.record({
  type: fc.constant('root' as const),
  ...common,
  keys,
  roles: fc.record({ root: quorum, timestamp: quorum, snapshot: quorum, targets: quorum }),
});
const targets: fc.Arbitrary<TargetsDocument> = fc
  .tuple(
    fc.record({
      type: fc.constant('targets' as const),
      ...common,
      targets: fc.array(fc.tuple(names, entry), { maxLength: 4 }).map((list) => new Map(list)),
    }),
    fc.record({ delegations }, some),
  )
  .map(([all, more]) => ({ ...all, ...more }));
const snapshot: fc.Arbitrary<SnapshotDocument> = fc.record({
  type: fc.constant('snapshot' as const),
  ...common,
  meta: fc
    .array(fc.tuple(fc.oneof(roleName, fc.constant('a.json')), fc.integer({ min: 1 })))
    .map((list) => new Map([['targets', 1], ...list])),
});
const timestamp: fc.Arbitrary<TimestampDocument> = fc.record({
  type: fc.constant('timestamp' as const),
  ...common,
  snapshot: fc.record({ version: fc.integer({ min: 1 }), length: fc.integer({ min: 1 }), sha256: hex }),
});

const written = (document: Document): Uint8Array =>
  fileBytes(signedBytes(document), [{ keyId: 'k', bytes: Buffer.from('s') }]);

describe('written and read again', () => {
  test('roots', () => {
    fc.assert(
      fc.property(root, (one) => {
        expect(readRoot('it', written(one))).toEqual(one);
      }),
    );
  });

  test('targets, with every word and every way to delegate', () => {
    fc.assert(
      fc.property(targets, (one) => {
        expect(readTargets('it', written(one))).toEqual(one);
      }),
      { numRuns: 300 },
    );
  });

  test('snapshots and timestamps', () => {
    fc.assert(
      fc.property(snapshot, (one) => {
        expect(readSnapshot('it', written(one))).toEqual(one);
      }),
    );
    fc.assert(
      fc.property(timestamp, (one) => {
        expect(readTimestamp('it', written(one))).toEqual(one);
      }),
    );
  });

  test('the order of lists stays: who comes first is in charge', () => {
    fc.assert(
      fc.property(targets, (one) => {
        const again = readTargets('it', written(one));
        if (one.delegations?.kind === 'roles' && again.delegations?.kind === 'roles')
          expect(again.delegations.roles.map(({ name }) => name)).toEqual(
            one.delegations.roles.map(({ name }) => name),
          );
      }),
    );
  });
});

describe('what the trust core reads in the same bytes', () => {
  const authority = ({ keyIds, threshold }: Quorum): object => ({ keys: keyIds, threshold });
  const said = ({ keys: listed, threshold }: Authority): object => ({
    keys: listed.map(({ keyId }) => keyId),
    threshold,
  });
  const pathsOf = (of: Paths): object => ({ kind: of.kind, of: of.of });

  test('roots', () => {
    fc.assert(
      fc.property(root, (one) => {
        const { model, message } = tufFormat.root('it', written(one), nodeCrypto);
        expect([model.version, model.expires, model.consistentSnapshot]).toEqual([one.version, one.expires, true]);
        for (const name of ['root', 'timestamp', 'snapshot', 'targets'] as const)
          expect(said(model[name])).toEqual(authority(one.roles[name]));
        const held = model.targets.keys.filter(({ keyId }) => one.keys.has(keyId));
        expect(held.every(({ material }) => material !== undefined)).toBe(true);
        expect(message).toEqual(signedBytes(one));
      }),
    );
  });

  test('targets: every length, hash and delegation, over the very bytes that are signed', () => {
    fc.assert(
      fc.property(targets, (one) => {
        const { model, message } = tufFormat.targets('it', 'team', written(one), nodeCrypto);
        expect(message).toEqual(signedBytes(one));
        expect([model.version, model.expires]).toEqual([one.version, one.expires]);
        expect([...model.targets.keys()].sort()).toEqual([...one.targets.keys()].sort());
        for (const [name, { length, sha256, word: told }] of one.targets) {
          const read = model.targets.get(name);
          expect([read?.length, read?.unreadable]).toEqual([length, undefined]);
          if (told.kind === 'withdrawn') expect([read?.sha256, read?.revoked?.at]).toEqual([undefined, told.at]);
          else expect([read?.sha256, read?.revoked, read?.until]).toEqual([sha256, undefined, told.until]);
        }
        const roles = one.delegations?.kind === 'roles' ? one.delegations.roles : [];
        expect(
          model.delegations.map(({ role: name, paths: of, terminating, ...who }) => [
            name,
            pathsOf(of),
            terminating,
            said(who),
          ]),
        ).toEqual(roles.map(({ name, paths: of, ...who }) => [name, of, true, authority(who)]));
        const bins = one.delegations?.kind === 'bins' ? one.delegations.bins : undefined;
        expect(model.bins && { prefix: model.bins.prefix, bits: model.bins.bits, ...said(model.bins) }).toEqual(
          bins && { prefix: bins.prefix, bits: bins.bits, ...authority(bins) },
        );
      }),
      { numRuns: 300 },
    );
  });

  test('snapshots and timestamps', () => {
    fc.assert(
      fc.property(snapshot, (one) => {
        const { model, message } = tufFormat.snapshot('it', written(one), nodeCrypto);
        expect(message).toEqual(signedBytes(one));
        expect([...model.meta].map(([name, { version }]) => [name, version]).sort()).toEqual([...one.meta].sort());
      }),
    );
    fc.assert(
      fc.property(timestamp, (one) => {
        const { version, length, sha256 } = one.snapshot;
        const { model } = tufFormat.timestamp('it', written(one), nodeCrypto);
        expect(model.snapshot).toEqual({ version, length, hashes: { sha256 } });
      }),
    );
  });

  test('key ids are those of the simulators, which are those of the specification', () => {
    for (const { keyId, entry: key } of PEOPLE) expect(keyIdOf(key)).toBe(keyId);
  });
});
