import { folderOf, isCommented, isSurvivor, LEAST, placeOf, tallies, tally } from './judge.js';

export function page(mutants) {
  const folders = [...tallies(mutants, folderOf), ['**all**', tally(mutants)]];
  return `# Mutation testing

Written by \`npm run test:mutation\` (Stryker; [test/mutation](../test/mutation)), never by hand. Each mutant is one small
damage to the code and must make one of the unit tests beside that code fail: at least ${LEAST} % a folder, and a reason for
each survivor, or the command fails.

Left out and counted: the words of error messages, because decisions are made on codes and never on texts
([message-text.js](../test/mutation/message-text.js) says which literals those are), and what a \`Stryker disable\` comment
in the source excludes.

${table('folder', folders)}

## Survivors

${list(mutants.filter(isSurvivor), ({ why }) => why ?? '**no reason given**')}

## Excluded by a comment

${list(mutants.filter(isCommented), ({ because }) => because)}

## Files

${table(
  'file',
  tallies(mutants, ({ file }) => file),
)}
`;
}

export function score({ killed, survived, percent }) {
  return `${killed} of ${killed + survived} mutants killed, ${percent.toFixed(1)} %`;
}

function table(heading, rows) {
  return [
    `| ${heading} | killed | survived | score | left out: words | by comment |`,
    '| --- | --: | --: | --: | --: | --: |',
    ...rows.map(
      ([name, { killed, survived, percent, words, commented }]) =>
        `| ${name} | ${killed} | ${survived} | ${percent.toFixed(1)} % | ${words} | ${commented} |`,
    ),
  ].join('\n');
}

function list(mutants, why) {
  const items = mutants.map((mutant) => `- ${placeOf(mutant)} \`\` ${mutant.change} \`\`: ${why(mutant)}`);
  return items.length === 0 ? 'None.' : items.join('\n');
}
