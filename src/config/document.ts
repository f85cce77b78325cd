import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type ParsedNode,
  Parser,
  YAMLParseError,
} from 'yaml';
import type { MapEntry, MapNode, Node } from './node.ts';
import { Problems } from './problems.ts';

/**
 * YAML text → a plain tree with places. Only the part of YAML that reads the same to everyone is accepted.
 *
 * Refused: aliases and anchors (a few lines can stand for gigabytes), merge keys and tags (what they mean depends on
 * the reader), a key given twice (parsers disagree which one counts), keys that are not plain text, several documents,
 * more than 256 KiB, 20,000 values or 32 levels. The failsafe schema keeps every scalar as it was written.
 */
const MAX_CHARACTERS = 256 * 1024;
const MAX_NODES = 20_000;
const MAX_DEPTH = 32;
const MAX_MISTAKES = 20;
const TOO_DEEP = `nested deeper than ${MAX_DEPTH} levels`;

export interface Source {
  readonly root: MapNode | undefined;
  readonly problems: Problems;
}

/** Never throws; what is wrong is in `problems`. @param file the name to show */
export function readDocument(text: string, file: string): Source {
  const counter = new LineCounter();
  const problems = new Problems(file, (offset) => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  });
  const refused = refusal(text);
  if (refused !== undefined) {
    problems.add(refused.at, refused.why);
    return { root: undefined, problems };
  }
  const document = parse(text, counter);
  if (document === undefined) return { root: undefined, problems };
  for (const error of document.errors) problems.add(error.pos[0], wordsFor(error));
  if (document.errors.length > 0) return { root: undefined, problems };
  return { root: rootOf(document, problems), problems };
}

function wordsFor({ code, message }: Pick<YAMLParseError, 'code' | 'message'>): string {
  if (code !== 'MULTIPLE_DOCS') return `this is not YAML: ${message}`;
  return 'a second YAML document begins here (`---`): one file is one configuration; give the other a file of its own';
}

/** What the library would need minutes for: its time grows with the square of the depth. Its lexer's does not. */
function refusal(text: string): { readonly at: number; readonly why: string } | undefined {
  if (text.length > MAX_CHARACTERS) return { at: 0, why: `the file is longer than ${MAX_CHARACTERS} characters` };
  let at = 0;
  let depth = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') depth++;
    if (token === ']' || token === '}') depth--;
    if (depth > MAX_DEPTH) return { at, why: TOO_DEEP };
    at += token.length;
  }
  return undefined;
}

/** As the library's own parseDocument, but for the mistakes. @returns a document also of an empty text */
function parse(text: string, lineCounter: LineCounter): Document.Parsed | undefined {
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false }); // quadratic; the tree below looks for itself
  const tokens = firstMistakes(new Parser(lineCounter.addNewLine).parse(text));
  const [document, second] = composer.compose(tokens, true, text.length);
  if (second !== undefined && document !== undefined)
    document.errors.push(new YAMLParseError([second.range[0], second.range[1]], 'MULTIPLE_DOCS', ''));
  return document;
}

/** Nobody reads thousands of them, and each costs as much as a line that is right. */
function* firstMistakes(tokens: Iterable<CST.Token>): Iterable<CST.Token> {
  let mistakes = 0;
  for (const token of tokens) {
    yield token;
    if (token.type === 'error' && ++mistakes >= MAX_MISTAKES) return;
  }
}

function rootOf(document: Document.Parsed, problems: Problems): MapNode | undefined {
  const before: number = document.errors.length;
  const root = new TreeBuilder(problems).node(document.contents, 0, 1);
  if (root?.kind === 'map') return root;
  if (root !== undefined && before === 0)
    problems.add(root.at, 'the file must be a map of keys and values, such as `data: ../data`');
  return undefined;
}

class TreeBuilder {
  private nodes = 0;
  private readonly problems: Problems;

  constructor(problems: Problems) {
    this.problems = problems;
  }

  /** @param fallback the place of a value that is not there */
  node(source: ParsedNode | null | undefined, fallback: number, depth: number): Node | undefined {
    if (!source) return { kind: 'text', text: '', at: fallback };
    const at = source.range[0];
    if (depth > MAX_DEPTH) return this.refuse(at, TOO_DEEP);
    if (++this.nodes > MAX_NODES) return this.refuse(at, `more than ${MAX_NODES} values`);
    if (isAlias(source))
      return this.refuse(at, 'aliases (*name) are not supported; a pattern that begins with * needs quotes: "**"');
    if (source.anchor !== undefined)
      return this.refuse(at, 'anchors (&name) are not supported; text that begins with & needs quotes');
    if (source.tag !== undefined)
      return this.refuse(at, 'tags (!name) are not supported; text that begins with ! needs quotes');
    if (isMap(source)) return this.map(source.items, at, depth);
    if (isSeq(source)) return this.list(source.items, at, depth);
    return { kind: 'text', text: String(source.value), at };
  }

  private list(items: readonly ParsedNode[], at: number, depth: number): Node {
    const nodes: Node[] = [];
    for (const item of items) {
      if (this.nodes > MAX_NODES) break;
      const node = this.node(item, at, depth + 1);
      if (node !== undefined) nodes.push(node);
    }
    return { kind: 'list', items: nodes, at };
  }

  private map(pairs: Pairs, at: number, depth: number): Node {
    const entries = new Map<string, MapEntry>();
    for (const { key, value } of pairs) {
      if (this.nodes > MAX_NODES) break;
      const name = this.key(key, at);
      if (name === undefined) continue;
      const keyAt = key?.range[0] ?? at;
      const node = this.node(value, key?.range[1] ?? at, depth + 1);
      if (entries.has(name)) this.refuse(keyAt, `the key ${JSON.stringify(name.slice(0, 60))} stands here twice`);
      else if (node !== undefined) entries.set(name, { keyAt, value: node });
    }
    return { kind: 'map', entries, at };
  }

  private key(key: ParsedNode | null, at: number): string | undefined {
    const plain = key !== null && isScalar(key) && key.anchor === undefined && key.tag === undefined;
    const name = plain ? String(key.value) : undefined;
    if (name === undefined) this.refuse(key?.range[0] ?? at, 'a key must be plain text');
    if (name !== '<<') return name;
    this.refuse(key?.range[0] ?? at, 'merge keys (<<) are not supported: write the keys out');
    return undefined;
  }

  private refuse(at: number, why: string): Node | undefined {
    this.problems.add(at, why);
    return undefined;
  }
}

type Pairs = readonly { readonly key: ParsedNode | null; readonly value: ParsedNode | null }[];
