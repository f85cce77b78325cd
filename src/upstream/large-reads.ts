import { buildConnector } from 'undici';

const READ_BYTES = 512 * 1024;
/** Headers are kept by undici until all have come: what may be a part of them gets memory of its own. */
const SMALL_BYTES = 64 * 1024;

/**
 * Connects like undici does, but reads up to 512 KiB at once, into the same two buffers again and again: a fresh one for each
 * 64 KiB keeps the garbage collector busier than the bytes keep the processor. One is parsed while the other waits
 * with what came meanwhile: with a high-water mark of 1 a socket reads nothing more while a byte is left in its buffer.
 *
 * Only for handlers that are done with a chunk before they return, or hold it while they pause (`Answer`). TLS has its
 * own buffers, and is connected as ever.
 */
export function largeReads(options: buildConnector.BuildOptions): buildConnector.connector {
  const encrypted = buildConnector(options);
  return (target, callback) => {
    if (target.protocol === 'https:') encrypted(target, callback);
    else plain(options, target, callback);
  };
}

function plain(
  options: buildConnector.BuildOptions,
  target: buildConnector.Options,
  callback: buildConnector.Callback,
): void {
  let push: (bytes: Uint8Array) => boolean = () => true;
  const buffers = [Buffer.allocUnsafeSlow(READ_BYTES), Buffer.allocUnsafeSlow(READ_BYTES)] as const;
  let turn: 0 | 1 = 0;
  const onread = {
    buffer: () => buffers[(turn = turn === 0 ? 1 : 0)],
    callback: (count: number, buffer: Uint8Array) => {
      const bytes = buffer.subarray(0, count);
      return push(count < SMALL_BYTES ? Buffer.from(bytes) : bytes);
    },
  };
  // Not in undici's types: all of it goes on to `net.connect`.
  const reading: object = { ...options, highWaterMark: 1, onread };
  const connect = buildConnector(reading);
  connect(target, (...[error, socket]) => {
    if (error === null) {
      push = (bytes) => socket.push(bytes);
      callback(null, socket);
    } else callback(error, null);
  });
}
