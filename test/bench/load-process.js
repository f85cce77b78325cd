/** A client in a process of its own, spoken to over IPC: what the servers of a benchmark do does not slow it down. */
import { register } from 'node:module';

register('../contract/load-typescript.js', import.meta.url);
const { steadyLoad } = await import('./load.ts');

let load;
process.on('message', async (asked) => {
  if (asked === 'reset') {
    load.reset();
    return;
  }
  if (asked !== 'stop') {
    load = steadyLoad(asked.url, asked.paths, asked.perSecond);
    return;
  }
  process.send(await load.stop());
  process.disconnect();
});
process.send('ready');
