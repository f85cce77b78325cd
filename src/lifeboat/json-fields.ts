import { type Json, JsonError, type JsonLimits, type JsonObject, readJson } from '../json/read.ts';

/** Reads what tufgate itself wrote: every member must be there and of its kind, anything else is damage. */
export class Fields {
  private readonly members: JsonObject;
  private readonly what: string;

  /** @throws JsonError */
  constructor(what: string, value: Json | undefined) {
    if (!(value instanceof Map)) throw new JsonError(`${what} is not an object`);
    this.what = what;
    this.members = value as JsonObject;
  }

  has(name: string): boolean {
    return this.members.has(name);
  }

  get(name: string): Json | undefined {
    return this.members.get(name);
  }

  text(name: string, pattern?: RegExp): string {
    const value = this.members.get(name);
    if (typeof value !== 'string' || pattern?.test(value) === false) throw this.wrong(name);
    return value;
  }

  integer(name: string, least: number): number {
    const value = this.members.get(name);
    if (typeof value !== 'number' || value < least) throw this.wrong(name);
    return value;
  }

  oneOf<T extends string>(name: string, of: readonly T[]): T {
    const found = of.find((each) => each === this.members.get(name));
    if (found === undefined) throw this.wrong(name);
    return found;
  }

  list<T>(name: string, most: number, read: (value: Json, what: string) => T): readonly T[] {
    const value = this.members.get(name);
    if (!Array.isArray(value) || value.length > most) throw this.wrong(name);
    return (value as readonly Json[]).map((element, i) => read(element, `${name} ${i + 1}`));
  }

  wrong(name: string): JsonError {
    return new JsonError(`${name} of ${this.what} is not what it should be`);
  }
}

const LIMITS: JsonLimits = { depth: 8, values: 100_000, integersOnly: true };

/** @throws JsonError */
export function fieldsOf(what: string, bytes: Uint8Array): Fields {
  return new Fields(what, readJson(bytes, LIMITS));
}
