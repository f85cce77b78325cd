import { readFile } from 'node:fs/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { blocksOf } from '../e2e/real/runbook.ts';

/**
 * What the documents say to type is what `test/e2e/approvals-runbook.e2e.ts` types: it reads the same blocks. Here, without building
 * anything: that each line of them is one it can type, and that every option is one that the command has.
 */
const DOCUMENTS = ['docs/approvals.md', 'docs/runbook.md'];
const PROGRAMS = 'tufgate npx npm docker systemctl cp mv rm mkdir cat ls tar printf'.split(' ');
const PEOPLE = 'gate another alice bob carol dave tina'.split(' ');

afterEach(() => vi.restoreAllMocks());

test.each(DOCUMENTS)('%s: every line is typed by somebody, with programs that are there', async (path) => {
  const steps = blocksOf(await text(path)).flatMap((block) => block.steps);
  expect(steps.length).toBeGreaterThan(10);
  for (const { who, line } of steps) {
    expect(PEOPLE, line).toEqual(expect.arrayContaining([...who]));
    for (const command of commandsIn(line)) expect(PROGRAMS, line).toContain(command.split(' ')[0]);
  }
});

test.each(DOCUMENTS)('%s: no command has an option that tufgate does not know', async (path) => {
  const document = await text(path);
  const typed = blocksOf(document).flatMap(({ steps }) => steps.flatMap(({ line }) => commandsIn(line)));
  const named = [...document.matchAll(/`(tufgate [^`]+)`/g)].flatMap(([, words = '']) => commandsIn(words));
  const ours = [...typed, ...named]
    .map((command) => command.replace(/^npx /, ''))
    .filter((command) => /^tufgate /.test(command));
  expect(ours.length).toBeGreaterThan(8);
  const help = new Map<string, string>();
  for (const command of ours) {
    const verb = verbOf(command);
    const known = help.get(verb) ?? (await helpOf(verb.split(' ')));
    help.set(verb, known);
    for (const [, flag = ''] of withoutQuoted(command).matchAll(/ (--[a-z-]+)/g))
      expect(known, command).toContain(`${flag} `);
  }
});

test('the README begins as the document does', async () => {
  const [first] = blocksOf(await text('docs/approvals.md'));
  const [, block = ''] = /## Approve images yourself\n\n```sh\n(.*?)```/s.exec(await text('README.md')) ?? [];
  const lines = block.trimEnd().split('\n');
  expect(lines.map((line) => line.replace(/ +#.*$/, ''))).toEqual(first?.steps.map(({ line }) => line));
});

/** The commands of a line of shell. */
function commandsIn(line: string): readonly string[] {
  return withoutQuoted(line)
    .replace(/^[A-Z_]+=\S+ /, '')
    .split(/ \| | && /)
    .map((command) => command.trim());
}

function withoutQuoted(line: string): string {
  return line.replace(/"[^"]*"|'[^']*'/g, 'QUOTED');
}

/** `approvals root sign`: the words up to the first that is an operand. */
function verbOf(command: string): string {
  const [, ...words] = command.split(' ');
  const groups = ['approvals', 'root', 'keys', 'rotate', 'trust', 'config'];
  const verb: string[] = [];
  for (const word of words) {
    verb.push(word);
    if (!groups.includes(word)) break;
  }
  return verb.join(' ');
}

async function helpOf(verb: readonly string[]): Promise<string> {
  let said = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((words) => {
    said += String(words);
    return true;
  });
  expect(await run([...verb, '--help'], {}), verb.join(' ')).toBe(0);
  vi.restoreAllMocks();
  expect(said, verb.join(' ')).toContain(`Usage: tufgate ${verb.join(' ')}`);
  return said.replace(/\n/g, ' ');
}

function text(path: string): Promise<string> {
  return readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
}
