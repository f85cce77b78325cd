import { parseFileName } from '../standing/file-name.ts';
import type { Standing } from '../standing/standing.ts';

/**
 * Files that nobody needs any more: versions that were replaced before this publication. What this one replaces stays for whoever
 * has begun to read, and roots stay for good, for they are a chain.
 */
export function outgrown(before: Standing, after: Standing): (name: string) => boolean {
  return (name) => {
    const file = parseFileName(name);
    if (file === undefined || file.role === 'root') return false;
    const { role, version } = file;
    const [old, now] =
      role === 'snapshot'
        ? [before.snapshot.version, after.snapshot.version]
        : [before.snapshot.meta.get(role), after.snapshot.meta.get(role)];
    return old !== undefined && version !== old && version !== now;
  };
}
