import { createHash } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { hashingContract } from '../../../test/contract/hashing.ts';
import { codeOf, messageOf } from '../../errors.ts';
import { HashThread } from './thread.ts';

const WORKER = new URL('../../../test/contract/hash-worker.js', import.meta.url);
const SIZE = 2 * 1024 * 1024;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const caught = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

let thread: HashThread;
let deaths: string[];
afterEach(() => thread.close());

function open(entry = WORKER): HashThread {
  deaths = [];
  thread = new HashThread({ entry, onDeath: ({ message }) => deaths.push(message) });
  return thread;
}

/** A thread that runs this. */
function script(text: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}

hashingContract('on a thread', () => open());

/** Says that it is done, and never hashes: what it is not asked for is right all the same. */
const IDLE = `import { parentPort } from 'node:worker_threads';
  parentPort.on('message', ({ kind, id }) => kind === 'update' && parentPort.postMessage({ kind: 'done', id }));`;
/** Dies of the second update. */
const FRAIL = `import { parentPort } from 'node:worker_threads';
  let updates = 0;
  parentPort.on('message', ({ kind, id }) => {
    if (kind !== 'update') return;
    if (++updates === 2) throw new Error('out of memory');
    parentPort.postMessage({ kind: 'done', id });
  });`;

test('the bytes are shared, not sent: whoever hashes sees what this thread writes', async () => {
  const text = `import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ kind, id, bytes }) => {
      if (kind !== 'update') return;
      bytes[0] = 7;
      parentPort.postMessage({ kind: 'done', id });
    });`;
  const hash = open(script(text)).begin('sha256', SIZE);
  const bytes = thread.memory(SIZE);
  await hash.update(bytes);
  expect(bytes[0]).toBe(7);
});

test('less than a MiB is hashed here, without a thread', async () => {
  const bytes = Buffer.alloc(1024 * 1024 - 1, 'x');
  const hash = open(script(FRAIL)).begin('sha256', bytes.length);
  for (let i = 0; i < 3; i++) await hash.update(Buffer.of(i));
  expect(await hash.finish()).toBe(sha256(Buffer.of(0, 1, 2)));
  expect(deaths).toEqual([]);
});

test('when it dies, all that ran on it fails and says so: what waits, what comes later, and the result', async () => {
  const hash = open(script(FRAIL)).begin('sha256', SIZE);
  const other = thread.begin('sha256', SIZE);
  const bytes = thread.memory(SIZE);
  await hash.update(bytes);
  const [waiting, result] = [caught(hash.update(bytes)), caught(other.finish())];
  expect([codeOf(await waiting), codeOf(await result)]).toEqual(['internal', 'internal']);
  expect(messageOf(await waiting)).toContain('out of memory');
  expect(codeOf(await caught(hash.update(bytes)))).toBe('internal');
  expect(codeOf(await caught(hash.finish()))).toBe('internal');
  hash.drop();
  expect(deaths).toHaveLength(1);
});

test('the next hash begins on a new one, and after three deaths here', async () => {
  const text = `${FRAIL} parentPort.on('message', ({ kind, id }) => kind === 'finish' && parentPort.postMessage({ kind: 'digest', id, hex: 'mine' }));`;
  open(script(text));
  const bytes = thread.memory(SIZE);
  for (let death = 0; death < 3; death++) {
    const well = thread.begin('sha256', SIZE);
    expect(await well.finish()).toBe('mine');
    const ill = thread.begin('sha256', SIZE);
    await ill.update(bytes);
    await caught(ill.update(bytes));
  }
  expect(deaths).toHaveLength(3);
  const here = thread.begin('sha256', SIZE);
  await here.update(bytes);
  expect(await here.finish()).toBe(sha256(bytes));
});

test('a thread that cannot be started is one that died', async () => {
  const hash = open(new URL('file:///no/such/file.js')).begin('sha256', SIZE);
  expect(codeOf(await caught(hash.finish()))).toBe('internal');
  expect(deaths).toHaveLength(1);
});

test('one that is refused at once is a death too, and is hashed here', async () => {
  open(new URL('http://127.0.0.1/no/thread.js'));
  const bytes = thread.memory(SIZE);
  for (let begun = 1; begun <= 4; begun++) {
    const hash = thread.begin('sha256', SIZE);
    await hash.update(bytes);
    expect(await hash.finish()).toBe(sha256(bytes));
    expect(deaths).toHaveLength(Math.min(begun, 3));
  }
});

test('closing ends it, with what waits, and that is no death; nothing begins after', async () => {
  const hash = open(script(IDLE)).begin('sha256', SIZE);
  await hash.update(thread.memory(SIZE));
  const result = caught(hash.finish());
  await thread.close();
  expect(codeOf(await result)).toBe('internal');
  expect(codeOf(await caught(thread.begin('sha256', SIZE).finish()))).toBe('internal');
  expect(deaths).toEqual([]);
});
