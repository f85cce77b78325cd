import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setTimeout as pause } from 'node:timers/promises';
import { Lives } from './lives.ts';
import { BusyNotary } from './real/busy-notary.ts';
import type { BusySource } from './real/busy-source.ts';
import { BusyTuf } from './real/busy-tuf.ts';
import { seeded } from './real/random.ts';
import { Tufgate } from './real/tufgate.ts';
import { Workspace } from './real/workspace.ts';

const KILLS = 100;
/** One group of collections is updated a life: the others were asked for less than `check_every` ago. */
const GROUPS = 3;
/** A life ends with one of so many questions to the source, as many as a wave asks, and up to so many ms after. */
const QUESTIONS = 24;
const AFTER_MS = 20;
/** As many kills at least must fall between two files of one update, or the instants were no test. */
const HALF_UPDATES = 20;

interface Story {
  readonly start: (space: Workspace, collections: number, random: () => number) => Promise<BusySource>;
  readonly collections: number;
  /**
   * The gate asks also when nobody pulls, and what was silent it leaves alone for a while. So each life has a gate that has
   * not met the silence of the one before.
   */
  readonly unasked: boolean;
  /** As many kills at least must fall between a view and the files that searches load for it. */
  readonly halfSearches: number;
}

killStories('a gate that is killed during Notary v1 updates', {
  start: BusyNotary.start.bind(BusyNotary),
  collections: 4 * GROUPS,
  unasked: false,
  halfSearches: 0,
});

killStories('a gate that is killed during TUF 1.0 updates', {
  start: BusyTuf.start.bind(BusyTuf),
  collections: 2 * GROUPS,
  unasked: true,
  halfSearches: 20,
});

function killStories(title: string, { start, collections, unasked, halfSearches }: Story): void {
  describe(title, () => {
    const seed = Number(process.env['TUFGATE_SEED'] ?? Date.now() % 2 ** 31);
    const random = seeded(seed);
    const space = new Workspace();
    let source: BusySource;
    let gate: Tufgate;

    beforeAll(async () => {
      source = await start(space, collections, seeded(seed + 1));
      const rest = { freshness: { check_every: '1s' }, log: { level: 'error' } };
      gate = await Tufgate.start(space, { ...source.config, ...rest });
    });
    afterAll(async () => {
      await space.close();
      await source.close();
    });

    it(`loses no floor and shows no half update, ${KILLS} times (TUFGATE_SEED=${seed})`, async () => {
      const lives = new Lives(source, gate);
      await lives.wave(source.published);
      for (let life = 0; life < KILLS; life++) {
        const group = source.published.filter((_, i) => i % GROUPS === life % GROUPS);
        const wave = lives.wave(group);
        await Promise.race([wave, source.questions(1 + Math.floor(random() * QUESTIONS))]);
        await pause(random() * AFTER_MS);
        await gate.stop('SIGKILL');
        await wave;
        await lives.examine(`life ${life}`);
        await gate.serve();
        await lives.servesWhatItHad(group);
        if (unasked) {
          await gate.stop('SIGKILL');
          await gate.serve();
        }
      }
      expect(lives.halfUpdates, 'kills in the middle of an update').toBeGreaterThanOrEqual(HALF_UPDATES);
      expect(lives.halfSearches, 'kills in the middle of a search').toBeGreaterThanOrEqual(halfSearches);
    }, 900_000);
  });
}
