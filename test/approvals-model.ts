import type { Entry } from '../src/approvals/document/documents.ts';
import { parseTarget } from '../src/approvals/document/names.ts';
import { binNames } from '../src/approvals/edit/bins.ts';
import type { Change } from '../src/approvals/edit/change.ts';
import type { Standing } from '../src/approvals/standing/standing.ts';

/** All that a repository says, from its files, by target: where it stands, and what. */
export interface Stands {
  readonly role: string;
  readonly entry: Entry;
}

export async function everything(standing: Standing): Promise<Map<string, Stands>> {
  const found = new Map<string, Stands>();
  for (const role of await rolesOf(standing))
    for (const [target, entry] of (await standing.role(role))?.document.targets ?? [])
      found.set(target, { role, entry });
  return found;
}

/** `targets`, those below it in their order, and the bins. */
export async function rolesOf(standing: Standing): Promise<readonly string[]> {
  const top = (await standing.role('targets'))?.document.delegations;
  const names = top?.kind === 'roles' ? top.roles.map(({ name }) => name) : [];
  const bins = (await standing.role('bulk'))?.document.delegations;
  return ['targets', ...names, ...(bins?.kind === 'bins' ? binNames(bins.bins) : [])];
}

/** What somebody believes who knows nothing of roles, bins and files: which digest a tag stands for, and what is withdrawn. */
export class Model {
  /** `repository:tag` → sha256. */
  readonly tags: Map<string, string>;
  /** `repository@sha256:…` that are approved for themselves. */
  readonly own: Set<string>;
  readonly withdrawn: Set<string>;

  /** @param before what is believed already */
  constructor(before?: Model) {
    this.tags = new Map(before?.tags);
    this.own = new Set(before?.own);
    this.withdrawn = new Set(before?.withdrawn);
  }

  /** @returns false for what is to be refused: a withdrawn digest comes back only when that is said */
  apply(change: Change): boolean {
    switch (change.kind) {
      case 'approve': {
        const digest = `${change.repository}@sha256:${change.sha256}`;
        if (this.withdrawn.has(digest) && !change.reinstate) return false;
        this.withdrawn.delete(digest);
        if (change.tag === undefined) this.own.add(digest);
        else this.tags.set(`${change.repository}:${change.tag}`, change.sha256);
        return true;
      }
      case 'withdraw': {
        const digest = `${change.repository}@sha256:${change.sha256}`;
        this.own.delete(digest);
        this.withdrawn.add(digest);
        for (const [tag, sha256] of this.tags)
          if (sha256 === change.sha256 && tag.startsWith(`${change.repository}:`)) this.tags.delete(tag);
        return true;
      }
      case 'remove-tag':
        this.tags.delete(`${change.repository}:${change.tag}`);
        return true;
      case 'authorize':
      case 'create':
      case 'delegate':
      case 'renew':
      case 'undelegate':
        return true;
    }
  }

  /** The sha256 that is signed under a name; undefined where there is none. */
  answer(target: string): string | undefined {
    const name = parseTarget(target);
    if (name.kind === 'tag') return this.tags.get(target);
    const sha256 = name.digest.slice('sha256:'.length);
    const tagged = [...this.tags].some(([tag, of]) => of === sha256 && tag.startsWith(`${name.repository}:`));
    return tagged || this.own.has(target) || this.withdrawn.has(target) ? sha256 : undefined;
  }
}
