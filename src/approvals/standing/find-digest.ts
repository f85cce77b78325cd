import { parseTarget } from '../document/names.ts';
import { fileName } from './file-name.ts';
import type { ReadFile, Standing } from './standing.ts';

/**
 * Repositories in which a digest is named. Files that do not have its digits anywhere need not be verified: of a hundred thousand
 * approvals that is all but a few.
 */
export async function namesOfDigest(standing: Standing, read: ReadFile, sha256: string): Promise<readonly string[]> {
  const found = new Set<string>();
  const digits = Buffer.from(sha256);
  for (const [role, version] of standing.snapshot.meta) {
    const bytes = await read(fileName(role, version));
    if (bytes === undefined || !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(digits)) continue;
    for (const [target, entry] of (await standing.role(role))?.document.targets ?? [])
      if (entry.sha256 === sha256) found.add(parseTarget(target).repository);
  }
  return [...found].sort();
}
