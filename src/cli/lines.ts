import { TufgateError } from '../errors.ts';

export const MAX_LINE = 8_192;
const MAX_CHARACTERS = 16 * 2 ** 20;

/** The lines of a stream, each cut at `MAX_LINE`. @throws usage when there is no end to them */
export async function* linesOf(input: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  let read = 0;
  for await (const chunk of input) {
    read += chunk.length;
    if (read > MAX_CHARACTERS) throw new TufgateError('usage', 'what is piped in is longer than 16 MiB: split it');
    const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))).split('\n');
    rest = (lines.pop() ?? '').slice(0, MAX_LINE);
    for (const line of lines) yield line.slice(0, MAX_LINE);
  }
  if (rest !== '') yield rest;
}
