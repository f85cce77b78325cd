import { beforeEach, describe, expect, it } from 'vitest';
import { type Attempt, Circuit, type CircuitState, type Entrance, FAILURES, PAUSE, PROBE_MS } from './circuit.ts';

const NOON = Date.UTC(2026, 10, 21, 12);
const APP = 'repository:acme/app:pull';
const TOOL = 'repository:acme/tool:pull';
const BROKEN = 'repository:acme/broken:pull';
const YEAR = 365 * 86_400_000;

let now: number;
let chance: number;
let states: CircuitState[];
let circuit: Circuit;

beforeEach(() => {
  now = NOON;
  chance = 0;
  states = [];
  circuit = new Circuit({ clock: () => now, random: () => chance, onState: (state) => void states.push(state) });
});

function go(entrance: Entrance = circuit.enter(APP)): Attempt {
  if (entrance.kind === 'shut') throw new Error(`shut for ${entrance.retryMs} ms`);
  return entrance.attempt;
}

function shutFor(): number {
  const entrance = circuit.enter(APP);
  if (entrance.kind === 'go') throw new Error('was let through');
  return entrance.retryMs;
}

function fail(times: number): void {
  for (let i = 0; i < times; i += 1) go().failed('connection refused');
}

/** Opens it, waits the pause, and lets the probe through. */
function probe(): Attempt {
  fail(FAILURES);
  now += PAUSE.baseMs / 2;
  return go();
}

describe('a circuit', () => {
  it('opens after so many failures in a row, and says since when, until when and why', () => {
    fail(1);
    now += 500;
    fail(FAILURES - 2);
    expect(states).toEqual([]);
    go().failed('no answer in time');
    expect(states).toEqual(['open']);
    expect(circuit.enter(APP)).toEqual({
      kind: 'shut',
      since: NOON,
      retryMs: PAUSE.baseMs / 2,
      why: 'no answer in time',
    });
  });

  it('stays closed while an answer comes now and then', () => {
    for (let i = 0; i < 10; i += 1) {
      fail(FAILURES - 1);
      go().succeeded();
    }
    expect(states).toEqual([]);
  });

  it('counts nobody who left, nor one question twice', () => {
    for (let i = 0; i < 10; i += 1) go().abandoned();
    const attempt = go();
    for (let i = 0; i < 10; i += 1) attempt.failed('again');
    fail(FAILURES - 2);
    expect(states).toEqual([]);
  });

  it('is half-open after its pause: one probe goes through, and its answer closes it', () => {
    fail(FAILURES);
    now += PAUSE.baseMs / 2 - 1;
    expect(shutFor()).toBe(1);
    now += 1;
    const first = go();
    expect(states).toEqual(['open', 'half-open']);
    expect(shutFor()).toBe(PROBE_MS);
    first.succeeded();
    expect(states).toEqual(['open', 'half-open', 'closed']);
    fail(FAILURES - 1);
    go();
  });

  it('doubles its pause with each probe that fails, by chance and up to a limit, and begins anew once closed', () => {
    const pauses: number[] = [];
    fail(FAILURES);
    for (let i = 0; i < 7; i += 1) {
      pauses.push(shutFor());
      now += shutFor();
      go().failed('connection refused');
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
    chance = 0.999_999;
    now += shutFor();
    go().failed('connection refused');
    expect(shutFor()).toBe(PAUSE.mostMs);
    now += shutFor();
    go().succeeded();
    fail(FAILURES);
    expect(shutFor()).toBe(PAUSE.baseMs);
  });

  it('says since when the peer is down, however often it was tried meanwhile', () => {
    const late = probe();
    late.failed('still down');
    expect(circuit.enter(APP)).toMatchObject({ since: NOON, why: 'still down' });
  });

  it('lets the next probe through at once when the first one left without an answer', () => {
    probe().abandoned();
    expect(states.at(-1)).toBe('open');
    go().succeeded();
    expect(states.at(-1)).toBe('closed');
  });

  it('does not wait for ever for a slow probe, whose failure then counts no more, while its answer does', () => {
    const slow = probe();
    now += PROBE_MS - 1;
    expect(shutFor()).toBe(1);
    now += 1;
    const second = go();
    slow.failed('no answer in time');
    expect(shutFor()).toBe(PROBE_MS);
    second.abandoned();
    const third = go();
    expect(third).toBeDefined();
    expect(states.at(-1)).toBe('half-open');

    const other = new Circuit({ clock: () => now, random: () => 0 });
    circuit = other;
    const patient = probe();
    now += PROBE_MS;
    go();
    patient.succeeded();
    go();
    go();
  });

  it('hears of questions from before it opened: an answer closes it, a failure changes nothing', () => {
    const [answered, failed] = [go(), go()];
    fail(FAILURES);
    const before = shutFor();
    failed.failed('no answer in time');
    expect(circuit.enter(APP)).toMatchObject({ retryMs: before, why: 'connection refused' });
    answered.succeeded();
    go();
    expect(states).toEqual(['open', 'closed']);
  });

  it('under a clock that is set back waits its pause once more, and no longer', () => {
    fail(FAILURES);
    now -= YEAR;
    expect(shutFor()).toBe(PAUSE.baseMs / 2);
    now += PAUSE.baseMs / 2;
    const stuck = go();
    now -= YEAR;
    expect(shutFor()).toBe(PROBE_MS);
    now += PROBE_MS;
    go();
    stuck.failed('late');
    expect(states.at(-1)).toBe('half-open');
  });

  it('under a clock that jumps ahead asks once, early', () => {
    fail(FAILURES);
    now += YEAR;
    go();
    expect(shutFor()).toBe(PROBE_MS);
  });
});

describe('a repository that answers 5xx', () => {
  const ask = (scope: string): Attempt => go(circuit.enter(scope));
  const broken = (...scopes: string[]): void => scopes.forEach((scope) => ask(scope).broken('it answered 500'));
  const shut = (scope: string): boolean => circuit.enter(scope).kind === 'shut';

  it('opens no circuit alone, however often it is polled, nor makes up for failures that are missing', () => {
    broken(...Array<string>(3 * FAILURES).fill(BROKEN));
    fail(FAILURES - 1);
    broken(BROKEN, BROKEN);
    expect(states).toEqual([]);
    fail(1);
    expect(states).toEqual(['open']);
  });

  it('counts from the second one on, and an answer forgets the first', () => {
    broken(BROKEN, APP, BROKEN, APP);
    ask(TOOL).succeeded();
    broken(...Array<string>(FAILURES).fill(APP));
    broken(BROKEN, APP, APP, BROKEN);
    expect(states).toEqual([]);
    broken(APP);
    expect(circuit.enter(TOOL)).toMatchObject({ kind: 'shut', why: 'it answered 500' });
  });

  it('keeps no circuit open as its probe: another one probes at once, and itself waits longer each time', () => {
    broken(BROKEN);
    fail(FAILURES);
    now += PAUSE.baseMs / 2;
    for (const held of [1_000, 2_000, 4_000]) {
      broken(BROKEN);
      expect(states.at(-1)).toBe('open');
      expect(circuit.enter(BROKEN)).toMatchObject({ retryMs: held, why: 'connection refused' });
      ask(TOOL).abandoned();
      now += held;
    }
    ask(TOOL).succeeded();
    expect(states.at(-1)).toBe('closed');
  });

  it('decides nothing as the first one that fails so, neither', () => {
    fail(FAILURES);
    now += PAUSE.baseMs / 2;
    broken(BROKEN);
    expect(shut(BROKEN)).toBe(true);
    ask(TOOL).succeeded();
    expect(states.at(-1)).toBe('closed');
  });

  it('makes no pause longer when it is known, even as one of several', () => {
    broken(BROKEN, APP, ...Array<string>(FAILURES - 1).fill(BROKEN));
    expect(states).toEqual(['open']);
    now += PAUSE.baseMs / 2;
    broken(BROKEN);
    ask(TOOL).succeeded();
    expect(states.at(-1)).toBe('closed');
  });

  it('makes the pause longer when it is one more of several', () => {
    broken(BROKEN);
    fail(FAILURES);
    now += PAUSE.baseMs / 2;
    broken(TOOL);
    expect(shutFor()).toBe(PAUSE.baseMs);
  });

  it('waits, too, when its answer came after another one took its place', () => {
    fail(FAILURES);
    now += PAUSE.baseMs / 2;
    const slow = ask(BROKEN);
    now += PROBE_MS;
    const next = ask(TOOL);
    slow.broken('it answered 500');
    expect(states.at(-1)).toBe('half-open');
    next.abandoned();
    expect(shut(BROKEN)).toBe(true);
    expect(shut(TOOL)).toBe(false);
  });

  it('is one of so many names that not all are kept: then each counts', () => {
    broken(BROKEN);
    fail(FAILURES);
    for (let i = 0; i < 202; i += 1) {
      now += PAUSE.mostMs;
      broken(`repository:acme/${Math.min(i, 200)}:pull`);
    }
    expect(shutFor()).toBe(PAUSE.mostMs / 2);
  });
});
