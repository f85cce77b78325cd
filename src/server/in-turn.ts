import type { Socket } from 'node:net';

/** Requests that may wait on one connection. Clients that pipeline send a few; who sends more is cut off. */
const MAX_WAITING = 32;

interface Line {
  last: Promise<void>;
  length: number;
}

const lines = new WeakMap<Socket, Line>();

/**
 * The attacker's move: hundreds of requests at once on one connection, unread, then gone. Answers leave in order, so those of a
 * connection that hold something take turns. @returns when it was served, or the client has gone
 */
export async function inTurn(socket: Socket, serve: () => Promise<void>): Promise<void> {
  const line = lines.get(socket) ?? { last: Promise.resolve(), length: 0 };
  lines.set(socket, line);
  if (line.length > MAX_WAITING) return void socket.destroy();
  line.length += 1;
  const turn = line.last.then(serve).finally(() => (line.length -= 1));
  line.last = turn.catch(() => undefined); // its own caller hears of it
  await turn;
}
