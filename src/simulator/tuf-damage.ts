import type { Plain } from './tuf-document.ts';
import { broken, tufKey, under } from './tuf-key.ts';
import type { Random } from './tuf-random.ts';
import type { TufRepository } from './tuf-repository.ts';

/**
 * What can be wrong with a valid repository. Not every damage must be noticed: it may have met a role that nobody asks,
 * or one signature more than the threshold needs. What counts is that two clients come to the same verdict.
 */
export interface TufDamage {
  readonly name: string;
  apply(repository: TufRepository, random: Random): void;
}

type OnRole = (repository: TufRepository, role: string, random: Random) => void;

const stranger = tufKey('ed25519', 'a stranger');

/** One role's file, in the place of what was just published. */
const FILES: readonly TufDamage[] = [
  file('no signatures', (repository, role) => repository.forge(role, { signers: [] })),
  file('a signature of a stranger', (repository, role) => repository.forge(role, { signers: [stranger] })),
  file('signatures of a stranger under the right key ids', (repository, role) => {
    const signers = repository.authority(role).keys.map(({ keyId }) => under(keyId, stranger));
    repository.forge(role, { signers });
  }),
  file('a signature less than the threshold', (repository, role) => {
    const { keys, threshold } = repository.authority(role);
    repository.forge(role, { signers: keys.slice(0, threshold - 1) });
  }),
  file('one signature twice', (repository, role, random) => {
    const { keys } = repository.authority(role);
    repository.forge(role, { signers: [...keys, random.pick(keys)] });
  }),
  file('a wrong signature', (repository, role, random) => {
    const { keys } = repository.authority(role);
    const wrong = random.pick(keys);
    repository.forge(role, { signers: keys.map((key) => (key === wrong ? broken(key) : key)) });
  }),
  file('another version than the one that was asked for', (repository, role, random) => {
    const { version } = repository.of(role);
    repository.forge(role, { version: version + random.pick(version > 1 ? [-1, 1] : [1, 2]) });
  }),
  file('a bit turned over in what is signed', (repository, role, random) => {
    const bytes = Buffer.from(repository.at(role));
    const at = random.below(bytes.lastIndexOf(',"signatures":'));
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    repository.files.replace(repository.fileOf(role), bytes);
  }),
  file('a file cut short', (repository, role, random) => {
    const bytes = repository.at(role);
    repository.files.replace(repository.fileOf(role), bytes.subarray(0, random.below(bytes.length)));
  }),
  file('a file that is missing', (repository, role) => repository.files.drop(repository.fileOf(role))),
  file('the file of another role', (repository, role, random) => {
    repository.files.replace(repository.fileOf(role), repository.at(random.pick(repository.roles())));
  }),
  file('an older file', (repository, role, random) => {
    repository.files.replace(repository.fileOf(role), repository.at(role, random.pick(repository.versions(role))));
  }),
  file('JSON that is no metadata', (repository, role, random) => {
    const text = random.pick(['', '{}', '[]', 'null', '{"signed":{},"signatures":[]}', '{"signed":null}']);
    repository.files.replace(repository.fileOf(role), Buffer.from(text));
  }),
];

/** Signed by the right keys, and everything above made to fit. */
const SIGNED: readonly TufDamage[] = [
  said('another type', (_, random) => ({ _type: random.pick(['root', 'snapshot', 'targets', 'Root', null, 1]) })),
  said('another major version of the specification', (_, random) => ({
    spec_version: random.pick(['2.0.0', '0.9', '10.0']),
  })),
  said('an end that has come', ({ now }, random) => ({
    expires: new Date(now - random.below(3) * 86_400_000).toISOString().replace('.000Z', 'Z'),
  })),
  said('an end that is no date', (_, random) => ({ expires: random.pick(['', 'never', null, 4_102_444_800]) })),
  onRole('a version that was there before', (repository, role, random) => {
    repository.publish({ [role]: random.pick(repository.versions(role)) });
  }),
  changed('a threshold that the keys cannot meet', (repository, role) => {
    repository.authorize(role, { threshold: repository.authority(role).keys.length + 1 });
  }),
  changed('a threshold of zero', (repository, role) => repository.authorize(role, { threshold: 0 })),
  changed('keys that did not sign', (repository, role) => {
    repository.of(role).signers = repository.authority(role).keys;
    repository.authorize(role, { keys: [stranger] });
  }),
  changed('a root that its own keys did not sign', (repository) => {
    const { keys } = repository.authority('root');
    repository.rotate('root', [stranger]).of('root').signers = keys;
  }),
  changed('a root that the keys before did not sign', (repository) => {
    repository.rotate('root', [stranger]).of('root').signers = [stranger];
  }),
  changed('a role that the snapshot does not list', (repository, role) => repository.unlisted.add(role)),
  above('a wrong hash', (entry, random) => ({ ...entry, hashes: { sha256: random.hex(64) } })),
  above('a length that is too small', (entry) => ({ ...entry, length: 10 })),
  above('a version that nobody published', (entry) => ({ ...entry, version: Number(entry['version']) + 1 })),
];

export const TUF_DAMAGES: readonly TufDamage[] = [...FILES, ...SIGNED];

/** Signed by the right keys, and hardly metadata any more. A client may be stricter here than the other, never laxer. */
export const TUF_MALFORMATIONS: readonly TufDamage[] = [
  changed('a member that is missing', (repository, role, random) => {
    editing(repository, role, (signed) =>
      somewhere(signed, random, (holder, name) => Reflect.deleteProperty(holder, name)),
    );
  }),
  changed('a member of another type', (repository, role, random) => {
    const other = random.pick([null, true, -1, 0, 1.5, 1e30, '', 'x', [], {}, [null], { '': '' }]);
    editing(repository, role, (signed) => somewhere(signed, random, (holder, name) => (holder[name] = other)));
  }),
];

function file(name: string, act: OnRole): TufDamage {
  return onRole(name, (repository, role, random) => {
    repository.touch(role).publish();
    act(repository, role, random);
  });
}

function changed(name: string, act: OnRole): TufDamage {
  return onRole(name, (repository, role, random) => {
    act(repository, role, random);
    repository.touch(role).publish();
  });
}

function said(name: string, members: (repository: TufRepository, random: Random) => Plain): TufDamage {
  return changed(name, (repository, role, random) => {
    const wrong = members(repository, random);
    editing(repository, role, (signed) => Object.assign(signed, wrong));
  });
}

/** In what a snapshot or timestamp says of one file. */
function above(name: string, change: (entry: Plain, random: Random) => Plain): TufDamage {
  return {
    name: `${name}, above`,
    apply: (repository, random) => {
      const role = random.pick(['snapshot', 'timestamp']);
      editing(repository, role, (signed) => {
        const meta = signed['meta'] as Record<string, Plain>;
        const file = random.pick(Object.keys(meta));
        meta[file] = change(meta[file] ?? {}, random);
      });
      repository.touch(role).publish();
    },
  };
}

function onRole(name: string, act: OnRole): TufDamage {
  return { name, apply: (repository, random) => act(repository, random.pick(repository.roles()), random) };
}

/** At any depth; the chance is that it is not at the top. */
function somewhere(value: Plain, random: Random, act: (holder: Plain, name: string) => void): void {
  const name = random.pick(Object.keys(value));
  const member = value[name];
  const deeper = typeof member === 'object' && member !== null && Object.keys(member).length > 0;
  if (deeper && random.chance(80)) somewhere(member as Plain, random, act);
  else act(value, name);
}

/** After the edits that are there. */
function editing(repository: TufRepository, role: string, change: (signed: Plain) => void): void {
  const before = repository.edits.get(role);
  repository.edits.set(role, (signed) => {
    before?.(signed);
    change(signed);
  });
}
