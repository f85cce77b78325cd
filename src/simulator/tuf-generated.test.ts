import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TufJsClient, type TufJsVerdict } from '../../test/tuf-js.ts';
import { TUF_DAMAGES, TUF_MALFORMATIONS } from './tuf-damage.ts';
import { generateStory, type GeneratedStory } from './tuf-generated.ts';

const NOW = Date.UTC(2026, 10, 21);

beforeEach(() => vi.useFakeTimers({ now: NOW, toFake: ['Date'] }));
afterEach(() => vi.useRealTimers());

/** What tuf-js says, step by step. */
async function told({ root, steps }: GeneratedStory): Promise<readonly (readonly TufJsVerdict[])[]> {
  const client = new TufJsClient(root);
  const verdicts: (readonly TufJsVerdict[])[] = [];
  for (const { files, asks } of steps) verdicts.push(await client.resolve(files, ...asks));
  client.dispose();
  return verdicts;
}

test('valid stories: tuf-js follows every step, and finds some names and others not', async () => {
  const kinds: string[] = [];
  for (let seed = 0; seed < 40; seed++) {
    const verdicts = (await told(generateStory(seed, NOW))).flat();
    expect({ seed, refused: verdicts.filter(({ kind }) => kind === 'refused') }).toEqual({ seed, refused: [] });
    kinds.push(...verdicts.map(({ kind }) => kind));
  }
  for (const kind of ['found', 'none']) expect(kinds.filter((each) => each === kind).length).toBeGreaterThan(25);
});

test.each([...TUF_DAMAGES, ...TUF_MALFORMATIONS])(
  '$name: tuf-js notices it in one story of twenty or more, in the last step',
  async (damage) => {
    for (let seed = 0; seed < 20; seed++) {
      const verdicts = await told(generateStory(seed, NOW, damage));
      const refused = verdicts.map((step) => step.some(({ kind }) => kind === 'refused'));
      expect(refused.slice(0, -1)).not.toContain(true);
      if (refused.at(-1) === true) return;
    }
    expect.unreachable('nobody would notice');
  },
);

test('one seed, one story, but for the keys that sign with randomness', () => {
  const told = (seed: number): unknown => {
    const [story, again] = [generateStory(seed, NOW), generateStory(seed, NOW)].map(({ steps }) =>
      steps.map(({ files, asks }) => [[...files.paths()].map(([path, { length }]) => [path, length >> 8]), asks]),
    );
    expect(story).toEqual(again);
    return story;
  };
  expect(told(1)).not.toEqual(told(2));
});
