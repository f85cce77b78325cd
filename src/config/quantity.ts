import { quote, type Reader, list } from './field.ts';

const UNITS_OF_TIME = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);
const UNITS_OF_SIZE = new Map([
  ['B', 1],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
  ['TiB', 2 ** 40],
]);
const QUANTITY = /^([0-9]{1,15})([A-Za-z]{1,3})$/;

export interface Bounds {
  readonly min: number;
  readonly max: number;
  /** The bounds in the units of the file: "from 1s to 365d". */
  readonly words: string;
}

/** `60s`, `5m`, `1h`, `30d` → milliseconds. */
export function duration(bounds: Bounds): Reader<number> {
  return quantity(UNITS_OF_TIME, 'a duration such as 60s, 5m, 1h or 30d', bounds);
}

/** `512KiB`, `4MiB`, `50GiB` → bytes. */
export function size(bounds: Bounds): Reader<number> {
  return quantity(UNITS_OF_SIZE, 'a size such as 512KiB, 4MiB or 50GiB', bounds);
}

/** The same outside the file; undefined for what is no size. */
export function parseSize(text: string): number | undefined {
  const [, digits, unit] = QUANTITY.exec(text) ?? [];
  const factor = UNITS_OF_SIZE.get(unit ?? '');
  return factor === undefined ? undefined : Number(digits) * factor;
}

export function integer(bounds: Bounds): Reader<number> {
  return (field) => {
    const text = field.text(`a whole number ${bounds.words}`);
    if (text === undefined) return undefined;
    const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
    return value >= bounds.min && value <= bounds.max
      ? value
      : field.fail(`${quote(text)} is not allowed: expected a whole number ${bounds.words}`);
  };
}

export const boolean: Reader<boolean> = (field) => {
  const text = field.text('true or false');
  if (text === undefined) return undefined;
  return text === 'true' || text === 'false'
    ? text === 'true'
    : field.fail(`${quote(text)} is not allowed: expected true or false`);
};

/** One of a few words. */
export function oneOf<const W extends string>(words: readonly W[]): Reader<W> {
  return (field) => {
    const text = field.text(list(words));
    if (text === undefined) return undefined;
    return words.find((word) => word === text) ?? field.fail(`${quote(text)} is not allowed: expected ${list(words)}`);
  };
}

function quantity(units: ReadonlyMap<string, number>, expected: string, bounds: Bounds): Reader<number> {
  return (field) => {
    const text = field.text(expected);
    if (text === undefined) return undefined;
    const [, digits, unit] = QUANTITY.exec(text) ?? [];
    const factor = units.get(unit ?? '');
    if (factor === undefined) return field.fail(`${quote(text)} is not allowed: expected ${expected}`);
    const value = Number(digits) * factor;
    return value >= bounds.min && value <= bounds.max
      ? value
      : field.fail(`${quote(text)} is not allowed: expected ${bounds.words}`);
  };
}
