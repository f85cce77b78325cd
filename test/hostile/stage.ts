import { idOf, type HostileCase, type Scene, type ValidCase } from './case.ts';
import { Gate, type Outcome } from './gate.ts';
import type { CorpusServer } from './server.ts';
import type { Trace, Way } from './trace.ts';

/** How a client is run through a scene: as one process, or started anew for every step. */
type Life = 'one process' | 'restarted';

/** Where cases are played: each is told once, and lived through in every way that makes a difference. */
export class Stage {
  private readonly server: CorpusServer;
  private readonly base: URL;

  /** @param base where the server listens */
  constructor(server: CorpusServer, base: URL) {
    this.server = server;
    this.base = base;
  }

  /**
   * The honest steps must pass; the attack must be refused with its code, the attacker's digest never be given out, and
   * what is stored be the same as before, byte for byte, except for what the case says was verified first.
   * @returns what went wrong, in words
   */
  async hostile(attack: HostileCase): Promise<readonly string[]> {
    return await this.live(attack, async (gate, scene, life) => {
      const final = scene.steps.length - 1;
      const faults = await honestly(gate, scene, final, life);
      const before = await gate.stored();
      const last = await gate.pull(final);
      return [
        ...faults,
        ...notRefused(attack, scene, last),
        ...wronglyLearned(attack, before, await gate.stored(), scene),
      ];
    });
  }

  /** Which way the refusal takes. */
  async traced(attack: HostileCase, trace: Trace): Promise<Way> {
    const scene = attack.tell();
    const final = scene.steps.length - 1;
    const gate = this.enter(attack, scene);
    await honestly(gate, scene, final, 'one process');
    this.server.onRequest = () => trace.onRequest();
    gate.onLoad = () => trace.onLoad();
    trace.begin();
    const way = trace.end(await gate.pull(final));
    await gate.close();
    return way;
  }

  /** Every step must pass, and nobody be alarmed. @returns what went wrong, in words */
  async valid(legal: ValidCase): Promise<readonly string[]> {
    return await this.live(legal, async (gate, scene, life) => await honestly(gate, scene, scene.steps.length, life));
  }

  private async live(
    told: HostileCase | ValidCase,
    act: (gate: Gate, scene: Scene, life: Life) => Promise<readonly string[]>,
  ): Promise<readonly string[]> {
    const scene = told.tell();
    const lives: readonly Life[] = scene.steps.length > 1 ? ['one process', 'restarted'] : ['one process'];
    const faults: string[] = [];
    for (const life of lives) {
      const gate = this.enter(told, scene);
      const wrong = await act(gate, scene, life).finally(() => gate.close());
      faults.push(...wrong.map((fault) => `${life}: ${fault}`));
    }
    return faults;
  }

  private enter(told: HostileCase | ValidCase, scene: Scene): Gate {
    const gate = new Gate(this.base, idOf(told), told.format, scene);
    this.server.add(idOf(told), scene).onStuck = () => gate.runOutOfTime();
    this.server.onRequest = () => undefined;
    return gate;
  }
}

async function honestly(gate: Gate, scene: Scene, steps: number, life: Life): Promise<readonly string[]> {
  const faults: string[] = [];
  for (let step = 0; step < steps; step++) {
    faults.push(...notHonest(scene, step, await gate.pull(step)));
    if (life === 'restarted') gate.restart();
  }
  return faults;
}

function notRefused({ expect, silences }: HostileCase, { steps }: Scene, last: Outcome): readonly string[] {
  const honest = new Set(silences ? [] : steps.map(({ digest }) => digest));
  return [
    ...(last.reason === expect ? [] : [`expected ${expect}, got ${shown(last)}`]),
    ...(last.digest === undefined || honest.has(last.digest) ? [] : [`gave out ${last.digest}`]),
  ];
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
