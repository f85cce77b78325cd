import { readEvidence } from '../../approvals/document/evidence.ts';
import type { Approve } from '../../approvals/edit/change.ts';
import { evidenceJson } from '../../approvals/inspect/evidence-json.ts';
import { codeOf, messageOf, TufgateError } from '../../errors.ts';
import { hexOf } from '../../oci/digest.ts';
import { repositoryName } from '../../oci/reference.ts';
import { countWords } from '../../text/size-words.ts';
import type { CommandContext } from '../context.ts';
import { EXIT, exitCodeOf, worstOf } from '../exit-code.ts';
import { type Attribution, type AttributionOptions, attributionOf } from './attribution.ts';
import { carryOut } from './carry-out.ts';
import { imagesToApprove, isListed, type ListOptions, type Wanted } from './images-to-approve.ts';
import { type Looked, nameOf } from './look-at.ts';
import { lookAtAll, type LookOptions, type Sighted } from './look-at-all.ts';
import { ownContext, type OwnContext, type OwnOptions } from './own-context.ts';

interface ApproveOptions extends OwnOptions, ListOptions, LookOptions, AttributionOptions {}

/**
 * Approves images: finds out what each is, shows it, asks, signs once for all of them, publishes. What cannot be had is told, and left
 * out; the exit code says so.
 */
export async function approveImages(
  context: CommandContext,
  options: ApproveOptions,
  named: readonly string[],
): Promise<number> {
  const the = ownContext(context, options);
  const said = attributionOf(options, context);
  const wanted = await imagesToApprove(context, the.own.source.name, options, named);
  if (wanted.images.length === 0) return nobody(the, options, wanted);
  for (const { text, why } of wanted.skipped) context.out.message(`left out: ${text}: ${why}`);
  const sighted = await lookAtAll(the, wanted.images, options);
  if (sighted.looked.length === 0) return none(the, wanted, sighted);
  const changes = sighted.looked.map((each) => changeOf(said, options, each));
  const done = sighted.looked.map((each) => `${nameOf(each)} is approved.`);
  const last = countLines(wanted, sighted);
  const code = await carryOut(the, options, changes, { facts: factsOf(wanted, sighted), done, last });
  return worstOf([code, ...shortfalls(wanted, sighted)]);
}

/** Of a list what is left out was told where it was met, and is out of sight by now. */
function countLines({ skipped }: Wanted, { looked, failed }: Sighted): readonly string[] {
  const names = [...failed.map(({ image }) => image), ...skipped.map(({ text }) => text)];
  if (looked.length + names.length === 1) return [];
  const some = names.slice(0, MOST_TOLD).join(', ');
  const more = names.length > MOST_TOLD ? ` and ${names.length - MOST_TOLD} more` : '';
  return [`${countWords(looked.length, 'image')}${names.length === 0 ? '' : `; left out: ${some}${more}`}`];
}

function factsOf({ skipped }: Wanted, { looked, failed }: Sighted): Readonly<Record<string, unknown>> {
  return {
    approved: looked.map(nameOf),
    failed: failed.map(({ image, error }) => ({ image, code: codeOf(error), message: messageOf(error) })),
    leftOut: skipped,
  };
}

/** Exit codes of what was asked for and is not approved; an entry that names no image is wrong usage. */
function shortfalls({ skipped }: Wanted, { failed }: Sighted): readonly number[] {
  return [...failed.map(({ error }) => exitCodeOf(error)), ...skipped.map(() => EXIT.usage)];
}

/** An empty list is in order when it was asked for; an empty variable on the command line is not. @throws usage */
function nobody({ context: { out }, own }: OwnContext, options: ListOptions, wanted: Wanted): number {
  const [first] = wanted.skipped;
  if (first !== undefined) {
    const all = wanted.skipped.map(({ text, why }) => `${text}: ${why}`);
    throw new TufgateError('usage', `nothing is left to approve: ${all.slice(0, MOST_TOLD).join('; ')}`);
  }
  if (!isListed(options))
    throw new TufgateError(
      'usage',
      'name an image, such as nginx:1.27, or a list: --from-file, --from-running, --denied',
    );
  const facts = factsOf(wanted, { looked: [], failed: [] });
  if (out.json) out.document({ ...facts, repository: own.source.name, published: false });
  else out.fact('Nothing to approve: the list is empty.');
  return EXIT.done;
}

const MOST_TOLD = 10;

/** None of them can be approved: the one that was named is the failure of the command, of several each was told. */
function none({ context: { out }, own }: OwnContext, wanted: Wanted, sighted: Sighted): number {
  const [only, other] = sighted.failed;
  if (only !== undefined && other === undefined) throw asError(only.error);
  if (out.json) out.document({ ...factsOf(wanted, sighted), repository: own.source.name, published: false });
  else out.message('None of them can be approved: nothing was signed.');
  return worstOf(shortfalls(wanted, sighted));
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function changeOf(
  said: Attribution,
  options: ApproveOptions,
  { facts, tag, evidence, reason = said.reason }: Looked,
): Approve {
  return {
    kind: 'approve',
    ...said,
    repository: repositoryName(facts.repository),
    ...(tag !== undefined && { tag }),
    sha256: hexOf(facts.digest),
    length: facts.length,
    mediaType: facts.mediaType,
    ...(reason !== undefined && { reason }),
    evidence: readEvidence('the evidence', evidenceJson(evidence)),
    reinstate: options.reinstate === true,
  };
}
