import { PassThrough, Readable } from 'node:stream';
import type { Keyboard } from '../src/approvals/keys/keyboard.ts';

/** A terminal with a person who types these chunks; what is there in `raw` is whether it was silent for each change. */
export function terminal(...typed: readonly string[]): Keyboard & { readonly raw: boolean[] } {
  const raw: boolean[] = [];
  const stream = new PassThrough();
  for (const chunk of typed) stream.write(chunk);
  return Object.assign(stream, { isTTY: true, raw, setRawMode: (on: boolean) => raw.push(on) });
}

/** No terminal: what a script pipes in. */
export function pipe(text = ''): Keyboard {
  return Readable.from([text]);
}
