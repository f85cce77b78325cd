import { join } from 'node:path';
import { instantText } from '../../text/instant-text.ts';
import { parseDigest } from '../../oci/digest.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import { clientsOf, type PulledBy } from '../../pull/clients-of.ts';
import { openSqliteStore } from '../../state/sqlite/store.ts';
import { countWords } from '../../text/size-words.ts';
import { visible } from '../../text/visible.ts';
import type { CommandContext } from '../context.ts';

interface Pulled {
  readonly image: string;
  readonly client: string;
  readonly userAgent: string;
  readonly first: string;
  readonly last: string;
  readonly count: number;
}

const MOST_LINES = 20;

/** Who has pulled these digests through this gate, and when last, by its decision log. */
export async function pulledBefore(
  { config }: CommandContext,
  digests: readonly { readonly repository: string; readonly sha256: string }[],
): Promise<{ readonly facts: readonly Pulled[]; readonly lines: readonly string[] }> {
  const state = openSqliteStore(join(config().data, 'tufgate.db'));
  try {
    const facts: Pulled[] = [];
    for (const { repository, sha256 } of digests) {
      const clients = await clientsOf(state, parseRepositoryName(repository), parseDigest(`sha256:${sha256}`));
      facts.push(...clients.map((client) => told(client, sha256)));
    }
    return { facts, lines: linesOf(facts) };
  } finally {
    await state.close();
  }
}

function told({ repository, tag, address, userAgent, firstAt, lastAt, count }: PulledBy, sha256: string): Pulled {
  const image = tag === undefined ? `${repository}@sha256:${sha256}` : `${repository}:${tag}`;
  return { image, client: address, userAgent, first: instantText(firstAt), last: instantText(lastAt), count };
}

function linesOf(pulls: readonly Pulled[]): readonly string[] {
  if (pulls.length === 0) return ['Nobody has pulled it through this gate, as far as its decision log goes back.'];
  const lines = pulls
    .slice(0, MOST_LINES)
    .map(
      (each) =>
        `  ${each.client}  last ${each.last}, ${countWords(each.count, 'time')}  ${each.image}  ${visible(each.userAgent)}`,
    );
  const more = pulls.length > MOST_LINES ? [`  and ${pulls.length - MOST_LINES} more (--json has all)`] : [];
  return ['Pulled through this gate by:', ...lines, ...more];
}
