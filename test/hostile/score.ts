import { idOf } from './case.ts';
import { HOSTILE, VALID } from './corpus.ts';
import { listOf } from './list.ts';
import { manifestOf } from './manifest.ts';
import { Stage } from './stage.ts';
import { CorpusServer } from './server.ts';

/** What `npm run hostile` does. @returns the exit code: 1 unless every attack was refused and nothing legal was */
export async function run(argv: readonly string[], print: (text: string) => void): Promise<number> {
  const [first, second] = argv;
  if (first === '--list') print(listOf(HOSTILE, VALID));
  else if (first === '--serve') await serve(Number(second ?? 0), print);
  else if (first === undefined || first === '--json') return await score(first === '--json', print);
  else {
    print('usage: npm run hostile [-- --json | --list | --serve PORT]\n');
    return 2;
  }
  return 0;
}

interface Line {
  readonly case: string;
  readonly expected: string;
  readonly faults: readonly string[];
}

async function score(json: boolean, print: (text: string) => void): Promise<number> {
  const server = new CorpusServer();
  const stage = new Stage(server, await server.listen());
  const refused: Line[] = [];
  const passed: Line[] = [];
  for (const attack of HOSTILE)
    refused.push({ case: idOf(attack), expected: attack.expect, faults: await stage.hostile(attack) });
  for (const legal of VALID) passed.push({ case: idOf(legal), expected: 'signed', faults: await stage.valid(legal) });
  await server.close();
  const wrong = [...refused, ...passed].filter(({ faults }) => faults.length > 0);
  print(json ? `${JSON.stringify({ hostile: refused, valid: passed }, null, 2)}\n` : table(refused, passed));
  return wrong.length === 0 ? 0 : 1;
}

function table(refused: readonly Line[], passed: readonly Line[]): string {
  const right = (lines: readonly Line[]): number => lines.filter(({ faults }) => faults.length === 0).length;
  const width = Math.max(...[...refused, ...passed].map((line) => line.case.length));
  const rows = [...refused, ...passed].map((line) => {
    const verdict = line.faults.length === 0 ? 'ok   ' : 'WRONG';
    return [`${verdict} ${line.case.padEnd(width)} ${line.expected}`, ...line.faults.map((fault) => `      ${fault}`)];
  });
  return `${rows.flat().join('\n')}

refused, with the code expected and nothing learned: ${right(refused)}/${refused.length}
false refusals: ${passed.length - right(passed)}/${passed.length}
`;
}

/** Until the process is ended. */
async function serve(port: number, print: (text: string) => void): Promise<void> {
  const server = new CorpusServer();
  const scenes = new Map([...HOSTILE, ...VALID].map((told) => [idOf(told), told.tell()]));
  for (const [id, scene] of scenes) server.add(id, scene);
  const base = await server.page('/manifest.json', manifestOf(HOSTILE, VALID, scenes)).listen(port);
  print(`the corpus is at ${base.href}, what it expects at ${base.href}manifest.json\n`);
}
