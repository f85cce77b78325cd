import { TufgateError } from '../errors.ts';
import type { PeerStream } from './peer.ts';

const CONTENT_RANGE = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i;

/** What an answer says of itself; absent where it says nothing. Bytes. */
export interface Announced {
  /** Are to come in this answer. */
  readonly length?: number;
  /** Is the whole blob, of which this is a part (206). */
  readonly total?: number;
}

/**
 * Checks that a body starts at `offset`. A resumed blob is hashed on from there: a 206 that starts elsewhere would cost
 * a whole download before the hash says so. (A 200 is cut to size by `PeerBody`.)
 * @param what begins the message
 * @throws upstream.protocol
 */
export function contentStart(what: string, answer: Omit<PeerStream, 'body'>, offset: number): Announced {
  const given = answer.headers.get('content-length');
  const length = given === undefined ? undefined : Number(given);
  const refuse = (why: string): TufgateError =>
    new TufgateError('upstream.protocol', `${what}: asked for bytes from ${offset}, but ${why}`);
  if (answer.status === 200) {
    if (length !== undefined && length < offset) throw refuse(`the whole has ${length}`);
    return length === undefined ? {} : { length: length - offset };
  }
  if (offset === 0) throw refuse('the answer is a part (206) that nobody asked for');
  const [, first, last, total = '*'] = CONTENT_RANGE.exec(answer.headers.get('content-range') ?? '') ?? [];
  if (first === undefined || last === undefined) throw refuse('the answer (206) does not say what it holds');
  if (Number(first) !== offset) throw refuse(`the answer (206) starts at ${first}`);
  const count = Number(last) - Number(first) + 1;
  if (count <= 0 || (length !== undefined && length !== count))
    throw refuse('its Content-Range contradicts its length');
  return total === '*' ? { length: count } : { length: count, total: Number(total) };
}
