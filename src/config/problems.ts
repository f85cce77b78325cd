import { TufgateError } from '../errors.ts';

export interface Place {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

export interface Problem extends Place {
  readonly message: string;
}

const SHOWN = 50;

/** All the mistakes of one file, for programs; the message has them for people, one line each. */
export class ConfigInvalid extends TufgateError {
  readonly problems: readonly Problem[];

  constructor(message: string, file: string, problems: readonly Problem[]) {
    super('config.invalid', message, { detail: { file, mistakes: problems.length } });
    this.problems = problems;
  }
}

/** Collects every mistake of one file, so that the reader mends them in one go. */
export class Problems {
  private readonly found: { readonly place: Place; readonly text: string }[] = [];
  private readonly file: string;
  private readonly placeOf: (offset: number) => Place;

  /** @param file the name to show: `config/tufgate.yaml` */
  constructor(file: string, placeOf: (offset: number) => Place) {
    this.file = file;
    this.placeOf = placeOf;
  }

  add(at: number, text: string): void {
    this.found.push({ place: this.placeOf(at), text });
  }

  lineOf(at: number): number {
    return this.placeOf(at).line;
  }

  /** @throws config.invalid with one line a mistake, `file:line:column: text`, in the order of the file */
  throwIfAny(): void {
    if (this.found.length === 0) return;
    const problems = this.found
      .toSorted(byPlace)
      .map(({ place: { line, column }, text }) => ({ line, column, message: oneLine(text) }));
    const lines = problems.map(({ line, column, message }) => `${this.file}:${line}:${column}: ${message}`);
    const rest = lines.length - SHOWN;
    const shown = rest > 0 ? [...lines.slice(0, SHOWN), `${this.file}: and ${rest} more mistakes`] : lines;
    throw new ConfigInvalid(shown.join('\n'), this.file, problems);
  }
}

/** Text from the file may hold line breaks and terminal escapes; a message stays on its line. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}

function byPlace(a: { place: Place }, b: { place: Place }): number {
  return a.place.line - b.place.line || a.place.column - b.place.column;
}
