import { createHash } from 'node:crypto';
import type { Plain } from '../../../src/simulator/tuf-document.ts';
import { GOOD, memberOf, NEW } from './scene.ts';
import { oddities } from './stories.ts';

const entryOf = (signed: Plain, file: string): Plain => (memberOf(signed, 'meta') as Record<string, Plain>)[file]!;

/** What one file says of another, and of an image. */
export const validHashes = oddities('hash', {
  'with-hashes-and-lengths': {
    odd: 'Timestamp and snapshot give hashes and lengths of everything.',
    anchor: 'TUF 4.4',
    story(scene) {
      scene.anew({ hashed: true }).pull().sign('1', NEW).publish();
      scene.pull(NEW);
    },
  },
  'without-consistent-snapshots': {
    odd: 'Files have no versions in their names, and their hashes are listed.',
    anchor: 'TUF 6.2',
    story(scene) {
      scene.anew({ consistent: false, hashed: true }).pull().sign('1', NEW).publish();
      scene.pull(NEW);
    },
  },
  'sha512-alone': {
    odd: 'The snapshot lists targets with a sha512 alone.',
    anchor: 'TUF 4.4',
    story(scene) {
      scene.publisher.edits.set('snapshot', (signed) => {
        entryOf(signed, 'targets.json')['hashes'] = { sha512: sha512Of(scene.publisher.at('targets')) };
      });
      scene.sign('1', NEW).publish();
      scene.pull(NEW).pull(NEW);
    },
  },
  'beside-one-that-nobody-knows': {
    odd: 'The snapshot lists a hash of a kind that nobody knows beside a sha512.',
    anchor: 'TUF 4.4',
    story(scene) {
      scene.publisher.edits.set('snapshot', (signed) => {
        entryOf(signed, 'targets.json')['hashes'] = { blake3: 'zz', sha512: sha512Of(scene.publisher.at('targets')) };
      });
      scene.sign('1', NEW).publish();
      scene.pull(NEW);
    },
  },
  'of-a-target-thrice': {
    odd: 'A target has a sha256, a sha512, and a hash that nobody knows.',
    anchor: 'TUF 4.5',
    story(scene) {
      const hashes = { sha512: 'ab'.repeat(64), blake3: 'zz' };
      scene.publisher.put(`${scene.name}:1`, { digest: GOOD, length: 7, hashes }).publish();
      scene.pull();
    },
  },
  'of-a-target-with-custom': {
    odd: 'A target says more of itself, as TUF lets it.',
    anchor: 'TUF 4.5',
    story(scene) {
      const custom = { oci: { mediaType: 'application/vnd.oci.image.index.v1+json' }, sigstore: null };
      scene.publisher.put(`${scene.name}:1`, { digest: GOOD, length: 7, custom }).publish();
      scene.pull();
    },
  },
});

function sha512Of(bytes: Uint8Array): string {
  return createHash('sha512').update(bytes).digest('hex');
}
