import type { Plain } from '../../../src/simulator/notary-document.ts';
import { issueCertificate } from '../../../src/simulator/notary-certificate.ts';
import { certifiedKey } from '../../../src/simulator/notary-key.ts';
import { delegationKey } from '../../../src/simulator/notary-repository.ts';
import { DAY, EVIL, GOOD, memberOf, NEW, NOW, type NotaryScene } from './scene.ts';
import { attacks } from './stories.ts';

const BEFORE = ['floor timestamp', 'floor snapshot'];
const TOP = [...BEFORE, 'floor targets'];
const RELEASES = 'targets/releases';

/** The tag is signed in `targets/releases`; in `targets` an older digest is left over. */
function released(scene: NotaryScene): NotaryScene['publisher'] {
  return scene.publisher.delegate(RELEASES).sign('1', EVIL, 9).sign('1', GOOD, 1_024, RELEASES).publish();
}

function firstRole(signed: Plain): Plain {
  return (memberOf(signed, 'delegations')['roles'] as Plain[])[0]!;
}

/** The tree below targets: what the snapshot key alone can hide, and what one signer can do to another. */
export const delegations = attacks('delegation', {
  'releases-hidden': {
    move: 'With the snapshot key, leaves targets/releases out of the snapshot.',
    lets: "Docker's client falls back on targets without a word, where the tag names an older image.",
    anchor: 'notary-v1 pitfall 21',
    expect: 'trust.signer-missing',
    learns: [...BEFORE, 'view'],
    story(scene) {
      const publisher = released(scene);
      scene.pull();
      publisher.unlisted.add(RELEASES);
      publisher.publish();
    },
  },
  'releases-expired': {
    move: 'Lets targets/releases expire.',
    lets: "Docker's client falls back on targets without a word, where the tag names an older image.",
    anchor: 'notary-v1 pitfall 21; CVE-2026-6967',
    expect: 'trust.expired',
    learns: [...BEFORE, 'view'],
    story(scene) {
      const publisher = released(scene);
      scene.pull();
      publisher.of(RELEASES).expires = scene.clock;
      publisher.touch(RELEASES).publish();
    },
  },
  'releases-signed-by-the-delegator': {
    move: 'With the targets key, signs targets/releases.',
    lets: 'Whoever delegates speaks for those delegated to, behind their back: CVE-2026-6966.',
    anchor: 'TUF 5.6.3; CVE-2026-6966',
    expect: 'trust.signature',
    learns: [...BEFORE, 'view'],
    story(scene) {
      const publisher = released(scene);
      scene.pull();
      publisher.of(RELEASES).signers = publisher.of('targets').keys;
      publisher.sign('1', EVIL, 9, RELEASES).publish();
    },
  },
  'releases-signed-twice-by-one': {
    move: 'Signs targets/releases, which needs two, twice with one key.',
    lets: 'A threshold that counts signatures is met by one person: CVE-2026-6966.',
    anchor: 'TUF 5.6.3; CVE-2020-6174',
    expect: 'trust.threshold',
    learns: [...BEFORE, 'view'],
    story(scene) {
      const keys = [delegationKey(RELEASES, NOW), delegationKey(RELEASES, NOW)];
      scene.publisher.delegate(RELEASES, { keys, threshold: 2 }).sign('1', GOOD, 1_024, RELEASES).publish();
      scene.pull();
      scene.publisher.of(RELEASES).signers = [keys[0]!, keys[0]!];
      scene.publisher.sign('1', EVIL, 9, RELEASES).publish();
    },
  },
  'goes-back': {
    move: 'With the online keys, lists an old targets/releases in a new snapshot.',
    lets: "One signer's images go back, under the fresh word of all others: CVE-2025-2887.",
    anchor: 'TUF 5.5.5; CVE-2025-2887',
    expect: 'trust.rollback',
    learns: BEFORE,
    story(scene) {
      const publisher = released(scene);
      publisher.sign('1', NEW, 2, RELEASES).publish();
      scene.pull(NEW);
      publisher.of(RELEASES).version = 0;
      publisher.touch(RELEASES).publish();
    },
  },
  'other-bytes-under-its-hash': {
    move: 'Serves an old targets/releases under the hash that the snapshot names.',
    lets: 'Hashes that are checked for the top only bind nothing below: CVE-2026-6967.',
    anchor: 'TUF 5.6.2; CVE-2026-6967',
    expect: 'trust.hash',
    learns: BEFORE,
    story(scene) {
      const publisher = released(scene);
      scene.pull();
      const old = publisher.bytesOf(RELEASES);
      publisher.sign('1', NEW, 1_024, RELEASES).publish();
      scene.lie(scene.hashed(RELEASES), old);
    },
  },
  'of-another-type': {
    move: 'Signs a targets/releases that calls itself a root.',
    lets: 'A file that was signed to say one thing is taken to say another.',
    anchor: 'TUF 4.2',
    expect: 'trust.malformed',
    learns: BEFORE,
    story(scene) {
      released(scene);
      scene.pull().edit(RELEASES, (signed) => (signed['_type'] = 'Root'));
    },
  },
  'to-one-role-twice': {
    move: 'Delegates to one role twice, with other keys.',
    lets: 'Which keys hold depends on who reads the list.',
    anchor: 'notary-v1 pitfall 25',
    expect: 'trust.malformed',
    learns: BEFORE,
    story(scene) {
      released(scene);
      scene.pull().edit('targets', (signed) => {
        (memberOf(signed, 'delegations')['roles'] as Plain[]).push({ ...firstRole(signed), paths: [] });
      });
    },
  },
  'to-a-grandchild': {
    move: 'Delegates from targets straight to targets/releases/qa.',
    lets: 'A role gets keys that its own delegator never gave it.',
    anchor: 'notary-v1 section 2',
    expect: 'trust.malformed',
    learns: BEFORE,
    story(scene) {
      released(scene);
      scene.pull().edit('targets', (signed) => (firstRole(signed)['name'] = 'targets/releases/qa'));
    },
  },
  'to-a-path': {
    move: 'Delegates to a role called targets/../root.',
    lets: 'A name becomes a path of a URL or a file: CVE-2021-41131.',
    anchor: 'notary-v1 pitfall 24; CVE-2021-41131',
    expect: 'trust.malformed',
    learns: BEFORE,
    story(scene) {
      released(scene);
      scene.pull().edit('targets', (signed) => (firstRole(signed)['name'] = 'targets/../root'));
    },
  },
  'to-an-endless-name': {
    move: 'Delegates to a role whose name has three hundred characters.',
    lets: 'Names that no file system takes end the update of whoever stores them.',
    anchor: 'notary-v1 pitfalls 24 and 25',
    expect: 'trust.malformed',
    learns: BEFORE,
    story(scene) {
      released(scene);
      scene.pull().edit('targets', (signed) => (firstRole(signed)['name'] = `targets/${'a'.repeat(300)}`));
    },
  },
  'with-a-threshold-of-zero': {
    move: 'Delegates to a role that needs no signature.',
    lets: 'Zero of zero keys have signed, and that is enough: CVE-2026-23992.',
    anchor: 'TUF 4.5; CVE-2026-23992',
    expect: 'trust.malformed',
    learns: BEFORE,
    story(scene) {
      released(scene);
      scene.pull().edit('targets', (signed) => (firstRole(signed)['threshold'] = 0));
    },
  },
  'without-a-name': {
    move: 'Delegates to a role without a name.',
    lets: 'The gate is down.',
    anchor: 'CVE-2026-23991',
    expect: 'trust.malformed',
    learns: BEFORE,
    story(scene) {
      released(scene);
      scene.pull().edit('targets', (signed) => delete firstRole(signed)['name']);
    },
  },
  'to-a-list-of-numbers': {
    move: 'Signs numbers where delegated roles belong.',
    lets: 'The gate is down.',
    anchor: 'CVE-2026-23991',
    expect: 'trust.malformed',
    learns: BEFORE,
    story(scene) {
      released(scene);
      scene.pull().edit('targets', (signed) => (memberOf(signed, 'delegations')['roles'] = [1]));
    },
  },
  'in-no-list': {
    move: 'Signs an object where the list of delegated roles belongs.',
    lets: "The order of roles, which decides who is asked first, is anybody's guess: CVE-2024-47534.",
    anchor: 'TUF 5.6.7; CVE-2024-47534',
    expect: 'trust.malformed',
    learns: BEFORE,
    story(scene) {
      released(scene);
      scene.pull().edit('targets', (signed) => (memberOf(signed, 'delegations')['roles'] = {}));
    },
  },
  'to-hundreds-of-roles': {
    move: 'Delegates to 256 roles, each with a file, which with targets itself is one too many.',
    lets: 'One pull makes the gate fetch and verify without end.',
    anchor: 'TUF 5.6.7.1; notary-v1 pitfall 25',
    expect: 'trust.too-large',
    learns: TOP,
    story(scene) {
      const { publisher } = scene.pull();
      const keys = publisher.of('targets').keys;
      for (let i = 0; i < 256; i++) publisher.delegate(`targets/r${i}`, { keys });
      publisher.publish();
    },
  },
  'to-one-key-hundreds-of-times': {
    move: 'Delegates to three hundred roles that have no files, all to one key that is a long bundle of certificates.',
    lets: 'The bundle is read once for each role, and the gate stands still for as long.',
    anchor: 'notary-v1 pitfall 25',
    expect: 'trust.too-large',
    learns: BEFORE,
    story(scene) {
      const leaf = issueCertificate({ commonNames: ['x'], notBefore: NOW, notAfter: NOW + DAY });
      const { keyId, entry } = certifiedKey(leaf.pem.repeat(100), leaf.keys);
      const roles = Array.from({ length: 300 }, (_, i) => ({
        ...{ name: `targets/r${i}`, paths: [''] },
        ...{ keyids: [keyId], threshold: 1 },
      }));
      scene.pull().edit('targets', (signed) => (signed['delegations'] = { keys: { [keyId]: entry }, roles }));
    },
  },
  'without-end': {
    move: 'Delegates seventeen levels deep.',
    lets: 'One pull makes the gate fetch and verify without end.',
    anchor: 'TUF 5.6.7.1; notary-v1 pitfall 25',
    expect: 'trust.too-large',
    learns: [...TOP, ...Array.from({ length: 15 }, (_, i) => `floor targets${'/d'.repeat(i + 1)}`)],
    story(scene) {
      const { publisher } = scene.pull();
      const keys = publisher.of('targets').keys;
      for (let depth = 1; depth < 18; depth++) publisher.delegate(`targets${'/d'.repeat(depth)}`, { keys });
      publisher.publish();
    },
  },
});
