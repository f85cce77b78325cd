import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import { BusyNotary } from './real/busy-notary.ts';
import { type BusySource, TAGS } from './real/busy-source.ts';
import { seeded } from './real/random.ts';
import { storedTrust, type StoredVersions } from './real/stored-trust.ts';
import { Tufgate } from './real/tufgate.ts';
import { Workspace } from './real/workspace.ts';

const KILLS = 100;
/** One group is updated a life: the others were asked for less than `check_every` ago. */
const GROUPS = 3;
const REPOSITORIES = 4 * GROUPS;
/** A life ends with one of so many questions to the source, as many as a wave asks, and up to so many milliseconds after. */
const QUESTIONS = 24;
const AFTER_MS = 20;
/** As many kills at least must fall between two files of one update, or the instants were no test. */
const HALF_UPDATES = 20;

type Start = (space: Workspace, count: number, random: () => number) => Promise<BusySource>;

killStories('a gate that is killed during Notary v1 updates', BusyNotary.start.bind(BusyNotary));

function killStories(title: string, start: Start): void {
  describe(title, () => {
    const seed = Number(process.env['TUFGATE_SEED'] ?? Date.now() % 2 ** 31);
    const random = seeded(seed);
    const space = new Workspace();
    let source: BusySource;
    let gate: Tufgate;

    beforeAll(async () => {
      source = await start(space, REPOSITORIES, seeded(seed + 1));
      const rest = { freshness: { check_every: '1s' }, log: { level: 'error' } };
      gate = await Tufgate.start(space, { ...source.config, ...rest });
    });
    afterAll(async () => {
      await space.close();
      await source.close();
    });

    it(`loses no floor and shows no half update, ${KILLS} times (TUFGATE_SEED=${seed})`, async () => {
      const lives = new Lives(source, gate);
      await lives.wave(source.repositories);
      for (let life = 0; life < KILLS; life++) {
        const group = source.repositories.filter((_, i) => i % GROUPS === life % GROUPS);
        const wave = lives.wave(group);
        await Promise.race([wave, source.questions(1 + Math.floor(random() * QUESTIONS))]);
        await pause(random() * AFTER_MS);
        await gate.stop('SIGKILL');
        await wave;
        await lives.examine(`life ${life}`);
        await gate.serve();
        await lives.servesWhatItHad(group[Math.floor(random() * group.length)] ?? '');
      }
      expect(lives.halfUpdates, 'kills in the middle of an update').toBeGreaterThanOrEqual(HALF_UPDATES);
    }, 600_000);
  });
}

/** What one gate confirmed and stored over all its lives. */
class Lives {
  /** Kills that left floors of an update whose view had not come. */
  halfUpdates = 0;
  private readonly source: BusySource;
  private readonly gate: Tufgate;
  private readonly served = new Map<string, number>();
  private stored: ReadonlyMap<string, StoredVersions> = new Map();

  constructor(source: BusySource, gate: Tufgate) {
    this.source = source;
    this.gate = gate;
  }

  /** Asks for both tags of each repository at once. The answers that came, a death not counted, are of one publish. */
  async wave(repositories: readonly string[]): Promise<void> {
    await Promise.all(repositories.map((repository) => this.askBoth(repository)));
  }

  /** What is on disk after a death. */
  async examine(when: string): Promise<void> {
    const before = this.stored;
    this.stored = await storedTrust(this.gate.data, this.source.repositories);
    let half = false;
    for (const [repository, { floors, view }] of this.stored) {
      const where = `${when}, ${repository}`;
      for (const known of [this.source.proven(repository), before.get(repository)?.floors ?? new Map<string, number>()])
        for (const [role, version] of known)
          expect(floors.get(role) ?? 0, `${where}: ${role}`).toBeGreaterThanOrEqual(version);
      const [publish] = view.values();
      const whole = [...floors.keys()].filter((role) => role !== 'root').map((role) => [role, publish] as const);
      expect(view, `${where}: a view of one publish`).toEqual(new Map(whole));
      expect(view.get('targets'), `${where}: the view`).toBeGreaterThanOrEqual(this.served.get(repository) ?? 0);
      const timestamp = floors.get('timestamp') ?? 0;
      const moved = timestamp > (before.get(repository)?.floors.get('timestamp') ?? 0);
      half ||= moved && timestamp > (view.get('timestamp') ?? 0);
    }
    expect(this.stored.size).toBe(this.source.repositories.length);
    if (half) this.halfUpdates++;
  }

  /** The next gate serves the stored view, whole, also with nobody to ask. */
  async servesWhatItHad(repository: string): Promise<void> {
    this.source.silence(true);
    const answers = await this.askBoth(repository);
    this.source.silence(false);
    const version = this.stored.get(repository)?.view.get('targets');
    expect(answers, repository).toEqual(TAGS.map(() => version));
  }

  private async askBoth(repository: string): Promise<(number | undefined)[]> {
    const answers = await Promise.all(TAGS.map((tag) => this.ask(repository, tag)));
    const versions = new Set(answers.filter((version) => version !== undefined));
    expect(versions.size, `${repository}: ${answers.join(' and ')}`).toBeLessThanOrEqual(1);
    for (const version of versions) {
      expect(version, `${repository} went back`).toBeGreaterThanOrEqual(this.served.get(repository) ?? 0);
      this.served.set(repository, version);
    }
    return answers;
  }

  /** @returns which publish the answer is of; undefined when the gate died over it */
  private async ask(repository: string, tag: string): Promise<number | undefined> {
    const url = `${this.gate.url}/v2/${repository}/manifests/${tag}`;
    const answer = await request(url, { method: 'HEAD' }).catch(() => undefined);
    if (answer === undefined) return undefined;
    await answer.body.dump();
    expect(answer.statusCode, `${repository}:${tag}`).toBe(200);
    return this.source.versionOf(String(answer.headers['docker-content-digest']));
  }
}
