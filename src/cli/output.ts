/**
 * Where a command speaks. Facts go to stdout: text for people, or with `--json` one document and nothing else;
 * messages go to stderr.
 */
export interface Output {
  readonly json: boolean;
  fact(text: string): void;
  document(value: unknown): void;
  message(text: string): void;
}

export function createOutput(json: boolean): Output {
  return {
    json,
    fact: (text) => void process.stdout.write(`${text}\n`),
    document: (value) => void process.stdout.write(`${JSON.stringify(value, plain, 2)}\n`),
    message: (text) => void process.stderr.write(`${text}\n`),
  };
}

/** Maps are for names from outside; in JSON they are objects, built so that no name reaches a prototype. */
function plain(_: string, value: unknown): unknown {
  if (!(value instanceof Map)) return value;
  return Object.fromEntries(value as ReadonlyMap<string, unknown>);
}
