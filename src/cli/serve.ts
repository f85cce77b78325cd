import { type Approvals, composeApprovals } from '../compose/approvals.ts';
import { composeGate, type Gate } from '../compose.ts';
import { makeRepository } from '../approvals/publish/make-repository.ts';
import type { Config } from '../config/config.ts';
import { messageOf, TufgateError } from '../errors.ts';
import { listen, type Listener } from '../server/listen.ts';
import { EXIT } from './exit-code.ts';
import type { CommandContext } from './context.ts';

/** How long requests in progress may go on after SIGTERM or SIGINT; a second signal ends at once. */
const GRACE_MS = 25_000;

/** Runs until a signal; then stops taking connections, lets requests end, and closes what is open. */
export async function serve(context: CommandContext): Promise<number> {
  const { out } = context;
  const config = await withRepositories(context);
  const gate = await composeGate(config, { env: context.env });
  const listeners = await openListeners(gate);
  for (const line of nextSteps(config, listeners)) out.message(line);
  const signal = await stopSignal();
  out.message(`tufgate: ${signal}, stopping; requests in progress have ${GRACE_MS / 1000} s`);
  await Promise.all(listeners.map((each) => each.close(GRACE_MS)));
  await gate.close();
  return EXIT.done;
}

/** The repositories of approvals that are configured and not there yet are made: a fresh machine needs nothing before its first start. */
async function withRepositories(context: CommandContext): Promise<Config> {
  const { config, out, env, stdin, now } = context;
  const loaded = config();
  const approvals = composeApprovals(loaded, { env, keyboard: stdin, say: (line) => out.message(line) }, now);
  let made = false;
  for (const own of approvals.own) {
    if ((await own.pinned()) !== undefined) {
      refuseLostPin(own);
      continue;
    }
    await make(own, approvals, (line) => out.message(line));
    made = true;
  }
  return made ? config() : loaded;
}

/**
 * The attack: whoever can write where the repository is published, but not where its root is pinned, puts a repository of his own
 * there, and waits for the pinned file to get lost. What is found there is never pinned by itself.
 * @throws usage
 */
function refuseLostPin({ source: { name, root, publish } }: Approvals['own'][number]): void {
  if (root.bytes.length > 0) return;
  throw new TufgateError(
    'usage',
    `trust.${name}: there is a repository in ${publish.folder}, and no root file ${root.file} for trust in it to begin with: if it is yours, copy ${publish.folder}/root.json there; if not, find out whose it is`,
  );
}

async function make(own: Approvals['own'][number], approvals: Approvals, say: (line: string) => void): Promise<void> {
  const { name, publish } = own.source;
  say(
    `${name} has not been made yet: a repository for your approvals, in ${publish.folder}, with keys in ${publish.keys}.`,
  );
  say('Your signing keys are encrypted with a passphrase, which approving asks for.');
  try {
    await makeRepository(own, approvals);
  } catch (error) {
    if (!(error instanceof TufgateError) || error.code !== 'usage') throw error;
    throw new TufgateError('usage', `trust.${name} cannot be made: ${messageOf(error)}`, { cause: error });
  }
  say(
    `Made. Keep a copy of ${publish.keys} in a safe place (tufgate approvals keys backup --to FILE); root.pem need not stay here.`,
  );
}

/** What a person does first, while nothing is approved. */
function nextSteps({ trust, defaultUpstream, listen }: Config, listeners: readonly Listener[]): readonly string[] {
  const first = listeners[listen.findIndex(({ handOff }) => handOff === undefined)];
  const keeps = [...trust.values()].some((source) => source.kind === 'tuf' && source.publish !== undefined);
  if (!keeps || first === undefined) return [];
  const gate = first.url.replace(/^https?:\/\//, '');
  const image = defaultUpstream === 'docker.io' ? 'nginx:1.27' : 'REGISTRY/REPOSITORY:TAG';
  const pulled = defaultUpstream === 'docker.io' ? 'library/nginx:1.27' : image;
  return [`Approve an image:  npx tufgate approve ${image}`, `Then pull it:      docker pull ${gate}/${pulled}`];
}

/** All or none: when one address cannot be had, the others are given back, and none was said to serve. */
export async function openListeners(gate: Gate): Promise<readonly Listener[]> {
  const { config, log } = gate;
  const open: Listener[] = [];
  try {
    for (const address of config.listen) {
      const { handOff } = address;
      open.push(await listen(address, handOff === undefined ? gate.registryListener : gate.handOffListener(handOff)));
    }
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
