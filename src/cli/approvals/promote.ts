import { tagTarget } from '../../approvals/document/names.ts';
import type { Approve } from '../../approvals/edit/change.ts';
import { Draft } from '../../approvals/edit/draft.ts';
import { TufgateError } from '../../errors.ts';
import { imageName, repositoryName } from '../../oci/reference.ts';
import type { CommandContext } from '../context.ts';
import { nameReader } from '../gate-names.ts';
import { type AttributionOptions, attributionOf } from './attribution.ts';
import { carryOut } from './carry-out.ts';
import { ownContext, type OwnOptions } from './own-context.ts';

type PromoteOptions = OwnOptions & AttributionOptions;

/** Approves as one tag the digest that is approved as another: what was tested is what goes on, whatever the registry says meanwhile. */
export async function promote(
  context: CommandContext,
  options: PromoteOptions,
  [from = '', to = '']: readonly string[],
): Promise<number> {
  const the = ownContext(context, options);
  const said = attributionOf(options, context);
  const readName = nameReader(context.config());
  const [a, b] = [readName(from), readName(to)];
  if (a.tag === undefined || b.tag === undefined || a.digest !== undefined || b.digest !== undefined)
    throw new TufgateError('usage', 'promote A B: both are tags, such as reg.example/app:rc reg.example/app:stable');
  if (imageName(a) === imageName(b))
    throw new TufgateError('usage', `${imageName(a)} is both: name another tag for what it is to become`);
  const standing = new Draft(await the.own.standing(), the.now(), the.own.source.publish.lifetimes);
  const entry = await standing.entry(tagTarget(repositoryName(a), a.tag));
  if (entry === undefined)
    throw new TufgateError('upstream.not-found', `${imageName(a)} is not approved: there is nothing to promote`);
  if (entry.word.kind === 'approval' && entry.word.until !== undefined && entry.word.until <= the.now())
    throw new TufgateError('trust.expired', `the approval of ${imageName(a)} has ended: approve it anew first`);
  const change: Approve = {
    kind: 'approve',
    ...said,
    repository: repositoryName(b),
    tag: b.tag,
    sha256: entry.sha256,
    length: entry.length,
    ...(entry.mediaType !== undefined && { mediaType: entry.mediaType }),
    evidence: [new Map(Object.entries({ kind: 'promoted', from: imageName(a), digest: `sha256:${entry.sha256}` }))],
    reinstate: false,
  };
  const facts = { promoted: imageName(a), to: imageName(b), digest: `sha256:${entry.sha256}` };
  return await carryOut(the, options, [change], {
    facts,
    done: [`${imageName(b)} is sha256:${entry.sha256}, as ${imageName(a)}.`],
  });
}
