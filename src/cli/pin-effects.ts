import type { NotaryConfig } from '../config/config.ts';
import type { TrustStore } from '../state/store.ts';
import { coverageOf, pinWordsFor } from './coverage.ts';

/** What another pin would do to one stored collection. */
export interface PinEffect {
  readonly gun: string;
  /** The longest match, before and after; null for none. */
  readonly before: string | null;
  readonly after: string | null;
  readonly then: 'believed' | 'begins-anew' | 'refused' | 'damaged';
  /** Why it is not believed as it is stored. */
  readonly message: string | null;
}

/** Of those collections only that meet another pin than before. */
export async function effectsOf(
  store: TrustStore,
  before: NotaryConfig,
  after: NotaryConfig,
): Promise<readonly PinEffect[]> {
  const effects: PinEffect[] = [];
  for (const collection of await store.listTrust()) {
    const { source, gun } = collection;
    const pins = { before: pinWordsFor(before, gun), after: pinWordsFor(after, gun) };
    if (source !== before.name || pins.before === pins.after) continue;
    const stored = await store.loadTrust(collection);
    if (stored !== undefined) effects.push({ gun, ...pins, ...outcome(coverageOf(after, gun, stored)) });
  }
  return effects;
}

function outcome(coverage: ReturnType<typeof coverageOf>): Pick<PinEffect, 'then' | 'message'> {
  switch (coverage.kind) {
    case 'covered':
      return { then: 'believed', message: null };
    case 'anew':
      return { then: 'begins-anew', message: coverage.message };
    case 'no-root':
      return { then: 'refused', message: coverage.message };
    case 'damaged':
      return { then: 'damaged', message: coverage.message };
  }
}

export function effectWords({ gun, before, after, then, message }: PinEffect): string {
  const pins = `${before ?? 'no pin'} -> ${after ?? 'no pin'}`;
  const why = message === null ? '' : `\n      ${message}`;
  return `  ${gun}\n      ${pins}: ${THEN[then]}${why}`;
}

const THEN: Record<PinEffect['then'], string> = {
  believed: 'what is stored is believed as it is',
  'begins-anew': 'NOT COVERED: what is stored counts no more, and trust begins anew at the pin',
  refused: 'NOT COVERED: everything of it is refused (trust.no-root)',
  damaged: 'what is stored is damaged',
};
