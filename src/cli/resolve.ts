import { composeJudge } from '../compose.ts';
import { TufgateError } from '../errors.ts';
import type { RulingDeps } from '../pull/deps.ts';
import { type Asked, AskedImages } from './asked-images.ts';
import type { CommandContext, Input } from './context.ts';
import { EXIT, exitCode, worstOf } from './exit-code.ts';
import { inOrder } from '../upstream/in-order.ts';
import { refused, type Resolution, resolveImage, type SourceReport } from './resolution.ts';
import { silentSources } from './silent-sources.ts';

/** Trust sources and registries are not ours to hammer. */
const AT_ONCE = 4;

/** One image named on the command line is answered by itself; several, or a list on stdin, by a line or an element each. */
export async function resolveImages(
  context: CommandContext,
  { gate = [] }: { readonly gate?: readonly string[] },
  images: readonly string[],
): Promise<number> {
  const config = context.config();
  const asked = new AskedImages(config, gate);
  const listed = await collect(asked, images, context.stdin);
  const all = asked.all();
  const [only] = all;
  const alone = !listed && images.length === 1 ? only : undefined;
  if (alone?.kind === 'unreadable') throw alone.error;
  // Asked now: what a gate may still believe for `check_every` is not the answer here.
  const judge = await composeJudge({ ...config, freshness: { ...config.freshness, checkEveryMs: 0 } });
  try {
    const resolutions =
      alone === undefined
        ? await answerMany(context, judge.deps, all)
        : [answerOne(context, await resolutionOf(judge.deps, alone))];
    for (const source of await silentSources(judge.state, resolutions))
      context.out.message(
        `tufgate: nothing was ever verified from ${source}: if it has signed images, check its url and how it names them`,
      );
    return worstOf(resolutions.map(codeFor));
  } finally {
    await judge.close();
  }
}

/** @returns true when the list came from stdin. @throws usage when there is nothing to judge and nobody said so */
async function collect(asked: AskedImages, images: readonly string[], stdin: Input): Promise<boolean> {
  const named = images.length > 0 && !(images.length === 1 && images[0] === '-');
  if (named) for (const image of images) asked.add(image);
  else if (images.length === 0 && stdin.isTTY === true) throw nothingNamed();
  else await asked.addFrom(stdin);
  // `resolve $IMAGE` with an empty variable must not end as "all in order"; an empty list that was asked for by "-" may.
  if (images.length === 0 && asked.all().length === 0) throw nothingNamed();
  return !named;
}

function nothingNamed(): TufgateError {
  const how = 'name an image, or pass a list on stdin: docker ps --format "{{.Image}}" | tufgate resolve -';
  return new TufgateError('usage', `no image to resolve: ${how}`);
}

async function resolutionOf(deps: RulingDeps, asked: Asked): Promise<Resolution> {
  return asked.kind === 'image' ? await resolveImage(deps, asked.image) : refused(deps, asked.text, asked.error);
}

function answerOne({ out }: CommandContext, resolution: Resolution): Resolution {
  if (out.json) out.document(resolution);
  else out.fact(page(resolution));
  return resolution;
}

async function answerMany(
  { out }: CommandContext,
  deps: RulingDeps,
  all: readonly Asked[],
): Promise<readonly Resolution[]> {
  const resolutions: Resolution[] = [];
  for await (const resolution of inOrder(all, AT_ONCE, (each) => resolutionOf(deps, each))) {
    resolutions.push(resolution);
    if (!out.json) out.fact(line(resolution));
    out.progress(`${resolutions.length} of ${all.length} images judged`);
  }
  if (out.json) out.document(resolutions);
  return resolutions;
}

function codeFor({ decision, reason }: Resolution): number {
  return decision === 'allow' || reason === null ? EXIT.done : exitCode(reason);
}

function line(resolution: Resolution): string {
  const { image, decision, digest, reason, wouldDeny } = resolution;
  const verdict = decision === 'allow' ? `allow  ${image}  ${String(digest)}` : `deny   ${image}`;
  return reason === null ? verdict : `${verdict}  ${wouldDeny ? 'would deny, ' : ''}${because(resolution)}`;
}

function page(resolution: Resolution): string {
  const { image, decision, digest, reason, rule: matched, wouldDeny, sources } = resolution;
  const verdict = decision === 'allow' ? `allow  ${image}\n       ${String(digest)}` : `deny   ${image}`;
  const why = reason === null ? '' : `\n       ${wouldDeny ? 'would deny, ' : ''}${because(resolution)}`;
  const failures = sources.map(failureWords).join('');
  const ends = sources.map(untilWords).join('');
  return `${verdict}${why}${ends}${failures}${matched === null ? '' : `\n       ${matched}`}`;
}

function untilWords({ source, until }: SourceReport): string {
  return until === null ? '' : `\n       its approval in ${source} ends ${until.replace('.000Z', 'Z')}`;
}

/** What is verified goes on serving while its source fails: that it does is the operator's to know. */
function failureWords({ source, outcome, failure }: SourceReport): string {
  if (failure === null || failure === undefined) return '';
  const what = outcome === 'signed' ? `as last verified: ${source} could not confirm it now` : source;
  return `\n       ${what}: ${failure.reason}: ${failure.message}`;
}

function because({ reason, message }: Resolution): string {
  return `${String(reason)}: ${String(message)}`;
}
