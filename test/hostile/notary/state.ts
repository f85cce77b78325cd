import { createHash } from 'node:crypto';
import { NotaryRepository } from '../../../src/simulator/notary-repository.ts';
import type { TrustFile } from '../../../src/state/store.ts';
import { EVIL, GUN, NOW } from './scene.ts';
import { attacks } from './stories.ts';

/** The same role's file from a publisher that the client never trusted, with a hash that fits. */
function forged({ role, version }: TrustFile): TrustFile {
  const other = new NotaryRepository(GUN, NOW).sign('1', EVIL, 9).publish();
  const bytes = other.bytesOf(role);
  return { role, version, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function replace(files: readonly TrustFile[], role: string, by: (file: TrustFile) => TrustFile): readonly TrustFile[] {
  return files.map((file) => (file.role === role ? by(file) : file));
}

function flipped(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, i) => (i === 40 ? byte ^ 1 : byte));
}

/** The attacker can write to the disk. What is stored is no root of trust: all of it is verified when it is read. */
export const state = attacks('state', {
  'flipped-bit': {
    move: 'Flips a bit of a stored file.',
    lets: 'A disk that rots, or is written to, changes what is believed.',
    anchor: 'design section 5; notary-v1 pitfall 18',
    expect: 'state.damaged',
    story: (scene) => void scene.pull(),
    tamper: (stored) => ({
      ...stored,
      view: replace(stored.view ?? [], 'targets', (file) => ({ ...file, bytes: flipped(file.bytes) })),
    }),
  },
  'another-root-of-trust': {
    move: 'Replaces the stored root by one of its own; the operator has pinned nothing but what was seen first.',
    lets: 'Who writes to the disk owns the collection from then on, and no other file fits any more.',
    anchor: 'design section 5',
    expect: 'state.damaged',
    story: (scene) => void scene.onFirstUse().pull(),
    tamper: (stored) => ({ ...stored, roots: stored.roots.map(forged) }),
  },
  'lowered-floor': {
    move: 'Writes a low version beside a stored timestamp.',
    lets: 'The floor is what the database says, not what was signed: old timestamps pass again.',
    anchor: 'design section 5',
    expect: 'state.damaged',
    story(scene) {
      scene.publisher.publish().publish();
      scene.pull();
    },
    tamper: (stored) => ({
      ...stored,
      floors: replace(stored.floors, 'timestamp', (file) => ({ ...file, version: 1 })),
    }),
  },
  'forged-floor': {
    move: 'Puts a timestamp of its own in the place of the floor.',
    lets: 'An endless version there locks the collection for ever; a low one opens it to rollbacks.',
    anchor: 'design section 5',
    expect: 'state.damaged',
    story: (scene) => void scene.pull(),
    tamper: (stored) => ({ ...stored, floors: replace(stored.floors, 'timestamp', forged) }),
  },
  'forged-view': {
    move: 'Puts targets of its own into what is served without asking anybody.',
    lets: 'Who writes to the disk signs for everyone.',
    anchor: 'design section 5',
    expect: 'state.damaged',
    story: (scene) => void scene.pull(),
    tamper: (stored) => ({ ...stored, view: replace(stored.view ?? [], 'targets', forged) }),
  },
  'half-a-view': {
    move: 'Takes targets out of what is served without asking anybody.',
    lets: 'A tag that cannot be found is not refused but looked up elsewhere.',
    anchor: 'notary-v1 pitfall 18',
    expect: 'state.damaged',
    story: (scene) => void scene.pull(),
    tamper: (stored) => ({ ...stored, view: (stored.view ?? []).filter(({ role }) => role !== 'targets') }),
  },
  'chain-with-a-gap': {
    move: 'Takes a root out of the middle of the stored chain.',
    lets: 'What the missing root revoked is trusted again.',
    anchor: 'TUF 5.3.5; design section 5',
    expect: 'state.damaged',
    story(scene) {
      const { publisher } = scene.onFirstUse();
      publisher.touch('root').publish();
      scene.lie('root', publisher.files().get('1.root'));
      publisher.touch('root').publish();
      scene.pull();
    },
    tamper: (stored) => ({ ...stored, roots: stored.roots.filter(({ version }) => version !== 2) }),
  },
});
