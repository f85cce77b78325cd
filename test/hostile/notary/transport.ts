import { gzipSync } from 'node:zlib';
import { DAY, GOOD, NEW, type NotaryScene } from './scene.ts';
import { attacks } from './stories.ts';

/** There is news, and the attacker stands between. */
function news(scene: NotaryScene): Buffer {
  return Buffer.from(scene.pull().publisher.sign('1', NEW, 2).publish().bytesOf('timestamp'));
}

/** Whoever sits on the network, or owns the server's machine but none of its keys. */
export const transport = attacks('transport', {
  'collection-gone': {
    move: 'Answers that there is no such collection any more.',
    lets: 'A publisher that was taken down is as good as one that never signed, or is served for weeks on.',
    anchor: 'notary-v1 pitfall 19; design section 5',
    expect: 'trust.withdrawn',
    learns: ['withdrawn'],
    story(scene) {
      scene.pull();
      for (const name of scene.publisher.files().keys()) scene.lie(name, undefined);
    },
  },
  'collection-never-there': {
    move: 'Answers that there is no trust data, for a collection that a rule says must be signed.',
    lets: 'Without signatures there is nothing to check, and the image goes through.',
    anchor: 'TUF 1.5.2; design section 3',
    expect: 'trust.unsigned',
    story(scene) {
      for (const name of scene.publisher.files().keys()) scene.lie(name, undefined);
    },
  },
  'root-chain-behind-an-error': {
    move: 'Answers 500 for the next root, which revokes a stolen key, and all else as it was.',
    lets: 'Any error ends the chain: the stolen key stays trusted.',
    anchor: 'TUF 5.3.3',
    expect: 'trust.unreachable',
    story: (scene) => void scene.pull().lie('2.root', { kind: 'status', status: 500 }),
  },
  'root-chain-behind-a-password': {
    move: 'Answers 403 for the next root, as some stores do for what they do not have.',
    lets: 'Whoever can take a permission away freezes the keys.',
    anchor: 'TUF 5.3.3; notary-v1 pitfall 19',
    expect: 'trust.unreachable',
    story: (scene) => void scene.pull().lie('2.root', { kind: 'status', status: 403 }),
  },
  elsewhere: {
    move: 'Redirects the request for the snapshot to another server.',
    lets: 'The token for the trust server travels to whoever asks.',
    anchor: 'notary-v1 pitfall 24',
    expect: 'trust.unreachable',
    learns: ['floor timestamp'],
    story(scene) {
      const location = 'http://127.0.0.2:9/snapshot.json';
      news(scene);
      scene.lie(scene.hashed('snapshot'), { kind: 'status', status: 302, headers: { location } });
    },
  },
  'frozen-behind-errors': {
    move: 'Answers 503 to everything until what the client holds has expired.',
    lets: 'Expiry that is looked at only when something is loaded never comes.',
    anchor: 'TUF 5.4.4; design section 5',
    expect: 'trust.unreachable',
    silences: true,
    story(scene) {
      scene.pull().wait(15 * DAY);
      for (const name of [...scene.publisher.files().keys(), '2.root']) {
        scene.lie(name, { kind: 'status', status: 503 });
      }
    },
  },
  'slowed-down': {
    move: 'Too many requests, says the server, for ever.',
    lets: 'A frozen client that takes it for an answer.',
    anchor: 'notary-v1 pitfall 19',
    expect: 'trust.unreachable',
    story: (scene) => void scene.pull().lie('timestamp', { kind: 'status', status: 429 }),
  },
  'behind-a-challenge': {
    move: 'Asks for a password for the timestamp.',
    lets: 'A lapsed password looks like an outage, and freezes the client unseen.',
    anchor: 'notary-v1 pitfalls 19 and 27',
    expect: 'trust.unreachable',
    story(scene) {
      const headers = { 'www-authenticate': 'Basic realm="x"' };
      scene.pull().lie('timestamp', { kind: 'status', status: 401, headers });
    },
  },
  endless: {
    move: 'Begins a good timestamp and never ends it.',
    lets: 'One request fills the memory of the gate.',
    anchor: 'TUF 5.4.1; TUF 1.5.2, endless data',
    expect: 'trust.too-large',
    story(scene) {
      const bytes = news(scene);
      scene.lie('timestamp', { kind: 'endless', bytes });
    },
  },
  'announced-too-long': {
    move: 'Serves a root of more than a megabyte.',
    lets: 'It is parsed before any of its signatures is checked: a gigabyte of it takes the gate down.',
    anchor: 'TUF 5.3.3; notary-v1 pitfall 16',
    expect: 'trust.too-large',
    story: (scene) => void scene.pull().lie('2.root', Buffer.alloc((1 << 20) + 1, ' ')),
  },
  'longer-than-named': {
    move: 'Appends spaces to a snapshot beyond the length that the timestamp gives.',
    lets: 'What was signed for as small is read however long it is.',
    anchor: 'TUF 5.5.1',
    expect: 'trust.too-large',
    learns: ['floor timestamp'],
    story(scene) {
      news(scene);
      const padded = Buffer.concat([scene.publisher.bytesOf('snapshot'), Buffer.alloc(9, ' ')]);
      scene.lie(scene.hashed('snapshot'), padded);
    },
  },
  'cut-off': {
    move: 'Closes the connection in the middle of the timestamp.',
    lets: 'Half a file is taken for a whole one.',
    anchor: 'notary-v1 pitfall 29',
    expect: 'trust.unreachable',
    story(scene) {
      const bytes = news(scene);
      scene.lie('timestamp', { kind: 'cut', bytes });
    },
  },
  'byte-by-byte': {
    move: 'Sends a byte now and then, so that no silence is ever long enough.',
    lets: 'Every pull waits until it is given up, with a limit on silence alone.',
    anchor: 'TUF 1.5.2, slow retrieval',
    expect: 'trust.unreachable',
    story(scene) {
      const bytes = news(scene);
      scene.lie('timestamp', { kind: 'stall', bytes });
    },
  },
  compressed: {
    move: 'Compresses megabytes of spaces into the next root, which nobody asked to be compressed.',
    lets: 'Limits that count bytes on the wire do not see what comes out of them.',
    anchor: 'notary-v1 pitfall 29',
    expect: 'trust.malformed',
    story(scene) {
      const { publisher } = scene.pull();
      const next = publisher.touch('root').publish().bytesOf('root');
      const bytes = gzipSync(Buffer.concat([next, Buffer.alloc(8 << 20, ' ')]));
      scene.lie('2.root', { kind: 'bytes', bytes, headers: { 'content-encoding': 'gzip' } });
    },
  },
  'clock-set-back': {
    move: "Sets the client's clock back to when a role that has expired since was still valid.",
    lets: 'What has expired lives again: a revoked image, under a key that was given up.',
    anchor: 'TUF 5.1; design section 5',
    expect: 'trust.expired',
    story(scene) {
      const { publisher } = scene;
      publisher.delegate('targets/releases').sign('1', GOOD, 1_024, 'targets/releases');
      publisher.of('targets/releases').expires = scene.clock + DAY;
      publisher.publish();
      scene
        .wait(2 * DAY)
        .configure({ signers: { atLeast: 1, of: ['targets'] } })
        .pull();
      scene.configure({ signers: { atLeast: 1, of: ['targets/releases'] } }).clock -= 2 * DAY;
    },
  },
});
