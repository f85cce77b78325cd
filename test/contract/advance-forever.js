/** Advances one collection without end and prints each version once it was acknowledged: made to be killed. */
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { register } from 'node:module';

register('./load-typescript.js', import.meta.url);
const { openSqliteStore } = await import('../../src/state/sqlite/store.ts');

const store = openSqliteStore(process.argv[2]);
const vendor = { source: 'vendor', gun: 'docker.io/library/nginx' };
const file = (role, version) => {
  const bytes = Buffer.from(`${role} ${version}`.repeat(1_000));
  return { role, version, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
};
let from = (await store.loadTrust(vendor))?.generation ?? 0;
for (;;) {
  const first = from === 0 ? { anchor: 'keys', roots: [file('root', 1)] } : {};
  const version = from + 1;
  await store.advanceTrust(vendor, from, { ...first, floors: [file('timestamp', version)] }, version);
  writeSync(1, `${version}\n`);
  from = version;
}
