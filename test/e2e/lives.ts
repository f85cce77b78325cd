import { request } from 'undici';
import { expect } from 'vitest';
import { type BusyCollection, type BusySource, TAGS } from './real/busy-source.ts';
import { storedTrust, type StoredVersions } from './real/stored-trust.ts';
import type { Tufgate } from './real/tufgate.ts';

interface Answer {
  readonly status: number;
  /** Which publish was served. */
  readonly version?: number | undefined;
}

const NOTHING: StoredVersions = { floors: new Map(), view: new Map() };

/**
 * What one gate confirmed and stored over all its lives.
 *
 * In Notary a view holds the files of all signers, and so the next gate serves all that it names with nobody to ask. In
 * TUF 1.0 they are no part of it: each is loaded by the first search that comes by, and a view must be usable before,
 * because there may be tens of thousands. So a kill between the view and them leaves one that cannot answer for every
 * repository. What holds instead: no stored file runs ahead of the view; those behind an answer are stored when it is
 * given; and without them the next gate refuses, it never answers from those of an older publish.
 */
export class Lives {
  /** Kills that left floors of an update whose view had not come, */
  halfUpdates = 0;
  /** and a new view for which some repository had not all files. */
  halfSearches = 0;
  private readonly source: BusySource;
  private readonly gate: Tufgate;
  /** By repository, the newest publish that a client was given. */
  private readonly served = new Map<string, number>();
  private stored: ReadonlyMap<BusyCollection, StoredVersions> = new Map();

  constructor(source: BusySource, gate: Tufgate) {
    this.source = source;
    this.gate = gate;
  }

  /** Asks for both tags of each repository at once. Whatever is answered, and a death is no answer, is served. */
  async wave(collections: readonly BusyCollection[]): Promise<void> {
    const repositories = collections.flatMap(({ signers }) => [...signers.keys()]);
    const answers = await Promise.all(repositories.map((repository) => this.askBoth(repository)));
    for (const answer of answers.flat()) expect(answer?.status ?? 200).toBe(200);
  }

  /** What is on disk after a death. */
  async examine(when: string): Promise<void> {
    const before = this.stored;
    this.stored = await storedTrust(this.gate.data, this.source.published);
    expect(this.stored.size).toBe(this.source.published.length);
    let [halfUpdate, halfSearch] = [false, false];
    for (const [collection, after] of this.stored) {
      const known = before.get(collection) ?? NOTHING;
      this.examineOne(collection, known, after, `${when}, ${collection.source} ${collection.gun}`);
      const moved = (of: (stored: StoredVersions) => number): boolean => of(after) > of(known);
      const timestamp = ({ floors }: StoredVersions): number => floors.get('timestamp') ?? 0;
      const signers = [...collection.signers.values()].flat().map((role) => versionIn(after, role));
      halfUpdate ||= moved(timestamp) && timestamp(after) > publishOf(after);
      halfSearch ||= moved(publishOf) && signers.some((version) => version < publishOf(after));
    }
    if (halfUpdate) this.halfUpdates++;
    if (halfSearch) this.halfSearches++;
  }

  /** The next gate serves what is stored of the view, whole, also with nobody to ask, and nothing else. */
  async servesWhatItHad(collections: readonly BusyCollection[]): Promise<void> {
    this.source.silence(true);
    await Promise.all(
      collections.flatMap((collection) =>
        [...collection.signers].map(async ([repository, signers]) => {
          const expected = this.expectedAnswer(collection, signers);
          expect(await this.askBoth(repository), repository).toEqual(TAGS.map(() => expected));
        }),
      ),
    );
    this.source.silence(false);
  }

  private expectedAnswer(collection: BusyCollection, signers: readonly string[]): Answer {
    const stored = this.stored.get(collection) ?? NOTHING;
    const whole = signers.every((role) => versionIn(stored, role) === publishOf(stored));
    return whole ? { status: 200, version: publishOf(stored) } : { status: 503 };
  }

  private examineOne(collection: BusyCollection, before: StoredVersions, after: StoredVersions, where: string): void {
    const { proven, view: roles, signers } = collection;
    for (const known of [proven, before]) {
      expectNotBelow(after.floors, known.floors, where);
      expectNotBelow(after.view, known.view, `${where}: the view`);
    }
    const publish = publishOf(after);
    expect(after.view, `${where}: a view of one publish`).toEqual(new Map(roles.map((role) => [role, publish])));
    const order = [...roles.map((role) => after.floors.get(role) ?? 0), publish];
    expect(order, `${where}: each floor before the next, the view last`).toEqual(order.toSorted((a, b) => b - a));
    for (const [repository, of] of signers) {
      const stored = of.map((role) => versionIn(after, role));
      const served = this.served.get(repository) ?? 0;
      expect(Math.max(served, ...stored), `${where}: ahead of the view`).toBeLessThanOrEqual(publish);
      // An update that has gone beyond the view keeps what a search loads for it from being stored.
      if (served === publish && after.floors.get('snapshot') === publish)
        expect(stored, `${where}: behind an answer for ${repository}`).toEqual(of.map(() => publish));
    }
  }

  private async askBoth(repository: string): Promise<readonly (Answer | undefined)[]> {
    const answers = await Promise.all(TAGS.map((tag) => this.ask(repository, tag)));
    const versions = answers.flatMap((answer) => answer?.version ?? []);
    const before = this.served.get(repository) ?? 0;
    for (const version of versions) expect(version, `${repository} went back`).toBeGreaterThanOrEqual(before);
    const newest = Math.max(before, ...versions);
    this.served.set(repository, newest);
    // On a busy machine an update may come between two questions; from then on nobody is given what was before it.
    if (new Set(versions).size > 1)
      for (const tag of TAGS)
        expect((await this.ask(repository, tag))?.version ?? newest, repository).toBeGreaterThanOrEqual(newest);
    return answers;
  }

  /** @returns undefined when the gate died over it */
  private async ask(repository: string, tag: string): Promise<Answer | undefined> {
    const url = `${this.gate.url}/v2/${repository}/manifests/${tag}`;
    const answer = await request(url, { method: 'HEAD' }).catch(() => undefined);
    if (answer === undefined) return undefined;
    await answer.body.dump();
    const { statusCode: status, headers } = answer;
    if (status !== 200) return { status };
    const digest = String(headers['docker-content-digest']);
    const version = this.source.versionOf(repository, digest);
    expect(version, `${repository}@${digest} was never published`).toBeDefined();
    return { status, version };
  }
}

/** Which publish the view is of. */
function publishOf({ view }: StoredVersions): number {
  return view.get('targets') ?? 0;
}

/** What the next gate has of a role for this view: Notary in the view itself, TUF 1.0 beside it. */
function versionIn({ floors, view }: StoredVersions, role: string): number {
  return view.get(role) ?? floors.get(role) ?? 0;
}

function expectNotBelow(stored: ReadonlyMap<string, number>, known: ReadonlyMap<string, number>, where: string): void {
  for (const [role, version] of known)
    expect(stored.get(role) ?? 0, `${where}: ${role}`).toBeGreaterThanOrEqual(version);
}
