import { codeOf } from '../errors.ts';
import type { MetadataSource } from './metadata-source.ts';

/** Not an answer: the collection is too large for this thread, and must be asked on another. */
export class Outgrown extends Error {
  override readonly name = 'Outgrown';
}

/** A source whose files are small: one that is longer is not read to its end. @throws Outgrown */
export function smallFilesOnly(source: MetadataSource, most: number): MetadataSource {
  return {
    ...(source.stamp && { stamp: () => source.stamp?.() ?? Promise.resolve(undefined) }),
    ...(source.lastStamp && { lastStamp: () => source.lastStamp?.() }),
    async fetch(file, maxBytes, signal) {
      if (maxBytes <= most) return await source.fetch(file, maxBytes, signal);
      // The bound of a file that is named by its hash is the length that verified metadata gave it.
      if (file.kind === 'by-hash') throw new Outgrown(`${file.role} is ${maxBytes} bytes long`);
      try {
        return await source.fetch(file, most, signal);
      } catch (cause) {
        if (codeOf(cause) === 'trust.too-large')
          throw new Outgrown(`${file.kind} is longer than ${most} bytes`, { cause });
        throw cause;
      }
    },
  };
}
