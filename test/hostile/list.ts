import { type HostileCase, idOf, type ValidCase } from './case.ts';

/** `docs/hostile.md`: every attack, and for each what it would let through. Written by `npm run hostile -- --list`. */
export function listOf(hostile: readonly HostileCase[], valid: readonly ValidCase[]): string {
  return [
    '# The hostile corpus',
    '',
    `${hostile.length} attacks that must be refused with their code, and nothing learned from them; ${valid.length} odd but legal`,
    'collections that must pass. Written by `npm run hostile -- --list`; a test holds that this file is up to date.',
    'No two attacks take the same way through the engine: they are refused at different places, or after other checks.',
    '`after` says where it is written: "TUF" is the TUF specification 1.0; "notary-v1" our notes on what Notary v1 does.',
    '`npm run hostile` prints the score, `npm run hostile -- --serve PORT` offers the same files to any other client.',
    ...groupsOf(hostile).flatMap(([title, cases]) => [
      '',
      `## Attacks: ${title}`,
      '',
      '| attack | the move | what it would let through | code | after |',
      '|---|---|---|---|---|',
      ...cases.map((attack) => row(attack.name, attack.move, attack.lets, `\`${attack.expect}\``, attack.anchor)),
    ]),
    ...groupsOf(valid).flatMap(([title, cases]) => [
      '',
      `## Legal: ${title}`,
      '',
      '| case | what is odd about it | after |',
      '|---|---|---|',
      ...cases.map((legal) => row(legal.name, legal.odd, legal.anchor)),
    ]),
    '',
  ].join('\n');
}

function groupsOf<T extends HostileCase | ValidCase>(
  cases: readonly T[],
): readonly (readonly [string, readonly T[]])[] {
  const groups = new Map<string, T[]>();
  for (const each of cases) {
    const title = idOf({ ...each, name: '' })
      .replaceAll('-', ' ')
      .trim();
    groups.set(title, [...(groups.get(title) ?? []), each]);
  }
  return [...groups];
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
