import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Digest } from '../../src/oci/digest.ts';
import type { Child } from '../../src/oci/manifest.ts';
import type { Decision } from '../../src/policy/decision.ts';
import type { StateStore, TrustAdvance, TrustFile, Withdrawal } from '../../src/state/store.ts';

const T0 = Date.UTC(2026, 10, 21, 9);
const MINUTE = 60_000;
const vendor = { source: 'vendor', gun: 'docker.io/library/nginx' };

/** What every state store does. `open` gives a fresh, empty one; the suite closes it. */
export function stateStoreContract(name: string, open: () => StateStore | Promise<StateStore>): void {
  describe(`${name} keeps the state store contract`, () => {
    let store: StateStore;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    const start = (step: Partial<TrustAdvance> = {}) =>
      store.advanceTrust(vendor, 0, { anchor: 'keys', roots: [file('root', 1)], ...step }, T0);
    const advance = async (step: TrustAdvance, at = T0) => {
      const stored = await store.loadTrust(vendor);
      return store.advanceTrust(vendor, stored?.generation ?? 0, step, at);
    };
    const refusal = (step: TrustAdvance) => expect(advance(step)).rejects.toMatchObject({ code: 'state.failed' });

    it('answers its health check', () => expect(store.check()).resolves.toBeUndefined());

    describe('trust', () => {
      it('knows nothing of a collection before its first root', async () => {
        expect(await store.loadTrust(vendor)).toBeUndefined();
        expect(await store.listTrust()).toEqual([]);
        expect(await store.endedTags(vendor, [digest('a')])).toEqual([]);
      });

      it('gives back what was stored, byte for byte', async () => {
        const view = [file('timestamp', 3), file('targets', 2)];
        await start({ roots: [file('root', 1), file('root', 2)], floors: view, view, checkedAt: T0 });
        expect(await store.loadTrust(vendor)).toEqual({
          generation: 1,
          anchor: 'keys',
          roots: [file('root', 1), file('root', 2)],
          floors: [file('targets', 2), file('timestamp', 3)],
          view: [file('targets', 2), file('timestamp', 3)],
          checkedAt: T0,
          withdrawn: false,
        });
      });

      it('tells how much there is to load', async () => {
        expect(await store.trustBytes(vendor)).toBe(0);
        const floors = [file('timestamp', 3), file('targets', 2)];
        await start({ floors, view: floors });
        const all = [file('root', 1), ...floors].map(({ bytes }) => bytes.length);
        expect(await store.trustBytes(vendor)).toBe(all.reduce((sum, bytes) => sum + bytes, 0));
      });

      it('hands a file out once that is a floor and in the view', async () => {
        const floors = [file('timestamp', 3), file('targets', 2)];
        await start({ floors, view: floors });
        await advance({ floors: [file('timestamp', 4)] });
        const stored = await store.loadTrust(vendor);
        expect(stored?.view?.find(({ role }) => role === 'targets')).toBe(stored?.floors[0]);
        expect(stored?.view?.find(({ role }) => role === 'timestamp')).toEqual(file('timestamp', 3));
      });

      it('has no view before the first whole update, and an empty one is a view', async () => {
        await start();
        expect(await store.loadTrust(vendor)).not.toHaveProperty('view');
        await advance({ view: [] });
        expect((await store.loadTrust(vendor))?.view).toEqual([]);
      });

      it('leaves absent members as they are', async () => {
        const view = [file('timestamp', 3)];
        await start({ floors: view, view, checkedAt: 7, withdrawn: true });
        await advance({});
        expect(await store.loadTrust(vendor)).toMatchObject({
          generation: 2,
          anchor: 'keys',
          floors: view,
          view,
          checkedAt: 7,
          withdrawn: true,
        });
        await advance({ withdrawn: false, anchor: 'ca' });
        expect(await store.loadTrust(vendor)).toMatchObject({ withdrawn: false, anchor: 'ca' });
      });

      it('keeps collections apart, by source and by GUN', async () => {
        await start();
        const other = { source: 'backup', gun: vendor.gun };
        await store.advanceTrust(other, 0, { anchor: 'ca', roots: [file('root', 5)] }, T0);
        expect((await store.loadTrust(vendor))?.roots).toEqual([file('root', 1)]);
        expect(await store.listTrust()).toEqual([other, vendor]);
      });

      it('changes nothing on a conflict', async () => {
        await start();
        await advance({ floors: [file('timestamp', 2)] });
        expect(await store.advanceTrust(vendor, 1, { floors: [file('timestamp', 9)] }, T0)).toBe('conflict');
        expect(await store.advanceTrust(vendor, 0, { anchor: 'ca', roots: [file('root', 1)] }, T0)).toBe('conflict');
        expect(await store.loadTrust(vendor)).toMatchObject({ generation: 2, floors: [file('timestamp', 2)] });
      });

      it('lets one of many that step from the same generation through', async () => {
        await start();
        const steps = [2, 3, 4, 5].map((version) =>
          store.advanceTrust(vendor, 1, { floors: [file('timestamp', version)] }, T0),
        );
        expect((await Promise.all(steps)).filter((answer) => answer === 'ok')).toHaveLength(1);
      });

      it('refuses a collection that begins without an anchor or a root', async () => {
        await refusal({ roots: [file('root', 1)] });
        await refusal({ anchor: 'keys' });
        expect(await store.listTrust()).toEqual([]);
      });

      it('refuses a gap, a step back or a twin in the chain of roots', async () => {
        await start();
        await refusal({ roots: [file('root', 3)] });
        await refusal({ roots: [file('root', 1, 'other')] });
        await refusal({ roots: [file('targets', 2)] });
        await refusal({ roots: [file('root', 2), file('root', 4)] });
        expect(await store.loadTrust(vendor)).toMatchObject({ generation: 1, roots: [file('root', 1)] });
      });

      it('replaces the chain on restart, and all that was said under the old one ends', async () => {
        const floors = [file('timestamp', 9)];
        await start({ floors, view: floors, roots: [file('root', 4)] });
        await advance({ ended: [removed('a')] });
        await refusal({ restart: true });
        await advance({ restart: true, anchor: 'ca', roots: [file('root', 2)], floors: [file('timestamp', 1)] });
        const stored = await store.loadTrust(vendor);
        expect(stored).toMatchObject({ anchor: 'ca', roots: [file('root', 2)], floors: [file('timestamp', 1)] });
        expect(stored).not.toHaveProperty('view');
        expect(await store.endedTags(vendor, [digest('a')])).toEqual([]);
        expect(await store.removals(vendor, [removed('a').tag])).toEqual(new Map());
      });

      it('refuses a floor that goes back, and the whole step with it', async () => {
        await start({ floors: [file('timestamp', 5), file('snapshot', 5)] });
        await refusal({ floors: [file('snapshot', 6), file('timestamp', 4)] });
        await refusal({ floors: [file('timestamp', 6), file('timestamp', 5)] });
        expect((await store.loadTrust(vendor))?.floors).toEqual([file('snapshot', 5), file('timestamp', 5)]);
      });

      it('refuses other bytes under a floor of the same version, and takes the same ones again', async () => {
        await start({ floors: [file('timestamp', 5)] });
        await refusal({ floors: [file('timestamp', 5, 'other')] });
        expect(await advance({ floors: [file('timestamp', 5)] })).toBe('ok');
      });

      it('refuses a view below its floors, and a root outside the chain', async () => {
        await start({ floors: [file('timestamp', 5)] });
        await refusal({ view: [file('timestamp', 4)] });
        await refusal({ view: [file('timestamp', 5, 'other')] });
        await refusal({ view: [file('root', 1)] });
        await refusal({ floors: [file('root', 1)] });
      });

      it('refuses bytes under a hash that is not theirs', async () => {
        await start();
        await refusal({ floors: [{ ...file('timestamp', 5), bytes: Buffer.from('forged') }] });
      });

      it('lets a forgotten floor begin again, in the same step', async () => {
        await start({ floors: [file('timestamp', 900), file('targets', 3)] });
        await advance({ forget: ['timestamp'], floors: [file('timestamp', 2)] });
        await refusal({ floors: [file('targets', 2)] });
        expect((await store.loadTrust(vendor))?.floors).toEqual([file('targets', 3), file('timestamp', 2)]);
      });

      it('keeps the old view while floors move ahead of it', async () => {
        const view = [file('timestamp', 1), file('targets', 1)];
        await start({ floors: view, view });
        await advance({ floors: [file('timestamp', 2)] });
        expect((await store.loadTrust(vendor))?.view).toEqual([file('targets', 1), file('timestamp', 1)]);
        await advance({ view: [file('timestamp', 2)] });
        expect((await store.loadTrust(vendor))?.view).toEqual([file('timestamp', 2)]);
      });

      it('forgets one collection whole, and no other', async () => {
        const view = [file('timestamp', 9)];
        await start({ floors: view, view, ended: [removed('a')] });
        const other = { source: 'backup', gun: vendor.gun };
        await store.advanceTrust(other, 0, { anchor: 'ca', roots: [file('root', 5)] }, T0);
        expect(await store.forgetTrust(vendor)).toBe(true);
        expect(await store.forgetTrust(vendor)).toBe(false);
        expect(await store.loadTrust(vendor)).toBeUndefined();
        expect(await store.endedTags(vendor, [digest('a')])).toEqual([]);
        expect(await store.removals(vendor, [removed('a').tag])).toEqual(new Map());
        expect(await store.listTrust()).toEqual([other]);
        expect(await start({ floors: [file('timestamp', 1)] })).toBe('ok');
      });

      it('takes role and tag names for what they are: data', async () => {
        const role = `__proto__'; DROP TABLE trust_file; --`;
        await start({ floors: [file(role, 1)], ended: [{ ...removed('a', 'constructor'), role }] });
        expect((await store.loadTrust(vendor))?.floors).toEqual([file(role, 1)]);
        expect(await store.endedTags(vendor, [digest('a')])).toMatchObject([{ role, tag: 'constructor' }]);
      });
    });

    describe('ended tags', () => {
      const digests = ['a', 'b', 'c'].map(digest);

      it('are found by digest, the last to end first, each with the time it ended', async () => {
        await start({ ended: [moved('a')] });
        await advance({ ended: [removed('b', 'stable'), moved('c')] }, T0 + MINUTE);
        expect(await store.endedTags(vendor, digests.slice(0, 2))).toEqual([
          { ...said('b', 'stable'), until: T0 + MINUTE },
          { ...said('a'), until: T0 },
        ]);
      });

      it('that were said again and ended again have ended at the last time', async () => {
        await start({ ended: [moved('a')] });
        await advance({ ended: [moved('a')] }, T0 + 2);
        expect(await store.endedTags(vendor, digests)).toEqual([{ ...said('a'), until: T0 + 2 }]);
      });

      it('tell a tag that was removed from one that moved', async () => {
        await start({ ended: [moved('a')] });
        expect(await store.removals(vendor, ['1.27', 'stable'])).toEqual(new Map());
        await advance({ ended: [removed('c'), removed('b', 'stable')] }, T0 + 2);
        expect(await store.removals(vendor, ['1.27', 'stable'])).toEqual(
          new Map([
            ['1.27', T0 + 2],
            ['stable', T0 + 2],
          ]),
        );
        expect(await store.removals(vendor, ['other'])).toEqual(new Map());
      });

      it('keep a removal when the tag was signed again and then only moved, and the last of several', async () => {
        await start({ ended: [removed('a')] });
        await advance({ ended: [moved('a')] }, T0 + 2);
        expect(await store.removals(vendor, ['1.27'])).toEqual(new Map([['1.27', T0]]));
        await advance({ ended: [removed('a')] }, T0 + 3);
        await advance({ ended: [removed('b')] }, T0 + 4);
        expect(await store.removals(vendor, ['1.27'])).toEqual(new Map([['1.27', T0 + 4]]));
      });

      it('of two roles are two', async () => {
        const released = { ...moved('a'), role: 'targets/releases' };
        await start({ ended: [moved('a'), released] });
        expect(await store.endedTags(vendor, digests)).toHaveLength(2);
      });

      it('of one collection say nothing in another', async () => {
        await start({ ended: [removed('a')] });
        const other = { ...vendor, gun: 'docker.io/library/redis' };
        expect(await store.endedTags(other, digests)).toEqual([]);
        expect(await store.removals(other, ['1.27'])).toEqual(new Map());
      });
    });

    it('never lets the clock go back', async () => {
      expect(await store.raiseClock(T0)).toBe(T0);
      expect(await store.raiseClock(T0 + 1)).toBe(T0 + 1);
      expect(await store.raiseClock(T0 - MINUTE)).toBe(T0 + 1);
    });

    it('tells the clock without raising it, and lowers it when told to, but never raises it so', async () => {
      expect(await store.highestClock()).toBe(0);
      await store.raiseClock(T0 + 1);
      expect(await store.highestClock()).toBe(T0 + 1);
      await store.lowerClock(T0 + MINUTE);
      expect(await store.highestClock()).toBe(T0 + 1);
      await store.lowerClock(T0 - MINUTE);
      expect(await store.highestClock()).toBe(T0 - MINUTE);
      expect(await store.raiseClock(T0 - MINUTE + 1)).toBe(T0 - MINUTE + 1);
    });

    it('leaves nothing of trust in the future when the clock is lowered', async () => {
      const [role, tag] = ['targets', '1.27'];
      const late = T0 + MINUTE;
      await store.raiseClock(late);
      const given = { repository: 'a/b', tag, digest: digest('a'), verified: true, basis: 'rule 1' };
      await store.giveOut({ ...given, at: late });
      await start({ checkedAt: late });
      await advance({ ended: [{ role, tag, digest: digest('a'), removed: true }] }, late);
      await store.lowerClock(T0);
      expect((await store.loadTrust(vendor))?.checkedAt).toBe(T0);
      expect(await store.givenOut('a/b', [digest('a')])).toEqual([{ ...given, at: T0 }]);
      expect(await store.removals(vendor, [tag])).toEqual(new Map([[tag, T0]]));
      expect(await store.endedTags(vendor, [digest('a')])).toMatchObject([{ until: T0 }]);
    });

    describe('withdrawals', () => {
      it('tells without reading them that they may have changed, and only then', async () => {
        const moves = async (work: () => Promise<unknown>): Promise<boolean> => {
          const before = store.withdrawalsMoved();
          await work();
          return before !== store.withdrawalsMoved();
        };
        await start();
        const said = withdrawal({ source: vendor.source });
        const looks = () => store.withdrawals(said.repository, [said.digest]);
        expect(await moves(looks)).toBe(false);
        expect(await moves(() => store.withdraw(said))).toBe(true);
        expect(await moves(() => store.withdraw(withdrawal({ reason: 'again' })))).toBe(true);
        expect(await moves(() => store.liftWithdrawal(said))).toBe(true);
        expect(await moves(() => store.forgetTrust(vendor))).toBe(true);
        expect(await moves(looks)).toBe(false);
      });

      const withdrawal = (over: Partial<Withdrawal> = {}): Withdrawal => ({
        source: 'approvals',
        repository: 'docker.io/library/nginx',
        digest: digest('a'),
        at: T0 - 5,
        seenAt: T0,
        versions: new Map([
          ['__proto__', 3],
          ['targets', 2],
        ]),
        ...over,
      });
      const of = (letter: string, repository = 'docker.io/library/nginx') =>
        store.withdrawals(repository, [digest(letter)]);

      it('are found by repository and digest only, as they were', async () => {
        const said = withdrawal({ by: 'alice', reason: 'CVE-1' });
        expect(await store.withdraw(said)).toBe(true);
        expect(await of('a')).toEqual([said]);
        expect(await of('b')).toEqual([]);
        expect(await of('a', 'docker.io/library/redis')).toEqual([]);
        expect(await store.withdraw(withdrawal({ source: 'other' }))).toBe(true);
        expect(await of('a')).toMatchObject([{ source: 'approvals' }, { source: 'other' }]);
      });

      it('that are known take over the words, and their versions only go up', async () => {
        await store.withdraw(withdrawal({ reason: 'old' }));
        const versions = new Map([
          ['__proto__', 2],
          ['targets', 7],
          ['bulk', 1],
        ]);
        expect(await store.withdraw(withdrawal({ reason: 'new', at: T0, seenAt: T0 + 9, versions }))).toBe(false);
        expect(await of('a')).toEqual([
          withdrawal({
            reason: 'new',
            at: T0,
            versions: new Map([
              ['__proto__', 3],
              ['bulk', 1],
              ['targets', 7],
            ]),
          }),
        ]);
      });

      it('are lifted only when they are still what was read', async () => {
        const said = withdrawal();
        await store.withdraw(said);
        await store.withdraw(withdrawal({ versions: new Map([['targets', 9]]) }));
        expect(await store.liftWithdrawal(said)).toBe(false);
        const [now] = await of('a');
        expect(await store.liftWithdrawal(now!)).toBe(true);
        expect(await of('a')).toEqual([]);
        expect(await store.liftWithdrawal(now!)).toBe(false);
      });

      it('wait until they were carried out, the first seen first', async () => {
        const [first, second] = [withdrawal({ seenAt: T0 - 1 }), withdrawal({ digest: digest('b') })];
        await store.withdraw(second);
        await store.withdraw(first);
        expect(await store.pendingWithdrawals(9)).toEqual([first, second]);
        expect(await store.pendingWithdrawals(1)).toEqual([first]);
        await store.carriedOut(first);
        expect(await store.pendingWithdrawals(9)).toEqual([second]);
        await store.withdraw(withdrawal({ reason: 'other words' }));
        expect(await store.pendingWithdrawals(9)).toEqual([second]);
        expect(await of('a')).toHaveLength(1);
      });

      it('that were made anew meanwhile are not carried out with the old', async () => {
        await store.withdraw(withdrawal());
        await store.liftWithdrawal(withdrawal());
        await store.withdraw(withdrawal({ seenAt: T0 + 1 }));
        await store.carriedOut(withdrawal());
        expect(await store.pendingWithdrawals(9)).toMatchObject([{ seenAt: T0 + 1 }]);
      });

      it('outlive recovery and a new chain, and end when their source is forgotten', async () => {
        const versions = [file('timestamp', 1), file('snapshot', 1)];
        await start({ floors: versions, view: [...versions, file('targets', 1)] });
        await store.withdraw(withdrawal({ source: vendor.source }));
        await store.withdraw(withdrawal({ source: 'other' }));
        await advance({ forget: ['timestamp', 'snapshot', 'targets'] });
        await advance({ restart: true, anchor: 'keys', roots: [file('root', 1, 'anew')] });
        expect(await of('a')).toHaveLength(2);
        await store.forgetTrust(vendor);
        expect(await of('a')).toMatchObject([{ source: 'other' }]);
      });

      it('are not left in the future when the clock is lowered', async () => {
        await store.raiseClock(T0 + MINUTE);
        await store.withdraw(withdrawal({ seenAt: T0 + MINUTE }));
        await store.lowerClock(T0);
        expect(await of('a')).toMatchObject([{ seenAt: T0 }]);
      });
    });

    describe('closure', () => {
      const index = digest('1');
      const image = digest('2');
      const layer = digest('3');

      it('finds the manifests above a digest, nearest first, with the edge that leads to it', async () => {
        await store.recordManifest(index, [child(image, 'manifest', 500)]);
        await store.recordManifest(image, [child(layer, 'blob', 7_000)]);
        const edge = child(layer, 'blob', 7_000);
        expect(await store.ancestors(layer, 4)).toEqual([
          { digest: layer },
          { digest: image, edge },
          { digest: index, edge },
        ]);
      });

      it('goes up no further than it was told', async () => {
        const chain = ['1', '2', '3', '4', '5', '6'].map((letter) => digest(letter));
        for (const [at, parent] of chain.slice(0, -1).entries())
          await store.recordManifest(parent, [child(chain[at + 1]!, 'manifest')]);
        const found = async (depth: number) => (await store.ancestors(chain[5]!, depth)).map((up) => up.digest);
        expect(await found(0)).toEqual([chain[5]]);
        expect(await found(2)).toEqual([chain[5], chain[4], chain[3]]);
        expect(await found(9)).toEqual([...chain].reverse());
      });

      it('names an ancestor once, at its nearest', async () => {
        await store.recordManifest(index, [child(image, 'manifest'), child(layer, 'manifest')]);
        await store.recordManifest(image, [child(layer, 'manifest')]);
        const found = (await store.ancestors(layer, 4)).map((up) => up.digest);
        expect(found).toEqual([layer, index, image]);
      });

      it('climbs from manifest to manifest only: a layer that reads like an index leads nowhere', async () => {
        await store.recordManifest(image, [child(index, 'blob')]);
        await store.recordManifest(index, [child(layer, 'manifest')]);
        expect((await store.ancestors(layer, 4)).map((up) => up.digest)).toEqual([layer, index]);
      });

      it('comes by none of those that are excepted, and climbs no further there', async () => {
        const other = digest('4');
        await store.recordManifest(index, [child(image, 'manifest'), child(other, 'manifest')]);
        await store.recordManifest(image, [child(layer, 'blob')]);
        await store.recordManifest(other, [child(layer, 'blob')]);
        const found = async (...except: Digest[]) =>
          (await store.ancestors(layer, 4, except)).map((up) => up.digest).sort();
        expect(await found(image)).toEqual([index, layer, other].sort());
        expect(await found(image, other)).toEqual([layer]);
        expect(await store.ancestors(layer, 4, [layer])).not.toContainEqual({ digest: layer });
      });

      it('finds all that hangs below a manifest, each once, no further than it was told', async () => {
        await store.recordManifest(index, [child(image, 'manifest'), child(digest('4'), 'manifest')]);
        await store.recordManifest(image, [child(layer, 'blob')]);
        await store.recordManifest(digest('4'), [child(layer, 'blob')]);
        // A layer that reads like a manifest is not one.
        await store.recordManifest(layer, [child(digest('9'), 'blob')]);
        const [top, first, second, last] = [index, image, digest('4'), layer];
        expect(await store.descendants(index, 4)).toEqual([
          { digest: top, kind: 'manifest' },
          { digest: first, kind: 'manifest' },
          { digest: second, kind: 'manifest' },
          { digest: last, kind: 'blob' },
        ]);
        expect(await store.descendants(index, 1)).toHaveLength(3);
        const manifests = (await store.descendants(index, 4)).flatMap((each) =>
          each.kind === 'manifest' ? [each.digest] : [],
        );
        expect(await store.manifestsBelow(index, 100)).toEqual(manifests);
        expect(await store.manifestsBelow(index, 2)).toEqual(manifests.slice(0, 2));
        expect(await store.manifestsBelow(layer, 100)).toEqual([layer]);
        expect(await store.descendants(digest('7'), 4)).toEqual([{ digest: digest('7'), kind: 'manifest' }]);
      });

      it('names an ancestor once for each edge that its paths down end in', async () => {
        const other = digest('4');
        await store.recordManifest(index, [child(image, 'manifest'), child(other, 'manifest')]);
        await store.recordManifest(image, [child(layer, 'blob', 7)]);
        await store.recordManifest(other, [child(layer, 'blob', 8)]);
        const found = (await store.ancestors(layer, 4)).filter((up) => up.digest === index);
        expect(found.map(({ edge }) => edge?.size).sort()).toEqual([7, 8]);
      });

      it('takes the same manifest again, in any order, and refuses other children', async () => {
        const children = [child(image, 'manifest'), child(layer, 'blob')];
        await store.recordManifest(index, children);
        await store.recordManifest(index, [...children].reverse());
        for (const other of [[], [child(image, 'manifest')], [child(image, 'manifest', 9), child(layer, 'blob')]])
          await expect(store.recordManifest(index, other)).rejects.toMatchObject({ code: 'state.failed' });
      });

      it('knows a manifest without children, and a digest it never heard of', async () => {
        await store.recordManifest(index, []);
        await expect(store.recordManifest(index, [child(image, 'blob')])).rejects.toThrow();
        expect(await store.ancestors(layer, 4)).toEqual([{ digest: layer }]);
      });
    });

    describe('what was given out', () => {
      const given = {
        repository: 'docker.io/library/nginx',
        tag: '1.27',
        digest: digest('a'),
        verified: true,
        basis: 'b',
        at: T0,
      };
      const rows = () => store.givenOut(given.repository, [given.digest]);

      it('is found by repository and digest only', async () => {
        await store.giveOut(given);
        expect(await rows()).toEqual([given]);
        expect(await store.givenOut('docker.io/library/redis', [given.digest])).toEqual([]);
        expect(await store.givenOut(given.repository, [digest('b')])).toEqual([]);
      });

      it('is found whatever the repository, each pair once, and goes through in slices', async () => {
        const redis = 'docker.io/library/redis';
        await store.giveOut(given);
        await store.giveOut({ ...given, tag: 'stable' });
        await store.giveOut({ ...given, digest: digest('b') });
        await store.giveOut({ ...given, repository: redis });
        const [nginx, a, b] = [given.repository, digest('a'), digest('b')];
        expect(await store.givenOutAnywhere([a, digest('c')])).toEqual([
          { repository: nginx, digest: a },
          { repository: redis, digest: a },
        ]);
        const first = await store.givenOutAfter(undefined, 2);
        expect(first).toEqual([
          { repository: nginx, digest: a },
          { repository: nginx, digest: b },
        ]);
        expect(await store.givenOutAfter(first.at(-1), 2)).toEqual([{ repository: redis, digest: a }]);
        expect(await store.givenOutAfter({ repository: redis, digest: a }, 2)).toEqual([]);
      });

      it('says which tags need a digest today: those for which it, or a manifest above it, was given out last', async () => {
        const [index, image, layer] = [digest('1'), digest('2'), digest('3')];
        await store.recordManifest(index, [child(image, 'manifest')]);
        await store.recordManifest(image, [child(layer, 'blob')]);
        const need = (which: 'all' | 'verified' = 'all', depth = 4, most = 9) =>
          store.tagsAbove(layer, depth, which, most);
        expect(await need()).toEqual([]);
        await store.giveOut({ ...given, digest: index });
        await store.giveOut({ ...given, digest: image, tag: '' });
        await store.giveOut({ ...given, digest: image, tag: 'old', verified: false });
        const { repository } = given;
        const both = [
          { repository, tag: '1.27' },
          { repository, tag: 'old' },
        ];
        const sorted = (tags: readonly { tag: string }[]) => [...tags].sort((a, b) => (a.tag < b.tag ? -1 : 1));
        expect(sorted(await need())).toEqual(both);
        expect(await need('verified')).toEqual(both.slice(0, 1));
        expect(await need('all', 1)).toEqual(both.slice(1));
        expect(await need('all', 4, 1)).toHaveLength(1);
        await store.giveOut({ ...given, digest: digest('9'), at: T0 + 1 });
        expect(await need()).toEqual(both.slice(1));
        expect(await store.lastGivenOut(repository, '1.27')).toBe(digest('9'));
        expect(await store.lastGivenOut(repository, 'none')).toBeUndefined();
      });

      it('keeps the latest time', async () => {
        await store.giveOut({ ...given, at: T0 + 5 });
        await store.giveOut(given);
        expect(await rows()).toEqual([{ ...given, at: T0 + 5 }]);
      });

      it('is no longer verified once it was let through unverified, and is again after it was verified again', async () => {
        await store.giveOut(given);
        await store.giveOut({ ...given, verified: false, basis: 'b', at: T0 + 1 });
        expect(await rows()).toMatchObject([{ verified: false }]);
        await store.giveOut({ ...given, at: T0 + 2 });
        expect(await rows()).toMatchObject([{ verified: true }]);
      });

      it('does not become verified by an older word or by one of the same instant', async () => {
        await store.giveOut({ ...given, verified: false });
        await store.giveOut({ ...given, at: T0 - 1 });
        await store.giveOut(given);
        expect(await rows()).toEqual([{ ...given, verified: false }]);
      });
    });

    describe('decisions', () => {
      const all = () => store.decisions({ limit: 100 });

      it('come back as they were, Maps and all', async () => {
        await store.appendDecisions([full]);
        expect(await all()).toEqual([{ ...full, id: expect.any(Number) as number, count: 1, firstAt: full.at }]);
      });

      it('fold when equal but for the time, within a batch and within a minute', async () => {
        await store.appendDecisions([full, { ...full, at: T0 + 1 }, { ...full, tag: '2' }]);
        await store.appendDecisions([{ ...full, at: T0 + MINUTE }]);
        expect(await all()).toMatchObject([
          { tag: '2', count: 1 },
          { tag: '1.27', count: 3, firstAt: T0, at: T0 + MINUTE },
        ]);
        await store.appendDecisions([{ ...full, at: T0 + MINUTE + 1 }]);
        expect(await all()).toHaveLength(3);
      });

      it('take the count of what was folded before', async () => {
        await store.appendDecisions([{ ...full, count: 40, firstAt: T0 - 5 }, full]);
        expect(await all()).toMatchObject([{ count: 41, firstAt: T0 - 5, at: T0 }]);
      });

      it('do not fold when anything differs', async () => {
        const others: Partial<Decision>[] = [
          { client: { ...full.client, address: '10.0.0.9' } },
          { message: 'other' },
          { method: 'HEAD' },
          { sources: [] },
          { sources: [{ ...full.sources[0]!, versions: new Map([['targets', 8]]) }] },
        ];
        await store.appendDecisions([full, ...others.map((other) => ({ ...full, ...other }))]);
        expect(await all()).toHaveLength(1 + others.length);
      });

      it('are the newest ones within the limit, newest last', async () => {
        await store.appendDecisions([3, 1, 2].map((n) => ({ ...full, at: T0 + n, tag: `t${n}` })));
        expect((await store.decisions({ limit: 2 })).map((row) => row.tag)).toEqual(['t2', 't3']);
        expect(await store.decisions({ limit: 0 })).toEqual([]);
      });

      it('are filtered by every member of the filter', async () => {
        const denied = { ...full, verdict: 'deny', wouldDeny: false, event: 'integrity', reason: 'integrity.digest' };
        await store.appendDecisions([
          { ...full, reason: 'trust.unsigned', wouldDeny: true },
          { ...(denied as Decision), at: T0 + 9, tag: '2.0', client: { address: '10.1.2.3', userAgent: 'podman/5' } },
        ]);
        const tags = async (filter: object) => (await store.decisions({ limit: 9, ...filter })).map((row) => row.tag);
        expect(await tags({ since: T0 + 9 })).toEqual(['2.0']);
        expect(await tags({ verdict: 'deny' })).toEqual(['2.0']);
        expect(await tags({ wouldDeny: true })).toEqual(['1.27']);
        expect(await tags({ event: 'integrity' })).toEqual(['2.0']);
        expect(await tags({ reason: 'trust.unsigned' })).toEqual(['1.27']);
        expect(await tags({ image: 'nginx:2' })).toEqual(['2.0']);
        expect(await tags({ client: '10.1.' })).toEqual(['2.0']);
        expect(await tags({ client: 'podman' })).toEqual(['2.0']);
        expect(await tags({ digest: full.digest })).toEqual(['1.27', '2.0']);
        expect(await tags({ digest: full.digest, verdict: 'deny' })).toEqual(['2.0']);
        expect(await tags({ digest: digest('9') })).toEqual([]);
        expect(await tags({ verdict: 'deny', image: '1.27' })).toEqual([]);
      });

      it('take the text of a filter literally', async () => {
        await store.appendDecisions([
          { ...full, tag: 'a_b' },
          { ...full, tag: 'axb' },
        ]);
        const tags = async (image: string) => (await store.decisions({ limit: 9, image })).map((row) => row.tag);
        expect(await tags('a_b')).toEqual(['a_b']);
        for (const pattern of ['%', '\\', `' OR 1=1 --`]) expect(await tags(pattern)).toEqual([]);
      });

      it('are pruned by age, then the oldest until the rest fits', async () => {
        const many = Array.from({ length: 50 }, (_, n) => ({ ...full, at: T0 + n, tag: `t${n}` }));
        await store.appendDecisions(many);
        await store.pruneDecisions(T0 + 10, Number.MAX_SAFE_INTEGER);
        expect((await all()).map((row) => row.tag)[0]).toBe('t10');
        await store.pruneDecisions(0, 30_000);
        const left = await all();
        expect(left.length).toBeGreaterThan(5);
        expect(left.length).toBeLessThan(40);
        expect(left.at(-1)?.tag).toBe('t49');
        await store.pruneDecisions(0, 0);
        expect(await all()).toEqual([]);
      });
    });

    it('refuses to work after it was closed, and closes twice without harm', async () => {
      await store.close();
      await store.close();
      await expect(store.check()).rejects.toMatchObject({ code: 'state.failed' });
    });
  });
}

export function file(role: string, version: number, salt = ''): TrustFile {
  const bytes = Buffer.from(`${role} ${version} ${salt}`);
  return { role, version, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function digest(letter: string): Digest {
  return `sha256:${letter.repeat(64)}` as Digest;
}

function said(letter: string, tag = '1.27') {
  return { role: 'targets', tag, digest: digest(letter) };
}

const moved = (letter: string, tag?: string) => ({ ...said(letter, tag), removed: false });
const removed = (letter: string, tag?: string) => ({ ...said(letter, tag), removed: true });

function child(of: Digest, kind: Child['kind'], size = 100): Child {
  return { digest: of, size, mediaType: 'application/vnd.oci.image.manifest.v1+json', kind };
}

const full: Decision = {
  at: T0,
  event: 'pull',
  client: { address: '10.0.0.5', userAgent: 'docker/28.1' },
  request: 'manifest',
  method: 'GET',
  repository: 'docker.io/library/nginx',
  tag: '1.27',
  verdict: 'allow',
  mode: 'enforce',
  wouldDeny: false,
  rule: 'rule 1 (docker.io/library/**)',
  digest: digest('a'),
  sources: [
    {
      source: 'vendor',
      kind: 'notary',
      outcome: 'signed',
      digest: digest('a'),
      length: 528,
      roles: ['targets'],
      signers: ['f'.repeat(64)],
      root: { version: 2, keys: ['e'.repeat(64)], anchor: 'keys' },
      versions: new Map([['__proto__', 7]]),
      expires: new Map([['timestamp', T0 + MINUTE]]),
      checkedAt: T0 - 1,
    },
  ],
};
