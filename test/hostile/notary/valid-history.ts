import { plainKey, rootKey } from '../../../src/simulator/notary-key.ts';
import { delegationKey } from '../../../src/simulator/notary-repository.ts';
import { certified } from './keys.ts';
import { DAY, GOOD, GUN, HOUR, memberOf, MINUTE, NEW, NOW, type NotaryScene } from './scene.ts';
import { oddities } from './stories.ts';

const RELEASES = 'targets/releases';
const ROLES = ['root', 'targets', 'snapshot', 'timestamp', RELEASES] as const;

/** Any expiry that RFC 3339 allows and that lies ahead. */
const EXPIRIES: Readonly<Record<string, readonly [odd: string, text: string]>> = {
  'local-offset': ["in the publisher's own time zone, with nine digits", '2030-01-01T00:00:00.941058736-08:00'],
  'eastern-offset': ['in a zone ahead of UTC by a quarter of an hour', '2030-01-01T00:00:00+05:45'],
  'one-digit': ['with one digit of fraction', '2030-01-01T00:00:00.5Z'],
  'leap-day': ['on a leap day', '2028-02-29T23:59:59Z'],
  'far-off': ['in the year 9999', '9999-12-31T23:59:59Z'],
  'zero-offset': ['at an offset of zero, which is not written Z', '2030-01-01T00:00:00-00:00'],
};

const EXPIRY_STORIES = Object.fromEntries(
  Object.entries(EXPIRIES).map(([name, [odd, text]]) => [
    `expiry-${name}`,
    {
      odd: `Everything expires ${odd}.`,
      anchor: 'notary-v1 pitfall 28',
      story(scene: NotaryScene) {
        for (const role of ['root', 'targets', 'snapshot', 'timestamp']) {
          scene.edit(role, (signed) => (signed['expires'] = text));
        }
        scene.pull();
      },
    },
  ]),
);

/** Two of three must sign, and two do: the first of them does not. */
function twoOfThree(scene: NotaryScene, role: string): void {
  const { publisher } = scene.onFirstUse();
  const make = (): ReturnType<typeof plainKey> => (role === 'root' ? rootKey(GUN, NOW) : plainKey('ecdsa'));
  const keys = [make(), make(), make()];
  if (role === RELEASES) publisher.delegate(RELEASES, { keys, threshold: 2 }).sign('1', GOOD, 1_024, RELEASES);
  else publisher.rotate(role, keys);
  const state = publisher.of(role);
  state.threshold = 2;
  state.signers = [...(role === 'root' ? state.signers!.slice(0, 1) : []), ...keys.slice(1)];
  publisher.publish();
  scene.pull();
}

const THRESHOLDS = Object.fromEntries(
  ROLES.map((role) => [
    `threshold-of-${role.replace('/', '-')}`,
    {
      odd: `Two of three keys must sign ${role}; the last two have.`,
      anchor: 'TUF 5.3.4; notary-v1 section 2',
      story: (scene: NotaryScene) => twoOfThree(scene, role),
    },
  ]),
);

const ROTATIONS = Object.fromEntries(
  ROLES.map((role) => [
    `rotation-of-${role.replace('/', '-')}`,
    {
      odd: `The key of ${role} is rotated, then a tag moves.`,
      anchor: 'notary-v1 section 6',
      story(scene: NotaryScene) {
        const { publisher } = scene.onFirstUse();
        if (role === RELEASES) publisher.delegate(RELEASES).sign('1', GOOD, 1_024, RELEASES).publish();
        scene.pull();
        publisher.rotate(role, role === RELEASES ? [delegationKey(RELEASES, NOW)] : undefined).publish();
        scene.pull();
        publisher.sign('1', NEW, 2, role === RELEASES ? RELEASES : 'targets').publish();
        scene.pull(NEW);
      },
    },
  ]),
);

/** With a stolen key a version without end was signed; the publisher rotates the key and starts again at 1. */
const RECOVERIES = Object.fromEntries(
  (['timestamp', 'snapshot', 'targets', RELEASES] as const).map((role) => [
    `recovery-of-${role.replace('/', '-')}`,
    {
      odd: `A thief has signed ${role} with the highest version there is; after a rotation it begins at 1 again.`,
      anchor: 'TUF 5.3.11; notary-v1 pitfall 17',
      story(scene: NotaryScene) {
        const { publisher } = scene;
        if (role === RELEASES) publisher.delegate(RELEASES).sign('1', GOOD, 1_024, RELEASES).publish();
        publisher.of(role).version = 2 ** 53 - 2;
        publisher.touch(role).publish();
        scene.pull();
        publisher.of(role).version = 0;
        publisher.rotate(role, role === RELEASES ? [delegationKey(RELEASES, NOW)] : undefined).publish();
        scene.pull();
      },
    },
  ]),
);

export const validHistory = oddities('history', {
  ...EXPIRY_STORIES,
  ...THRESHOLDS,
  ...ROTATIONS,
  ...RECOVERIES,
  'timestamp-unchanged-for-thirteen-days': {
    odd: 'The server has signed no new timestamp for thirteen days, as it does when nothing is published.',
    anchor: 'notary-v1 pitfall 32',
    story: (scene) =>
      void scene
        .pull()
        .wait(13 * DAY)
        .pull(),
  },
  'timestamp-with-minutes-to-live': {
    odd: 'The timestamp expires in three minutes.',
    anchor: 'notary-v1 pitfall 32',
    story: (scene) => void scene.wait(14 * DAY - 3 * MINUTE).pull(),
  },
  'timestamp-signed-again': {
    odd: 'Only the timestamp is new: the server signed it when the old one had ended.',
    anchor: 'notary-v1 section 6, regeneration',
    story(scene) {
      scene.pull().wait(15 * DAY);
      scene.publisher.of('timestamp').expires = scene.clock + 14 * DAY;
      scene.publisher.resign('timestamp');
      scene.pull();
    },
  },
  'snapshot-signed-again': {
    odd: 'The server holds the snapshot key too, and signs a new one over the same files.',
    anchor: 'notary-v1 section 6, regeneration',
    story(scene) {
      scene.pull().publisher.publish();
      scene.pull();
    },
  },
  'versions-leap': {
    odd: 'Versions go up by a thousand at once.',
    anchor: 'TUF 5.4.3',
    story(scene) {
      scene.pull();
      for (const role of ['targets', 'snapshot', 'timestamp']) scene.publisher.of(role).version += 1_000;
      scene.publisher.touch('targets').publish();
      scene.pull();
    },
  },
  'versions-beyond-2-to-the-31': {
    odd: 'A version does not fit into 32 bits.',
    anchor: 'notary-v1 section 2',
    story(scene) {
      scene.publisher.of('timestamp').version = 2 ** 31;
      scene.publisher.publish();
      scene.pull();
    },
  },
  'tag-that-moves': {
    odd: 'A tag moves, and moves back.',
    anchor: 'notary-v1 section 5',
    story(scene) {
      scene.pull().publisher.sign('1', NEW, 2).publish();
      scene.pull(NEW).publisher.sign('1', GOOD, 1_024).publish();
      scene.pull();
    },
  },
  'tag-that-was-revoked': {
    odd: 'A tag is revoked while nobody looks, and signed again.',
    anchor: 'notary-v1 section 5',
    story(scene) {
      scene.pull().publisher.revoke('1').publish().sign('1', NEW, 2).publish();
      scene.pull(NEW);
    },
  },
  'many-publishes-unseen': {
    odd: 'Twenty publishes went by since the last pull.',
    anchor: 'TUF 5.4.3',
    story(scene) {
      scene.pull();
      for (let i = 0; i < 20; i++) scene.publisher.sign(`x${i}`, NEW, i).publish();
      scene.pull();
    },
  },
  'roots-unseen': {
    odd: 'The root key was rotated six times since the last pull.',
    anchor: 'TUF 5.3.3',
    story(scene) {
      scene.onFirstUse().pull();
      for (let i = 0; i < 6; i++) scene.publisher.rotate('root').publish();
      scene.pull();
    },
  },
  'root-in-the-chain-expired': {
    odd: 'A root in the middle of the chain has expired; the newest has not.',
    anchor: 'TUF 5.3.6',
    story(scene) {
      const root = scene.onFirstUse().pull().publisher.of('root');
      const { expires } = root;
      root.expires = NOW + MINUTE;
      scene.publisher.touch('root').publish();
      root.expires = expires;
      scene.publisher.touch('root').publish();
      scene.pull();
    },
  },
  'certificate-in-the-chain-expired': {
    odd: "The certificate of an older root ended since; Notary's own client would give up here.",
    anchor: 'notary-v1 pitfall 13',
    story(scene) {
      const { publisher } = scene.onFirstUse();
      publisher.rotate('root', [certified({ notAfter: NOW + DAY })]).publish();
      scene.pull().wait(2 * DAY);
      publisher.rotate('root').publish();
      scene.pull();
    },
  },
  'first-root-from-a-cache': {
    odd: 'A cache still has a root.json of two versions ago; the ones after it are there by their versions.',
    anchor: 'notary-v1 pitfall 20',
    story(scene) {
      const old = scene.onFirstUse().publisher.bytesOf('root');
      scene.publisher.rotate('root').publish().rotate('root').publish();
      scene.lie('root', old).pull();
    },
  },
  'everything-rotated-at-once': {
    odd: 'Every key of the collection is new.',
    anchor: 'TUF 5.3.11',
    story(scene) {
      scene.onFirstUse().pull();
      for (const role of ['root', 'targets', 'snapshot', 'timestamp']) scene.publisher.rotate(role);
      scene.publisher.publish();
      scene.pull();
    },
  },
  'key-added': {
    odd: 'A second key is added to the timestamp, and signs alone.',
    anchor: 'TUF 5.3.11',
    story(scene) {
      const added = plainKey('ecdsa');
      const role = scene.pull().publisher.of('timestamp');
      scene.publisher.rotate('timestamp', [...role.keys, added]);
      role.signers = [added];
      scene.publisher.publish();
      scene.pull();
    },
  },
  'online-keys-in-one-hand': {
    odd: 'One key signs timestamp, snapshot and targets.',
    anchor: 'TUF 4.3',
    story(scene) {
      const { keys } = scene.publisher.of('timestamp');
      scene.publisher.rotate('targets', keys).rotate('snapshot', keys).publish();
      scene.pull();
    },
  },
  'retired-certificates-kept': {
    odd: 'The root still lists the certificates of former root keys, and roles called root.1 and root/3.',
    anchor: 'notary-v1 pitfall 31',
    story(scene) {
      const [first, third] = [certified(), certified({ notAfter: NOW - DAY })];
      scene.edit('root', (signed) => {
        for (const key of [first, third]) memberOf(signed, 'keys')[key.keyId] = key.entry;
        memberOf(signed, 'roles')['root.1'] = { keyids: [first.keyId], threshold: 1 };
        memberOf(signed, 'roles')['root/3'] = { keyids: [third.keyId], threshold: 1 };
      });
      scene.pull();
    },
  },
  'broken-keys-that-nobody-uses': {
    odd: 'The root lists keys that are nonsense, and gives them to nobody.',
    anchor: 'notary-v1 section 2',
    story(scene) {
      scene.edit('root', (signed) => Object.assign(memberOf(signed, 'keys'), { x: null, y: { keytype: 7 } })).pull();
    },
  },
  'consistent-snapshot-true': {
    odd: 'The root says that snapshots are consistent, which means nothing in Notary.',
    anchor: 'notary-v1 section 1',
    story: (scene) => void scene.edit('root', (signed) => (signed['consistent_snapshot'] = true)).pull(),
  },
  'consistent-snapshot-missing': {
    odd: 'The root does not say whether snapshots are consistent.',
    anchor: 'TUF 4.3',
    story: (scene) => void scene.edit('root', (signed) => delete signed['consistent_snapshot']).pull(),
  },
  'sha256-alone': {
    odd: 'Entries have a sha256 and no sha512, as the oldest Notary wrote them.',
    anchor: 'notary-v1 section 2',
    story(scene) {
      scene.edit('snapshot', (signed) => delete memberOf(signed, 'meta.targets.hashes')['sha512']);
      scene.edit('timestamp', (signed) => delete memberOf(signed, 'meta.snapshot.hashes')['sha512']).pull();
    },
  },
  'lengths-too-large': {
    odd: 'An entry gives a length that its file does not reach.',
    anchor: 'notary-v1 section 3, hash checks',
    story: (scene) =>
      void scene.edit('timestamp', (signed) => (memberOf(signed, 'meta.snapshot')['length'] = 9_999)).pull(),
  },
  'signature-of-nobody': {
    odd: 'A good signature stands behind one of a key that nobody knows.',
    anchor: 'notary-v1 pitfall 11',
    story(scene) {
      const role = scene.publisher.of('timestamp');
      role.signers = [plainKey('ecdsa'), ...role.keys];
      scene.publisher.publish();
      scene.pull();
    },
  },
  'signatures-of-older-roots': {
    odd: 'A root has signatures of older root keys too, for clients of long ago.',
    anchor: 'notary-v1 section 6, rotation',
    story(scene) {
      const { publisher } = scene.onFirstUse();
      const root = publisher.of('root');
      const old = [...root.keys];
      publisher.rotate('root').publish().rotate('root').publish();
      scene.pull();
      publisher.rotate('root');
      root.signers = [...old, ...root.signers!];
      publisher.publish();
      scene.pull();
    },
  },
  'signature-empty': {
    odd: 'An empty signature stands before the good one, for a signer who was absent.',
    anchor: 'TUF 5.4.2',
    story: (scene) => void scene.rewrite('timestamp', besides('"sig":""')).pull(),
  },
  'signature-damaged': {
    odd: 'A signature that is no base64 stands before the good one.',
    anchor: 'notary-v1 pitfall 11',
    story: (scene) => void scene.rewrite('timestamp', besides('"sig":"?"')).pull(),
  },
  'signature-by-an-unknown-method': {
    odd: 'A signature by a method of the future stands before the good one.',
    anchor: 'notary-v1 pitfall 11',
    story: (scene) => void scene.rewrite('timestamp', besides('"method":"ml-dsa","sig":"AAAA"')).pull(),
  },
  'signature-twice': {
    odd: 'The one signature that is needed stands there twice.',
    anchor: 'notary-v1 section 2, threshold counting',
    story(scene) {
      const role = scene.publisher.of('timestamp');
      role.signers = [...role.keys, ...role.keys];
      scene.publisher.publish();
      scene.pull();
    },
  },
  'sixty-four-signatures': {
    odd: 'Sixty-four signatures, of which the last is good.',
    anchor: 'limits',
    story(scene) {
      const role = scene.publisher.of('timestamp');
      role.signers = [...Array.from({ length: 63 }, () => plainKey('ecdsa')), ...role.keys];
      scene.publisher.publish();
      scene.pull();
    },
  },
  'a-day-without-news': {
    odd: 'Twelve pulls in a day, and nothing new.',
    anchor: 'TUF 5.4.3',
    story(scene) {
      for (let i = 0; i < 12; i++) scene.pull().wait(HOUR);
    },
  },
});

/** The first signature once more, spoilt, before the good one. */
function besides(member: string): (text: string) => string {
  return (text) =>
    text.replace(/\[\{"keyid":"([^"]+)"/, (found, id: string) => {
      const method = member.includes('"method"') ? '' : '"method":"ecdsa",';
      return `[{"keyid":"${id}",${method}${member}},${found.slice(1)}`;
    });
}
