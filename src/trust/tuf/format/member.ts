import { TufgateError } from '../../../errors.ts';
import type { Json, JsonArray, JsonObject } from '../../../json/read.ts';

/**
 * Typed reading of one JSON object from outside; everything that is not as declared is `trust.malformed`.
 *
 * The attack: `{"expires": past, "Expires": future}`. Go decodes member names without regard to case and the last one
 * wins, so a Go client and we would read different things from the same signed bytes. A member that equals a known one
 * but for case is refused; unknown members are kept out of the model and stay covered by the signature.
 */
export class Members {
  readonly what: string;
  private readonly object: JsonObject;

  /** @param what begins every message: "root version 3 of docker.io/library/alpine" */
  constructor(what: string, value: Json | undefined, known: readonly string[]) {
    this.what = what;
    if (!(value instanceof Map)) throw malformed(what, 'is not a JSON object');
    this.object = value as JsonObject;
    refuseTwins(what, this.object, known);
  }

  get(name: string): Json | undefined {
    return this.object.get(name);
  }

  names(): readonly string[] {
    return [...this.object.keys()];
  }

  string(name: string): string {
    const value = this.object.get(name);
    if (typeof value !== 'string') throw malformed(this.what, `has no string ${name}`);
    return value;
  }

  /** A safe integer of at least `least`. */
  integer(name: string, least: number): number {
    const value = this.object.get(name);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least)
      throw malformed(this.what, `has no integer ${name} of at least ${least}`);
    return value;
  }

  record(name: string): JsonObject {
    const value = this.object.get(name);
    if (!(value instanceof Map)) throw malformed(this.what, `has no object ${name}`);
    return value as JsonObject;
  }

  /** Absent and null are the same to Go, and so an empty one here. */
  optionalObject(name: string): JsonObject {
    const value = this.object.get(name);
    return value === undefined || value === null ? new Map() : this.record(name);
  }

  array(name: string): JsonArray {
    const value = this.object.get(name);
    if (!Array.isArray(value)) throw malformed(this.what, `has no list ${name}`);
    return value as JsonArray;
  }

  optionalArray(name: string): JsonArray {
    const value = this.object.get(name);
    return value === undefined || value === null ? [] : this.array(name);
  }

  strings(name: string): readonly string[] {
    return this.optionalArray(name).map((value) => {
      if (typeof value !== 'string') throw malformed(this.what, `has something in ${name} that is not a string`);
      return value;
    });
  }
}

export function malformed(what: string, why: string): TufgateError {
  return new TufgateError('trust.malformed', `${what} ${why}; nothing of it is believed`);
}

function refuseTwins(what: string, object: JsonObject, known: readonly string[]): void {
  const folded = new Map(known.map((name) => [fold(name), name]));
  for (const name of object.keys()) {
    const twin = folded.get(fold(name));
    if (twin !== undefined && twin !== name)
      throw malformed(what, `has a member ${JSON.stringify(name)}, which differs from ${twin} only in case`);
  }
}

/** As Go folds: the long s and the Kelvin sign are an s and a k too. */
function fold(name: string): string {
  return name.toUpperCase().toLowerCase();
}
