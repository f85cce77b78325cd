import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { joined } from '../../dist/upstream/pieces.js';
import { findEntry, refuseOtherTarget } from '../../dist/trust/tuf/target-file.js';

/** A target as a file: what lies there already and is what was signed is not asked for again. @throws what the engine throws */
export async function downloadTarget(collection, name, { folder, peer }) {
  const { entry, view } = await search(collection, name);
  const file = join(folder, encodeURIComponent(name));
  if (isSigned(name, entry, file)) return;
  const bytes = await fetchTarget(peer, pathOf(name, entry, view), entry.length);
  refuseOtherTarget(name, entry, bytes);
  writeFileSync(`${file}.new`, bytes);
  renameSync(`${file}.new`, file);
}

async function search(collection, name) {
  let { view } = collection.known();
  for (;;) {
    const step = findEntry(collection.ctx, view, name, collection.now());
    if (step.kind === 'found') return { entry: step.entry, view };
    view = await collection.withDelegated(view, step);
  }
}

function isSigned(name, entry, file) {
  if (!existsSync(file)) return false;
  try {
    refuseOtherTarget(name, entry, readFileSync(file));
    return true;
  } catch {
    return false;
  }
}

/** With consistent snapshots the file's name begins with one of its hashes (specification 5.7.3). */
function pathOf(name, { sha256, sha512 }, { root }) {
  const segments = name.split('/').map(encodeURIComponent);
  const last = segments.pop();
  const file = root.model.consistentSnapshot ? `${sha256 ?? sha512}.${last}` : last;
  return `/${[...segments, file].join('/')}`;
}

async function fetchTarget(peer, path, maxBytes) {
  const { status, pieces } = await peer.get(path, { scope: '', maxBytes, deadlineMs: 60_000 });
  if (status !== 200) throw new Error(`${path}: the server answered ${status}`);
  return joined(pieces);
}
