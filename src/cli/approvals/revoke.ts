import { digestTarget, tagTarget } from '../../approvals/document/names.ts';
import type { Change } from '../../approvals/edit/change.ts';
import { Draft } from '../../approvals/edit/draft.ts';
import { withdrawnWords } from '../../approvals/proposal/explain-words.ts';
import { namesOfDigest } from '../../approvals/standing/find-digest.ts';
import type { Standing } from '../../approvals/standing/standing.ts';
import { TufgateError } from '../../errors.ts';
import { type Digest, hexOf, parseDigest } from '../../oci/digest.ts';
import { type ImageName, imageName, repositoryName } from '../../oci/reference.ts';
import type { CommandContext } from '../context.ts';
import { nameReader } from '../gate-names.ts';
import { type AttributionOptions, attributionOf } from './attribution.ts';
import { carryOut } from './carry-out.ts';
import { ownContext, type OwnContext, type OwnOptions } from './own-context.ts';
import { pulledBefore } from './pulled-before.ts';
import { elsewhere, type Standings } from './same-digest.ts';

interface RevokeOptions extends OwnOptions, Pick<AttributionOptions, 'by' | 'reason'> {
  readonly digest?: readonly string[];
  readonly tagOnly?: boolean;
}

interface Withdrawn {
  readonly repository: string;
  readonly sha256: string;
}

/**
 * Withdraws images: their digests are refused from now on, at every gate within its `check_every`, whatever else would allow them.
 * Says which clients have pulled them here.
 */
export async function revoke(
  context: CommandContext,
  options: RevokeOptions,
  images: readonly string[],
): Promise<number> {
  const the = ownContext(context, options);
  const { digest: digests = [], tagOnly = false } = options;
  if (images.length + digests.length === 0) throw new TufgateError('usage', 'name an image, or --digest sha256:…');
  const names = images.map(nameReader(context.config()));
  if (tagOnly) return await removeTags(the, options, names);
  const said = attributionOf(options, context);
  const standing = await the.own.standing();
  const draft = draftOver(the, standing);
  const found = [
    ...(await imagesMeant(draft, names)),
    ...(await digestsMeant(the, standing, digests.map(parseDigest))),
  ];
  const named = [...new Map(found.map((each) => [digestTarget(each.repository, each.sha256), each])).values()];
  const withdrawn = said.reason === undefined ? await notYetWithdrawn(the, draft, named) : named;
  const changes = withdrawn.map((each): Change => ({ kind: 'withdraw', ...each, ...said }));
  const pulled = await pulledBefore(context, withdrawn);
  const targets = withdrawn.map(({ repository, sha256 }) => digestTarget(repository, sha256));
  if (withdrawn.length > 0) for (const line of pulled.lines) context.out.message(line);
  for (const line of await alsoApproved({ standing: draft, read: the.own.files }, withdrawn)) context.out.message(line);
  const done = [
    ...targets.map((name) => `${name} is withdrawn.`),
    'Gates refuse it from now on; others than this one within their freshness.check_every.',
  ];
  const facts = { withdrawn: targets, pulled: pulled.facts };
  return await carryOut(the, options, changes, { facts, done, nothing: 'All of it is withdrawn already.' });
}

/** Said again without a reason, a withdrawal would lose its own, and its time. */
async function notYetWithdrawn(
  { context }: OwnContext,
  standing: Draft,
  named: readonly Withdrawn[],
): Promise<readonly Withdrawn[]> {
  const left: Withdrawn[] = [];
  for (const each of named) {
    const target = digestTarget(each.repository, each.sha256);
    const word = (await standing.entry(target))?.word;
    if (word?.kind !== 'withdrawn') left.push(each);
    else context.out.message(`${target} was withdrawn already, ${withdrawnWords(word)}`);
  }
  return left;
}

/** A withdrawal holds for one repository: where else the digest is approved, for whoever means it there as well. */
async function alsoApproved(standings: Standings, withdrawn: readonly Withdrawn[]): Promise<readonly string[]> {
  const digests = [...new Set(withdrawn.map(({ sha256 }) => sha256))];
  if (digests.length > MOST_ELSEWHERE) return [];
  const lines: string[] = [];
  for (const sha256 of digests) {
    const mine = withdrawn.filter((each) => each.sha256 === sha256).map(({ repository }) => repository);
    const others = (await elsewhere(standings, mine[0] ?? '', sha256)).approved.filter(
      (other) => !mine.includes(other),
    );
    if (others.length === 0) continue;
    const more = others.length > MOST_NAMES ? ` and ${others.length - MOST_NAMES} more` : '';
    const where = `${others.slice(0, MOST_NAMES).join(', ')}${more}`;
    lines.push(`The same digest stays approved in ${where}: --digest sha256:${sha256} withdraws it everywhere.`);
  }
  return lines;
}

/** All files are read for each. */
const MOST_ELSEWHERE = 5;
const MOST_NAMES = 5;

/** A slip in the name must not end as done. @throws usage · upstream.not-found */
async function removeTags(the: OwnContext, options: RevokeOptions, images: readonly ImageName[]): Promise<number> {
  if ((options.digest ?? []).length > 0 || images.some(({ digest }) => digest !== undefined))
    throw new TufgateError('usage', '--tag-only ends tags: name them without a digest, or leave --tag-only out');
  const standing = draftOver(the, await the.own.standing());
  const changes: Change[] = [];
  for (const image of images) {
    const [repository, tag] = [repositoryName(image), image.tag ?? 'latest'];
    if ((await standing.entry(tagTarget(repository, tag))) === undefined) throw notApproved(imageName(image));
    changes.push({ kind: 'remove-tag', repository, tag });
  }
  const tags = images.map(imageName);
  const done = tags.map((tag) => `${tag} is approved no more; its digest is not withdrawn.`);
  return await carryOut(the, options, changes, { facts: { removed: tags }, done });
}

function draftOver({ own, now }: OwnContext, standing: Standing): Draft {
  return new Draft(standing, now(), own.source.publish.lifetimes);
}

/** A tag means the digest that is approved for it. @throws upstream.not-found */
async function imagesMeant(standing: Draft, images: readonly ImageName[]): Promise<readonly Withdrawn[]> {
  const found: Withdrawn[] = [];
  for (const image of images) {
    const repository = repositoryName(image);
    if (image.digest !== undefined) found.push({ repository, sha256: sha256Of(image.digest) });
    else {
      const entry = await standing.entry(tagTarget(repository, image.tag ?? 'latest'));
      if (entry === undefined) throw notApproved(imageName(image));
      found.push({ repository, sha256: entry.sha256 });
    }
  }
  return found;
}

/** In every repository in which it is approved. @throws upstream.not-found */
async function digestsMeant(
  { own }: OwnContext,
  standing: Standing,
  digests: readonly Digest[],
): Promise<readonly Withdrawn[]> {
  const found: Withdrawn[] = [];
  for (const digest of digests) {
    const sha256 = sha256Of(digest);
    const repositories = await namesOfDigest(standing, own.files, sha256);
    if (repositories.length === 0) throw notApproved(digest);
    found.push(...repositories.map((repository) => ({ repository, sha256 })));
  }
  return found;
}

function sha256Of(digest: Digest): string {
  if (digest.startsWith('sha256:')) return hexOf(digest);
  throw new TufgateError('usage', `${digest}: approvals are by sha256`);
}

function notApproved(name: string): TufgateError {
  const fix = 'to forbid a digest that was never approved, name it with its repository: REPOSITORY@sha256:…';
  return new TufgateError('upstream.not-found', `${name} is not approved here: there is nothing to withdraw (${fix})`);
}
