import { composeGate, type Gate } from '../compose.ts';
import { listen, type Listener } from '../server/listen.ts';
import { EXIT } from './exit-code.ts';
import type { CommandContext } from './context.ts';

/** How long requests in progress may go on after SIGTERM or SIGINT; a second signal ends at once. */
const GRACE_MS = 25_000;

/** Runs until a signal; then stops taking connections, lets requests end, and closes what is open. */
export async function serve({ config, out }: CommandContext): Promise<number> {
  const gate = await composeGate(config());
  const listeners = await openListeners(gate);
  const signal = await stopSignal();
  out.message(`tufgate: ${signal}, stopping; requests in progress have ${GRACE_MS / 1000} s`);
  await Promise.all(listeners.map((each) => each.close(GRACE_MS)));
  await gate.close();
  return EXIT.done;
}

/** All or none: when one address cannot be had, the others are given back, and none was said to serve. */
export async function openListeners(gate: Gate): Promise<readonly Listener[]> {
  const { config, log } = gate;
  const open: Listener[] = [];
  try {
    for (const address of config.listen) open.push(await listen(address, gate.registryListener));
    // Last: whoever reads "ready" there may pull.
    open.push(await listen(config.admin, gate.adminListener));
    for (const [i, { url }] of open.entries()) {
      log.info({ url }, i < config.listen.length ? 'serving the registry API' : 'serving health and metrics');
    }
    return open;
  } catch (error) {
    await Promise.all(open.map((each) => each.close(0)));
    await gate.close();
    throw error;
  }
}

async function stopSignal(): Promise<string> {
  return await new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}
