import type { Decision, SourceVerdict } from '../policy/decision.ts';

/**
 * Decisions as text. Role names come from outside: Maps become lists of entries, never objects keyed by them.
 */
type PlainSource = Omit<SourceVerdict, 'versions' | 'expires'> & {
  readonly versions: readonly (readonly [string, number])[];
  readonly expires: readonly (readonly [string, number])[];
};
type PlainDecision = Omit<Decision, 'sources'> & { readonly sources: readonly PlainSource[] };

export function writeDecision(decision: Decision): string {
  return JSON.stringify({ ...decision, sources: decision.sources.map(plainSource) } satisfies PlainDecision);
}

/** Reads what `writeDecision` wrote, and nothing else. @throws SyntaxError, TypeError when it was changed since */
export function readDecision(text: string): Decision {
  const plain = JSON.parse(text) as PlainDecision;
  return { ...plain, sources: plain.sources.map(mappedSource) };
}

/** What a row with this body costs on the disk, about: columns and indexes beside the body, and the body twice. */
export function storedBytes(body: string): number {
  return 400 + Buffer.byteLength(body) * 2;
}

/**
 * Equal for decisions that differ only in when they were made, when and how their sources last looked, and what the client calls
 * itself: it can call itself anything, and a flood of made-up names must not push everything else out of the log.
 */
export function decisionKey(decision: Decision): string {
  const said = FIELDS.map((name) => decision[name]);
  return JSON.stringify([decision.client.address, ...said]) + sourcesKey(decision.sources);
}

/** All members of a decision but these, in a fixed order: a new one is a mistake of types until it stands here. */
type Compared = Exclude<keyof Decision, 'at' | 'client' | 'sources'>;
const COMPARED = {
  event: true,
  request: true,
  method: true,
  source: true,
  repository: true,
  tag: true,
  asked: true,
  verdict: true,
  mode: true,
  wouldDeny: true,
  reason: true,
  message: true,
  rule: true,
  digest: true,
} as const satisfies Record<Compared, true>;
const FIELDS = Object.keys(COMPARED) as readonly Compared[];

/** A ruling that is given again has the same verdicts, and they are most of a decision. */
const known = new WeakMap<readonly SourceVerdict[], string>();

function sourcesKey(sources: readonly SourceVerdict[]): string {
  const key =
    known.get(sources) ??
    JSON.stringify(sources.map((source) => entriesWithout(['checkedAt', 'failure'], plainSource(source))));
  known.set(sources, key);
  return key;
}

/** In a fixed order, so that the order in which an object was built does not matter. */
function entriesWithout(names: readonly string[], object: object): readonly [string, unknown][] {
  const entries = Object.entries(object) as [string, unknown][];
  return entries.filter(([name]) => !names.includes(name)).sort(([a], [b]) => (a < b ? -1 : 1));
}

function plainSource(source: SourceVerdict): PlainSource {
  return { ...source, versions: [...source.versions], expires: [...source.expires] };
}

function mappedSource(source: PlainSource): SourceVerdict {
  return { ...source, versions: new Map(source.versions), expires: new Map(source.expires) };
}
