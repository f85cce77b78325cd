import { gzipSync } from 'node:zlib';
import type { Answer } from '../case.ts';
import { DAY, GOOD, LEARNED, NEW, type TufScene } from './scene.ts';
import { attacks } from './stories.ts';

/** There is news, and the attacker stands between. */
function news(scene: TufScene): Uint8Array {
  return scene.pull().sign('1', NEW).publish().at('timestamp');
}

const status = (status: number, headers: Readonly<Record<string, string>> = {}): Answer => ({
  kind: 'status',
  status,
  headers,
});

/** Whoever sits on the network, or owns the web server but none of its keys. */
export const transport = attacks('transport', {
  'repository-gone': {
    move: 'Answers 404 to everything, for a repository that was there.',
    lets: 'What the policy requires is taken for not required any more.',
    anchor: 'design section 3; ADR 7',
    expect: 'trust.unreachable',
    story(scene) {
      scene.pull();
      for (const [path] of scene.publisher.files.paths()) scene.lie(decodeURIComponent(path), undefined);
    },
  },
  'repository-never-there': {
    move: 'Answers 404 to everything, from the first request on.',
    lets: 'Without signatures there is nothing to check, and the image goes through.',
    anchor: 'design section 3',
    expect: 'trust.unreachable',
    learns: ['root 1'],
    story(scene) {
      for (const [path] of scene.publisher.files.paths()) scene.lie(decodeURIComponent(path), undefined);
      scene.lie('1.root.json', scene.publisher.at('root'));
    },
  },
  'root-chain-behind-an-error': {
    move: 'Answers 500 for the next root, which revokes a stolen key, and all else as it was.',
    lets: 'Any error ends the chain: the stolen key stays trusted.',
    anchor: 'TUF 5.3.3',
    expect: 'trust.unreachable',
    story: (scene) => void scene.pull().lie('2.root.json', status(500)),
  },
  'root-chain-behind-a-password': {
    move: 'Answers 403 for the next root, as some stores do for what they do not have.',
    lets: 'Whoever can take a permission away freezes the keys: python-tuf and tuf-js end the chain there.',
    anchor: 'TUF 5.3.3; ADR 7',
    expect: 'trust.unreachable',
    story: (scene) => void scene.pull().lie('2.root.json', status(403)),
  },
  'root-chain-elsewhere': {
    move: 'Redirects the request for the next root to another server.',
    lets: 'The gate asks whomever it is told to, with its credentials.',
    anchor: 'design section 5',
    expect: 'trust.unreachable',
    story: (scene) => void scene.pull().lie('2.root.json', status(302, { location: 'http://127.0.0.2:9/2.root.json' })),
  },
  'frozen-behind-errors': {
    move: 'Answers 503 to everything until what the client holds has expired.',
    lets: 'Expiry that is looked at only when something is loaded never comes.',
    anchor: 'TUF 5.4.4; TUF 1.5.2, indefinite freeze',
    expect: 'trust.unreachable',
    story(scene) {
      scene.pull().wait(2 * DAY);
      for (const name of ['2.root.json', 'timestamp.json']) scene.lie(name, status(503));
    },
  },
  'slowed-down': {
    move: 'Too many requests, says the server, for ever.',
    lets: 'A frozen client that takes it for an answer.',
    anchor: 'TUF 5.3.3',
    expect: 'trust.unreachable',
    story: (scene) => void scene.pull().lie('timestamp.json', status(429, { 'retry-after': '86400' })),
  },
  'behind-a-challenge': {
    move: 'Asks for a password for the timestamp.',
    lets: 'A lapsed password looks like an outage, and freezes the client unseen.',
    anchor: 'design section 5',
    expect: 'trust.unreachable',
    story: (scene) => void scene.pull().lie('timestamp.json', status(401, { 'www-authenticate': 'Basic realm="x"' })),
  },
  'endless-timestamp': {
    move: 'Begins a good timestamp and never ends it.',
    lets: 'One request fills the memory of the gate.',
    anchor: 'TUF 5.4.1; TUF 1.5.2, endless data',
    expect: 'trust.too-large',
    story(scene) {
      scene.lie('timestamp.json', { kind: 'endless', bytes: news(scene) });
    },
  },
  'endless-root': {
    move: 'Begins a next root and never ends it.',
    lets: 'It is read before any of its signatures can be checked: one request fills the memory of the gate.',
    anchor: 'TUF 5.3.3',
    expect: 'trust.too-large',
    story(scene) {
      scene.pull().publisher.touch('root').publish();
      scene.lie('2.root.json', { kind: 'endless', bytes: scene.publisher.at('root') });
    },
  },
  'endless-snapshot': {
    move: 'Begins a good snapshot, whose length nobody signed, and never ends it.',
    lets: 'Where no length is listed there is no limit.',
    anchor: 'TUF 5.5.1; TUF 1.5.2, endless data',
    expect: 'trust.too-large',
    learns: LEARNED.snapshot,
    story(scene) {
      news(scene);
      scene.lieAbout('snapshot', { kind: 'endless', bytes: scene.publisher.at('snapshot') });
    },
  },
  'longer-than-named': {
    move: 'Appends spaces to targets beyond the length that the snapshot gives.',
    lets: 'What was signed for as small is read however long it is.',
    anchor: 'TUF 5.6.1',
    expect: 'trust.too-large',
    learns: LEARNED.targets,
    story(scene) {
      news(scene.anew({ hashed: true }));
      scene.lieAbout('targets', Buffer.concat([scene.publisher.at('targets'), Buffer.alloc(9, ' ')]));
    },
  },
  'cut-off': {
    move: 'Closes the connection in the middle of the timestamp.',
    lets: 'Half a file is taken for a whole one.',
    anchor: 'TUF 1.5.2, endless data',
    expect: 'trust.unreachable',
    story(scene) {
      scene.lie('timestamp.json', { kind: 'cut', bytes: news(scene) });
    },
  },
  'never-answered': {
    move: 'Takes the request and says nothing.',
    lets: 'Every pull waits until it is given up.',
    anchor: 'TUF 1.5.2, slow retrieval',
    expect: 'trust.unreachable',
    story: (scene) => void scene.pull().lie('timestamp.json', { kind: 'hang' }),
  },
  'byte-by-byte': {
    move: 'Sends a byte now and then, so that no silence is ever long enough.',
    lets: 'Every pull waits until it is given up, with a limit on silence alone.',
    anchor: 'TUF 1.5.2, slow retrieval',
    expect: 'trust.unreachable',
    learns: LEARNED.snapshot,
    story(scene) {
      news(scene);
      scene.lieAbout('snapshot', { kind: 'stall', bytes: scene.publisher.at('snapshot') });
    },
  },
  compressed: {
    move: 'Compresses megabytes of spaces into a timestamp that nobody asked to be compressed.',
    lets: 'Limits that count bytes on the wire do not see what comes out of them.',
    anchor: 'TUF 1.5.2, endless data',
    expect: 'trust.malformed',
    story(scene) {
      const bytes = gzipSync(Buffer.concat([news(scene), Buffer.alloc(8 << 20, ' ')]));
      scene.lie('timestamp.json', { kind: 'bytes', bytes, headers: { 'content-encoding': 'gzip' } });
    },
  },
  'clock-set-back': {
    move: "Sets the client's clock back to when a role that has expired since was still valid.",
    lets: 'What has expired lives again: a revoked image, under a key that was given up.',
    anchor: 'TUF 5.1',
    expect: 'trust.expired',
    story(scene) {
      const { publisher } = scene;
      publisher.delegate('short', { paths: ['docker.io/library/alpine:2'] }).of('short').expires = scene.clock + DAY;
      publisher.of('timestamp').expires += 9 * DAY;
      scene.sign('2', GOOD, 'short').publish();
      scene.wait(2 * DAY).pull();
      scene.tag = '2';
      scene.clock -= 2 * DAY;
    },
  },
});
