import { afterEach, describe, expect, test } from 'vitest';
import {
  ALONE,
  ANNA,
  APP,
  approval,
  ApprovalsWorld,
  authorization,
  BEN,
  CARLA,
  creation,
  type Person,
  person,
  quorum,
  ROOT,
  signedBy,
  TWO_OF_THREE,
} from '../../../test/approvals.ts';
import { codeOf, messageOf } from '../../errors.ts';
import type { WrittenSignature } from '../document/write-document.ts';
import type { Made } from './make-proposal.ts';
import { countedSignatures, isComplete, signingOf, signProposal } from './signatures.ts';

let world: ApprovalsWorld;
afterEach(() => world.dispose());

const withSignatures = (
  made: Made,
  edit: (signatures: readonly WrittenSignature[]) => readonly WrittenSignature[],
): Made => {
  const parts = made.proposal.parts.map((part) => ({ ...part, signatures: edit(part.signatures) }));
  return { ...made, proposal: { ...made.proposal, parts } };
};
const complete = async (made: Made): Promise<boolean> => (await signingOf(made)).every(isComplete);
const signedOf = async (made: Made): Promise<readonly (readonly string[])[]> =>
  (await signingOf(made)).flatMap(({ quorums }) => quorums.map(({ signed }) => signed));

describe('two of three', () => {
  const proposed = async (): Promise<Made> => {
    world = await ApprovalsWorld.make(TWO_OF_THREE);
    return await world.propose(approval('1', 'a'));
  };

  test('each adds his signatures, and two are enough', async () => {
    const made = await proposed();
    const anna = await signProposal(made, ANNA);
    expect(anna.added).toBe(made.proposal.parts.length);
    expect(await complete({ ...made, proposal: anna.proposal })).toBe(false);
    const both = await signedBy(made, ANNA, CARLA);
    expect(await complete(both)).toBe(true);
    await world.publish(both);
  });

  test('who has signed signs nothing again', async () => {
    const made = await signedBy(await proposed(), ANNA);
    const again = await signProposal(made, ANNA);
    expect([again.added, again.proposal]).toEqual([0, made.proposal]);
  });

  test('one key twice is one signature, whatever the proposal says', async () => {
    const made = await signedBy(await proposed(), ANNA);
    const twice = withSignatures(made, (signatures) => [...signatures, ...signatures]);
    expect(await signedOf(twice)).toEqual(made.proposal.parts.map(() => [ANNA.keyId]));
    expect(await complete(twice)).toBe(false);
    expect(await world.publish(twice).catch(codeOf)).toBe('trust.threshold');
  });

  test('a signature of another under one’s own name, of other bytes, and of nobody, do not count', async () => {
    const made = await signedBy(await proposed(), ANNA);
    const forged = (keyId: string, bytes: Uint8Array): Made =>
      withSignatures(made, (mine) => [...mine, { keyId, bytes }]);
    const stranger = await person('stranger').sign(Buffer.from('m'));
    for (const [keyId, bytes] of [
      [BEN.keyId, made.proposal.parts[0]!.signatures[0]!.bytes],
      [BEN.keyId, await BEN.sign(Buffer.from('another message'))],
      [CARLA.keyId, new Uint8Array(64)],
      [CARLA.keyId, new Uint8Array()],
      [person('stranger').keyId, stranger],
    ] as const)
      expect(await signedOf(forged(keyId, bytes))).toEqual(made.proposal.parts.map(() => [ANNA.keyId]));
  });

  test('what somebody wrote under a key keeps its holder from nothing, and is not published', async () => {
    const rubbish = { keyId: BEN.keyId, bytes: Buffer.from('rubbish') };
    const nobody = { keyId: 'nobody', bytes: Buffer.from('x') };
    const planted = withSignatures(await proposed(), () => [rubbish, nobody]);
    const signed = await signedBy(planted, ANNA, BEN);
    for (const part of signed.proposal.parts) {
      expect(part.signatures.map(({ keyId }) => keyId)).toEqual(['nobody', ANNA.keyId, BEN.keyId]);
      expect((await countedSignatures(signed, part)).map(({ keyId }) => keyId)).toEqual([ANNA.keyId, BEN.keyId]);
    }
    await world.publish(signed);
    for (const bytes of world.files().values()) expect(Buffer.from(bytes).toString()).not.toContain('nobody');
  });

  test('a key that may sign none of it says so', async () => {
    const error: unknown = await signProposal(await proposed(), ROOT).catch((thrown: unknown) => thrown);
    expect([codeOf(error), messageOf(error)]).toEqual(['approvals.key', expect.stringContaining(ROOT.keyId)]);
  });

  test('progress is told after each', async () => {
    const made = await proposed();
    const told: string[] = [];
    await signProposal(made, ANNA, (done, of) => told.push(`${done}/${of}`));
    expect(told).toEqual(made.proposal.parts.map((_, at) => `${at + 1}/${made.proposal.parts.length}`));
  });
});

describe('who has to sign what', () => {
  const whose = async (made: Made): Promise<Record<string, readonly string[]>> =>
    Object.fromEntries((await signingOf(made)).map(({ role, quorums }) => [role, quorums.map((each) => each.whose)]));

  test('a repository to be made: its own root keys', async () => {
    world = new ApprovalsWorld();
    const all = await whose(await world.propose(creation(ALONE)));
    expect(all['root']).toEqual(['the root keys of version 1']);
    expect(all['targets']).toEqual(['the keys of targets']);
    expect(all['bulk']).toEqual(['the keys of bulk']);
    expect(all['bulk-0']).toEqual(['the keys of bulk']);
  });

  test('another root: the new quorum and the one before it', async () => {
    world = await ApprovalsWorld.make(ALONE);
    const made = await world.propose(authorization('root', quorum(2, BEN, CARLA)));
    expect(await whose(made)).toEqual({ root: ['the root keys of version 2', 'the root keys of version 1'] });
    for (const people of [[BEN, CARLA], [ROOT, BEN], [ROOT]]) {
      const some = await signedBy(made, ...people);
      expect(await complete(some)).toBe(false);
      expect(await world.publish(some).catch(codeOf)).toBe('trust.threshold');
    }
    await world.publish(await signedBy(made, ROOT, BEN, CARLA));
    expect((await world.standing()).root.version).toBe(2);
  });

  test('another root: who is in one of the two quorums signs once', async () => {
    world = await ApprovalsWorld.make(ALONE);
    const made = await signedBy(await world.propose(authorization('root', quorum(1, BEN))), BEN);
    const again = await signProposal(made, BEN);
    expect([again.added, again.proposal]).toEqual([0, made.proposal]);
  });

  test('other keys of targets: the new ones, by the root to come', async () => {
    world = await ApprovalsWorld.make(ALONE);
    const made = await world.propose(authorization('targets', quorum(1, BEN)));
    const [root, targets] = await signingOf(await signedBy(made, ANNA, BEN));
    expect([root!.role, targets!.role]).toEqual(['root', 'targets']);
    expect(targets!.quorums).toMatchObject([{ keyIds: [BEN.keyId], signed: [BEN.keyId] }]);
  });

  test('a role of owners: the owners; a bin: who holds the bins now', async () => {
    world = await ApprovalsWorld.make(ALONE);
    const made = await world.propose(
      { kind: 'delegate', role: 'team', names: [APP], ...quorum(1, BEN) },
      authorization('bulk', quorum(1, CARLA)),
    );
    const all = new Map((await signingOf(made)).map(({ role, quorums }) => [role, quorums[0]!.keyIds]));
    expect([all.get('targets'), all.get('team'), all.get('bulk'), all.get('bulk-7')]).toEqual([
      [ANNA.keyId],
      [BEN.keyId],
      [CARLA.keyId],
      [CARLA.keyId],
    ]);
    const everybody: readonly Person[] = [ANNA, BEN, CARLA];
    await world.publish(await signedBy(made, ...everybody));
  });
});
