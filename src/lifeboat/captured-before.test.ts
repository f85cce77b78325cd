import { expect, test } from 'vitest';
import { A, B, DAY, lifeboat, outcomeOf, START } from '../../test/lifeboat-world.ts';
import { plainKey } from '../simulator/notary-key.ts';
import { NotaryRepository } from '../simulator/notary-repository.ts';
import { SimulatedSource } from '../simulator/simulated-source.ts';
import { Archive } from './archive.ts';
import { type Captured, captureCollection, type CaptureTask } from './capture-collection.ts';

const GUN = 'docker.io/library/alpine';
const world = lifeboat();

/** Captures it once more, after what is there. */
async function again(publisher: NotaryRepository, pin?: CaptureTask['pin'], at = START): Promise<Captured | undefined> {
  const archive = await Archive.open(world.folder());
  const before = await archive.find(GUN);
  const task = { gun: GUN, url: '', source: new SimulatedSource(publisher), ...(pin && { pin }) };
  return await captureCollection(task, { archive, before, now: () => at, maxBytes: 1 << 20 });
}

function collection(): NotaryRepository {
  return new NotaryRepository(GUN, START).delegate('targets/releases').sign('1', A, 7, 'targets/releases').publish();
}

const keysOf = (publisher: NotaryRepository): CaptureTask['pin'] => ({
  words: 'new',
  anchor: { kind: 'keys', keyIds: publisher.of('root').keys.map(({ keyId }) => keyId) },
});

async function digest(): Promise<unknown> {
  const [read] = await world.read();
  return read?.ok === true ? read.tags.get('1')?.digest : outcomeOf(read);
}

test('what follows is captured: new tags, new keys, new roots', async () => {
  const publisher = collection();
  await again(publisher);
  publisher.rotate('root').rotate('timestamp').sign('1', B, 8, 'targets/releases').publish();
  expect(await again(publisher)).toMatchObject({ generation: 2, capture: { rootsFrom: 1 } });
  expect(await digest()).toBe(B);
  expect(await again(publisher)).toMatchObject({ generation: 3 });
});

test.each(['timestamp', 'snapshot', 'targets', 'targets/releases'])(
  'a %s that went back is no capture',
  async (role) => {
    const publisher = collection();
    publisher.of(role).version = 8;
    publisher.touch(role).publish();
    await again(publisher);
    publisher.of(role).version = 3;
    await expect(again(publisher.touch(role).publish())).rejects.toMatchObject({ code: 'trust.rollback' });
    expect(await digest()).toBe(A);
  },
);

test('a root of somebody else is no capture, although nobody has a pin', async () => {
  await again(collection());
  const other = new NotaryRepository(GUN, START).sign('1', B, 8).publish();
  await expect(again(other)).rejects.toMatchObject({ code: 'trust.signature' });
  expect(await digest()).toBe(A);
  // Somebody has looked, and pins it: trust begins anew.
  expect(await again(other, keysOf(other))).toMatchObject({ generation: 2 });
  expect(await digest()).toBe(B);
});

test('one that had expired binds nothing', async () => {
  const late = collection();
  late.of('timestamp').expires = START - 1;
  await again(late.publish());
  const other = new NotaryRepository(GUN, START).sign('1', B, 8).publish();
  expect(await again(other)).toMatchObject({ capture: { state: 'verified' } });
});

test('a role that nobody could believe then binds nothing', async () => {
  const publisher = collection();
  publisher.of('targets/releases').version = 8;
  publisher.of('targets/releases').signers = [plainKey()];
  await again(publisher.touch('targets/releases').publish());
  publisher.of('targets/releases').version = 3;
  publisher.of('targets/releases').signers = undefined;
  expect(await again(publisher.touch('targets/releases').publish())).toMatchObject({ tags: 1 });
});

test('a pinned root file, and roots below it that the server had lost, are followed on', async () => {
  const publisher = collection();
  const bytes = publisher.bytesOf('root');
  publisher.rotate('root').publish();
  const pin: CaptureTask['pin'] = { words: 'root', anchor: { kind: 'root-file', bytes } };
  await again(publisher, pin);
  publisher.rotate('root').publish();
  expect(await again(publisher, pin, START + DAY)).toMatchObject({ generation: 2, capture: { rootsFrom: 1 } });
  expect(await digest()).toBe(A);
});
