import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { request } from 'undici';
import { Ceremony, Person } from './real/ceremony.ts';
import { stories } from './real/needs.ts';
import { must } from './real/run.ts';
import { SoftHsm, TOKENS } from './real/softhsm.ts';

const NAMES = ['alice', 'bob', 'carol'] as const;
const PROGRAMS = ['docker-registry', 'skopeo'];

ceremony('a ceremony of three with key files', PROGRAMS, async (the) => {
  const people = NAMES.map((name) => new Person(the.space, name));
  for (const person of people) await person.makesKey();
  return people;
});

ceremony('a ceremony of three with tokens', [...PROGRAMS, ...TOKENS], async (the) => {
  const people: Person[] = [];
  for (const name of NAMES) {
    const hsm = new SoftHsm(the.space);
    const token = await hsm.token(`token of ${name}`, `${name}-4711`);
    await token.generate('EC:prime256v1', 'approvals', '01');
    const person = new Person(the.space, name, { ...hsm.env, TOKEN_PIN: token.pin });
    await person.holds(token.uri('object=approvals'));
    people.push(person);
  }
  return people;
});

/** Two of three sign, each where his key is; what travels are proposals. */
function ceremony(title: string, programs: readonly string[], enrol: (the: Ceremony) => Promise<readonly Person[]>) {
  stories(title, programs, () => {
    let the: Ceremony;
    let [alice, bob, carol]: readonly Person[] = [];
    /** The pinned root of those who have no configuration. */
    const root = (): readonly string[] => ['--root', the.shared('root.json')];

    beforeAll(async () => {
      the = await Ceremony.open();
      [alice, bob, carol] = await enrol(the);
      await the.push('acme/app', '1.0');
      await the.push('acme/app', '2.0');
    });
    afterAll(() => the.close());

    it('begins with a root that nobody makes alone', async () => {
      const keys = NAMES.flatMap((name) => ['--root-key', `shared/${name}.pub`]);
      const init = await the.keeper.prints(
        ...['approvals', 'root', 'init', 'shared/root.proposal', ...keys, '--root-threshold', '2'],
      );
      expect(init).toMatchObject({ published: false, proposal: 'shared/root.proposal' });
      const shown = await carol!.prints('approvals', 'root', 'show', 'shared/root.proposal');
      expect(String(shown['changes'])).toContain('root is signed by 2 of 3 keys');
      for (const { keyId } of [alice!, bob!, carol!]) expect(String(shown['changes'])).toContain(keyId);

      expect(await alice!.prints('approvals', 'root', 'sign', 'shared/root.proposal', '--key', alice!.key, '--yes')) //
        .toMatchObject({ complete: false });
      const early = await the.keeper.refused('approvals', 'publish', 'shared/root.proposal');
      expect(early).toMatchObject({ code: 3, error: 'trust.threshold' });
      expect(early.why).toContain('1 of the 2 signatures');
      expect(the.published()).toEqual([]);

      expect(await bob!.sign('shared/root.proposal')).toMatchObject({ complete: true, lacking: [] });
      const out = await the.keeper.prints('approvals', 'publish', 'shared/root.proposal');
      expect(out).toMatchObject({ published: true, before: false });
      // Cut short, it is said again.
      expect(await the.keeper.prints('approvals', 'publish', 'shared/root.proposal')).toMatchObject({ before: true });
      await must('cp', [`${the.gate.data}/approvals/root.json`, the.shared('root.json')]);
    });

    it('the gate serves, with no key of theirs', async () => {
      await the.gate.serve();
      await the.answers(403, 'acme/app:1.0');
      const { body } = await request(`${the.gate.url}/tuf/approvals/root.json`);
      expect(await body.text()).toBe(readFileSync(the.shared('root.json'), 'utf8'));
    });

    it('an image is approved by two of them, and pulled', async () => {
      await proposed('acme/app:1.0', 'app-1');
      await alice!.sign('shared/app-1', ...root());
      const before = the.published();
      expect(await the.keeper.refused('approvals', 'publish', 'shared/app-1')).toMatchObject({
        code: 3,
        error: 'trust.threshold',
      });
      expect(the.published()).toEqual(before);
      await the.answers(403, 'acme/app:1.0');
      expect(await carol!.sign('shared/app-1', ...root())).toMatchObject({ complete: true });
      await the.keeper.prints('approvals', 'publish', 'shared/app-1');
      await the.answers(200, 'acme/app:1.0');
      const image = `docker://${the.gate.host}/acme/app:1.0`;
      await must('skopeo', ['copy', '--src-tls-verify=false', image, `dir:${the.space.folder('pulled')}`], {
        env: the.space.env(),
      });
    });

    it('one at the gate cannot publish alone', async () => {
      const words = ['approve', 'reg.example/acme/app:2.0', '--key', alice!.key, '--yes'];
      const alone = alice!.with({ TUFGATE_CONFIG: the.gate.configFile });
      const refused = await alone.refused(...words);
      expect(refused).toMatchObject({ code: 3, error: 'trust.threshold' });
      expect(refused.why).toContain('nothing was published');
      await the.answers(403, 'acme/app:2.0');
    });

    it('what was changed on its way is signed by nobody', async () => {
      await proposed('acme/app:2.0', 'app-2');
      await alice!.sign('shared/app-2', '--again', ...root());
      const evil = 'e'.repeat(64);
      const changes = {
        digest: (text: string) => text.replace(/"sha256":"[0-9a-f]{64}","tag"/, `"sha256":"${evil}","tag"`),
        tag: (text: string) => text.replace('"tag":"2.0"', '"tag":"1.0"'),
        file: (text: string) => text.replace(/"[0-9]+\.targets\.json":"[^"]{40}/, '$&AAAA'),
        part: (text: string) => text.replace(/("role":"bulk-.","sha256":")[0-9a-f]{64}/, `$1${evil}`),
        repository: (text: string) =>
          text.replace('"repository":"reg.example/acme/app"', '"repository":"reg.example/acme/b"'),
      };
      for (const [name, change] of Object.entries(changes)) {
        the.tamper('app-2', 'tampered', change);
        expect(readFileSync(the.shared('tampered'), 'utf8'), name).not.toBe(readFileSync(the.shared('app-2'), 'utf8'));
        const words = ['approvals', 'sign', 'shared/tampered', '--key', bob!.key, '--yes', ...root()];
        const { code, error } = await bob!.refused(...words);
        expect([code, error.split('.')[0]], name).toEqual([3, 'trust']);
        expect(readFileSync(the.shared('tampered'), 'utf8'), name).not.toContain(bob!.keyId + '","sig');
        expect((await the.keeper.refused('approvals', 'publish', 'shared/tampered')).code, name).toBe(3);
      }
    });

    it('a key that may not sign adds nothing', async () => {
      const mallory = new Person(the.space, 'mallory');
      await mallory.makesKey();
      const before = readFileSync(the.shared('app-2'));
      const words = ['approvals', 'sign', 'shared/app-2', '--key', mallory.key, '--yes', ...root()];
      const refused = await mallory.refused(...words);
      expect(refused).toMatchObject({ code: 1, error: 'approvals.key' });
      expect(refused.why).toContain(mallory.keyId);
      expect(readFileSync(the.shared('app-2'))).toEqual(before);
      expect(await bob!.refused('approvals', 'sign', 'shared/app-2', '--key', bob!.key, ...root())).toMatchObject({
        error: 'usage',
      });
    });

    it('two proposals on one base: one is told to rebase, and both stand', async () => {
      // The same digest under two tags: one file has to say both.
      await the.push('acme/app', 'stable', 'acme/app 2.0');
      await proposed('acme/app:stable', 'app-stable');
      for (const person of [bob!, carol!]) await person.sign('shared/app-2', ...root());
      for (const person of [alice!, bob!]) await person.sign('shared/app-stable', '--again', ...root());
      await the.keeper.prints('approvals', 'publish', 'shared/app-2');
      const stale = await the.keeper.refused('approvals', 'publish', 'shared/app-stable');
      expect(stale).toMatchObject({ code: 1, error: 'approvals.stale' });
      expect(stale.why).toContain('tufgate approvals rebase');
      await the.keeper.prints('approvals', 'rebase', 'shared/app-stable');
      expect(await the.keeper.refused('approvals', 'publish', 'shared/app-stable')).toMatchObject({
        error: 'trust.threshold',
      });
      // What they signed of it before was not published, and only they know.
      const words = ['approvals', 'sign', 'shared/app-stable', '--key', alice!.key, '--yes', ...root()];
      expect(await alice!.refused(...words)).toMatchObject({ code: 3, error: 'trust.rollback' });
      for (const person of [alice!, bob!]) await person.sign('shared/app-stable', '--again', ...root());
      await the.keeper.prints('approvals', 'publish', 'shared/app-stable');
      for (const tag of ['1.0', '2.0', 'stable']) await the.answers(200, `acme/app:${tag}`);
    });

    it('who is shown an old state signs nothing', async () => {
      // Made on what stood before app-2 and app-stable were published.
      const words = ['approvals', 'sign', 'shared/app-2', '--key', alice!.key, '--yes', ...root()];
      const refused = await alice!.refused(...words);
      expect(refused).toMatchObject({ code: 3, error: 'trust.rollback' });
      expect(refused.why).toContain('--again');
    });

    async function proposed(image: string, file: string): Promise<void> {
      const words = ['approve', `reg.example/${image}`, '--propose', `shared/${file}`, '--by', 'the platform team'];
      expect(await the.keeper.prints(...words)).toMatchObject({ published: false, proposal: `shared/${file}` });
    }
  });
}
