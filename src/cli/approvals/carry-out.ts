import { writeFileSync } from 'node:fs';
import type { Change } from '../../approvals/edit/change.ts';
import { explain } from '../../approvals/proposal/explain.ts';
import { explanationLines } from '../../approvals/proposal/explain-words.ts';
import type { Made } from '../../approvals/proposal/make-proposal.ts';
import type { Proposal } from '../../approvals/proposal/proposal.ts';
import type { SignedBefore } from '../../approvals/proposal/signed-before.ts';
import { proposalBytes } from '../../approvals/proposal/proposal-file.ts';
import { isComplete, signingOf } from '../../approvals/proposal/signatures.ts';
import { codeOf, messageOf, TufgateError } from '../../errors.ts';
import { confirm } from '../ask.ts';
import { EXIT } from '../exit-code.ts';
import { signerMemory } from './signer-memory.ts';
import type { OwnContext, OwnOptions } from './own-context.ts';
import { lackingLines, signWith } from './sign-with.ts';

/** What a command has to say beside what is signed. */
export interface Told {
  /** `approved`, `withdrawn`: of the JSON document. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Printed once it is out. */
  readonly done: readonly string[];
  /** What the question must not hide: said right before it, under all that is shown. */
  readonly last?: readonly string[];
  /** The command has shown it in words of its own. */
  readonly shown?: boolean;
  /** Printed where nothing would change. */
  readonly nothing?: string;
}

const TRIES = 5;

/**
 * From what is wanted to what is published: shows what would be signed, asks, signs, publishes. Or with `--propose` into a file, for
 * those who sign elsewhere.
 * @throws usage · approvals.* · trust.*
 */
export async function carryOut(
  the: OwnContext,
  options: OwnOptions,
  changes: readonly Change[],
  told: Told,
): Promise<number> {
  const { own, context } = the;
  const made = await own.propose(changes);
  if (made.proposal.parts.length === 0) return nothing(the, told);
  const lines = await linesOf(made);
  if (told.shown !== true) for (const line of lines) context.out.message(line);
  for (const line of told.last ?? []) context.out.message(line);
  if (options.propose !== undefined) return await intoFile(the, options.propose, made, told);
  await confirm(
    context,
    options,
    told.shown === true ? 'Sign and publish this?' : `Sign and publish in ${own.source.name}?`,
  );
  const signers = await signAndPublish(the, options, made, changes, lines);
  if (context.out.json) context.out.document({ ...told.facts, repository: own.source.name, published: true, signers });
  else for (const line of told.done) context.out.fact(line);
  return EXIT.done;
}

function nothing({ context: { out }, own }: OwnContext, told: Told): number {
  if (out.json) out.document({ ...told.facts, repository: own.source.name, published: false });
  else out.fact(told.nothing ?? 'Nothing would change: nothing was signed.');
  return EXIT.done;
}

async function linesOf(made: Made): Promise<readonly string[]> {
  return explanationLines(await explain(made));
}

async function intoFile(
  { context: { out }, own }: OwnContext,
  file: string,
  made: Made,
  { facts }: Told,
): Promise<number> {
  writeProposal(file, made);
  const lacking = lackingLines(await signingOf(made));
  if (out.json) out.document({ ...facts, repository: own.source.name, published: false, proposal: file, lacking });
  else {
    out.fact(`${file} is the proposal. Nothing is signed yet.`);
    for (const line of lacking) out.fact(`  ${line}`);
    out.fact(`Each signs with: tufgate approvals sign ${file} --key KEY; then: tufgate approvals publish ${file}`);
  }
  return EXIT.done;
}

/** @throws usage when there is such a file: it may hold signatures of others */
export function writeProposal(file: string, { proposal }: Made, over = false): void {
  try {
    writeFileSync(file, proposalBytes(proposal), { flag: over ? 'w' : 'wx' });
  } catch (cause) {
    const exists = (cause as { code?: string }).code === 'EEXIST';
    throw new TufgateError(
      'usage',
      exists ? `${file} is there already: name another file` : `${file} cannot be written`,
      { cause },
    );
  }
}

/** Somebody else may publish between the question and the signature: the same is proposed again, if it still means the same. */
async function signAndPublish(
  the: OwnContext,
  options: OwnOptions,
  first: Made,
  changes: readonly Change[],
  lines: readonly string[],
): Promise<readonly string[]> {
  const { own } = the;
  const memory = await signerMemory(the.context.env, await own.pinned());
  let made = first;
  for (let left = TRIES; ; left--) {
    if (options.restored === true) memory?.forget(made.proposal);
    else memory?.check(made.proposal, true);
    const signed = await signWith(the, made, options.key ?? [], own.source.publish.keys);
    refuseShort(lackingLines((await signingOf(signed)).filter((each) => !isComplete(each))));
    await memory?.remember(signed.proposal, false);
    try {
      await own.publish(signed);
      await remember(the.context, memory, signed.proposal);
      return [...new Set(signed.proposal.parts.flatMap(({ signatures }) => signatures.map(({ keyId }) => keyId)))];
    } catch (error) {
      if (codeOf(error) !== 'approvals.stale' || left <= 1) throw error;
      made = await own.propose(changes);
      if (String(meaning(await linesOf(made))) !== String(meaning(lines))) throw error;
    }
  }
}

/** It is out already: what this signer cannot keep in mind he is told. */
async function remember(
  { out }: OwnContext['context'],
  memory: SignedBefore | undefined,
  proposal: Proposal,
): Promise<void> {
  try {
    await memory?.remember(proposal, true);
  } catch (error) {
    out.message(`what you signed could not be remembered on this machine: ${messageOf(error)}`);
  }
}

/** All but which files it takes, and until when they count. */
function meaning(lines: readonly string[]): readonly string[] {
  return lines.slice(0, -1);
}

function refuseShort(lacking: readonly string[]): void {
  if (lacking.length === 0) return;
  const fix = 'nothing was published. Name more keys with --key, or hand it on with --propose FILE';
  throw new TufgateError('trust.threshold', `signatures are missing (${lacking.join('; ')}): ${fix}`);
}
