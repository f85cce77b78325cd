// Reads an archive as of now, and prints what it says: run under a clock that was moved.
import { readArchive } from '../../../dist/lifeboat/read-archive.js';

const [, , folder, allow] = process.argv;
const read = [];
for await (const each of readArchive(folder, { now: Date.now(), allowFirstUse: allow === 'first-use' })) {
  const { ok, gun, error, anchor, root, capturedAt } = each;
  const tags = Object.fromEntries([...(each.tags ?? [])].map(([tag, { digest, length }]) => [tag, { digest, length }]));
  read.push({ ok, gun, code: error?.code, message: error?.message, anchor, root, capturedAt, tags });
}
process.stdout.write(JSON.stringify({ now: Date.now(), read }));
