import { createHash, type Hash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { TufgateError } from '../../errors.ts';
import type { FromHasher, ToHasher } from './messages.ts';

/** What the hashing thread runs, until it is ended. */
const port = parentPort;
if (port === null) throw new TufgateError('internal', 'this file is the beginning of a worker thread');
const hashes = new Map<number, Hash>();

port.on('message', (message: ToHasher) => {
  const { id } = message;
  switch (message.kind) {
    case 'begin':
      hashes.set(id, createHash(message.algorithm));
      break;
    case 'update':
      hashOf(id).update(message.bytes);
      port.postMessage({ kind: 'done', id } satisfies FromHasher);
      break;
    case 'finish':
      port.postMessage({ kind: 'digest', id, hex: hashOf(id).digest('hex') } satisfies FromHasher);
      hashes.delete(id);
      break;
    case 'drop':
      hashes.delete(id);
      break;
  }
});

function hashOf(id: number): Hash {
  const hash = hashes.get(id);
  if (hash === undefined) throw new TufgateError('internal', `hash ${id} was never begun`);
  return hash;
}
