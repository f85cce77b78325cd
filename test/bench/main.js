/** `npm run build && npm run bench -- NAME`: measures, and fails when a promise of the design is not kept. */
import { register } from 'node:module';

register('../contract/load-typescript.js', import.meta.url);
const benches = {
  cache: () => import('./cache.ts'),
  manifests: () => import('./manifests.ts'),
  cores: () => import('./cores.ts'),
  eviction: () => import('./eviction.ts'),
  stall: () => import('./stall.ts'),
  approvals: () => import('./approvals.ts'),
};
const print = (line) => process.stdout.write(`${line}\n`);
const load = benches[process.argv[2]];
if (load === undefined) {
  print(`npm run bench -- NAME, where NAME is one of: ${Object.keys(benches).join(', ')}`);
  process.exit(2);
}
const { bench } = await load();
process.exitCode = (await bench(print)) ? 0 : 1;
