import { register } from 'node:module';
import { startVitest } from 'vitest/node';

/**
 * `node test/conformance/break.js [NAME…]`: makes each of the breakages in our code, one at a time and in memory only,
 * and runs the tests of this folder.
 */
register('../contract/load-typescript.js', import.meta.url);
const { BREAKAGES } = await import('./breakages.ts');

const wanted = process.argv.slice(2);
const missed = [];
if ((await failuresWith([])).length > 0) throw new Error('tests fail with the code as it is: nothing can be learned');
for (const [name, edits] of BREAKAGES) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const failed = await failuresWith(edits);
  const [first] = failed;
  process.stdout.write(`${name} | ${first === undefined ? 'NOT NOTICED' : `${failed.length} tests, ${first}`}\n`);
  if (first === undefined) missed.push(name);
}
process.exit(missed.length === 0 ? 0 : 1);

/** Names of tests; those that were written for a breakage come first. */
async function failuresWith(edits) {
  const left = new Set(edits);
  const breaking = {
    name: 'breaking',
    enforce: 'pre',
    transform(code, id) {
      for (const edit of edits) {
        const [file, from, to] = edit;
        if (!id.endsWith(`/src/${file}`)) continue;
        if (!code.includes(from)) throw new Error(`${file} has no ${from}: write the breakage anew`);
        left.delete(edit);
        code = code.replace(from, () => to);
      }
      return code;
    },
  };
  const options = { config: false, watch: false, include: ['test/conformance/*.test.ts'], testTimeout: 20_000 };
  const vitest = await startVitest('test', [], { ...options, reporters: [{}], maxWorkers: 1 }, { plugins: [breaking] });
  const modules = vitest.state.getTestModules().sort((a, b) => a.moduleId.localeCompare(b.moduleId));
  const failed = modules.flatMap((module) => [...module.children.allTests('failed')].map(({ fullName }) => fullName));
  const broken = modules.filter((module) => module.errors().length > 0);
  await vitest.close();
  if (left.size > 0 || broken.length > 0) throw new Error('a breakage that does not load proves nothing');
  return failed;
}
