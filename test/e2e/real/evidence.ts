import type { StoredVersions } from './stored-trust.ts';

/** What a gate is known to have stored, at least. */
export class Evidence implements StoredVersions {
  readonly floors = new Map<string, number>();
  readonly view = new Map<string, number>();

  floor(role: string, version: number): void {
    raise(this.floors, role, version);
  }

  /** As a whole: all its roles are of that version. */
  viewOf(roles: readonly string[], version: number): void {
    for (const role of roles) raise(this.view, role, version);
  }
}

function raise(known: Map<string, number>, role: string, version: number): void {
  known.set(role, Math.max(version, known.get(role) ?? 0));
}
