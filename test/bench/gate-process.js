/** The built gate in a process of its own, whose event loop is watched: `gate-process.js CONFIG`, spoken to over IPC. */
import { watchEventLoop } from './event-loop.js';

const built = (file) => import(new URL(file, process.env.BUILT ?? new URL('../../dist/', import.meta.url)));
const { composeGate } = await built('compose.js');
const { loadConfig } = await built('config/load.js');
const { listen } = await built('server/listen.js');
const { createLogger } = await built('telemetry/logger.js');

// With LOG_LEVEL it logs where a gate does, to stdout, and as much as it says.
const level = process.env.LOG_LEVEL;
const log = createLogger({ level: level ?? 'warn', format: 'json' }, level === undefined ? process.stderr : undefined);
const gate = await composeGate(loadConfig(process.argv[2], process.env), { log });
const listener = await listen({ host: '127.0.0.1', port: 0 }, gate.registryListener);
const watch = watchEventLoop();
process.on('message', async (asked) => {
  if (asked === 'reset') watch.reset();
  if (asked === 'report') process.send(watch.report());
  if (asked !== 'close') return;
  await listener.close(0);
  await gate.close();
  process.disconnect();
});
process.send({ url: listener.url });
