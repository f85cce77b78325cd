import { TufgateError } from '../errors.ts';

const MAX_MIB = 64;

/** All that is piped in. @throws usage when there is no end to it */
export async function wholeText(input: AsyncIterable<Uint8Array | string>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    const piece = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    bytes += piece.length;
    if (bytes > MAX_MIB * 2 ** 20)
      throw new TufgateError('usage', `what is piped in is longer than ${MAX_MIB} MiB: split it, by namespace perhaps`);
    chunks.push(piece);
  }
  return Buffer.concat(chunks).toString('utf8');
}
