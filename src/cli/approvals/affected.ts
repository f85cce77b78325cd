import { affectedIn } from '../../approvals/edit/authorize.ts';
import { Draft } from '../../approvals/edit/draft.ts';
import { rolesThatPeopleSign } from '../../approvals/edit/renew.ts';
import { parseTarget } from '../../approvals/document/names.ts';
import { TufgateError } from '../../errors.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { quorumsOf } from '../../approvals/proposal/quorums.ts';
import { ownContext, type OwnOptions } from './own-context.ts';

interface Affected {
  readonly image: string;
  readonly digest: string;
  readonly role: string;
}

/**
 * What would not have been approved without a key: before it is removed as stolen, and, from a copy of the folder, after.
 * As a list it is what `approve --from-file -` takes: each image with the digest that was approved.
 */
export async function affectedBy(
  context: CommandContext,
  options: Pick<OwnOptions, 'source' | 'key'>,
): Promise<number> {
  const the = ownContext(context, options);
  const stolen = options.key ?? [];
  if (stolen.length === 0) throw new TufgateError('usage', 'which key? --key ID, as tufgate approvals show has it');
  const standing = await the.own.standing();
  const draft = new Draft(standing, the.now(), the.own.source.publish.lifetimes);
  const found: Affected[] = [];
  for (const role of await rolesThatPeopleSign(draft)) {
    const said = await standing.role(role);
    const [quorum] = await quorumsOf(draft, role);
    if (said === undefined || quorum === undefined) continue;
    const distrust = quorum.keyIds.filter((id) => stolen.some((start) => start.length >= 8 && id.startsWith(start)));
    for (const target of affectedIn(said, { distrust, threshold: quorum.threshold }))
      found.push({ image: target, digest: `sha256:${said.document.targets.get(target)?.sha256 ?? ''}`, role });
  }
  if (context.out.json) context.out.document({ repository: the.own.source.name, affected: found });
  else
    for (const { image, digest } of found)
      context.out.fact(parseTarget(image).kind === 'tag' ? `${image}@${digest}` : image);
  return EXIT.done;
}
