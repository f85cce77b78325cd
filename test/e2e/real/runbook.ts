/** One block of commands in a document: who types what, and lines that are printed, in this order. */
export interface Block {
  readonly heading: string;
  readonly steps: readonly Step[];
  /** `…` stands for anything. */
  readonly prints: readonly string[];
}

export interface Step {
  /** `gate`, `another`: a machine; else people, each at a machine of their own. */
  readonly who: readonly string[];
  readonly line: string;
  /** The command is meant to fail. */
  readonly refused: boolean;
}

const FENCE = /^```([a-z]*)$/;

/** The `sh` blocks of a Markdown document, each with the `text` block that follows it at once. */
export function blocksOf(markdown: string): readonly Block[] {
  const found: { heading: string; steps: readonly Step[]; prints: readonly string[] }[] = [];
  let [heading, fence, lines, last]: [string, string | undefined, string[], string] = ['', undefined, [], ''];
  for (const line of markdown.split('\n')) {
    const [, language] = FENCE.exec(line) ?? [];
    if (fence === undefined) {
      if (line.startsWith('#')) heading = line.replace(/^#+ /, '');
      if (language === undefined) last = line.trim() === '' ? last : line;
      else [fence, lines] = [language, []];
    } else if (language === '') {
      if (fence === 'sh') found.push({ heading, steps: stepsOf(heading, lines), prints: [] });
      const block = found.at(-1);
      if (fence === 'text' && last === 'end of sh' && block !== undefined) block.prints = [...lines];
      [last, fence] = [`end of ${fence}`, undefined];
    } else lines.push(line);
  }
  return found;
}

function stepsOf(heading: string, lines: readonly string[]): readonly Step[] {
  let who: readonly string[] = [];
  return lines.flatMap((line) => {
    if (line.startsWith('# ')) {
      who = peopleOf(line.slice(2));
      return [];
    }
    if (who.length === 0) throw new Error(`${heading}: nobody types ${line}`);
    const refused = line.endsWith(' # refused');
    return [{ who, refused, line: line.replace(/ # refused$/, '') }];
  });
}

function peopleOf(text: string): readonly string[] {
  if (text.startsWith('at the gate')) return ['gate'];
  if (text.startsWith('at another gate')) return ['another'];
  return text.split(', ');
}
