import type { Evidence } from '../../approvals/document/evidence.ts';
import { digestTarget, tagTarget } from '../../approvals/document/names.ts';
import { withdrawnBefore } from '../../approvals/edit/approve.ts';
import { withdrawnWords } from '../../approvals/proposal/explain-words.ts';
import type { Approve } from '../../approvals/edit/change.ts';
import { Draft } from '../../approvals/edit/draft.ts';
import { codeOf, messageOf, TufgateError } from '../../errors.ts';
import { type ArchivedCollection, readArchive, type ReadCollection } from '../../lifeboat/read-archive.ts';
import { hexOf } from '../../oci/digest.ts';
import { parseImageName, repositoryName } from '../../oci/reference.ts';
import { countWords } from '../../text/size-words.ts';
import { visibleStart } from '../../text/visible.ts';
import { capturedPin } from '../archive-pins.ts';
import type { CommandContext } from '../context.ts';
import { exitCodeOf, worstOf } from '../exit-code.ts';
import { type Attribution, type AttributionOptions, attributionOf } from './attribution.ts';
import { carryOut } from './carry-out.ts';
import { ownContext, type OwnContext, type OwnOptions } from './own-context.ts';

interface ImportOptions extends OwnOptions, AttributionOptions {
  readonly archive?: string;
  readonly firstUse?: boolean;
  readonly releases?: string;
  /** Also tags that are approved with another digest by now. */
  readonly replace?: boolean;
}

/**
 * The lifeboat: what captured Notary collections said when they were captured, as approvals of our own, which cite the archived bytes.
 * Nothing is asked of anybody. A collection that does not verify is told, and harms no other; nor does a tag that may not come back.
 */
export async function importArchive(
  context: CommandContext,
  options: ImportOptions,
  guns: readonly string[],
): Promise<number> {
  const the = ownContext(context, options);
  const said = attributionOf(options, context);
  const read = await readAll(the, options, said, new Set(guns.map(gunOf)));
  for (const { name, error } of [...read.refused, ...read.unbelieved])
    context.out.message(`${name} is not imported: ${messageOf(error)}`);
  for (const { name, digest } of read.kept)
    context.out.message(`${name} is approved as ${digest}, and stays so (--replace)`);
  const [first, other] = read.refused;
  if (read.changes.length === 0 && read.kept.length === 0 && first !== undefined && other === undefined)
    throw first.error;
  const facts = { imported: read.changes.length, collections: read.collections, ...toldOf(read) };
  const what = `${countWords(read.changes.length, 'tag')} of ${countWords(read.collections, 'collection')}`;
  const done = [`${what} ${read.changes.length === 1 ? 'is' : 'are'} approved.`];
  const code = await carryOut(the, options, read.changes, { facts, done, nothing: nothingWords(read) });
  return worstOf([code, ...read.refused.map(({ error }) => exitCodeOf(error))]);
}

function toldOf({ refused, unbelieved, kept }: Read): Readonly<Record<string, unknown>> {
  const facts = ({ name, error }: Refused): object => ({ name, code: codeOf(error), message: messageOf(error) });
  return { refused: refused.map(facts), unbelieved: unbelieved.map(facts), kept };
}

function nothingWords({ refused, unbelieved, kept }: Read): string {
  if (refused.length + unbelieved.length + kept.length > 0) return 'Nothing is left to import: nothing was signed.';
  return 'All of it is approved already: nothing was signed.';
}

interface Refused {
  /** Of a collection, or a tag of it. */
  readonly name: string;
  readonly error: unknown;
}

interface Read {
  readonly changes: Approve[];
  readonly refused: Refused[];
  /** Tags that their own collection does not believe, by the rule on `releases`: no gate served them either. */
  readonly unbelieved: Refused[];
  /** Tags that are approved with another digest. */
  readonly kept: { readonly name: string; readonly digest: string }[];
  collections: number;
}

/** @throws usage */
async function readAll(
  the: OwnContext,
  options: ImportOptions,
  said: Attribution,
  guns: ReadonlySet<string>,
): Promise<Read> {
  const { own, now, context } = the;
  if (options.archive === undefined) throw new TufgateError('usage', 'which archive? --archive FOLDER');
  const standing = new Draft(await own.standing(), now(), own.source.publish.lifetimes);
  const found: Read = { changes: [], refused: [], unbelieved: [], kept: [], collections: 0 };
  const missing = new Set(guns);
  const reading = {
    now: now(),
    pin: capturedPin(context.config()),
    releases: releasesOf(options),
    allowFirstUse: options.firstUse === true,
    ...(guns.size > 0 && { guns }),
  };
  let count = 0;
  for await (const collection of readArchive(options.archive, reading)) {
    missing.delete(collection.gun);
    context.out.progress(`${countWords(++count, 'collection')} read`);
    await take(options, said, standing, collection, found);
  }
  for (const name of missing)
    found.refused.push({ name, error: new TufgateError('upstream.not-found', `${options.archive} does not hold it`) });
  return found;
}

async function take(
  options: ImportOptions,
  said: Attribution,
  standing: Draft,
  collection: ArchivedCollection,
  found: Read,
): Promise<void> {
  if (!collection.ok) {
    found.refused.push({ name: shown(collection.gun), error: collection.error });
    return;
  }
  try {
    const changes = changesOf(said, collection);
    for (const change of changes) await takeTag(options, standing, change, found);
    for (const [tag, error] of collection.refused)
      found.unbelieved.push({ name: shown(`${collection.gun}:${tag}`), error });
    found.collections++;
  } catch (error) {
    found.refused.push({ name: shown(collection.gun), error });
  }
}

async function takeTag(options: ImportOptions, standing: Draft, change: Approve, found: Read): Promise<void> {
  const { repository, tag = '', sha256 } = change;
  const name = tagTarget(repository, tag);
  const before = await standing.entry(name);
  if (before?.sha256 === sha256) return;
  const digest = digestTarget(repository, sha256);
  const word = (await standing.entry(digest))?.word;
  if (word?.kind === 'withdrawn') found.refused.push({ name, error: withdrawnBefore(digest, withdrawnWords(word)) });
  else if (before === undefined || options.replace === true) found.changes.push(change);
  else found.kept.push({ name, digest: `sha256:${before.sha256}` });
}

function changesOf(said: Attribution, { gun, tags, evidence }: ReadCollection): readonly Approve[] {
  const repository = repositoryOf(gun);
  const seen: Evidence = new Map(Object.entries(evidence));
  return [...tags].map(([tag, { digest, length }]) => ({
    kind: 'approve',
    reason: `as signed in Notary when it was captured at ${evidence.captured}`,
    ...said,
    repository,
    tag,
    sha256: hexOf(digest),
    length,
    evidence: [seen],
    reinstate: false,
  }));
}

/**
 * The attack: whoever can make collections on a Notary server makes one called `nginx`, which no pin covers, and its tags would become
 * those of docker.io/library/nginx. So a collection speaks for the repository that it is called after, to the letter.
 * @throws trust.wrong-name
 */
function repositoryOf(gun: string): string {
  const repository = gunOf(gun);
  if (repository === gun) return repository;
  const fix = 'a collection that is not called registry/repository cannot be imported';
  throw new TufgateError('trust.wrong-name', `${gun} is no name of a repository (that would be ${repository}): ${fix}`);
}

/** @throws usage */
function releasesOf({ releases = 'strict' }: ImportOptions): 'strict' | 'docker' {
  if (releases === 'strict' || releases === 'docker') return releases;
  throw new TufgateError('usage', `--releases ${JSON.stringify(releases.slice(0, 40))} is neither strict nor docker`);
}

function gunOf(name: string): string {
  return repositoryName(parseImageName(name));
}

/** Names of collections and tags come from whoever signed them, and from a damaged index. */
function shown(name: string): string {
  return visibleStart(name, 300);
}
