import { setImmediate } from 'node:timers/promises';
import { codeOf, isReason } from '../errors.ts';
import type { Collection } from './collection.ts';
import { lasting } from './lasting.ts';
import { findStanding, Inquiry, type Standing } from './tuf/collection.ts';

/** Unknown: it could not be asked now. That takes nothing away, and gives nothing back. */
export type Told = Standing | { readonly kind: 'unknown' };

const UNKNOWN: Told = { kind: 'unknown' };
/** As for a question about a tag. */
const MAX_LOADS = 512;

/**
 * TUF 1.0: whether these digests were taken back, each by the name of its target. From what is held where that is fresh; files
 * of roles are loaded as for any other search. @throws faults of our own · Outgrown
 */
export async function askStandings(collection: Collection, names: readonly string[]): Promise<readonly Told[]> {
  const told: Told[] = [];
  for (const name of names) {
    // Each may take all the steps that a question may: pulls are waiting too.
    if (told.length > 0) await setImmediate();
    told.push(await standingOf(collection, name));
  }
  return told;
}

async function standingOf(collection: Collection, name: string): Promise<Told> {
  let view = await collection.latest();
  if (view?.kind !== 'tuf') return UNKNOWN;
  const inquiry = new Inquiry(collection.ctx.gun, name);
  try {
    for (let loads = 0; loads < MAX_LOADS; loads++) {
      const now = collection.now();
      const step = findStanding(collection.ctx, view, name, now, inquiry);
      // From what was held it would be the same once more; what had to be loaded may have to be loaded again.
      if (step.kind !== 'wanted') return lasting(step, loads === 0 ? collection.holds(view, name, now) : undefined);
      view = await collection.withDelegated(view, step);
    }
  } catch (error) {
    if (!isReason(codeOf(error))) throw error;
  }
  return UNKNOWN;
}
