import { request } from 'undici';
import { beforeAll, expect, it } from 'vitest';
import type { Client } from './real/client.ts';
import { publishTags, type Published } from './real/images.ts';
import { stories, WORLD } from './real/needs.ts';
import type { Finished } from './real/run.ts';
import type { DecisionRecord } from './real/tufgate.ts';
import { until } from './real/until.ts';
import { HELLO, INDEX, World } from './real/world.ts';

const [MIRRORED, BY_NAME] = HELLO;

/**
 * What every client must live through. A refusal counts only with the gate's own record of the expected reason and
 * with the count of attempts at the origin: dockerd prints the same line for our 403 and for a dead mirror. And the
 * same client, in the same run, pulled the signed image first.
 */
export function clientStories(
  title: string,
  programs: readonly string[],
  start: (world: World) => Promise<Client>,
): void {
  stories(title, [...WORLD, ...programs], () => {
    let world: World;
    let client: Client;
    let published: Published;

    const hello = (tag: string): string => `docker.io/${MIRRORED}:${tag}`;
    const byName = (tag: string): string => `${world.gate.host}/${BY_NAME}:${tag}`;

    beforeAll(async () => {
      world = await World.start(async (fresh) => {
        published = await publishTags(fresh, MIRRORED);
        await fresh.publisher.pushSigned(`${BY_NAME}:1.0`, 'signed, by name');
        await fresh.publisher.push(`${BY_NAME}:2.0`, 'nobody signed this');
        await fresh.publishIndex();
        return HELLO;
      });
      return () => world.close();
    });
    beforeAll(async () => {
      client = await start(world);
      expect(await pulledThrough(hello('1.0'))).toBe('signed');
    });

    /** Pulls what is signed: nobody asks the origin. */
    async function pulledThrough(image: string): Promise<string> {
      const before = world.origin.attempts.length;
      const finished = await client.pull(image);
      expect(finished, finished.output).toMatchObject({ code: 0 });
      expect(world.origin.attempts.slice(before)).toEqual([]);
      return client.says(image);
    }

    /** Pulls what must be refused, for this reason and no other. */
    async function refused(image: string, like: Partial<DecisionRecord>, around = client.goesAround): Promise<Refusal> {
      const before = world.origin.attempts.length;
      const finished = await client.pull(image);
      expect(finished.code, finished.output).not.toBe(0);
      const record = await world.gate.decision({ verdict: 'deny', ...like });
      const attempts = world.origin.attempts.slice(before);
      if (around) expect(attempts).toContain('registry-1.docker.io:443');
      else expect(attempts).toEqual([]);
      return { ...finished, record };
    }

    const of = (tag: string): Partial<DecisionRecord> => ({ repository: `docker.io/${MIRRORED}`, tag });

    it('counts attempts at the origin when nothing points the client at the gate', async () => {
      const before = world.origin.attempts.length;
      expect((await client.pullAround(hello('1.0'))).code).not.toBe(0);
      expect(world.origin.attempts.length).toBeGreaterThan(before);
    });

    it('pulls an image again without touching the upstream', async () => {
      await client.forget(hello('1.0'));
      const before = world.wire.requests().length;
      expect(await pulledThrough(hello('1.0'))).toBe('signed');
      expect(world.wire.requests().slice(before)).toEqual([]);
    });

    it('pulls its platform of a multi-platform index', async () => {
      expect(await pulledThrough(`docker.io/${INDEX}:1.0`)).toBe('index amd64');
    });

    it('gets the signed digest of a tag that the registry moved', async () => {
      expect(await pulledThrough(hello('moved'))).toBe('what was signed');
      await world.gate.decision({ ...of('moved'), verdict: 'allow', digest: published.moved });
    });

    it('gets nothing when the signed digest is gone, though the registry offers another', async () => {
      const { record } = await refused(hello('gone'), { ...of('gone'), reason: 'upstream.not-found' });
      expect(record.digest ?? published.gone).toBe(published.gone);
    });

    it('is refused a tag that nobody signed', async () => {
      const refusal = await refused(hello('2.0'), { ...of('2.0'), reason: 'trust.unsigned' });
      if (client.showsMessages) expectMessage(refusal);
    });

    it('is refused a tag once its signature was revoked, and its digest', async () => {
      expect(await pulledThrough(hello('revoked'))).toBe('to be revoked');
      await client.forget(hello('revoked'));
      await world.publisher.revoke(`${MIRRORED}:revoked`);
      const head = `${world.gate.url}/v2/${MIRRORED}/manifests/revoked`;
      await until(
        'the gate to see the revocation',
        async () => (await request(head, { method: 'HEAD' })).statusCode === 403,
      );
      await refused(hello('revoked'), { ...of('revoked'), reason: 'trust.unsigned' });
      await refusedDigest(published.revoked);
    });

    it('is refused a digest that nobody signed, though the registry has it', async () => {
      const before = world.wire.requests(published.unsigned).length;
      await refusedDigest(published.unsigned);
      expect(world.wire.requests(published.unsigned).length).toBe(before);
    });

    async function refusedDigest(digest: string): Promise<void> {
      const like = { repository: `docker.io/${MIRRORED}`, asked: digest, reason: 'policy.digest-outside-closure' };
      await refused(`docker.io/${MIRRORED}@${digest}`, like);
    }

    it('is refused a manifest with one flipped byte', async () => {
      const like = { repository: `docker.io/${MIRRORED}`, reason: 'integrity.digest' };
      const { record } = await refused(hello('bad-manifest'), { ...like, tag: 'bad-manifest' });
      expect(record.verdict).toBe('deny');
    });

    it('is refused a layer with one flipped byte', async () => {
      const layer = await world.registry.layerOf(MIRRORED, 'bad-layer');
      const like: Partial<DecisionRecord> = { event: 'integrity', reason: 'integrity.digest', asked: layer };
      await refused(hello('bad-layer'), like, client.goesAround);
    });

    it('pulls by name, and is told by name why not', async () => {
      expect(await pulledThrough(byName('1.0'))).toBe('signed, by name');
      const like = { repository: `docker.io/${BY_NAME}`, tag: '2.0', reason: 'trust.unsigned' };
      const refusal = await refused(byName('2.0'), like, false);
      if (client.showsMessagesByName) expectMessage(refusal);
    });
  });
}

interface Refusal extends Finished {
  readonly record: DecisionRecord;
}

/** The words of the record reached the person: which image, and why. */
function expectMessage(refusal: Refusal): void {
  expect(refusal.record.message).toBeTruthy();
  expect(refusal.output).toContain(refusal.record.message);
}
