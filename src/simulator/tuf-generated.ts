import type { TufDamage } from './tuf-damage.ts';
import type { TufFiles } from './tuf-files.ts';
import { type TufKey, tufKey, type TufKeyKind } from './tuf-key.ts';
import { Random } from './tuf-random.ts';
import { TufRepository } from './tuf-repository.ts';

/**
 * Rich and valid TUF 1.0 repositories without end, one a seed, each with a short history: several keys and thresholds,
 * root chains, delegations several levels deep with patterns and hash prefixes, diamonds, cycles, bins, odd names,
 * members that nobody knows. A client is shown the steps in order and asked for the names of each.
 *
 * Left out is what tuf-js itself does not read though it is legal: a root without `consistent_snapshot`, role names
 * like integers, member names beyond U+D7FF, glob syntax other than `*` and `?`. And no update has both a damage and
 * honest new keys of timestamp or snapshot: which floors fall with the keys, every client answers differently.
 */
export interface GeneratedStory {
  /** What the client is anchored in. */
  readonly root: Uint8Array;
  readonly steps: readonly GeneratedStep[];
}

export interface GeneratedStep {
  readonly files: TufFiles;
  readonly asks: readonly string[];
}

const DAY = 86_400_000;
const TOP = ['root', 'timestamp', 'snapshot', 'targets'] as const;
const REPOSITORIES = [
  'docker.io/library/nginx',
  'docker.io/library/redis',
  'docker.io/org/a',
  'ghcr.io/org/a/b',
  'ghcr.io/org/c/d',
  'registry.example.org:5000/app',
];
const TAGS = ['1', '1.27', 'latest', 'v2'];
const NAMES = REPOSITORIES.flatMap((name) => TAGS.map((tag) => `${name}:${tag}`));
const PATTERNS = [
  ...REPOSITORIES.map((name) => `${name}:*`),
  ...NAMES,
  'docker.io/library/*',
  'docker.io/*/*',
  'docker.io/library/redis:?',
  'ghcr.io/org/*/*',
  'ghcr.io/org/?/?:v2',
  '*/*/*',
  '*/*/*/*',
  '*/app:*',
];
const BINS = 'bins of ';
const ROLES = [...REPOSITORIES, 'qa', 'a b', 'releases?', 'grün', '50%', 'x#y'];

/** @param damage done after the history, or for a third of the clients before they have seen any of it */
export function generateStory(seed: number, now: number, damage?: TufDamage): GeneratedStory {
  const random = new Random(seed);
  const repository = begin(random, now);
  const steps = [stepOf(random, repository)];
  for (let more = random.below(3); more > 0; more--) {
    develop(random, repository);
    steps.push(stepOf(random, repository));
  }
  const root = repository.at('root', 1);
  if (damage === undefined) return { root, steps };
  damage.apply(repository, random);
  return { root, steps: [...(random.chance(33) ? [] : steps), stepOf(random, repository)] };
}

function begin(random: Random, now: number): TufRepository {
  const how = { name: 'generated', consistent: random.chance(50), hashed: random.chance(50) };
  const repository = new TufRepository(now, how);
  repository.specVersion = random.pick(['1.0', '1.0.0', '1.0.31', '1.0.34']);
  for (const role of TOP) {
    repository.authorize(role, authority(random));
    repository.of(role).expires = now + (1 + random.below(400)) * DAY;
    if (random.chance(30)) repository.edits.set(role, (signed) => Object.assign(signed, EXTRA));
  }
  for (let more = random.below(6); more > 0; more--) delegateSomething(random, repository);
  for (let more = random.below(12); more > 0; more--) putSomething(random, repository);
  return repository.publish(random.chance(30) ? { targets: 1 + random.below(1_000), snapshot: 2 ** 31 } : {});
}

const EXTRA = { 'x-tuf-on-ci': { 'ünï "code"': ['line\nbreak', 'back\\slash', null, true, -7, {}] }, aaa: '\u0001' };

function develop(random: Random, repository: TufRepository): void {
  for (let more = 1 + random.below(3); more > 0; more--) {
    if (random.chance(60)) putSomething(random, repository);
    if (random.chance(20)) removeSomething(random, repository);
    if (random.chance(20)) delegateSomething(random, repository);
    if (random.chance(30)) repository.touch(random.pick(repository.roles()));
    if (random.chance(30)) rotateSomething(random, repository);
    repository.publish();
  }
}

function stepOf(random: Random, repository: TufRepository): GeneratedStep {
  const named = holders(repository).flatMap((role) => [...repository.of(role).targets.keys()]);
  const asks = [...random.some(2, named), random.pick(NAMES)];
  return { files: repository.files.copy(), asks: [...new Set(asks)] };
}

function putSomething(random: Random, repository: TufRepository): void {
  const role = random.pick(holders(repository));
  const hashes = random.chance(30) ? { sha512: random.hex(128) } : {};
  const custom = random.chance(30) ? { custom: { oci: { mediaType: 'application/vnd.oci.image.index.v1+json' } } } : {};
  const entry = { digest: `sha256:${random.hex(64)}`, hashes, length: random.below(10_000), ...custom };
  repository.put(random.pick(NAMES), entry, role.startsWith(BINS) ? role.replace(/-[0-9a-f]+$/, '') : role);
}

function removeSomething(random: Random, repository: TufRepository): void {
  const role = random.pick(holders(repository));
  const [name] = random.some(1, [...repository.of(role).targets.keys()]);
  if (name !== undefined) repository.remove(name, role);
}

/** By any role to any other, new or not: so there are diamonds and cycles. */
function delegateSomething(random: Random, repository: TufRepository): void {
  const by = random.pick(holders(repository));
  const delegator = repository.of(by);
  if (delegator.bins !== undefined) return;
  if (delegator.delegations.length === 0 && random.chance(15)) {
    const prefix = `${BINS}${by}`;
    repository.bins(prefix, { by, bits: 1 + random.below(5), ...authority(random) });
    return;
  }
  const name = random.pick(ROLES);
  if (name === by || delegator.delegations.some((delegation) => delegation.name === name)) return;
  repository.delegate(name, { by, terminating: random.chance(30), ...scope(random), ...authority(random) });
}

function rotateSomething(random: Random, repository: TufRepository): void {
  repository.authorize(random.pick(repository.roles()), authority(random));
}

/** The roles with targets. */
function holders(repository: TufRepository): readonly string[] {
  return repository.roles().filter((role) => role === 'targets' || !(TOP as readonly string[]).includes(role));
}

function scope(random: Random): { paths: string[] } | { prefixes: string[] } {
  if (random.chance(70)) return { paths: random.some(1 + random.below(3), PATTERNS) };
  return { prefixes: Array.from({ length: 1 + random.below(8) }, () => random.hex(1 + random.below(2))) };
}

function authority(random: Random): { keys: TufKey[]; threshold: number } {
  const keys = random.some(1 + random.below(4), ALL_KEYS).map((key) => tufKey(...key));
  return { keys, threshold: 1 + random.below(keys.length) };
}

/** One in ten of a kind that is slow to sign with. */
const ALL_KEYS = [
  ...several('ed25519', 100),
  ...several('p256', 5),
  ...several('p256-typed', 1),
  ...several('p256-hex', 2),
  ...several('p384', 2),
  ...several('rsa', 1),
];

function several(kind: TufKeyKind, count: number): (readonly [TufKeyKind, string])[] {
  return Array.from({ length: count }, (_, index) => [kind, `generated ${index}`] as const);
}
