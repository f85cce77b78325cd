import { describe, expect, it, vi } from 'vitest';
import { TufgateError } from '../errors.ts';
import type { Decision } from '../policy/decision.ts';
import { openSqliteStore } from '../state/sqlite/store.ts';
import type { CountedDecision } from '../state/store.ts';
import { DecisionLog, type DecisionLogOptions } from './decision-log.ts';

const T0 = Date.UTC(2026, 10, 21, 9);

/** A log over a store that can fail, and a clock that moves only when told. */
function world(options: Partial<DecisionLogOptions> = {}) {
  const timers: { task: () => void; due: number }[] = [];
  const rows: CountedDecision[] = [];
  const state = { now: T0, failing: false, batches: 0, pruned: [] as number[] };
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn(), child: () => log };
  const decisions = new DecisionLog({
    log,
    onFailure: 'serve',
    keepMs: 1_000,
    maxBytes: 5_000,
    now: () => state.now,
    schedule: (task, ms) => {
      const timer = { task, due: state.now + ms };
      timers.push(timer);
      return () => {
        if (timers.includes(timer)) timers.splice(timers.indexOf(timer), 1);
      };
    },
    store: {
      appendDecisions: (batch) => {
        state.batches++;
        if (state.failing) return Promise.reject(new TufgateError('state.failed', 'disk full'));
        rows.push(...batch);
        return Promise.resolve();
      },
      pruneDecisions: (before) => Promise.resolve(void state.pruned.push(before)),
    },
    ...options,
  });
  const advance = async (ms: number) => {
    state.now += ms;
    const due = timers.filter((timer) => timer.due <= state.now);
    for (const timer of due) timers.splice(timers.indexOf(timer), 1);
    for (const timer of due) timer.task();
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  };
  return { decisions, log, rows, state, advance };
}

function decision(tag: string, more: Partial<Decision> = {}): Decision {
  return {
    at: T0,
    event: 'pull',
    client: { address: '10.0.0.5', userAgent: 'docker/28' },
    request: 'manifest',
    method: 'GET',
    repository: 'docker.io/library/nginx',
    tag,
    verdict: 'allow',
    mode: 'enforce',
    wouldDeny: false,
    sources: [],
    ...more,
  };
}
const denied = (tag: string) => decision(tag, { verdict: 'deny', reason: 'trust.unsigned' });

describe('the decision log', () => {
  it('tells the structured log at once, denials and alarms louder, Maps as objects', () => {
    const { decisions, log } = world();
    const versions = new Map([['__proto__', 3]]);
    const source = {
      source: 'v',
      kind: 'notary',
      outcome: 'signed',
      roles: [],
      signers: [],
      expires: new Map(),
    } as const;
    void decisions.record(decision('1', { sources: [{ ...source, versions }] }));
    void decisions.record(denied('2'));
    void decisions.record(decision('3', { event: 'integrity' }));
    expect(JSON.stringify(log.info.mock.calls)).toContain('"versions":{"__proto__":3}');
    expect(log.warn).toHaveBeenCalledTimes(2);
  });

  it('tells equal allows that follow fast together, and what was or would be denied each time', async () => {
    const { decisions, log, advance } = world();
    for (let times = 0; times < 4; times++) {
      void decisions.record(decision('1'));
      void decisions.record(denied('1'));
      void decisions.record(decision('1', { wouldDeny: true, mode: 'observe' }));
    }
    expect(log.info).toHaveBeenCalledTimes(1 + 4);
    expect(log.warn).toHaveBeenCalledTimes(4);
    await advance(200);
    expect(log.info).toHaveBeenLastCalledWith(
      { decision: expect.objectContaining({ tag: '1', count: 3 }) as object },
      'pull: allow docker.io/library/nginx (3 times)',
    );
    void decisions.record(decision('1'));
    void decisions.record(decision('1'));
    await decisions.close();
    expect(log.info).toHaveBeenLastCalledWith(
      { decision: expect.objectContaining({ count: 2 }) as object },
      expect.stringContaining('2 times'),
    );
  });

  it('writes allows in one batch after a while, and denials sooner', async () => {
    const { decisions, rows, state, advance } = world();
    void decisions.record(decision('1'));
    void decisions.record(decision('2'));
    await advance(100);
    expect(rows).toEqual([]);
    await advance(100);
    expect(rows.map((row) => row.tag)).toEqual(['1', '2']);
    expect(state.batches).toBe(1);
    void decisions.record(decision('3'));
    void decisions.record(denied('4'));
    await advance(10);
    expect(rows.map((row) => row.tag)).toEqual(['1', '2', '4', '3']);
  });

  it('folds equal ones that wait together', async () => {
    const { decisions, rows, advance } = world();
    for (const at of [T0, T0 + 1, T0 + 2]) void decisions.record(decision('1', { at }));
    await advance(200);
    expect(rows).toMatchObject([{ count: 3, firstAt: T0, at: T0 + 2 }]);
  });

  it('does not wait once a batch is full', async () => {
    const { decisions, rows, advance } = world();
    for (let n = 0; n < 501; n++) void decisions.record(decision(`t${n}`));
    await advance(0);
    expect(rows).toHaveLength(501);
  });

  it('with `serve`, keeps what could not be written, and writes it when the database is back', async () => {
    const { decisions, log, rows, state, advance } = world();
    state.failing = true;
    await decisions.record(denied('1'));
    await advance(10);
    expect(log.error).toHaveBeenCalledTimes(1);
    expect(decisions.failures).toBe(1);
    await decisions.record(denied('1'));
    state.failing = false;
    await advance(1_000);
    expect(rows).toMatchObject([{ tag: '1', count: 2 }]);
    expect(decisions.lost).toBe(0);
  });

  it('stays bounded while the database fails: the oldest allows go first, counted; denials stay', async () => {
    const { decisions, rows, state } = world();
    state.failing = true;
    void decisions.record(denied('kept'));
    for (let n = 0; n < 10_050; n++) void decisions.record(decision(`t${n}`));
    expect(decisions.queued).toBe(10_000);
    expect(decisions.lost).toBe(51);
    state.failing = false;
    await decisions.flush();
    expect(rows[0]?.tag).toBe('kept');
    expect(rows).toHaveLength(10_000);
    expect(rows.some((row) => row.tag === 't50')).toBe(false);
    expect(rows.some((row) => row.tag === 't51')).toBe(true);
  });

  it('with `refuse`, resolves only when the row is stored', async () => {
    const { decisions, rows, advance } = world({ onFailure: 'refuse' });
    let done = false;
    void decisions.record(decision('1')).then(() => (done = true));
    await advance(1);
    expect(done).toBe(false);
    await advance(1);
    expect(done).toBe(true);
    expect(rows).toHaveLength(1);
  });

  it('with `refuse`, rejects what cannot be stored, and never records it as allowed afterwards', async () => {
    const { decisions, rows, state, advance } = world({ onFailure: 'refuse' });
    state.failing = true;
    const outcome = expect(decisions.record(decision('1'))).rejects.toMatchObject({ code: 'state.failed' });
    await advance(2);
    await outcome;
    state.failing = false;
    await decisions.flush();
    expect(rows).toEqual([]);
    expect(decisions.lost).toBe(1);
  });

  it('writes the rest when it is closed, and refuses what comes later', async () => {
    const { decisions, rows } = world({ onFailure: 'refuse' });
    const last = decisions.record(decision('1'));
    await decisions.close();
    await last;
    expect(rows).toHaveLength(1);
    await expect(decisions.record(decision('2'))).rejects.toMatchObject({ code: 'state.failed' });
  });

  it('prunes when it starts and every hour', async () => {
    const { state, advance } = world();
    expect(state.pruned).toEqual([T0 - 1_000]);
    await advance(3_600_000);
    expect(state.pruned).toEqual([T0 - 1_000, T0 + 3_599_000]);
  });

  it('prunes within seconds when a tenth of the size was written, and not more often', async () => {
    const { decisions, state, advance } = world({ maxBytes: 20_000 });
    await advance(4_000);
    void decisions.record(denied('1'));
    await advance(10);
    expect(state.pruned).toHaveLength(1);
    for (const tag of ['2', '3', '4', '5']) void decisions.record(denied(tag));
    await advance(10);
    expect(state.pruned).toHaveLength(1);
    await advance(980);
    expect(state.pruned).toHaveLength(2);
    for (let n = 0; n < 50; n++) void decisions.record(denied(`t${n}`));
    await advance(4_999);
    expect(state.pruned).toHaveLength(2);
    await advance(1);
    expect(state.pruned).toHaveLength(3);
  });

  it('a flood of made-up user agents is one row, with the last of them', async () => {
    const store = openSqliteStore(':memory:');
    const { decisions } = world({ store });
    const as = (userAgent: string) => ({ ...denied('1'), client: { address: '10.0.0.5', userAgent } });
    for (let n = 0; n < 100; n++) void decisions.record(as(`a${n}`));
    await decisions.flush();
    void decisions.record(as('last'));
    await decisions.close();
    const rows = await store.decisions({ client: 'last', limit: 9 });
    expect(rows).toMatchObject([{ count: 101, client: { userAgent: 'last' } }]);
    expect(await store.decisions({ limit: 9 })).toHaveLength(1);
    await store.close();
  });

  it('over its size the real store loses plain allows before denials, alarms and what would have been denied', async () => {
    const store = openSqliteStore(':memory:');
    const evidence = [
      denied('d'),
      decision('a', { event: 'alarm', verdict: 'deny' }),
      decision('w', { wouldDeny: true }),
    ];
    await store.appendDecisions(evidence);
    const fill = async (at: number) =>
      await store.appendDecisions(Array.from({ length: 3_000 }, (_, n) => decision(`t${n}`, { at: at + n })));
    const tags = async () => (await store.decisions({ limit: 9_999 })).map(({ tag }) => tag);
    await fill(T0 + 1);
    await store.pruneDecisions(0, 50_000);
    expect((await tags()).slice(0, 3).sort()).toEqual(['a', 'd', 'w']);
    expect((await tags()).at(-1)).toBe('t2999');
    await fill(T0 + 10_000);
    await store.appendDecisions([decision('old', { at: T0 - 5 })]);
    await store.pruneDecisions(0, 4_000);
    const left = await tags();
    expect(left).toEqual(expect.arrayContaining(['a', 'd', 'w']));
    expect(left.length).toBeLessThan(5);
    expect(left).not.toContain('old');
    await store.pruneDecisions(0, 0);
    expect(await tags()).toEqual([]);
    await store.close();
  });

  it('ends in rows that the real store gives back', async () => {
    const store = openSqliteStore(':memory:');
    const { decisions } = world({ store });
    void decisions.record(denied('1'));
    void decisions.record(denied('1'));
    await decisions.close();
    expect(await store.decisions({ limit: 9 })).toMatchObject([{ tag: '1', count: 2, reason: 'trust.unsigned' }]);
    await store.close();
  });
});
