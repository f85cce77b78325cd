import type { Readable } from 'node:stream';
import type { Incoming } from '../src/upstream/registry.ts';

/** What a stream brings, as the body of an answer. Its pieces come one by one: whoever asks is asked after each whether it is enough. */
export function bodyOf(stream: Readable): Incoming {
  const pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  let held: Uint8Array | undefined = new Uint8Array();
  let broken: unknown;
  const more = async (): Promise<void> => {
    try {
      held = (await pieces.next()).value;
    } catch (error) {
      broken = error;
      held = undefined;
    }
  };
  return {
    async read(into, enough = () => true) {
      let filled = 0;
      while (filled < into.length) {
        if (held?.length === 0) await more();
        if (held === undefined) break;
        const now: Uint8Array = held.subarray(0, into.length - filled);
        into.set(now, filled);
        filled += now.length;
        held = held.subarray(now.length);
        if (now.length > 0 && enough()) break;
      }
      if (filled === 0 && broken !== undefined) throw broken as Error;
      return filled;
    },
    destroy: (why) => void stream.destroy(why),
  };
}
