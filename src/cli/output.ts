import { codeOf, messageOf } from '../errors.ts';

/**
 * Where a command speaks. Facts go to stdout: text for people, or with `--json` one document and nothing else;
 * messages go to stderr.
 */
export interface Output {
  readonly json: boolean;
  fact(text: string): void;
  document(value: unknown): void;
  /** One document: the array of these, written as they come. */
  documents(values: AsyncIterable<unknown>): Promise<void>;
  message(text: string): void;
  /** On a terminal only, one line that the next thing said replaces. */
  progress(text: string): void;
  /** Whether progress is seen. */
  readonly terminal: boolean;
  /** The message on stderr; with `--json` also `{"error":{"code","message"}}`, unless a document was printed already. */
  failed(error: unknown): void;
}

export interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

export function createOutput(json: boolean, { stdout, stderr }: Streams = process): Output {
  let documented = false;
  let progressing = false;
  const clear = (): void => {
    if (progressing) stderr.write('\r\x1b[K');
    progressing = false;
  };
  const message = (text: string): void => {
    clear();
    stderr.write(`${text}\n`);
  };
  const document = (value: unknown): void => {
    documented = true;
    clear();
    stdout.write(`${JSON.stringify(value, plain, 2)}\n`);
  };
  return {
    json,
    fact(text) {
      clear();
      stdout.write(`${text}\n`);
    },
    document,
    async documents(values) {
      documented = true;
      clear();
      let before = '[';
      for await (const value of values) {
        stdout.write(`${before}\n${JSON.stringify(value, plain)}`);
        before = ',';
      }
      stdout.write(before === '[' ? '[]\n' : '\n]\n');
    },
    message,
    terminal: stderr.isTTY === true,
    progress(text) {
      if (stderr.isTTY !== true) return;
      clear();
      stderr.write(text);
      progressing = true;
    },
    failed(error) {
      message(`tufgate: ${messageOf(error)}`);
      if (json && !documented) document({ error: { code: codeOf(error), message: messageOf(error) } });
    },
  };
}

/** Maps are for names from outside; in JSON they are objects, built so that no name reaches a prototype. */
function plain(_: string, value: unknown): unknown {
  if (!(value instanceof Map)) return value;
  return Object.fromEntries(value as ReadonlyMap<string, unknown>);
}

/** A reader that has gone is no fault. @throws any other error of a stream */
export function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
