import type { Approve } from '../../approvals/edit/change.ts';
import { Draft } from '../../approvals/edit/draft.ts';
import { readEvidence } from '../../approvals/document/evidence.ts';
import { evidenceJson } from '../../approvals/inspect/evidence-json.ts';
import type { ListedImage } from '../../approvals/lists/listing.ts';
import { composeJudge } from '../../compose.ts';
import { codeOf, messageOf, TufgateError } from '../../errors.ts';
import { hexOf } from '../../oci/digest.ts';
import { imageName, repositoryName } from '../../oci/reference.ts';
import { inOrder } from '../../upstream/in-order.ts';
import type { CommandContext } from '../context.ts';
import { exitCodeOf } from '../exit-code.ts';
import { carryOut } from './carry-out.ts';
import { imagesToApprove, type ListOptions } from './images-to-approve.ts';
import { lookAt, type Looked, nameOf } from './look-at.ts';
import { approver, ownContext, type OwnContext, type OwnOptions } from './own-context.ts';
import { untilOf } from './until.ts';

interface ApproveOptions extends OwnOptions, ListOptions {
  readonly reason?: string;
  readonly until?: string;
  readonly reinstate?: boolean;
  /** A trust source names another digest, or its word does not verify, and it is approved all the same. */
  readonly despite?: boolean;
}

/** Of a longer list only the manifests are looked at: registries count what is pulled. */
const BRIEF_FROM = 6;
const AT_ONCE = 4;

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
  const { out } = context;
  const { images, skipped } = await imagesToApprove(context, the.own.source.name, options, named);
  for (const { text, why } of skipped) out.message(`left out: ${text}: ${why}`);
  if (images.length === 0)
    throw new TufgateError(
      'usage',
      'name an image, such as nginx:1.27, or a list: --from-file, --from-running, --denied',
    );
  const { looked, failed } = await lookAtAll(the, images, options.reinstate === true);
  refuseAlarming(looked, options);
  const [firstFailed] = failed;
  if (looked.length === 0 && firstFailed !== undefined) throw asError(firstFailed.error);
  const changes = looked.map((each) => changeOf(the, options, each));
  const approved = looked.map(nameOf);
  const facts = {
    approved,
    failed: failed.map(({ image, error }) => ({ image, code: codeOf(error), message: messageOf(error) })),
  };
  const done = [...approved.map((name) => `${name} is approved.`)];
  const code = await carryOut(the, options, changes, { facts, done });
  return firstFailed === undefined ? code : exitCodeOf(firstFailed.error);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

interface Failed {
  readonly image: string;
  readonly error: unknown;
}

async function lookAtAll(
  { own, context, now }: OwnContext,
  images: readonly ListedImage[],
  reinstate: boolean,
): Promise<{ readonly looked: readonly Looked[]; readonly failed: readonly Failed[] }> {
  const config = context.config();
  const judge = await composeJudge(config);
  const looked: Looked[] = [];
  const failed: Failed[] = [];
  try {
    const standing = new Draft(await own.standing(), now(), own.source.publish.lifetimes);
    const sources = [...config.trust.keys()].filter((name) => name !== own.source.name);
    const deps = { judge, standing, sources, brief: images.length >= BRIEF_FROM, reinstate, now: now() };
    const look = async (image: ListedImage): Promise<Looked | Failed> => {
      try {
        return await lookAt(deps, image);
      } catch (error) {
        return { image: imageName(image.image), error };
      }
    };
    for await (const each of inOrder(images, AT_ONCE, look)) {
      if ('error' in each) failed.push(each);
      else looked.push(each);
      show(context, each, looked.length + failed.length, images.length);
    }
    return { looked, failed };
  } finally {
    await judge.close();
  }
}

function show({ out }: CommandContext, each: Looked | Failed, count: number, of: number): void {
  if ('error' in each) out.message(`${each.image} cannot be approved: ${messageOf(each.error)}`);
  else for (const line of each.lines) out.message(line);
  if (of > 1) out.progress(`${count} of ${of} images`);
}

/** @throws trust.conflict */
function refuseAlarming(looked: readonly Looked[], { despite }: ApproveOptions): void {
  const against = looked.filter(({ alarming }) => alarming).map(nameOf);
  if (against.length === 0 || despite === true) return;
  const why = `a trust source speaks against ${against.join(', ')} (see above)`;
  throw new TufgateError('trust.conflict', `${why}: find out why; to approve it all the same say --despite`);
}

function changeOf(
  { now, context }: OwnContext,
  options: ApproveOptions,
  { facts, tag, evidence, reason }: Looked,
): Approve {
  const why = reason ?? options.reason;
  return {
    kind: 'approve',
    repository: repositoryName(facts.repository),
    ...(tag !== undefined && { tag }),
    sha256: hexOf(facts.digest),
    length: facts.length,
    mediaType: facts.mediaType,
    by: approver(options, context.env),
    ...(why !== undefined && { reason: why }),
    ...(options.until !== undefined && { until: untilOf(options.until, now()) }),
    evidence: readEvidence('the evidence', evidenceJson(evidence)),
    reinstate: options.reinstate === true,
  };
}
