import { readFileSync } from 'node:fs';
import { explain } from '../../approvals/proposal/explain.ts';
import { explanationLines } from '../../approvals/proposal/explain-words.ts';
import { type Made, remake } from '../../approvals/proposal/make-proposal.ts';
import { MAX_PROPOSAL, readProposal } from '../../approvals/proposal/proposal-file.ts';
import { signingOf } from '../../approvals/proposal/signatures.ts';
import { composeApprovals } from '../../compose/approvals.ts';
import { messageOf, TufgateError } from '../../errors.ts';
import { confirm } from '../ask.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { writeProposal } from './carry-out.ts';
import type { OwnOptions } from './own-context.ts';
import { pinnedRoot } from './pinned-root.ts';
import { lackingLines, signWith } from './sign-with.ts';
import { signerMemory } from './signer-memory.ts';
import { Passphrases } from '../../approvals/keys/passphrase.ts';

interface SignOptions extends OwnOptions {
  readonly root?: string;
  /** What was signed before of this version was never published. */
  readonly again?: boolean;
}

/**
 * Signs a proposal that came from elsewhere: makes its files anew, shows what they change, asks, and adds the signatures to the file.
 * Needs no configuration where `--root` names the trusted root.
 */
export async function signProposalFile(
  context: CommandContext,
  options: SignOptions,
  [file = '']: readonly string[],
): Promise<number> {
  const { out, env, stdin } = context;
  const proposal = proposalFrom(file);
  const creates = proposal.files.size === 0;
  if (creates) refuseMade(context, options, proposal.repository);
  const pinned = creates ? undefined : await pinnedRoot(context, options, proposal.repository);
  const made = await remake(proposal, pinned);
  const memory = await signerMemory(env, pinned);
  if (options.restored === true) memory?.forget(proposal);
  else memory?.check(proposal, options.again === true);
  for (const line of explanationLines(await explain(made))) out.message(line);
  await confirm(context, options, `Sign this for ${proposal.repository}?`);
  const passphrases = new Passphrases({ env, keyboard: stdin, say: (line) => out.message(line) });
  const approvals = { own: [], passphrases, env };
  const folder = options.key === undefined || options.key.length === 0 ? keysFolder(context, proposal.repository) : '';
  const signed = await signWith({ approvals, context }, made, options.key ?? [], folder);
  // First: a signature that is not remembered must not leave this machine.
  await memory?.remember(proposal, false);
  writeProposal(file, signed, true);
  return await told(context, file, signed);
}

/**
 * The attack: a proposal that brings no files is made over nothing, whatever stands there. In what it makes no image was ever withdrawn,
 * others may sign, and its signatures, by the same keys, are good in the repository that is there: for gates that have seen nothing yet.
 */
function refuseMade(context: CommandContext, { root }: SignOptions, repository: string): void {
  if (root === undefined && !isPinned(context, repository)) return;
  const why = `this proposal makes ${repository} anew, and you trust a root of it already`;
  throw new TufgateError(
    'trust.rollback',
    `${why}: it is there, and whoever wants to change it proposes a change; sign nothing`,
  );
}

/** Whoever signs need not have a configuration. */
function isPinned({ config }: CommandContext, repository: string): boolean {
  try {
    const source = config().trust.get(repository);
    return source?.kind === 'tuf' && source.root.bytes.length > 0;
  } catch {
    return false;
  }
}

async function told({ out }: CommandContext, file: string, made: Made): Promise<number> {
  const lacking = lackingLines(await signingOf(made));
  if (out.json) out.document({ proposal: file, complete: lacking.length === 0, lacking });
  else if (lacking.length === 0) out.fact(`${file} has all signatures: tufgate approvals publish ${file}`);
  else for (const line of [`${file} is signed; it goes on to the next signer.`, ...lacking]) out.fact(line);
  return EXIT.done;
}

function keysFolder(context: CommandContext, repository: string): string {
  const { env, stdin, out, now } = context;
  const { own } = composeApprovals(context.config(), { env, keyboard: stdin, say: (line) => out.message(line) }, now);
  const found = own.find(({ source }) => source.name === repository);
  if (found !== undefined) return found.source.publish.keys;
  throw new TufgateError('usage', `which key signs? --key FILE, env:VARIABLE, pkcs11:URI or program:COMMAND`);
}

/** @throws usage · trust.malformed */
export function proposalFrom(file: string): ReturnType<typeof readProposal> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new TufgateError('usage', `cannot read the proposal ${file}: ${messageOf(cause)}`, { cause });
  }
  if (bytes.length > MAX_PROPOSAL) throw new TufgateError('usage', `${file} is too large for a proposal`);
  return readProposal(`the proposal ${file}`, bytes);
}
