import { join } from 'node:path';
import { openSqliteStore } from '../state/sqlite/store.ts';
import { type DecisionOptions, decisionsJson, parseDecisionFilter, renderDecisions } from './render-decisions.ts';
import { EXIT } from './exit-code.ts';
import type { CommandContext } from './context.ts';

/** From the database, while a server writes it or not. */
export async function listDecisions(
  { config, out }: CommandContext,
  { long = false, ...options }: DecisionOptions & { readonly long?: boolean },
): Promise<number> {
  const filter = parseDecisionFilter(options, Date.now());
  const state = openSqliteStore(join(config().data, 'tufgate.db'));
  try {
    const found = await state.decisions(filter);
    if (out.json) out.document(decisionsJson(found));
    else out.fact(renderDecisions(found, { long }));
    return EXIT.done;
  } finally {
    await state.close();
  }
}
