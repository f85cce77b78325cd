import type { Node } from './node.ts';
import { nearest } from './nearest.ts';
import type { Problems } from './problems.ts';

/** What reading a configuration needs of the world. */
export interface Surroundings {
  readonly problems: Problems;
  /** Relative paths start here: the folder of the file. */
  readonly directory: string;
  /** The bytes of a file. @throws a Node.js file error */
  readonly readFile: (path: string) => Uint8Array;
  /** Absent: variables that are named are not looked up. */
  readonly env?: Environment | undefined;
  /** Absent: a root file is only looked at as far as it takes to see that it is metadata. */
  readonly whyNotRoot?: WhyNotRoot | undefined;
}

/**
 * Why trust in a collection cannot begin with these bytes; undefined when it can. Handed in, because the trust core judges, and it
 * knows no configuration.
 */
export type WhyNotRoot = (kind: 'notary' | 'tuf', gun: string, bytes: Uint8Array) => string | undefined;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reports a mistake and stands for the value that is not there because of it, whatever its type would have been. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- T comes from what the caller returns
export type Fail = <T>(text: string) => T | undefined;

/** One value of the file and what it is called there. A reader of a field reports what is wrong and gives undefined. */
export class Field {
  readonly name: string;
  readonly node: Node;
  readonly world: Surroundings;

  constructor(name: string, node: Node, world: Surroundings) {
    this.name = name;
    this.node = node;
    this.world = world;
  }

  readonly fail: Fail = (text) => {
    this.world.problems.add(this.node.at, `${this.name}: ${text}`);
    return undefined;
  };

  /** The same place, for a reader that is to see only a part of its text. */
  called(text: string): Field {
    return new Field(this.name, this.node.kind === 'text' ? { ...this.node, text } : this.node, this.world);
  }

  get line(): number {
    return this.world.problems.lineOf(this.node.at);
  }

  /** The text of a scalar that is not empty. @param expected completes "expected …" */
  text(expected: string): string | undefined {
    if (this.node.kind === 'text' && this.node.text !== '') return this.node.text;
    return this.fail(`${describe(this.node)}: expected ${expected}`);
  }

  /** The elements of a list, called `name[1]` and so on. */
  items(expected: string): readonly Field[] | undefined {
    if (this.node.kind !== 'list') return this.fail(`${describe(this.node)}: expected a list, ${expected}`);
    return this.node.items.map((item, i) => new Field(`${this.name}[${i + 1}]`, item, this.world));
  }

  /** The members of a map whose keys are names of the operator's choice; `at` is where the key stands. */
  members(expected: string): readonly Member[] | undefined {
    if (this.node.kind !== 'map') return this.fail(`${describe(this.node)}: expected a map, ${expected}`);
    return [...this.node.entries].map(([key, { keyAt, value }]) => ({
      key,
      field: new Field(key, value, this.world),
      fail: (text) => {
        this.world.problems.add(keyAt, text);
        return undefined;
      },
    }));
  }
}

export interface Member {
  readonly key: string;
  readonly field: Field;
  /** Reports at the key, not at the value. */
  readonly fail: Fail;
}

export type Reader<T> = (field: Field) => T | undefined;

export function describe(node: Node): string {
  if (node.kind === 'text') return node.text === '' ? 'is empty' : `${quote(node.text)} is plain text`;
  return node.kind === 'list' ? 'is a list' : 'is a map';
}

export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/**
 * A map with keys of our choice. Which keys exist is not declared anywhere: it is what the reader asked for, so a key
 * cannot be known and yet ignored. `end` reports the others.
 */
export class Section {
  private readonly known = new Set<string>();
  private readonly handled = new Set<string>();
  private readonly field: Field;

  constructor(field: Field) {
    this.field = field;
  }

  optional<T>(key: string, read: Reader<T>): T | undefined {
    const field = this.take(key);
    return field === undefined ? undefined : read(field);
  }

  required<T>(key: string, read: Reader<T>, hint: string): T | undefined {
    const field = this.take(key);
    return field === undefined ? this.field.fail(`${key} is missing: ${hint}`) : read(field);
  }

  has(key: string): boolean {
    return this.field.node.kind === 'map' && this.field.node.entries.has(key);
  }

  /** A key that people write and that must not be there; it is never suggested. */
  refuse(key: string, why: string): void {
    if (!this.has(key)) return;
    this.handled.add(key);
    this.failAt(key, `${key}: ${why}`);
  }

  /** Exactly one of these keys must be there. @returns true when so */
  exactlyOne(keys: readonly string[], hint: string): boolean {
    for (const key of keys) this.known.add(key);
    const present = keys.filter((key) => this.has(key));
    if (present.length === 1) return true;
    const [, second] = present;
    if (second === undefined) this.fail(`needs one of ${list(keys)}: ${hint}`);
    else this.failAt(second, `${list(present, 'and')} exclude each other: ${hint}`);
    return false;
  }

  /** Both or neither. */
  together(one: string, other: string): void {
    if (this.has(one) !== this.has(other))
      this.fail(this.has(one) ? `${one} needs ${other} beside it` : `${other} needs ${one} beside it`);
  }

  fail(text: string): void {
    this.field.fail(text);
  }

  /** Reports at the key. */
  failAt(key: string, text: string): void {
    const { node } = this.field;
    const at = node.kind === 'map' ? node.entries.get(key)?.keyAt : undefined;
    this.field.world.problems.add(at ?? node.at, text);
  }

  /** What is left is not looked at: the whole section was refused. */
  abandon(): void {
    if (this.field.node.kind === 'map') for (const key of this.field.node.entries.keys()) this.handled.add(key);
  }

  end(): void {
    if (this.field.node.kind !== 'map') return;
    for (const key of this.field.node.entries.keys()) {
      if (!this.handled.has(key)) this.failAt(key, this.unknown(key));
    }
  }

  private unknown(key: string): string {
    const meant = nearest(key, this.known);
    const hint = meant === undefined ? `known here: ${list([...this.known])}` : `did you mean ${quote(meant)}?`;
    return `unknown key ${quote(key)} (${hint})`;
  }

  private take(key: string): Field | undefined {
    this.known.add(key);
    if (this.field.node.kind !== 'map') return undefined;
    this.handled.add(key);
    const entry = this.field.node.entries.get(key);
    return entry === undefined ? undefined : new Field(key, entry.value, this.field.world);
  }
}

/** @param expected an example: "such as `{ address: 127.0.0.1:5000 }`" */
export function section<T>(expected: string, read: (section: Section, field: Field) => T | undefined): Reader<T> {
  return (field) => {
    if (field.node.kind !== 'map') return field.fail(`${describe(field.node)}: expected a map, ${expected}`);
    const open = new Section(field);
    const value = read(open, field);
    open.end();
    return value;
  };
}

/** `a, b or c` */
export function list(names: readonly string[], word: 'or' | 'and' = 'or'): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1) ?? ''}`;
}
