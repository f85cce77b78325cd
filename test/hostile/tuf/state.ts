import { createHash } from 'node:crypto';
import { TufRepository } from '../../../src/simulator/tuf-repository.ts';
import type { StoredTrust, TrustFile } from '../../../src/state/store.ts';
import { EVIL, GOOD, LEARNED, NEW, NOW, STRANGER, type TufScene } from './scene.ts';
import { attacks } from './stories.ts';

/** The same role's file from a publisher that the client never trusted, with a hash that fits. */
function forged(file: TrustFile): TrustFile {
  const other = new TufRepository(NOW).put('docker.io/library/alpine:1', { digest: EVIL, length: 9 });
  if (file.role === 'owner') other.delegate('owner', { keys: [STRANGER], paths: ['docker.io/library/*'] });
  return containing(file, other.publish().at(file.role));
}

function containing({ role, version }: TrustFile, bytes: Uint8Array): TrustFile {
  return { role, version, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function replace(files: readonly TrustFile[], role: string, by: (file: TrustFile) => TrustFile): readonly TrustFile[] {
  return files.map((file) => (file.role === role ? by(file) : file));
}

const inFloors = (role: string, by: (file: TrustFile) => TrustFile) => (stored: StoredTrust) => ({
  ...stored,
  floors: replace(stored.floors, role, by),
});
const inView = (role: string, by: (file: TrustFile) => TrustFile) => (stored: StoredTrust) => ({
  ...stored,
  view: replace(stored.view ?? [], role, by),
});

/** The tag is signed by its owner; the client has the file. */
function owned(scene: TufScene): TufScene {
  scene.publisher.delegate('owner', { paths: ['docker.io/library/*'] });
  scene.tag = '2';
  scene.sign('2', NEW, 'owner').publish();
  return scene.pull(NEW);
}

/** The attacker can write to the disk. What is stored is no root of trust: all of it is verified when it is read. */
export const state = attacks('state', {
  'another-root-than-the-pin': {
    move: 'Replaces the stored root by one of its own, and answers for it on the network.',
    lets: 'A pin that is looked at once, when the source is new, holds off nobody.',
    anchor: 'GHSA-9pfj-pjv5-22gj',
    expect: 'trust.root-chain',
    learns: ['floor timestamp', 'floor snapshot', 'floor targets', 'view'],
    story(scene) {
      scene.pull();
      const other = new TufRepository(NOW).publish();
      scene.lie('2.root.json', other.at('root')).lie('timestamp.json', other.at('timestamp'));
    },
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
    tamper: inFloors('timestamp', (file) => ({ ...file, version: 1 })),
  },
  'forged-timestamp': {
    move: 'Puts a timestamp of its own in the place of the floor.',
    lets: 'An endless version there locks the source for ever; a low one opens it to rollbacks.',
    anchor: 'design section 5',
    expect: 'state.damaged',
    story: (scene) => void scene.pull(),
    tamper: inFloors('timestamp', forged),
  },
  'forged-snapshot': {
    move: 'Puts a snapshot of its own in the place of the floor.',
    lets: 'All versions that it lists are floors: none of them holds.',
    anchor: 'design section 5',
    expect: 'state.damaged',
    story: (scene) => void scene.pull(),
    tamper: inFloors('snapshot', forged),
  },
  'forged-targets': {
    move: 'Puts targets of its own in the place of the floor.',
    lets: 'The honest ones are refused as another file of the same version.',
    anchor: 'design section 5',
    expect: 'state.damaged',
    story: (scene) => void scene.pull(),
    tamper: inFloors('targets', forged),
  },
  'forged-view': {
    move: 'Puts targets of its own into what is served without asking anybody.',
    lets: 'Who writes to the disk signs for everyone.',
    anchor: 'design section 5',
    expect: 'state.damaged',
    story: (scene) => void scene.pull(),
    tamper: inView('targets', forged),
  },
  'half-a-view': {
    move: 'Takes targets out of what is served without asking anybody.',
    lets: 'A tag that cannot be found is not refused but looked up elsewhere.',
    anchor: 'design section 5',
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
      scene.publisher.touch('root').publish().touch('root').publish();
      scene.pull();
    },
    tamper: (stored) => ({ ...stored, roots: stored.roots.filter(({ version }) => version !== 2) }),
  },
  'forged-role': {
    move: 'Puts a file of its own in the place of that of a delegated role, and answers with it on the network too.',
    lets: 'Who writes to the disk signs for every owner.',
    anchor: 'design section 5',
    expect: 'trust.signature',
    story(scene) {
      const { publisher } = owned(scene);
      publisher.forge('owner', { signers: [STRANGER] });
    },
    tamper: inFloors('owner', forged),
  },
  'old-role': {
    move: 'Writes the version of the newest file beside an old one of a delegated role.',
    lets: 'A rollback that no mirror can make is made on the disk.',
    anchor: 'design section 5',
    expect: 'trust.hash',
    learns: LEARNED.delegated,
    story: (scene) => void owned(scene).sign('2', GOOD, 'owner').publish(),
    tamper: inFloors('owner', (file) => ({ ...file, version: file.version + 1 })),
  },
});
