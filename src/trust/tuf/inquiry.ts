import { TufgateError } from '../../errors.ts';
import { MAX_STEPS, MAX_VISITED } from './limits.ts';
import { binFor } from './bins.ts';
import type { Bins, Delegation, Paths, Targets } from './model.ts';
import type { Steps } from './path-pattern.ts';
import { permissionsFor } from './paths.ts';

/**
 * TUF 1.0: who may speak for one name, over all the searches of one question: each begins at the top again once a file
 * was loaded.
 *
 * The attack: who holds `evil:*` delegates with thousands of patterns that nearly match each tag of it, level below
 * level, and every pull blocks the thread for as long as comparing takes. So each file is compared once for a question,
 * and all of them together cost no more than `MAX_STEPS`; a question that costs more has failed.
 */
export class Inquiry implements Steps {
  readonly name: string;
  private readonly gun: string;
  private readonly permits: (paths: Paths) => boolean;
  private left = MAX_STEPS;
  private readonly below = new Map<Targets, readonly Delegation[]>();
  private readonly judged = new Map<Delegation, boolean>();

  constructor(gun: string, name: string) {
    this.gun = gun;
    this.name = name;
    this.permits = permissionsFor(name, this);
  }

  /** @throws trust.too-large: from then on always */
  spend(count: number): void {
    this.left -= count;
    if (this.left >= 0) return;
    const what = `comparing ${JSON.stringify(this.name)} with the delegations of ${this.gun}`;
    throw new TufgateError('trust.too-large', `${what} takes more than ${MAX_STEPS} steps`);
  }

  /** Those to ask after this file, in its order: up to one that is terminating, and no more than a search may come by. */
  delegationsOf(targets: Targets): readonly Delegation[] {
    if (targets.bins !== undefined) return [this.binOf(targets.bins)];
    const found = this.below.get(targets) ?? this.compared(targets);
    this.below.set(targets, found);
    return found;
  }

  /** The delegation to this very role, wherever it stands in the file. */
  delegationTo(role: string, targets: Targets): Delegation | undefined {
    if (targets.bins !== undefined) return this.delegationsOf(targets).find((each) => each.role === role);
    const delegation = targets.delegations.find((each) => each.role === role);
    return delegation !== undefined && this.reaches(delegation) ? delegation : undefined;
  }

  /** Bins are one role each, and terminating, as all clients have it. */
  private binOf(bins: Bins): Delegation {
    const { keys, threshold } = bins;
    const role = binFor(bins, this.name);
    return { role, keys, threshold, paths: { kind: 'patterns', of: [] }, terminating: true };
  }

  private compared({ delegations }: Targets): readonly Delegation[] {
    const found: Delegation[] = [];
    for (const delegation of delegations) {
      if (!this.permits(delegation.paths)) continue;
      found.push(delegation);
      if (delegation.terminating || found.length > MAX_VISITED) break;
    }
    return found;
  }

  private reaches(delegation: Delegation): boolean {
    const found = this.judged.get(delegation) ?? this.permits(delegation.paths);
    this.judged.set(delegation, found);
    return found;
  }
}
