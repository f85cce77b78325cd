import { isDeepStrictEqual } from 'node:util';
import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { TufgateError } from '../errors.ts';

/**
 * One pin more, another or one less in the text of a configuration that loads. Everything else stays as it was written,
 * to the byte: the file is under review somewhere, and a tool that lays out the whole of it again hides its one line
 * among fifty. (The yaml library's own printer was tried: it moves comments.)
 *
 * Guarantee: what the new text says was compared with what it should say, as values; a file that is written in a way
 * that this edit does not meet is refused with the line to write by hand.
 */
export type PinText =
  | { readonly kind: 'keys'; readonly keyIds: readonly string[] }
  | { readonly kind: 'ca' | 'root'; readonly file: string };

/** @param gun as in the file: with a trailing slash for all below. @throws usage when it cannot be edited safely */
export function withPin(text: string, source: string, gun: string, pin: PinText): string {
  const byHand = `write this under trust.${source}.pins yourself: ${word(gun)}: ${pinWords(pin)}`;
  const expected = valuesOf(text);
  pinsOf(expected, source, true)?.set(gun, pinValue(pin));
  return checked(insert(text, mapIn(text, source, byHand), gun, pin), expected, byHand);
}

/** @throws usage when it cannot be edited safely */
export function withoutPin(text: string, source: string, gun: string): string {
  const byHand = `remove ${word(gun)} under trust.${source}.pins yourself`;
  const sourceMap = mapIn(text, source, byHand);
  const pins = pairOf(sourceMap, 'pins')?.value;
  const expected = valuesOf(text);
  const left = pinsOf(expected, source, false);
  left?.delete(gun);
  if (left?.size === 0) sourceOf(expected, source)?.delete('pins');
  return checked(isMap(pins) ? remove(text, sourceMap, pins, gun) : text, expected, byHand);
}

function insert(text: string, source: YAMLMap, gun: string, pin: PinText): string {
  const words = pinWords(pin);
  const entry = `${word(gun)}: ${words}`;
  const pins = pairOf(source, 'pins');
  if (pins === undefined) return append(text, source, `pins: { ${entry} }`);
  if (!isMap(pins.value) || pins.value.items.length === 0) return replaceValue(text, pins, `{ ${entry} }`);
  const same = pairOf(pins.value, gun);
  return same === undefined ? append(text, pins.value, entry) : replaceValue(text, same, words);
}

function append(text: string, map: YAMLMap, entry: string): string {
  const last = map.items.at(-1);
  const [first] = map.items;
  if (last === undefined || first === undefined) return text;
  const end = endOf(text, last);
  if (map.flow === true) return splice(text, end, end, `, ${entry}`);
  const start = startOf(first);
  const at = lineEnd(text, end);
  return splice(text, at, at, `\n${text.slice(lineStart(text, start), start)}${entry}`);
}

function replaceValue(text: string, pair: Pair, words: string): string {
  const colon = text.indexOf(':', keyEnd(pair)) + 1;
  const { value } = pair;
  const flow = isMap(value) && value.flow === true && value.range;
  if (flow) return splice(text, flow[0], flow[1], words);
  return splice(text, colon, isMap(value) ? endOf(text, pair) : colon, ` ${words}`);
}

function remove(text: string, source: YAMLMap, pins: YAMLMap, gun: string): string {
  if (pins.items.length === 1 && pairOf(pins, gun) !== undefined) return removePair(text, source, 'pins');
  return removePair(text, pins, gun);
}

function removePair(text: string, map: YAMLMap, key: string): string {
  const at = map.items.findIndex((pair) => nameOf(pair) === key);
  const [before, pair, after] = [map.items[at - 1], map.items[at], map.items[at + 1]];
  if (pair === undefined) return text;
  const start = startOf(pair);
  const end = endOf(text, pair);
  if (map.flow !== true) return splice(text, lineStart(text, start), lineEnd(text, end) + 1, '');
  if (after !== undefined) return splice(text, start, startOf(after), '');
  return splice(text, before === undefined ? start : endOf(text, before), end, '');
}

function checked(edited: string, expected: unknown, byHand: string): string {
  if (isDeepStrictEqual(valuesOf(edited), expected)) return edited;
  throw tooClever(byHand);
}

function tooClever(byHand: string): TufgateError {
  return new TufgateError('usage', `the configuration is written in a way that cannot be edited here: ${byHand}`);
}

type Values = Map<unknown, unknown>;

/** As values: Maps, and every scalar as it is written. Undefined when it is no YAML any more. */
function valuesOf(text: string): unknown {
  const document = parseDocument(text, { schema: 'failsafe', logLevel: 'error' });
  return document.errors.length > 0 ? undefined : document.toJS({ mapAsMap: true });
}

function sourceOf(values: unknown, source: string): Values | undefined {
  const trust = values instanceof Map ? (values as Values).get('trust') : undefined;
  const found = trust instanceof Map ? (trust as Values).get(source) : undefined;
  return found instanceof Map ? found : undefined;
}

function pinsOf(values: unknown, source: string, make: boolean): Values | undefined {
  const map = sourceOf(values, source);
  const pins = map?.get('pins');
  if (pins instanceof Map || !make) return pins instanceof Map ? pins : undefined;
  const made: Values = new Map();
  map?.set('pins', made);
  return made;
}

function pinValue(pin: PinText): Values {
  return new Map<unknown, unknown>(pin.kind === 'keys' ? [['keys', [...pin.keyIds]]] : [[pin.kind, pin.file]]);
}

export function pinWords(pin: PinText): string {
  return pin.kind === 'keys' ? `{ keys: [${pin.keyIds.map(word).join(', ')}] }` : `{ ${pin.kind}: ${word(pin.file)} }`;
}

/** Quoted where YAML could read it as anything but text. */
function word(text: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9._/-]*(?::[0-9]+(?:\/[A-Za-z0-9._/-]*)?)?$/.test(text) ? text : JSON.stringify(text);
}

function mapIn(text: string, source: string, byHand: string): YAMLMap {
  const node = parseDocument(text, { schema: 'failsafe', logLevel: 'error' }).getIn(['trust', source]);
  if (isMap(node) && node.items.length > 0) return node;
  throw tooClever(byHand);
}

function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => nameOf(pair) === key);
}

function nameOf({ key }: Pair): string | undefined {
  return isScalar(key) ? String(key.value) : undefined;
}

function startOf({ key }: Pair): number {
  return isScalar(key) ? (key.range?.[0] ?? 0) : 0;
}

function keyEnd({ key }: Pair): number {
  return isScalar(key) ? (key.range?.[1] ?? 0) : 0;
}

/** Without the blank lines behind it; a block ends with the comment on its last line. */
function endOf(text: string, pair: Pair): number {
  const { value } = pair as Pair<unknown, { range?: [number, number, number] | null } | null>;
  const end = value?.range?.[1] ?? keyEnd(pair) + 1;
  return text.slice(0, end).trimEnd().length;
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

function splice(text: string, start: number, end: number, words: string): string {
  return text.slice(0, start) + words + text.slice(end);
}
