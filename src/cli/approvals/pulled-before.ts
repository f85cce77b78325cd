import { join } from 'node:path';
import { openSqliteStore } from '../../state/sqlite/store.ts';
import { instantText } from '../../approvals/document/instant-text.ts';
import type { CommandContext } from '../context.ts';

interface Pull {
  readonly image: string;
  readonly client: string;
  readonly at: string;
  readonly count: number;
}

const MOST = 10_000;
const MOST_LINES = 20;

/** Who has pulled these digests through this gate, and when last, by its decision log. */
export async function pulledBefore(
  { config }: CommandContext,
  digests: readonly { readonly repository: string; readonly sha256: string }[],
): Promise<{ readonly facts: readonly Pull[]; readonly lines: readonly string[] }> {
  const state = openSqliteStore(join(config().data, 'tufgate.db'));
  try {
    const pulls = new Map<string, Pull>();
    for (const { repository, sha256 } of digests) {
      for (const one of await state.decisions({ image: repository, verdict: 'allow', limit: MOST })) {
        if (one.digest !== `sha256:${sha256}` || one.repository !== repository || one.request !== 'manifest') continue;
        const image = `${repository}${one.tag === undefined ? '' : `:${one.tag}`}@sha256:${sha256}`;
        const key = `${image}\n${one.client.address}`;
        const count = (pulls.get(key)?.count ?? 0) + one.count;
        pulls.set(key, { image, client: one.client.address, at: instantText(one.at), count });
      }
    }
    const facts = [...pulls.values()];
    return { facts, lines: linesOf(facts) };
  } finally {
    await state.close();
  }
}

function linesOf(pulls: readonly Pull[]): readonly string[] {
  if (pulls.length === 0) return ['Nobody has pulled it through this gate, as far as its decision log goes back.'];
  const lines = pulls
    .slice(-MOST_LINES)
    .map(({ image, client, at, count }) => `  ${client}  last ${at}  ${count} times  ${image}`);
  const more = pulls.length > MOST_LINES ? [`  and ${pulls.length - MOST_LINES} more (--json has all)`] : [];
  return ['Pulled through this gate by:', ...lines, ...more];
}
