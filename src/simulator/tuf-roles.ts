import type { TufKey, TufSigner } from './tuf-key.ts';
import { type TufAuthority, binOf, type TufRole } from './tuf-role.ts';

export const TOP_ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;

/** Which roles there are, and whose word each one hangs on. */
export class TufRoles {
  private readonly byName = new Map<string, TufRole>();

  add(name: string, expires: number): void {
    this.byName.set(name, { version: 0, expires, targets: new Map(), delegations: [] });
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** @throws Error for a role that does not exist: a mistake in the test */
  of(name: string): TufRole {
    const found = this.byName.get(name);
    if (found === undefined) throw new Error(`the simulated repository has no role ${name}`);
    return found;
  }

  /** In the order in which they were added. */
  names(): readonly string[] {
    return [...this.byName.keys()];
  }

  /** By delegator; the root's first. A role may have several, each with keys of its own choice. */
  authorities(role: string): readonly (readonly [string, TufAuthority])[] {
    return [...this.byName].flatMap(([delegator, { delegations, bins }]) => {
      const found: TufAuthority[] = delegations.filter(({ name }) => name === role);
      if (bins !== undefined && role.startsWith(`${bins.prefix}-`)) found.push(bins);
      return found.map((authority) => [delegator, authority] as const);
    });
  }

  /** The first that delegates, or the one that is named. */
  delegation(role: string, by?: string): readonly [string, TufAuthority] {
    const found = this.authorities(role).find(([delegator]) => by === undefined || by === delegator);
    if (found === undefined)
      throw new Error(`no delegation to ${role} by ${by ?? 'anyone'} in the simulated repository`);
    return found;
  }

  /** Whoever delegates with them. */
  keysOf(role: string): readonly TufKey[] {
    return eachOnce(this.authorities(role).flatMap(([, { keys }]) => keys));
  }

  /** The role itself, or the bin of that prefix which the target belongs to. */
  holderOf(target: string, role: string): string {
    if (this.has(role)) return role;
    const bins = [...this.byName.values()].find((delegator) => delegator.bins?.prefix === role)?.bins;
    return bins === undefined ? role : binOf(bins, target);
  }
}

/** By key id, in order. */
export function eachOnce<T extends TufSigner>(signers: readonly T[]): T[] {
  return [...new Map(signers.map((signer) => [signer.keyId, signer])).values()];
}

export function isTop(role: string): boolean {
  return (TOP_ROLES as readonly string[]).includes(role);
}

/** In the snapshot. */
export function isListed(role: string): boolean {
  return !isTop(role) || role === 'targets';
}
