import { restedOn } from '../../approvals/edit/authorize.ts';
import { Draft } from '../../approvals/edit/draft.ts';
import { rolesThatPeopleSign } from '../../approvals/edit/renew.ts';
import { parseTarget } from '../../approvals/document/names.ts';
import { quorumsOf } from '../../approvals/proposal/quorums.ts';
import { TufgateError } from '../../errors.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { keyIdStart } from './key-options.ts';
import { ownContext, type OwnOptions } from './own-context.ts';

interface Affected {
  readonly image: string;
  readonly digest: string;
  readonly role: string;
}

/**
 * What would not have been approved without a key, whether it may still sign or was removed before. What was removed with `--stolen`
 * has taken its approvals along: that list is made before.
 * As a list it is what `approve --from-file -` takes: each image with the digest that was approved.
 */
export async function affectedBy(
  context: CommandContext,
  options: Pick<OwnOptions, 'source' | 'key'>,
): Promise<number> {
  const the = ownContext(context, options);
  const starts = (options.key ?? []).map(keyIdStart);
  if (starts.length === 0) throw new TufgateError('usage', 'which key? --key ID, as tufgate approvals show has it');
  const standing = await the.own.standing();
  const draft = new Draft(standing, the.now(), the.own.source.publish.lifetimes);
  const stolen = (id: string): boolean => starts.some((start) => id.startsWith(start));
  const found: Affected[] = [];
  for (const role of await rolesThatPeopleSign(draft)) {
    const said = await standing.role(role);
    const [quorum] = await quorumsOf(draft, role);
    if (said === undefined || quorum === undefined) continue;
    for (const image of restedOn(said, stolen, quorum.threshold))
      found.push({ image, digest: `sha256:${said.document.targets.get(image)?.sha256 ?? ''}`, role });
  }
  found.sort((a, b) => (a.image < b.image ? -1 : 1));
  if (context.out.json) context.out.document({ repository: the.own.source.name, affected: found });
  else for (const { image, digest } of found) context.out.fact(pinned(image, digest));
  return EXIT.done;
}

/** `registry/repository:tag@sha256:…` */
export function pinned(target: string, digest: string): string {
  return parseTarget(target).kind === 'tag' ? `${target}@${digest}` : target;
}
