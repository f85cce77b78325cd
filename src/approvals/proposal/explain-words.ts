import { approvalIn } from '../document/approval-in.ts';
import type { Approval, DelegatedRole, Entry, Quorum, Withdrawal } from '../document/documents.ts';
import type { Evidence } from '../document/evidence.ts';
import { instantText } from '../../text/instant-text.ts';
import { parseTarget } from '../document/names.ts';
import { type Explanation, familyOf, meaningOf, type QuorumChange, type TargetChange } from './explain.ts';

/** What is about to be signed, in plain words. Text from outside is shown with nothing in it that moves a cursor. */
export function explanationLines({ targets, quorums, files, bins }: Explanation): readonly string[] {
  const ends = [...files.values()];
  const words = files.size === 1 ? '1 file is' : `${files.size} files are`;
  const until = new Set(ends.map(instantText));
  return [
    ...quorums.flatMap(quorumLines),
    ...moveLines(targets),
    ...(targets.length > MOST_NAMES ? manyLines(targets) : targets.flatMap(targetLines)),
    ...(bins === undefined
      ? []
      : [`Approvals are spread over ${bins.after} files instead of ${bins.before}; none of them changes by that.`]),
    `${words} to be signed (${shortList([...files.keys()])}), to count until ${[...until].sort().join(' or ')}.`,
  ];
}

/** With more, new approvals are told in one line each, by repository and by what is said of them. */
const MOST_NAMES = 200;

/**
 * The attack: among hundreds of tags of one repository is one with a digest of somebody else's. So none is left out, however many there are.
 */
function manyLines(targets: readonly TargetChange[]): readonly string[] {
  const fresh = new Map<string, string[]>();
  const others: TargetChange[] = [];
  for (const change of targets) {
    const { before, after } = change;
    const name = parseTarget(change.target);
    if (before === undefined && after.entry.word.kind === 'approval' && name.kind === 'tag') {
      const said = `${shown(name.repository)}, ${wordsOf(after.entry.word)}`;
      const tags = fresh.get(said) ?? [];
      tags.push(`  ${name.tag} is ${digestOf(after.entry)}`);
      fresh.set(said, tags);
    } else others.push(change);
  }
  const lines = [...fresh].flatMap(([said, tags]) => [
    `Approve: ${tags.length} new ${tags.length === 1 ? 'tag' : 'tags'} of ${said}`,
    ...tags,
  ]);
  return [...lines, ...others.flatMap(targetLines)];
}

function targetLines({ target: name, before, after }: TargetChange): readonly string[] {
  const isTag = parseTarget(name).kind === 'tag';
  const target = shown(name);
  if (after === undefined) {
    const what = before.entry.word.kind === 'withdrawn' ? 'No longer withdrawn' : 'No longer approved';
    return [`${what}: ${target}${isTag ? ` (${digestOf(before.entry)})` : ''}`];
  }
  // It moves, and nothing else.
  if (meaningOf(before?.entry) === meaningOf(after.entry)) return [];
  switch (after.entry.word.kind) {
    case 'approval':
      return approvalLines(
        isTag ? `${target} is ${digestOf(after.entry)}` : target,
        before?.entry,
        after.entry,
        after.entry.word,
      );
    case 'named':
      return namedLines(target, before?.entry, after.entry, after.entry.word.own);
    case 'withdrawn':
      return [`WITHDRAWN: ${target}, ${withdrawnWords(after.entry.word)}`];
  }
}

function approvalLines(what: string, before: Entry | undefined, after: Entry, approval: Approval): readonly string[] {
  const instead = before !== undefined && before.sha256 !== after.sha256 ? [`  instead of ${digestOf(before)}`] : [];
  const back = before?.word.kind === 'withdrawn' ? [`  which was withdrawn ${withdrawnWords(before.word)}`] : [];
  return [
    `Approve: ${what} (${after.length} bytes${after.mediaType === undefined ? '' : `, ${shown(after.mediaType)}`})`,
    ...instead,
    ...back,
    `  ${wordsOf(approval)}`,
    ...endLines(approvalIn(before?.word), approval),
    ...approval.evidence.map((each) => `  seen: ${evidenceWords(each, digestOf(after))}`),
  ];
}

/** The attack: a reason that ends as an end does, `; until 2027-04-01T00:00:00Z`. So the end comes first, also where there is none. */
function wordsOf({ by, reason, until }: Approval): string {
  const end = until === undefined ? 'without an end' : `until ${instantText(until)}`;
  return `${end}, by ${shown(by)}${reason === undefined ? '' : `: ${shown(reason)}`}`;
}

/** An approval that was for a time, and is given for longer or for ever, must not pass as the same once more. */
function endLines(before: Approval | undefined, after: Approval): readonly string[] {
  if (before?.until === undefined || before.until === after.until) return [];
  return [`  instead of until ${instantText(before.until)}`];
}

/** Its kind first. A digest that is the image's own tells nothing. */
function evidenceWords(each: Evidence, own: string): string {
  const kind = each.get('kind');
  const rest = [...each].filter(([name, text]) => name !== 'kind' && !(name === 'digest' && text === own));
  const words = rest.map(([name, text]) => `${shown(name)} ${shown(String(text))}`);
  return [...(kind === undefined ? [] : [shown(String(kind))]), ...words].join(', ');
}

/** A digest that follows its tags needs no line of its own, unless it was withdrawn or is approved for itself too. */
function namedLines(
  target: string,
  before: Entry | undefined,
  after: Entry,
  own: Approval | undefined,
): readonly string[] {
  const word = before?.word;
  const had = approvalIn(word);
  if (own !== undefined && meaningOf(had) !== meaningOf(own))
    return approvalLines(`${target}, also without a tag`, before, after, own);
  if (own === undefined && had !== undefined) return [`No longer approved without a tag: ${target}`];
  return word?.kind === 'withdrawn' ? [`Approve again: ${target}, which was withdrawn ${withdrawnWords(word)}`] : [];
}

function moveLines(targets: readonly TargetChange[]): readonly string[] {
  const moves = new Map<string, number>();
  for (const { before, after } of targets) {
    if (before === undefined || after === undefined || familyOf(before.role) === familyOf(after.role)) continue;
    const way = `from ${before.role} to ${after.role}`;
    moves.set(way, (moves.get(way) ?? 0) + 1);
  }
  return [...moves].map(([way, count]) => `${count} ${count === 1 ? 'name moves' : 'names move'} ${way}.`);
}

function quorumLines(change: QuorumChange): readonly string[] {
  const { role, before, after } = change;
  if (after === undefined) return [`The role ${role} is taken away (${quorumWords(before)}).`];
  const added = after.keyIds.filter((id) => before?.keyIds.includes(id) !== true);
  const removed = before?.keyIds.filter((id) => !after.keyIds.includes(id)) ?? [];
  const instead = before === undefined ? '' : ` instead of ${quorumWords(before)}`;
  return [
    ...(role === 'root' && before === undefined ? [NEW] : []),
    `${role} is signed by ${quorumWords(after)}${instead}:`,
    ...(change.paths === undefined ? [] : [`  in charge of ${pathWords(change.paths)}`]),
    ...(change.behind === undefined
      ? []
      : [`  from now on after ${change.behind.join(', ')}: what both name is theirs`]),
    ...added.map((id) => `  + key ${shown(id)}`),
    ...removed.map((id) => `  - key ${shown(id)}`),
  ];
}

/** Of whoever signs it, who else may sign is the one thing to be certain of. */
const NEW =
  'A NEW repository: nothing vouches for these keys but you. Compare their ids with the people whose keys they are.';

/** Hash prefixes are given once, when a repository is made: all of them, to one role. */
function pathWords({ kind, of }: DelegatedRole['paths']): string {
  return kind === 'hash-prefixes' ? 'all images of which no role before it is in charge' : of.map(shown).join('  ');
}

function quorumWords({ threshold, keyIds }: Quorum): string {
  return `${threshold} of ${keyIds.length} ${keyIds.length === 1 ? 'key' : 'keys'}`;
}

function shortList(names: readonly string[]): string {
  return names.length <= 6 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`;
}

function digestOf({ sha256 }: Entry): string {
  return `sha256:${sha256}`;
}

/** When, by whom, and why. */
export function withdrawnWords({ at, by, reason }: Withdrawal): string {
  return `at ${instantText(at)} by ${shown(by)}${reason === undefined ? '' : `: ${shown(reason)}`}`;
}

/** More than a person reads; what is cut off says so. */
const MAX_SHOWN = 600;

/** Printable ASCII and letters of other scripts; no controls, no marks that change the direction of what follows. */
export function shown(text: string): string {
  const safe = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu, '?');
  if (safe.length <= MAX_SHOWN) return safe;
  return `${safe.slice(0, MAX_SHOWN)}… (${safe.length - MAX_SHOWN} characters more)`;
}
