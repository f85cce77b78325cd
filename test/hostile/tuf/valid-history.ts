import { tufKey } from '../../../src/simulator/tuf-key.ts';
import type { TufRepository } from '../../../src/simulator/tuf-repository.ts';
import { DAY, GOOD, NEW, NOW, STRANGER } from './scene.ts';
import { oddities } from './stories.ts';

const OTHERS = ['one', 'two', 'three', 'four', 'five'].map((name) => tufKey('p256', `corpus ${name}`));
const [ONE, TWO] = [OTHERS[0]!, OTHERS[1]!];

const published = (made: TufRepository, ...touched: readonly string[]): TufRepository => {
  for (const role of touched) made.touch(role);
  return made.publish();
};

/** What happens to a repository over the years. */
export const validHistory = oddities('history', {
  'nothing-new': {
    odd: 'The timestamp is the same for a day, byte for byte.',
    anchor: 'TUF 5.4.3.1',
    story: (scene) => void scene.pull().pull().pull(),
  },
  'a-new-timestamp-for-the-same-snapshot': {
    odd: 'The timestamp is signed anew, and nothing else.',
    anchor: 'TUF 5.4.3.2',
    story(scene) {
      scene.pull().publisher.publish();
      scene.pull();
    },
  },
  'a-timestamp-in-the-last-second': {
    odd: 'The timestamp ends a second from now.',
    anchor: 'TUF 5.4.4',
    story: (scene) => void scene.wait(DAY - 1_000).pull(),
  },
  'versions-that-leap': {
    odd: 'Versions go from 1 to 2^31 and on to 2^53 - 1.',
    anchor: 'TUF 4.3',
    story(scene) {
      scene
        .pull()
        .sign('1', NEW)
        .publish({ targets: 2 ** 31, snapshot: 2 ** 31 });
      scene.pull(NEW).sign('1', GOOD).publish({ timestamp: Number.MAX_SAFE_INTEGER });
      scene.pull();
    },
  },
  'a-tag-that-moves': {
    odd: 'The tag means something else every hour.',
    anchor: 'TUF 5.6',
    story(scene) {
      for (const digest of [NEW, GOOD, NEW]) {
        scene.sign('1', digest).publish();
        scene.pull(digest);
      }
    },
  },
  'a-client-that-was-away': {
    odd: 'The client was away for weeks: timestamp and snapshot that it has ended long ago.',
    anchor: 'TUF 5.4.4',
    story(scene) {
      scene.pull().wait(20 * DAY);
      for (const role of ['timestamp', 'snapshot']) scene.publisher.of(role).expires = scene.clock + DAY;
      published(scene.publisher, 'snapshot');
      scene.pull();
    },
  },
  'a-pinned-root-that-has-ended': {
    odd: 'The pinned root ended last year; the newest has not.',
    anchor: 'TUF 5.2',
    story(scene) {
      scene.anew({}, (made) => (made.of('root').expires = NOW - 300 * DAY));
      scene.publisher.of('root').expires = NOW + DAY;
      published(scene.publisher, 'root');
      scene.pull();
    },
  },
  'roots-between-that-have-ended': {
    odd: 'Roots 2 and 3 have ended, root 4 has not.',
    anchor: 'TUF 5.3.6',
    story(scene) {
      const { publisher } = scene.pull();
      publisher.of('root').expires = NOW - DAY;
      published(publisher, 'root');
      published(publisher, 'root').of('root').expires = NOW + DAY;
      published(publisher, 'root');
      scene.pull();
    },
  },
  'a-root-that-ended-and-came-back': {
    odd: 'The root that the client has ended while it was away; there is a new one.',
    anchor: 'TUF 5.3.10',
    story(scene) {
      scene.publisher.of('root').expires = NOW + DAY / 2;
      published(scene.publisher, 'root');
      scene
        .pull()
        .wait(DAY / 2)
        .publisher.of('root').expires = scene.clock + DAY;
      published(scene.publisher, 'root');
      scene.pull();
    },
  },
  'hundreds-of-roots': {
    odd: 'The root was signed anew 260 times; one update follows 256 of them, the next one the rest.',
    anchor: 'TUF 5.3.3',
    story(scene) {
      for (let more = 0; more < 260; more++) scene.publisher.resign('root');
      scene.pull().pull();
    },
  },
  'a-mirror-with-the-newest-roots-only': {
    odd: 'The client has root 3; the mirror has thrown away the ones before.',
    anchor: 'TUF 5.3.3',
    story(scene) {
      published(published(scene.publisher, 'root'), 'root');
      scene.pull().lie('1.root.json', undefined).lie('2.root.json', undefined).pull();
    },
  },
  'another-root-key': {
    odd: 'The root key is rotated; the old one and the new one sign.',
    anchor: 'TUF 5.3.4',
    story(scene) {
      scene.pull().publisher.rotate('root', [ONE]).publish();
      scene.pull().publisher.rotate('root', [TWO]).publish();
      scene.pull();
    },
  },
  'a-higher-threshold': {
    odd: 'One root key becomes three of five.',
    anchor: 'TUF 5.3.4',
    story(scene) {
      scene
        .pull()
        .publisher.authorize('root', { keys: [...OTHERS], threshold: 3 })
        .publish();
      scene.pull();
    },
  },
  'a-lower-threshold': {
    odd: 'Two root keys of three become one of one.',
    anchor: 'TUF 5.3.4',
    story(scene) {
      scene.anew({}, (made) => made.authorize('root', { keys: OTHERS.slice(0, 3), threshold: 2 }));
      scene
        .pull()
        .publisher.authorize('root', { keys: [ONE], threshold: 1 })
        .publish();
      scene.pull();
    },
  },
  'a-signer-who-comes-late': {
    odd: 'A root that three of five must sign is signed by three others than the one before.',
    anchor: 'TUF 5.3.4',
    story(scene) {
      scene.anew({}, (made) => {
        made.authorize('root', { keys: [...OTHERS], threshold: 3 }).of('root').signers = OTHERS.slice(0, 3);
      });
      scene.pull().publisher.of('root').signers = OTHERS.slice(2);
      published(scene.publisher, 'root');
      scene.pull();
    },
  },
  'another-timestamp-key': {
    odd: 'The timestamp key is rotated.',
    anchor: 'TUF 5.3.11',
    story(scene) {
      scene.pull().publisher.rotate('timestamp', [ONE]).publish();
      scene.pull();
    },
  },
  'another-snapshot-key': {
    odd: 'The snapshot key is rotated.',
    anchor: 'TUF 5.3.11',
    story(scene) {
      scene.pull().publisher.rotate('snapshot', [ONE]).publish();
      scene.pull();
    },
  },
  'another-targets-key': {
    odd: 'The targets key is rotated, and the tag is moved at once.',
    anchor: 'TUF 5.6.3',
    story(scene) {
      scene.pull().publisher.rotate('targets', [ONE]);
      scene.sign('1', NEW).publish();
      scene.pull(NEW);
    },
  },
  'all-keys-at-once': {
    odd: 'Every key is rotated in one root.',
    anchor: 'TUF 5.3.11',
    story(scene) {
      const { publisher } = scene.pull();
      for (const [i, role] of ['root', 'timestamp', 'snapshot', 'targets'].entries())
        publisher.rotate(role, [OTHERS[i]!]);
      publisher.publish();
      scene.pull();
    },
  },
  'a-key-that-is-added': {
    odd: 'A second timestamp key is added beside the first one, which goes on signing.',
    anchor: 'TUF 5.3.11',
    story(scene) {
      const { publisher } = scene.pull();
      const { keys } = publisher.authority('timestamp');
      publisher.authorize('timestamp', { keys: [...keys, ONE] }).of('timestamp').signers = keys;
      publisher.publish();
      scene.pull();
    },
  },
  'back-from-the-highest-timestamp': {
    odd: 'A stolen timestamp key signed version 2^53 - 1; the key was rotated, and versions began anew.',
    anchor: 'TUF 5.3.11; TUF 1.5.2, fast-forward',
    story(scene) {
      scene.publisher.publish({ timestamp: Number.MAX_SAFE_INTEGER });
      scene.pull().publisher.rotate('timestamp', [ONE]).publish({ timestamp: 1 });
      scene.pull();
    },
  },
  'back-from-the-highest-snapshot': {
    odd: 'A stolen snapshot key signed version 2^53 - 1; that key alone was rotated.',
    anchor: 'TUF 5.3.11',
    story(scene) {
      scene.publisher.publish({ snapshot: Number.MAX_SAFE_INTEGER });
      scene.pull().publisher.rotate('snapshot', [ONE]).publish({ snapshot: 1 });
      scene.pull();
    },
  },
  'back-from-the-highest-targets': {
    odd: 'Targets were signed as version 2^53 - 1; the snapshot key was rotated with theirs.',
    anchor: 'TUF 5.3.11',
    story(scene) {
      scene.publisher.publish({ targets: Number.MAX_SAFE_INTEGER });
      scene.pull().publisher.rotate('targets', [ONE]).rotate('snapshot', [TWO]).publish({ targets: 1 });
      scene.pull();
    },
  },
  'back-from-the-highest-role': {
    odd: 'An owner signed version 2^53 - 1; the snapshot key was rotated, and the role began anew.',
    anchor: 'TUF 5.3.11',
    story(scene) {
      scene.publisher.delegate('owner', { paths: ['docker.io/library/*'] });
      scene.tag = '2';
      scene.sign('2', GOOD, 'owner').publish({ owner: Number.MAX_SAFE_INTEGER });
      scene.pull().publisher.rotate('snapshot', [ONE]);
      scene.sign('2', NEW, 'owner').publish({ owner: 1 });
      scene.pull(NEW);
    },
  },
  'consistent-snapshots-given-up': {
    odd: 'Files had versions in their names, and have none any more.',
    anchor: 'TUF 5.3.12',
    story(scene) {
      scene.pull().publisher.useConsistentSnapshots(false);
      scene.sign('1', NEW).publish();
      scene.pull(NEW);
    },
  },
  'consistent-snapshots-taken-up': {
    odd: 'Files had no versions in their names, and have them from now on.',
    anchor: 'TUF 5.3.12',
    story(scene) {
      scene.anew({ consistent: false }).pull().publisher.useConsistentSnapshots(true);
      scene.sign('1', NEW).publish();
      scene.pull(NEW);
    },
  },
  'an-owner-who-moves-in': {
    odd: 'A tag that targets signed is signed by a role of its own from now on.',
    anchor: 'TUF 5.6.7',
    story(scene) {
      const { publisher } = scene.pull();
      publisher.remove(`${scene.name}:1`).delegate(scene.name, { terminating: true });
      scene.sign('1', NEW, scene.name).publish();
      scene.pull(NEW);
    },
  },
  'an-owner-with-another-key': {
    odd: 'The key of a delegated role is rotated by its delegator.',
    anchor: 'TUF 5.6.3',
    story(scene) {
      scene.publisher.delegate('owner', { keys: [ONE], paths: ['docker.io/library/*'] });
      scene.tag = '2';
      scene.sign('2', GOOD, 'owner').publish();
      scene.pull().publisher.rotate('owner', [STRANGER]);
      scene.sign('2', NEW, 'owner').publish();
      scene.pull(NEW);
    },
  },
  'an-owner-who-is-passed-over-no-more': {
    odd: 'A role that is asked first names the tag from today; a later one did until now.',
    anchor: 'TUF 5.6.7',
    story(scene) {
      scene.publisher.delegate('first', { paths: ['docker.io/library/*'] });
      scene.publisher.delegate('second', { paths: ['docker.io/library/*'] });
      scene.tag = '2';
      scene.sign('2', GOOD, 'second').publish();
      scene.pull().sign('2', NEW, 'first').publish();
      scene.pull(NEW);
    },
  },
  'roles-that-are-listed-and-delegated-to-no-more': {
    odd: 'The snapshot goes on listing a role that nobody delegates to, as it must.',
    anchor: 'TUF 5.5.5',
    story(scene) {
      scene.publisher.delegate('owner', { paths: ['docker.io/library/*'] }).publish();
      scene.pull().publisher.undelegate('owner').publish();
      scene.pull();
    },
  },
});
