import { dressed, under } from './tuf-key.ts';
import type { TufRepository } from './tuf-repository.ts';

/**
 * What tuf-js 6.0.2 is known to judge wrongly: where two clients differ, this is why, and nothing else may be. `apply`
 * is for a repository that is asked for `TUF_JS_FAULT_TARGET`, and which is right to be refused or found is `verdict`.
 */
export interface TufJsFault {
  readonly name: string;
  /** The right one; tuf-js says the other. */
  readonly verdict: 'found' | 'refused';
  apply(repository: TufRepository): void;
}

export const TUF_JS_FAULT_TARGET = 'docker.io/library/nginx:1.27';

const odd = (name: string, role: string, members: Readonly<Record<string, unknown>>): TufJsFault => ({
  name,
  verdict: 'refused',
  apply: ({ edits }) => edits.set(role, (signed) => Object.assign(signed, members)),
});

export const TUF_JS_FAULTS: readonly TufJsFault[] = [
  odd('a version of zero', 'timestamp', { version: 0 }),
  odd('a version below zero', 'timestamp', { version: -5 }),
  odd('a version that no integer holds', 'timestamp', { version: 1e30 }),
  odd('an end with an offset', 'timestamp', { expires: '2999-01-01T00:00:00+02:00' }),
  odd('an end without a time', 'timestamp', { expires: '2999-01-01' }),
  {
    name: 'a key that counts twice under two key ids',
    verdict: 'refused',
    apply: (repository) => {
      const { keys } = repository.authority('targets');
      const again = keys.map((key) => under('f'.repeat(64), key));
      repository.authorize('targets', { keys: [...keys, ...again], threshold: keys.length + 1 });
    },
  },
  {
    name: 'an ed25519 key of a scheme that nobody knows',
    verdict: 'refused',
    apply: (repository) => {
      const keys = repository.authority('targets').keys.map((key) => dressed(key, { scheme: 'nonsense' }));
      repository.authorize('targets', { keys });
    },
  },
  {
    name: 'a target without hashes',
    verdict: 'refused',
    apply: (repository) => repository.put(TUF_JS_FAULT_TARGET, { length: 1, hashes: {} }),
  },
  {
    name: 'a member that stands twice',
    verdict: 'refused',
    apply: ({ rewrites }) =>
      rewrites.set('targets', (bytes) =>
        Buffer.from(Buffer.from(bytes).toString().replace('{"_type":', '{"version":9,"_type":')),
      ),
  },
  {
    name: 'a root that leaves out consistent_snapshot, which is optional',
    verdict: 'found',
    apply: (repository) => repository.useConsistentSnapshots(undefined),
  },
  {
    name: 'delegations to names like numbers, out of order',
    verdict: 'found',
    apply: (repository) => ['z', '10', '2'].forEach((name) => repository.delegate(name)),
  },
];
