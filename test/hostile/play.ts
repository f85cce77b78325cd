import { idOf, type HostileCase, type Scene, type ValidCase } from './case.ts';
import { Gate, type Outcome } from './gate.ts';
import type { CorpusServer } from './server.ts';
import type { Trace } from './trace.ts';

/** How a client is run through a scene: as one process, or started anew for every step. */
export type Life = 'one process' | 'restarted';
export const LIVES: readonly Life[] = ['one process', 'restarted'];

export interface Played {
  /** What went wrong, in words; empty when all is as it must be. */
  readonly faults: readonly string[];
  /** Of the last step. */
  readonly last: Outcome;
}

/**
 * The honest steps must pass; the attack must be refused with its code, the attacker's digest never be given out, and
 * what is stored be the same as before, byte for byte, except for what the case says was verified first.
 */
export async function playHostile(
  attack: HostileCase,
  server: CorpusServer,
  base: URL,
  life: Life,
  trace?: Trace,
): Promise<Played> {
  const scene = attack.tell();
  return await onStage(server, base, attack, scene, async (gate) => {
    const final = scene.steps.length - 1;
    const faults: string[] = [];
    for (let step = 0; step < final; step++) {
      faults.push(...notHonest(scene, step, await gate.pull(step)));
      if (life === 'restarted') gate.restart();
    }
    const before = await gate.stored();
    server.onRequest = () => trace?.onRequest();
    gate.onLoad = () => trace?.onLoad();
    trace?.begin();
    const last = await gate.pull(final);
    trace?.end(idOf(attack), last);
    if (last.reason !== attack.expect) faults.push(`expected ${attack.expect}, got ${shown(last)}`);
    const honest = new Set(attack.silences ? [] : scene.steps.map(({ digest }) => digest));
    if (last.digest !== undefined && !honest.has(last.digest)) faults.push(`gave out ${last.digest}`);
    faults.push(...wronglyLearned(attack, before, await gate.stored(), scene));
    return { faults, last };
  });
}

export async function playValid(valid: ValidCase, server: CorpusServer, base: URL, life: Life): Promise<Played> {
  const scene = valid.tell();
  return await onStage(server, base, valid, scene, async (gate) => {
    const faults: string[] = [];
    let last: Outcome = {};
    for (let step = 0; step < scene.steps.length; step++) {
      last = await gate.pull(step);
      faults.push(...notHonest(scene, step, last));
      if (life === 'restarted') gate.restart();
    }
    return { faults, last };
  });
}

async function onStage(
  server: CorpusServer,
  base: URL,
  told: HostileCase | ValidCase,
  scene: Scene,
  act: (gate: Gate) => Promise<Played>,
): Promise<Played> {
  const id = idOf(told);
  const gate = new Gate(base, id, told.format, scene);
  server.add(id, scene).onStuck = () => gate.runOutOfTime();
  try {
    return await act(gate);
  } finally {
    await gate.close();
  }
}

function notHonest({ steps }: Scene, step: number, outcome: Outcome): readonly string[] {
  const expected = steps[step]?.digest;
  if (outcome.reason === undefined && outcome.digest === expected) return [];
  return [`step ${step}: expected ${expected ?? 'a digest'}, got ${shown(outcome)}`];
}

function shown({ digest, reason, message }: Outcome): string {
  return [digest, reason, message].filter((part) => part !== undefined).join(', ');
}

/** Stored are the same bytes as before, and what verified first: nothing of that may be missing either. */
function wronglyLearned(
  { learns }: HostileCase,
  before: ReadonlyMap<string, Buffer>,
  after: ReadonlyMap<string, Buffer>,
  { steps }: Scene,
): readonly string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  const changed = names.filter((name) => before.get(name)?.equals(after.get(name) ?? Buffer.alloc(0)) !== true);
  const learned = new Set(
    changed
      .filter((name) => name !== 'anchor' || before.size > 0)
      .map((name) => (name.startsWith('view ') ? 'view' : name)),
  );
  const served = [...(steps.at(-1)?.answers.values() ?? [])];
  return [
    ...[...learned].filter((name) => !learns.includes(name)).map((name) => `stored another ${name}`),
    ...learns.filter((name) => !learned.has(name)).map((name) => `did not store the ${name} that verified`),
    ...changed
      .filter((name) => /^(root|floor|view) /.test(name) && after.has(name))
      .filter((name) => !served.some((answer) => answer.kind === 'bytes' && after.get(name)?.equals(answer.bytes)))
      .map((name) => `stored a ${name} that nobody served`),
  ];
}
