import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import {
  ALONE,
  ANNA,
  APP,
  approval,
  ApprovalsWorld,
  authorization,
  BEN,
  creation,
  DAY,
  hex,
  NOW,
  person,
  quorum,
  ROOT,
  signedBy,
  withdrawal,
} from '../../../test/approvals.ts';
import { code, message } from '../../../test/thrown.ts';
import { codeOf, messageOf } from '../../errors.ts';
import { JSON_LIMITS } from '../../trust/tuf/limits.ts';
import { type Json, readJson } from '../../json/read.ts';
import type { Change, KeyQuorum } from '../edit/change.ts';
import { changeJson, readChange } from './change-json.ts';
import { type Made, remake } from './make-proposal.ts';
import { proposalBytes, readProposal } from './proposal-file.ts';

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom('a\nb', '\u001b[2J', '"\\'));
const instant = fc.integer({ min: 0, max: 253_402_300_799 }).map((seconds) => seconds * 1_000);
const sha256 = fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), minLength: 64, maxLength: 64 });
const repository = fc.constantFrom(APP, 'docker.io/library/nginx', 'localhost:5000/a', '[::1]/a', '[::1]:5000/a');
const tag = fc.constantFrom('1.27', 'latest', '_');
const people = ['a', 'b'].flatMap((name) => [person(name), person(name, 'p256')]);
const keys: fc.Arbitrary<KeyQuorum> = fc.record({
  keys: fc.subarray(people).map((some) => some.map(({ entry }) => entry)),
  threshold: fc.integer({ min: 1, max: 9 }),
});
const some: { requiredKeys: [] } = { requiredKeys: [] };
const evidence = fc.array(
  fc
    .dictionary(text, fc.oneof(text, fc.integer(), fc.boolean(), fc.array(text, { maxLength: 2 })), { maxKeys: 3 })
    .map((members) => new Map(Object.entries(members))),
  { maxLength: 2 },
);

const KINDS: { readonly [K in Change['kind']]: fc.Arbitrary<Extract<Change, { kind: K }>> } = {
  create: fc.record({
    kind: fc.constant('create'),
    root: keys,
    timestamp: keys,
    snapshot: keys,
    targets: keys,
    bulk: keys,
  }),
  approve: fc
    .tuple(
      fc.record({
        kind: fc.constant('approve'),
        repository,
        sha256,
        length: fc.nat(),
        by: text,
        evidence,
        reinstate: fc.boolean(),
      }),
      fc.record({ tag, mediaType: text, reason: text, until: instant }, some),
    )
    .map(([all, more]) => ({ ...all, ...more })),
  withdraw: fc
    .tuple(
      fc.record({ kind: fc.constant('withdraw'), repository, sha256, by: text }),
      fc.record({ reason: text }, some),
    )
    .map(([all, more]) => ({ ...all, ...more })),
  'remove-tag': fc.record({ kind: fc.constant('remove-tag'), repository, tag }),
  delegate: fc
    .tuple(fc.record({ kind: fc.constant('delegate'), role: text, names: fc.array(text) }), keys)
    .map(([all, who]) => ({ ...all, ...who })),
  undelegate: fc.record({ kind: fc.constant('undelegate'), role: text, keep: fc.boolean() }),
  authorize: fc
    .tuple(fc.record({ kind: fc.constant('authorize'), role: text, distrust: fc.array(text) }), keys)
    .map(([all, who]) => ({ ...all, ...who })),
  renew: fc.record({ kind: fc.constant('renew'), endingBefore: instant }),
};
const EACH = Object.entries(KINDS) as readonly (readonly [string, fc.Arbitrary<Change>])[];
const change = fc.oneof(...Object.values(KINDS)) as fc.Arbitrary<Change>;

let world: ApprovalsWorld | undefined;
afterEach(() => {
  world?.dispose();
  world = undefined;
});

describe('as a file', () => {
  test.each(EACH)('a change of the kind %s, there and back', (kind, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (one) => {
        expect(readChange('it', changeJson(one))).toEqual(one);
        expect(one.kind).toBe(kind);
      }),
    );
  });

  test('a proposal with all that it carries, there and back', () => {
    const bytes = fc.uint8Array({ maxLength: 20 });
    const part = fc.record({
      role: text,
      version: fc.integer({ min: 1 }),
      sha256: text,
      signatures: fc.array(fc.record({ keyId: text, bytes: bytes.map((of) => Buffer.from(of)) }), { maxLength: 2 }),
    });
    const ms = fc.integer({ min: 1_000 });
    const proposal = fc.record({
      repository: text,
      created: instant,
      lifetimes: fc.record({ root: ms, approvals: ms, snapshot: ms, timestamp: ms }),
      changes: fc.array(change, { maxLength: 3 }),
      files: fc.dictionary(text, bytes, { maxKeys: 3 }).map((files) => new Map(Object.entries(files))),
      parts: fc.array(part, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(proposal, (one) => {
        const again = readProposal('it', proposalBytes(one));
        expect(proposalBytes(again)).toEqual(proposalBytes(one));
        expect({ ...again, files: [], parts: [] }).toEqual({ ...one, files: [], parts: [] });
      }),
    );
  });

  const json = (value: unknown): Json => readJson(Buffer.from(JSON.stringify(value)), JSON_LIMITS);

  test.each(EACH)('a change of the kind %s with one member too many', (_, arbitrary) => {
    const [one] = fc.sample(arbitrary, { numRuns: 1, seed: 1 });
    const more = new Map([...changeJson(one!), ['more', 1]]);
    expect(message(() => readChange('it', more))).toContain('"more" that tufgate does not write');
  });

  test.each([
    ['a kind that is not known', { kind: 'sell' }, 'a change "sell" that tufgate does not know'],
    ['no repository', { kind: 'remove-tag', repository: 'nginx', tag: '1' }, 'no registry/repository'],
    ['a name in capitals', { kind: 'remove-tag', repository: 'reg.example/App', tag: '1' }, 'no registry/repository'],
    ['no tag', { kind: 'remove-tag', repository: APP, tag: '-1' }, 'which is no tag'],
    ['no digest', { kind: 'withdraw', repository: APP, sha256: 'AB', by: '' }, 'no sha256 of 64 hex digits'],
    [
      'more than a digest',
      { kind: 'withdraw', repository: APP, sha256: `${hex('a')}0`, by: '' },
      'no sha256 of 64 hex digits',
    ],
    [
      'something before a digest',
      { kind: 'withdraw', repository: APP, sha256: `x${hex('a')}`, by: '' },
      'no sha256 of 64 hex digits',
    ],
    ['half a choice', { kind: 'undelegate', role: 'a' }, 'does not say keep'],
  ])('%s', (_, value, words) => expect(message(() => readChange('it', json(value)))).toContain(words));

  test.each([
    ['another format', { format: 2 }],
    ['a file that is no base64', { files: { 'a.json': '%' } }],
    ['a lifetime of nothing', { lifetimes: { root: 1, approvals: 1_000, snapshot: 1_000, timestamp: 1_000 } }],
    [
      'a signature that is no hex',
      { parts: [{ role: 'a', version: 1, sha256: '', signatures: [{ keyid: '', sig: 'x' }] }] },
    ],
    ['a member that is not known', { note: '' }],
  ])('%s', (_, over) => {
    const good = {
      format: 1,
      repository: 'a',
      created: '2026-11-21T12:00:00Z',
      lifetimes: { root: 1_000, approvals: 1_000, snapshot: 1_000, timestamp: 1_000 },
      changes: [],
      files: {},
      parts: [],
    };
    const read = (value: unknown): string => code(() => readProposal('it', Buffer.from(JSON.stringify(value))));
    expect([read(good), read({ ...good, ...over })]).toEqual(['accepted', 'trust.malformed']);
  });
});

describe('made anew by each who signs', () => {
  /** Every value that is no object and no list, by the way to it. */
  function* leaves(value: unknown, way: readonly (string | number)[] = []): Generator<readonly (string | number)[]> {
    if (typeof value !== 'object' || value === null) yield way;
    else
      for (const [name, member] of Object.entries(value))
        yield* leaves(member, [...way, Array.isArray(value) ? Number(name) : name]);
  }

  function changed(
    value: unknown,
    [first, ...rest]: readonly (string | number)[],
    to: (old: unknown) => unknown,
  ): unknown {
    if (first === undefined) return to(value);
    if (Array.isArray(value)) return value.map((each: unknown, at) => (at === first ? changed(each, rest, to) : each));
    return Object.fromEntries(
      Object.entries(value as object).map(
        ([name, each]) => [name, name === first ? changed(each, rest, to) : each] as const,
      ),
    );
  }

  const OTHERS: readonly ((old: unknown) => unknown)[] = [
    (old) => (typeof old === 'string' ? flipped(old) : typeof old === 'number' ? old + 1 : !(old as boolean)),
    (old) => (typeof old === 'string' ? `${old}x` : typeof old === 'number' ? old * 2 : null),
    (old) => (typeof old === 'string' ? '' : 0),
  ];

  function flipped(old: string): string {
    const at = Math.floor(old.length / 2);
    return `${old.slice(0, at)}${old[at] === 'b' ? 'c' : 'b'}${old.slice(at + 1)}`;
  }

  const made = async (): Promise<Made> => {
    world = await ApprovalsWorld.make(ALONE);
    world.signers = [...world.signers, BEN];
    await world.change(approval('1', 'a', { mediaType: 'm' }), approval('2', 'b'));
    return await world.propose(
      approval('1', 'c', {
        mediaType: 'm',
        reason: 'T-1',
        until: NOW + 30 * DAY,
        evidence: [new Map([['kind', 'sbom']])],
      }),
      withdrawal('b'),
      authorization('root', quorum(1, ANNA)),
      { kind: 'delegate', role: 'team', names: ['reg.example/other'], ...quorum(1, BEN) },
    );
  };

  test('by one with the same root it comes to the same bytes', async () => {
    const first = await made();
    const again = await remake(readProposal('it', proposalBytes(first.proposal)), world!.pinned);
    expect([...again.documents].map(([role, { message: bytes }]) => [role, Buffer.from(bytes)])).toEqual(
      [...first.documents].map(([role, { message: bytes }]) => [role, Buffer.from(bytes)]),
    );
  });

  test('one value changed: refused, or the bytes are the same', { timeout: 300_000 }, async () => {
    const first = await made();
    const plain: unknown = JSON.parse(Buffer.from(proposalBytes(first.proposal)).toString());
    let [refused, same] = [0, 0];
    for (const way of leaves(plain))
      for (const other of OTHERS) {
        const bytes = Buffer.from(JSON.stringify(changed(plain, way, other)));
        let again: Made;
        try {
          again = await remake(readProposal('it', bytes), world!.pinned);
        } catch (error) {
          expect(codeOf(error)).toMatch(/^(trust|usage)/);
          refused++;
          continue;
        }
        same++;
        const told = way.join('.');
        expect([...again.documents.keys()].sort()).toEqual([...first.documents.keys()].sort());
        for (const [role, { message: mine }] of again.documents)
          expect([told, role, Buffer.from(mine)]).toEqual([
            told,
            role,
            Buffer.from(first.documents.get(role)!.message),
          ]);
      }
    expect(refused).toBeGreaterThan(100);
    expect(same).toBeLessThan(refused / 3);
  });

  test('with files of an attacker: an approval that nobody signed is not taken over', async () => {
    const { proposal } = await made();
    for (const [name, bytes] of proposal.files) {
      const other = Buffer.from(bytes)
        .toString()
        .replaceAll(hex('a'), hex('e'))
        .replaceAll('"by":"anna"', '"by":"evil"');
      if (other === Buffer.from(bytes).toString()) continue;
      const files = new Map(proposal.files).set(name, Buffer.from(other));
      expect(await remake({ ...proposal, files }, world!.pinned).catch(codeOf)).toMatch(/^trust\./);
    }
  });

  test('under another root than this signer trusts', async () => {
    const { proposal } = await made();
    const other = await ApprovalsWorld.make({ ...ALONE, targets: quorum(1, BEN), signers: [ROOT, BEN, ANNA] });
    expect(await remake(proposal, other.pinned).catch(codeOf)).toMatch(/^trust\./);
    other.dispose();
  });

  test('without a file that it was made on, with one part less, with one more', async () => {
    const { proposal } = await made();
    for (const name of proposal.files.keys()) {
      const files = new Map([...proposal.files].filter(([each]) => each !== name));
      expect([name, await remake({ ...proposal, files }, world!.pinned).then(() => 'made', codeOf)]).toEqual([
        name,
        'trust.malformed',
      ]);
    }
    const [first, ...rest] = proposal.parts;
    // A signer remembers the version that he has signed: with a later one he would refuse what comes next.
    const later = { ...first!, version: first!.version + 1 };
    for (const parts of [rest, [...proposal.parts, first!], [{ ...first!, role: 'other' }, ...rest], [later, ...rest]])
      expect(await remake({ ...proposal, parts }, world!.pinned).catch(messageOf)).toContain(
        'tufgate approvals rebase',
      );
  });

  test('by one who trusts no root, over files: nothing of them is believed', async () => {
    const { proposal } = await made();
    expect(await remake(proposal, undefined).catch(codeOf)).toBe('trust.role-path');
  });

  test('a repository to be made, by one who trusts a root already: as by everybody, for it is made over nothing', async () => {
    world = await ApprovalsWorld.make(ALONE);
    const other = new ApprovalsWorld();
    const { proposal } = await other.propose(creation(ALONE));
    expect((await remake(proposal, world.pinned)).draft.standing).toBeUndefined();
    other.dispose();
  });

  test('a repository to be made: from nothing, in the same way', async () => {
    world = new ApprovalsWorld();
    const first = await world.propose(creation(ALONE));
    const again = await remake(readProposal('it', proposalBytes(first.proposal)), undefined);
    expect(again.documents.size).toBe(1 + 1 + 1 + 16);
    const signed = await signedBy({ ...again, proposal: again.proposal }, ...world.signers);
    await world.publish(signed);
    expect((await world.standing()).root.version).toBe(1);
  });
});
