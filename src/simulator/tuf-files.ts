/** By URL path below the base of the repository. */
export interface ServedFiles {
  get(path: string): Uint8Array | undefined;
}

/** The files of a TUF repository as a web server has them, by the URL path below its base: `3.targets.json`. */
export class TufFiles implements ServedFiles {
  /** By name, not encoded. */
  private readonly files: Map<string, Uint8Array>;

  constructor(files: Iterable<readonly [string, Uint8Array]> = []) {
    this.files = new Map(files);
  }

  /** @param path one segment, percent-encoded; a client that forgets to encode a role's `/` or `?` finds nothing */
  get(path: string): Uint8Array | undefined {
    const name = decoded(path);
    return name === undefined ? undefined : this.files.get(name);
  }

  /** Any bytes, under a name that need not exist. @param name not encoded: `2.docker.io/library/nginx.json` */
  replace(name: string, bytes: Uint8Array): this {
    this.files.set(name, bytes);
    return this;
  }

  drop(name: string): this {
    this.files.delete(name);
    return this;
  }

  /** What a mirror that is never updated goes on serving. */
  copy(): TufFiles {
    return new TufFiles(this.files);
  }

  /** All files by URL path. */
  *paths(): Iterable<readonly [string, Uint8Array]> {
    for (const [name, bytes] of this.files) yield [encodeURIComponent(name), bytes];
  }
}

/** Root files are always versioned and the timestamp never is; the others are with consistent snapshots only. */
export function fileName(role: string, version: number, consistent: boolean): string {
  if (role === 'timestamp') return 'timestamp.json';
  return role === 'root' || consistent ? `${version}.${role}.json` : `${role}.json`;
}

function decoded(path: string): string | undefined {
  if (/[/?#]/.test(path)) return undefined;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
