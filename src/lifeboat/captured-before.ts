import { codeOf, isReason } from '../errors.ts';
import { nodeCrypto } from '../trust/crypto.ts';
import { type Anchor, restore, type Trusted, type TrustFile } from '../trust/tuf/collection.ts';
import { notaryFormat } from '../trust/tuf/format/notary.ts';
import type { ArchivedFile, Capture } from './capture-file.ts';
import type { StoredCapture } from './stored-capture.ts';

/**
 * What an earlier capture makes of the next: its root is where trust begins, and its versions are floors.
 *
 * The attack: whoever answers in the server's name, the second time only, offers an older state that is still signed, or a
 * root of his own to somebody who has no pin; `--again` would put it in the place of the honest capture.
 *
 * @returns undefined when nothing of it binds: it had expired, or it is not covered by the pin that is configured now, and
 *   trust begins anew at the pin
 */
export function capturedBefore(gun: string, anchor: Anchor, { capture, files }: StoredCapture): Trusted | undefined {
  if (capture.state !== 'verified') return undefined;
  const ctx = { format: notaryFormat, gun, anchor, crypto: nodeCrypto };
  const trustFile = ({ name, role, version, sha256 }: ArchivedFile): readonly TrustFile[] => {
    const bytes = files.get(name);
    return bytes === undefined ? [] : [{ role, version, sha256, bytes }];
  };
  const roots = rootsOf(capture).flatMap(trustFile);
  const floors = floorsOf(capture).flatMap(trustFile);
  try {
    return restore(ctx, { anchor: 'first-use', roots, floors }).trusted;
  } catch (error) {
    if (isReason(codeOf(error)) || codeOf(error) === 'state.damaged') return undefined;
    throw error;
  }
}

/** From where their chain is whole, ascending. The newest may be there under its other name only. */
function rootsOf({ files, rootsFrom }: Capture): readonly ArchivedFile[] {
  const newest = files.find(({ name }) => name === 'root.json');
  const older = files.filter(
    ({ role, name, version }) => role === 'root' && name !== 'root.json' && version >= rootsFrom,
  );
  const below = older.filter(({ version }) => version < (newest?.version ?? 0)).sort((a, b) => a.version - b.version);
  return newest === undefined ? [] : [...below, newest];
}

/** Of roles that were believed. */
function floorsOf({ files, unverified }: Capture): readonly ArchivedFile[] {
  const left = new Set(unverified.map(({ role }) => role));
  return files.filter(({ role }) => role !== 'root' && !left.has(role));
}
