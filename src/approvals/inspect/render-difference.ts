import { dayOf } from '../../text/age-words.ts';
import { countWords, sizeWords } from '../../text/size-words.ts';
import { visibleStart } from '../../text/visible.ts';
import type { Change, Difference, PlatformDifference, TextDifference } from './difference.ts';
import type { Blob } from './facts.ts';
import { sizeOf } from './platform-facts.ts';

const MAX_TEXT = 120;
/** Characters before the first that differs. */
const CONTEXT = 20;
/** Of labels that came, went or changed; the others are counted. */
const MAX_TEXTS = 8;

/** For people, a line each; nothing in them moves a cursor. */
export function differenceLines(found: Difference): readonly string[] {
  if (found.before === found.after) return [`the same as the last approved digest, ${found.before}`];
  const shared = sharedTexts(found.both);
  const lines = [
    ...found.removed.map(({ platform }) => `${platform}: no more in it`),
    ...found.added.map(
      ({ platform, layers, size }) => `${platform}: new, ${countWords(layers.length, 'layer')}, ${sizeWords(size)}`,
    ),
    ...found.both.flatMap((each) => platformLines(each, shared.length > 0)),
    ...(shared.length === 0 ? [] : ['on each of the platforms that changed:', ...shared.map((text) => `  ${text}`)]),
  ];
  return [`since the last approved digest ${found.before}:`, ...lines.map((line) => `  ${line}`)];
}

/** A label that changed on eight platforms alike is told once. */
function sharedTexts(both: readonly PlatformDifference[]): readonly string[] {
  const changed = both.filter(({ same }) => !same);
  const [first, ...others] = changed.map((each) => (each.unknown ? [] : textsOf(each)));
  const alike = others.length > 0 && others.every((texts) => texts.join('\n') === first?.join('\n'));
  return alike && first !== undefined ? first : [];
}

function textsOf({ settings, labels }: PlatformDifference): readonly string[] {
  return [...textLines('setting', settings), ...textLines('label', labels)];
}

/** @param told that the texts are told elsewhere */
function platformLines(each: PlatformDifference, told: boolean): readonly string[] {
  if (each.same) return [`${each.platform}: the same`];
  if (each.unknown) return [`${each.platform}: another manifest, which could not be compared in full`];
  const texts = textsOf(each);
  const lines = told ? [] : texts.map((text) => `  ${text}`);
  return [`${each.platform}: ${summary(each, texts.length > 0).join(', ')}`, ...lines];
}

function summary(each: PlatformDifference, told: boolean): readonly string[] {
  const { kept, added, removed } = each.layers;
  const words = [`${countWords(kept.length, 'layer')} kept`];
  if (added.length > 0) words.push(`${added.length} new (${bytes(added)})`);
  if (removed.length > 0) words.push(`${removed.length} gone (${bytes(removed)})`);
  if (each.reordered) words.push('in another order');
  if (each.configChanged && !told) words.push('another configuration, with nothing that is shown here changed');
  const created = createdWords(each.created);
  return created === undefined ? words : [...words, created];
}

function bytes(layers: readonly Blob[]): string {
  return sizeWords(sizeOf(layers));
}

/** An image that is older than the one approved before it is what a rollback looks like. */
function createdWords({ before, after }: Change<number | undefined>): string | undefined {
  if (before === after) return undefined;
  const day = (at: number | undefined): string => (at === undefined ? 'unknown' : dayOf(at));
  const older = before !== undefined && after !== undefined && after < before ? ': OLDER than the approved one' : '';
  return `created ${day(before)} → ${day(after)}${older}`;
}

function textLines(noun: string, { added, removed, changed }: TextDifference): readonly string[] {
  const lines = [
    ...[...changed].map(([name, { before, after }]) => `${noun} ${shown(name)}: ${changeWords(before, after)}`),
    ...[...added].map(([name, text]) => `${noun} ${shown(name)}: new, ${shown(text)}`),
    ...[...removed].map(([name, text]) => `${noun} ${shown(name)}: gone, it was ${shown(text)}`),
  ];
  const rest = lines.length - MAX_TEXTS;
  return rest > 0 ? [...lines.slice(0, MAX_TEXTS), `and ${countWords(rest, `more ${noun}`)}`] : lines;
}

/** The attack: a long text that changes at its end only. Shown is where the two part. */
function changeWords(before: string, after: string): string {
  let shared = 0;
  while (shared < before.length && before[shared] === after[shared]) shared++;
  const from = before.length <= MAX_TEXT && after.length <= MAX_TEXT ? 0 : Math.max(0, shared - CONTEXT);
  const start = from === 0 ? '' : '…';
  return `${start}${shown(before.slice(from))} → ${start}${shown(after.slice(from))}`;
}

function shown(text: string): string {
  return text === '' ? '(empty)' : visibleStart(text, MAX_TEXT);
}
