import type { Readable } from 'node:stream';

/** Standard input: a terminal, or what is piped in. */
export type Keyboard = Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };

export type Typed =
  | { readonly kind: 'line'; readonly text: string }
  /** Ctrl-C, or Ctrl-D before anything else. */
  | { readonly kind: 'cancelled' }
  /** Nothing more comes. */
  | { readonly kind: 'ended'; readonly text: string };

const [CTRL_C, CTRL_D, BACKSPACE, NEWLINE, RETURN, CTRL_U, DELETE] = [0x03, 0x04, 0x08, 0x0a, 0x0d, 0x15, 0x7f];
/** Bytes; what is typed beyond is not kept. */
const MAX = 8_192;

/**
 * One line, as the terminal hands it over. What was typed ahead stays for whoever asks next, and the stream is left open:
 * a `for await` that is left early would close standard input, and the passphrase could not be asked after a `yes`.
 */
export function typedLine(keyboard: Keyboard): Promise<Typed> {
  return collect(keyboard, { finish: [NEWLINE], edit: () => undefined });
}

/**
 * One line that is not shown: in raw mode, so that nothing is echoed, and Ctrl-C and backspace are ours to handle.
 * @param ask says the question; the terminal is silent by then, so that an answer that comes at once is not shown either
 */
export async function typedSecret(keyboard: Keyboard, ask: () => void): Promise<Typed> {
  keyboard.setRawMode?.(true);
  try {
    ask();
    return await collect(keyboard, { finish: [NEWLINE, RETURN], edit });
  } finally {
    keyboard.setRawMode?.(false);
  }
}

interface Line {
  readonly finish: readonly number[];
  /** Handles a byte that is not text. */
  readonly edit: (byte: number, line: number[]) => 'edited' | 'cancelled' | 'finished' | undefined;
}

function edit(byte: number, line: number[]): ReturnType<Line['edit']> {
  switch (byte) {
    case CTRL_C:
      return 'cancelled';
    case CTRL_D:
      return line.length === 0 ? 'cancelled' : 'finished';
    case CTRL_U:
      line.length = 0;
      return 'edited';
    case BACKSPACE:
    case DELETE:
      removeLast(line);
      return 'edited';
    default:
      return byte < 0x20 ? 'edited' : undefined;
  }
}

/** A whole character of UTF-8. */
function removeLast(line: number[]): void {
  let byte = line.pop();
  while (byte !== undefined && (byte & 0xc0) === 0x80) byte = line.pop();
}

function collect(keyboard: Keyboard, { finish, edit: handle }: Line): Promise<Typed> {
  const line: number[] = [];
  const text = (): string => Buffer.from(line).toString('utf8');
  const take = (byte: number): Typed | undefined => {
    if (finish.includes(byte)) return { kind: 'line', text: text() };
    const handled = handle(byte, line);
    if (handled === 'cancelled') return { kind: 'cancelled' };
    if (handled === 'finished') return { kind: 'line', text: text() };
    if (handled === undefined && line.length < MAX) line.push(byte);
    return undefined;
  };
  return listen(keyboard, take, () => ({ kind: 'ended', text: text() }));
}

function listen(keyboard: Keyboard, take: (byte: number) => Typed | undefined, end: () => Typed): Promise<Typed> {
  if (keyboard.readableEnded || keyboard.destroyed) return Promise.resolve(end());
  return new Promise((resolve) => {
    const onEnd = (): void => settle(end());
    const onData = (chunk: Uint8Array | string): void => {
      const bytes = Buffer.from(chunk as Uint8Array);
      for (const [at, byte] of bytes.entries()) {
        const answer = take(byte);
        if (answer === undefined) continue;
        settle(answer, bytes.subarray(at + 1));
        return;
      }
    };
    const settle = (answer: Typed, ahead: Uint8Array = new Uint8Array()): void => {
      keyboard.off('data', onData).off('end', onEnd).off('error', onEnd).off('close', onEnd).pause();
      if (ahead.length > 0) keyboard.unshift(ahead);
      resolve(answer);
    };
    keyboard.on('data', onData).on('end', onEnd).on('error', onEnd).on('close', onEnd).resume();
  });
}
