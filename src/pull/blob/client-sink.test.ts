import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { ClientSink } from './client-sink.ts';

/** When a buffer that was given to a client may be used again. */
function slowClient() {
  const held: (() => void)[] = [];
  const to = new Writable({ write: (_chunk, _encoding, done) => void held.push(done) });
  const abort = new AbortController();
  return { to, held, abort, sink: new ClientSink(to, abort.signal) };
}

test('at once, when nothing was written', () => {
  let calls = 0;
  slowClient().sink.onIdle(() => calls++);
  expect(calls).toBe(1);
});

test('of a client that left: when the socket has let go, once', async () => {
  const { sink, held, abort } = slowClient();
  const written = sink.write(Buffer.from('a'));
  abort.abort();
  await written;
  let calls = 0;
  sink.onIdle(() => calls++);
  sink.release();
  expect([sink.gone, sink.idle, calls]).toEqual([true, false, 0]);
  held[0]!();
  await new Promise(setImmediate);
  expect([sink.idle, calls]).toEqual([true, 1]);
});

test('of a response that never got its turn on its connection: at once, nothing reads for it', () => {
  const { to, sink } = slowClient();
  Object.assign(to, { socket: null });
  void sink.write(Buffer.from('a'));
  let calls = 0;
  sink.onIdle(() => calls++);
  expect(calls).toBe(1);
});
