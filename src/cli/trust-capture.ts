import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, messageOf, TufgateError } from '../errors.ts';
import { Archive } from '../lifeboat/archive.ts';
import { CaptureRun } from '../lifeboat/capture-all.ts';
import type { CaptureTask } from '../lifeboat/capture-collection.ts';
import { INDEX } from '../lifeboat/index-file.ts';
import { Pace } from '../lifeboat/pace.ts';
import { patientPeer } from '../lifeboat/patient-peer.ts';
import { hexOf } from '../lifeboat/stored-capture.ts';
import { lockDataFolder } from '../state/sqlite/lock.ts';
import { notarySource } from '../trust/notary-source.ts';
import { createPeer } from '../upstream/peer.ts';
import { GunList, type ListedGun } from './capture-list.ts';
import { type CaptureFlags, capturePin, type CapturePlan, capturePlan } from './capture-plan.ts';
import { captureDocument, captureExit, captureLine, captureSummary, type Reported } from './capture-report.ts';
import type { CommandContext } from './context.ts';
import { EXIT } from './exit-code.ts';
import { inOrder } from '../upstream/in-order.ts';

/** Archives Notary collections for the time when their server is gone. May be ended at any instant, and begun again. */
export async function captureTrust(
  context: CommandContext,
  options: CaptureFlags,
  names: readonly string[],
): Promise<number> {
  const plan = capturePlan(context, options);
  const folder = options.to ?? 'notary-archive';
  const width = wholeNumber('--concurrency', options.concurrency ?? '4', 1, 16);
  const pauseMs = wholeNumber('--pause', options.pause ?? '100', 0, 60_000);
  const listed = await listOf(context, plan, options, names);
  const [archive, unlock] = await openArchive(folder);
  const pace = new Pace({
    clock: { now: Date.now, elapsed: () => performance.now(), sleep },
    pauseMs,
    onWait: waiting(context, plan),
  });
  const peers = plan.urls.map((url) =>
    createPeer({ name: plan.name, url, config: plan.peer, connections: width, clock: Date.now }),
  );
  const again = options.again === true;
  const run = new CaptureRun({ archive, now: Date.now, maxBytes: plan.maxBytes, pace, again });
  const task = (gun: string): CaptureTask => {
    const pin = capturePin(plan, gun);
    const source = notarySource(
      peers.map((peer) => patientPeer(peer, pace)),
      gun,
    );
    return { gun, url: plan.urls.map(({ href }) => href).join(' '), source, ...(pin && { pin }) };
  };
  try {
    const work = async (each: ListedGun): Promise<Reported> =>
      each.kind === 'gun' ? run.capture(task(each.gun)) : each;
    const results = await tell(context, listed, inOrder(listed, width, work));
    await finish(context, folder, run, results);
    return exitOf(run, results);
  } finally {
    await Promise.all(peers.map((peer) => peer.close()));
    unlock();
  }
}

async function listOf(
  { stdin }: CommandContext,
  { gun }: CapturePlan,
  { fromList }: CaptureFlags,
  names: readonly string[],
): Promise<readonly ListedGun[]> {
  const list = new GunList(gun);
  for (const name of names) list.add(name);
  if (fromList !== undefined) await list.addFrom(fromList, stdin);
  if (list.all().length > 0) return list.all();
  throw new TufgateError('usage', 'no collection to capture: name some, or say --from-list FILE with one a line');
}

/** Two runs in one archive would each take what the other has begun for what a crash left behind. */
async function openArchive(folder: string): Promise<readonly [Archive, () => void]> {
  let unlock: (() => void) | undefined;
  try {
    unlock = lockDataFolder(join(folder, '.capture.lock'));
    return [await Archive.open(folder), unlock];
  } catch (cause) {
    unlock?.();
    if (codeOf(cause) === 'archive.damaged') throw cause;
    const why =
      codeOf(cause) === 'startup.directory' ? 'another capture runs in it, or it cannot be written' : messageOf(cause);
    throw new TufgateError('usage', `cannot write to the archive ${folder}: ${why}`, { cause });
  }
}

async function tell(
  { out }: CommandContext,
  listed: readonly ListedGun[],
  results: AsyncIterable<Reported>,
): Promise<readonly Reported[]> {
  const told: Reported[] = [];
  for await (const result of results) {
    told.push(result);
    if (!out.json) out.fact(captureLine(result));
    out.progress(`${told.length} of ${listed.length} collections`);
  }
  return told;
}

async function finish(
  { out }: CommandContext,
  to: string,
  { stoppedBy }: CaptureRun,
  results: readonly Reported[],
): Promise<void> {
  const index = await indexDigest(to);
  const stopped = stoppedBy === undefined ? null : { code: stoppedBy.code, message: stoppedBy.message };
  if (out.json) out.document({ archive: to, index, stopped, collections: results.map(captureDocument) });
  if (stopped !== null)
    out.message(`tufgate: stopped early: ${stopped.message}; run the same command again to go on where it ended`);
  out.message(captureSummary(results));
  if (index !== null) out.message(`keep the archive ${to}, and elsewhere the sha256 of its ${INDEX}: ${index}`);
}

async function indexDigest(folder: string): Promise<string | null> {
  try {
    return hexOf(await readFile(join(folder, INDEX)));
  } catch {
    return null;
  }
}

/** A run that was cut short is that first of all; then what is refused counts before what is not there. */
function exitOf({ stoppedBy }: CaptureRun, results: readonly Reported[]): number {
  if (stoppedBy !== undefined) return EXIT.unreachable;
  const codes = results.map(captureExit);
  const order = [EXIT.fault, EXIT.refused, EXIT.unreachable, EXIT.notFound, EXIT.usage];
  return order.find((code) => codes.includes(code)) ?? EXIT.done;
}

function waiting({ out }: CommandContext, { name }: CapturePlan): (seconds: number, why: string) => void {
  return (seconds, why) => out.message(`tufgate: ${name}: ${why}; asked again in ${seconds} s`);
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^[0-9]{1,6}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new TufgateError('usage', `${option} ${text}: expected a whole number from ${least} to ${most}`);
}
