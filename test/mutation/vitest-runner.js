import { strykerPlugins as plugins } from '@stryker-mutator/vitest-runner';

/**
 * Stryker's vitest runner, which only looks at tests: a mutant with which a test file cannot even be loaded fails none,
 * and would count as a survivor.
 */
const [{ factory }] = plugins;

function runner(injector) {
  const vitest = factory(injector);
  const run = vitest.mutantRun.bind(vitest);
  vitest.mutantRun = async (options) => {
    const result = await run(options);
    const unloaded = vitest.ctx.state
      .getFiles()
      .find(({ result, tasks }) => result?.state === 'fail' && tasks.length === 0);
    if (result.status !== 'survived' || unloaded === undefined) return result;
    return { ...result, status: 'killed', killedBy: [], failureMessage: `${unloaded.name} did not load` };
  };
  return vitest;
}
runner.inject = factory.inject;

export const strykerPlugins = [{ kind: 'TestRunner', name: 'vitest-loaded', factory: runner }];
