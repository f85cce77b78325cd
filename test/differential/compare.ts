import type { TufDamage } from '../../src/simulator/tuf-damage.ts';
import { generateStory } from '../../src/simulator/tuf-generated.ts';
import { Client, NOW, type Said } from '../conformance/client.ts';
import { hasTwinKeys } from './twin-keys.ts';
import { TufJsClient, type TufJsVerdict } from '../tuf-js.ts';

/** One name of one step of a story, and what both clients say of it. */
export interface Comparison {
  readonly seed: number;
  readonly step: number;
  readonly name: string;
  readonly ours: Said;
  readonly theirs: TufJsVerdict;
  /** What tuf-js asked for in this step. */
  readonly asked: readonly string[];
  /** Some role has one public key under two key ids. */
  readonly twins: boolean;
}

/** Both clients live through the story with a disk of their own. The machine's clock must stand at `NOW`: tuf-js reads it. */
export async function compare(seed: number, damage: TufDamage | undefined): Promise<readonly Comparison[]> {
  const { root, steps } = generateStory(seed, NOW, damage);
  const theirs = new TufJsClient(root);
  const ours = new Client({ files: steps[0]!.files }, root);
  const comparisons: Comparison[] = [];
  for (const [step, { files, asks }] of steps.entries()) {
    ours.files = files;
    const [we, they] = [await ours.judge(...asks), await theirs.resolve(files, ...asks)];
    const asked = theirs.requests.splice(0);
    const twins = hasTwinKeys(files);
    for (const [at, name] of asks.entries())
      comparisons.push({ seed, step, name, ours: we[at]!, theirs: they[at]!, asked, twins });
  }
  theirs.dispose();
  await ours.close();
  return comparisons;
}

/** Found means this very length and hash. */
export function agree({ ours, theirs }: Comparison): boolean {
  if (ours.kind !== 'found' || theirs.kind !== 'found') return ours.kind === theirs.kind;
  return ours.sha256 === theirs.sha256 && ours.length === theirs.length;
}
