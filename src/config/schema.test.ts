import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf, messageOf, TufgateError } from '../errors.ts';
import type { Config, NotaryConfig } from './config.ts';
import { parseConfig } from './schema.ts';

// A self-signed certificate, its key, and a key of something else. They protect nothing.
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBdDCCARugAwIBAgIUa1qeUW1PIaLl71Vy9hGezaSwmY0wCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjEwNTMxMTVaGA8yMTI2MTAyODA1MzEx
NVowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAKR
zAJq0y5bGQdYLLV6lmUdq0ZoaBbSjPu3rcUPQk4NRYespPbEZov7z8hjNPeXCElz
Ol2PlDJXQ1sKW1YrwMejUzBRMB0GA1UdDgQWBBSDJiJwn5l+pP0gi6C7P6TC/UFF
YTAfBgNVHSMEGDAWgBSDJiJwn5l+pP0gi6C7P6TC/UFFYTAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0cAMEQCIGzhgH83La872Zi9kcg+ddb1MEaaYNnGWWIK
FyddGnQmAiBgFvw4Graebmsr5YqMr6ZUPTYatz/8t8GK4m18+kLtzw==
-----END CERTIFICATE-----
`;

const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgU+ZPlwP2KRh+26vr
ETvGySWo+IFx9osgnWcCC5nD9mihRANCAAQCkcwCatMuWxkHWCy1epZlHatGaGgW
0oz7t63FD0JODUWHrKT2xGaL+8/IYzT3lwhJczpdj5QyV0NbCltWK8DH
-----END PRIVATE KEY-----
`;

const OTHER_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg+GN6owHMSYP7Rkbk
bUS06BEa+U3Pw3seduL+/jpsqWyhRANCAAQhSZRZ2aVURHaKpxKcilPtiQc0gD8A
HJryRW/Go4c5lXw9gqCNHQO3Kiz0DCb7eSQlCeazIhS1rXsYlX5msIRL
-----END PRIVATE KEY-----
`;

const utf8 = new TextEncoder();
const FILES = new Map([
  ['/etc/tufgate/ca.pem', CERTIFICATE],
  ['/etc/tufgate/proxy.crt', CERTIFICATE],
  ['/etc/tufgate/proxy.key', KEY],
  ['/etc/tufgate/other.key', OTHER_KEY],
  ['/etc/tufgate/secret', 'hunter2'],
  ['/etc/tufgate/empty.pem', 'no certificate here'],
  ['/etc/tufgate/broken.pem', CERTIFICATE.replace('MII', 'AAA')],
  ['/etc/tufgate/root.json', '{"signed":{},"signatures":[]}'],
]);

function readFile(path: string): Uint8Array {
  const text = FILES.get(path);
  if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
  return utf8.encode(text);
}

const FILE = '/etc/tufgate/tufgate.yaml';
const parse = (text: string, env?: Record<string, string>): Config => parseConfig(text, FILE, readFile, env);

/** The mistakes, without the file name, one a line. */
function mistakes(text: string, env?: Record<string, string>): string[] {
  try {
    parse(text, env);
  } catch (error) {
    expect(codeOf(error)).toBe('config.invalid');
    return messageOf(error)
      .split('\n')
      .map((line) => line.replace(`${FILE}:`, ''));
  }
  return [];
}

const KEY_ID = '4ff57dc9'.repeat(8);

interface Parts {
  top?: string;
  listen?: string;
  upstream?: string;
  trust?: string;
  policy?: string;
}

/** A small configuration; each part stands on lines of its own. */
const file = ({ top = '', listen, upstream = '', trust, policy = '[]' }: Parts = {}): string =>
  [
    'data: ../data',
    ...(listen === undefined ? [] : [`listen: ${listen}`]),
    `upstreams: { docker.io: { url: https://registry-1.docker.io${upstream} } }`,
    ...(trust === undefined ? [] : [`trust: { vendor: { type: notary, url: https://notary.example${trust} } }`]),
    `policy: ${policy}`,
    top,
  ].join('\n');

const vendor = (config: Config): NotaryConfig => {
  const found = config.trust.get('vendor');
  if (found?.kind !== 'notary') throw new Error('vendor is no Notary source');
  return found;
};

describe('a TUF 1.0 source', () => {
  const tuf = (members: string): unknown =>
    parse(file({ top: `trust: { approvals: { type: tuf, root: root.json, ${members} } }` })).trust.get('approvals');

  it('is a folder beside the file, or below a URL, pinned to a root file', () => {
    expect(tuf('url: "file:../data/approvals/"')).toMatchObject({
      kind: 'tuf',
      name: 'approvals',
      location: { kind: 'folder', path: '/etc/data/approvals' },
      root: { kind: 'root-file', file: '/etc/tufgate/root.json' },
      target: '{registry}/{repository}:{tag}',
      targetDigest: '{registry}/{repository}@{digest}',
    });
    expect(
      tuf('urls: ["https://a.example/tuf/", "https://b.example/tuf/"], target: "corp/{repository}:{tag}"'),
    ).toMatchObject({
      location: { kind: 'http', urls: [new URL('https://a.example/tuf/'), new URL('https://b.example/tuf/')] },
      target: 'corp/{repository}:{tag}',
    });
  });
});

describe('a configuration', () => {
  it('needs little, and has the defaults of the design', () => {
    const config = parse(file());
    expect(config).toMatchObject({
      file: FILE,
      data: '/etc/data',
      listen: [{ host: '127.0.0.1', port: 5000, insecure: false }],
      admin: { host: '127.0.0.1', port: 5001 },
      policy: [],
      freshness: { checkEveryMs: 60_000, staleIfUnreachableMs: 'until_expiry' },
      cache: { maxBytes: 50 * 2 ** 30, lowWaterBytes: 40 * 2 ** 30 },
      limits: { manifestBytes: 4 * 2 ** 20, metadataBytes: 2 ** 26, blobBytes: 2 ** 36, upstreamConnections: 64 },
      decisions: { keepMs: 30 * 86_400_000, maxBytes: 2 ** 30, onFailure: 'serve' },
      log: { level: 'info', format: 'json' },
    });
    expect(config.defaultUpstream).toBeUndefined();
  });

  it('may have a listener that hands cached blobs off to a web server', () => {
    const { listen } = parse(file({ listen: '[{ address: "127.0.0.1:5002", hand_off: /_tufgate/ }]' }));
    expect(listen).toEqual([{ host: '127.0.0.1', port: 5002, insecure: false, handOff: '/_tufgate/' }]);
  });

  it('reads everything that the design shows', () => {
    const config = parse(`
data: /var/lib/tufgate
listen:
  - address: 127.0.0.1:5000
    tls: { cert: proxy.crt, key: proxy.key, client_ca: ca.pem }
  - { address: "[::1]:0" }
admin: { address: localhost:5001 }
upstreams:
  docker.io:
    url: https://registry-1.docker.io
    aliases: [index.docker.io, registry-1.docker.io]
    credentials: { docker_config: secret }
    ca: ca.pem
    client_cert: proxy.crt
    client_key: proxy.key
    proxy: http://proxy.corp.example:3128
  registry.corp.example: { url: "https://registry.corp.example", credentials: { helper: ecr-login } }
  localhost:5005: { url: "http://127.0.0.1:5005" }
default_upstream: docker.io
trust:
  vendor:
    type: notary
    urls: [https://a.corp.example/prefix, https://b.corp.example]
    gun: "{registry}/{repository}"
    ca: ca.pem
    credentials: { username: reader, password_file: secret }
    pins:
      docker.io/library/: { keys: [${KEY_ID}] }
      ghcr.io/Acme/app: { root: root.json }
      corp.example/: { ca: ca.pem }
    releases: docker
    first_use: remember
policy:
  - match: docker.io/library/**
    require: [vendor]
  - match: ghcr.io/acme/**:v*
    require:
      - { source: vendor, signers: [targets/qa, targets/security] }
      - { any: [vendor, { all: [{ source: vendor, signers: { at_least: 1, of: [targets/a, targets/b] } }] }] }
    digests: { superseded: 30d }
    mode: observe
  - match: registry.k8s.io/pause
    allow: { reason: "bootstrap image, see TICKET-12", owner: platform, until: 2027-03-31 }
    digests: any
  - match: "**"
    deny: { message: "ask the platform team to approve this image" }
freshness: { check_every: 5m, stale_if_unreachable: 1h }
cache: { max_size: 10GiB, low_water: 50% }
limits: { manifest: 1MiB, metadata: 2MiB, blob: 3GiB, upstream_connections: 8 }
decisions: { keep: 7d, max_size: 64MiB, on_failure: refuse }
log: { level: debug, format: pretty }
`);
    expect(config.listen).toEqual([
      {
        host: '127.0.0.1',
        port: 5000,
        insecure: false,
        tls: { cert: '/etc/tufgate/proxy.crt', key: '/etc/tufgate/proxy.key', clientCa: '/etc/tufgate/ca.pem' },
      },
      { host: '::1', port: 0, insecure: false },
    ]);
    expect(config.upstreams.get('docker.io')).toEqual({
      name: 'docker.io',
      url: new URL('https://registry-1.docker.io'),
      aliases: ['index.docker.io', 'registry-1.docker.io'],
      credentials: { kind: 'docker-config', file: '/etc/tufgate/secret' },
      ca: '/etc/tufgate/ca.pem',
      clientCert: '/etc/tufgate/proxy.crt',
      clientKey: '/etc/tufgate/proxy.key',
      proxy: 'http://proxy.corp.example:3128/',
    });
    expect(config.upstreams.get('registry.corp.example')?.credentials).toEqual({ kind: 'helper', helper: 'ecr-login' });
    expect(config.defaultUpstream).toBe('docker.io');
    expect(vendor(config)).toMatchObject({
      kind: 'notary',
      name: 'vendor',
      urls: [new URL('https://a.corp.example/prefix'), new URL('https://b.corp.example')],
      credentials: { kind: 'password-file', username: 'reader', file: '/etc/tufgate/secret' },
      releases: 'docker',
      firstUse: 'remember',
    });
    expect(vendor(config).pins.map(({ gun, prefix, anchor }) => [gun, prefix, anchor.kind])).toEqual([
      ['docker.io/library', true, 'keys'],
      ['ghcr.io/Acme/app', false, 'root-file'],
      ['corp.example', true, 'ca'],
    ]);
    expect(
      config.policy.map(({ position, line, mode, digests, action }) => [position, line, mode, digests, action]),
    ).toEqual([
      [1, 34, 'enforce', { kind: 'current' }, { kind: 'require', requirement: all(source()) }],
      [
        2,
        36,
        'observe',
        { kind: 'superseded', forMs: 30 * 86_400_000 },
        {
          kind: 'require',
          requirement: all(source(2, 'targets/qa', 'targets/security'), {
            kind: 'any',
            of: [source(), all(source(1, 'targets/a', 'targets/b'))],
          }),
        },
      ],
      [
        3,
        42,
        'enforce',
        { kind: 'any' },
        {
          kind: 'allow',
          reason: 'bootstrap image, see TICKET-12',
          owner: 'platform',
          untilMs: Date.UTC(2027, 3, 1),
        },
      ],
      [4, 45, 'enforce', { kind: 'current' }, { kind: 'deny', message: 'ask the platform team to approve this image' }],
    ]);
    expect(config).toMatchObject({
      freshness: { checkEveryMs: 300_000, staleIfUnreachableMs: 3_600_000 },
      cache: { maxBytes: 10 * 2 ** 30, lowWaterBytes: 5 * 2 ** 30 },
      decisions: { keepMs: 7 * 86_400_000, maxBytes: 2 ** 26, onFailure: 'refuse' },
      log: { level: 'debug', format: 'pretty' },
    });
  });
});

const all = (...of: unknown[]): unknown => ({ kind: 'all', of });
const source = (atLeast?: number, ...of: string[]): unknown =>
  atLeast === undefined
    ? { kind: 'source', source: 'vendor' }
    : { kind: 'source', source: 'vendor', signers: { atLeast, of } };

describe('mistakes', () => {
  it('are reported all at once, each with its place', () => {
    expect(
      mistakes(`data: ../data
upstreams:
  docker.io:
    url: https://registry-1.docker.io
    credentials:
      username: x
      pasword_file: secret
policy:
  - match: nginx
    require: [vendr]
trust:
  vendor: { type: notary, url: https://n.example, releases: lax }
log: { level: loud }
`),
    ).toEqual([
      '6:7: credentials: needs one of password_file or password_env: the secret that goes with username',
      '7:7: unknown key "pasword_file" (did you mean "password_file"?)',
      '9:12: match: "nginx" is not a pattern: it is not in normal form; write "docker.io/library/nginx"',
      '10:15: require[1]: there is no trust source "vendr" (did you mean "vendor"?)',
      '12:61: releases: "lax" is not allowed: expected strict or docker',
      '13:15: level: "loud" is not allowed: expected debug, info, warn or error',
    ]);
  });

  it('name the known keys when none is near', () => {
    expect(mistakes(file({ top: 'log: { colour: red }' }))).toEqual([
      '4:8: unknown key "colour" (known here: level or format)',
    ]);
  });

  it('stay on their line, whatever the text holds', () => {
    const found = mistakes(file({ top: String.raw`"a\nb\e[31m": 1` }));
    expect(found).toHaveLength(1);
    expect(found[0]).not.toMatch(/\p{Cc}/u);
  });

  it.each([
    ['a key given twice', 'log: {}\nlog: {}', 'stands here twice'],
    ['an alias', 'log: *x', 'aliases'],
    ['an anchor', 'log: &x { level: info }', 'anchors'],
    ['a merge key', 'log: { <<: { level: info } }', 'merge keys'],
    ['a tag', 'log: !!map { level: info }', 'tags'],
    ['a key that is a list', '? [a]\n: b', 'a key must be plain text'],
    ['a second document', '---\na: b', 'one file is one configuration'],
    ['broken YAML', 'log: [', 'not YAML'],
    ['deep nesting', `log: ${'['.repeat(40)}${']'.repeat(40)}`, 'nested deeper'],
    ['very deep nesting', `log: ${'['.repeat(20_000)}`, 'nested deeper'],
    ['a huge file', `# ${'x'.repeat(300_000)}`, 'longer than'],
    ['too many values', `log: [${'a,'.repeat(30_000)}]`, 'more than 20000 values'],
  ])('%s is refused', (_name, top, expected) => {
    expect(mistakes(file({ top })).join('\n')).toContain(expected);
  });

  it.each(['', '# nothing', '- a', 'text', '42'])('%j is not a configuration', (text) => {
    expect(mistakes(text)).not.toEqual([]);
  });

  it.each<[string, Parts, string]>([
    ['a TUF source without a root', { top: 'trust: { a: { type: tuf, url: "file:x" } }' }, 'root is missing'],
    [
      'a TUF source without a place',
      { top: 'trust: { a: { type: tuf, root: root.json } }' },
      'needs one of url or urls: where the TUF repository is',
    ],
    [
      'a target template that two images could share',
      { top: 'trust: { a: { type: tuf, url: "file:x", root: root.json, target: "{repository}-{tag}" } }' },
      'expected segments, with or without {registry}, and {repository}:{tag} at the end',
    ],
    [
      'a digest template without the digest',
      { top: 'trust: { a: { type: tuf, url: "file:x", root: root.json, target_digest: "{repository}:{tag}" } }' },
      '{repository}@{digest} at the end',
    ],
    [
      'a folder written as a host',
      { top: 'trust: { a: { type: tuf, url: "file://x/y", root: root.json } }' },
      'write the folder as file:/path or file:path',
    ],
    [
      'plain HTTP to a TUF repository',
      { top: 'trust: { a: { type: tuf, url: "http://tuf.example/", root: root.json } }' },
      'plain HTTP can be read and changed by others',
    ],
    ['plain HTTP off loopback', { listen: '[{ address: "0.0.0.0:5000" }]' }, 'insecure: true'],
    [
      'a hand-off to other machines',
      { listen: '[{ address: "0.0.0.0:5000", insecure: true, hand_off: /_tufgate/ }]' },
      'a web server on this machine alone',
    ],
    [
      'a hand-off to other machines, over TLS',
      { listen: '[{ address: "0.0.0.0:5000", hand_off: /x/, tls: { cert: proxy.crt, key: proxy.key } }]' },
      'a web server on this machine alone',
    ],
    ...['x/', '/x', '/', '//', '/x//y/', '/../', '/a b/', '/x/;/', 'http://x/'].map(
      (prefix): [string, Parts, string] => [
        `a hand-off to ${prefix}`,
        { listen: `[{ address: "127.0.0.1:5000", hand_off: "${prefix}" }]` },
        'with a slash at both ends',
      ],
    ),
    ...['/v2/', '/v2/x/', '/tuf/'].map((prefix): [string, Parts, string] => [
      `a hand-off to ${prefix}, where clients ask`,
      { listen: `[{ address: "127.0.0.1:5000", hand_off: "${prefix}" }]` },
      'is where clients ask',
    ]),
    ['plain HTTP on a name', { listen: '[{ address: "gate.example:5000" }]' }, 'insecure: true'],
    [
      'two listeners on one address',
      { listen: '[{ address: "127.0.0.1:1" }, { address: "127.0.0.1:1" }]' },
      'listened on already',
    ],
    ['a listener on the admin address', { listen: '[{ address: "127.0.0.1:5001" }]' }, 'share the address'],
    ['no listener', { listen: '[]' }, 'at least one address'],
    ['a bad port', { listen: '[{ address: "127.0.0.1:70000" }]' }, 'not an address'],
    ['an address without host', { listen: '[{ address: ":5000" }]' }, '0.0.0.0:5000 for every interface'],
    ['tls without key', { listen: '[{ address: "0.0.0.0:1", tls: { cert: ca.pem } }]' }, 'key is missing'],
    [
      'a key of another certificate',
      { listen: '[{ address: "0.0.0.0:1", tls: { cert: ca.pem, key: other.key } }]' },
      'does not belong',
    ],
    [
      'a certificate for a key',
      { listen: '[{ address: "0.0.0.0:1", tls: { cert: ca.pem, key: ca.pem } }]' },
      'holds no private key',
    ],
    [
      'a file that is not there',
      { upstream: ', ca: nothing.pem' },
      '"/etc/tufgate/nothing.pem": there is no such file',
    ],
    ['PEM without certificate', { upstream: ', ca: empty.pem' }, 'holds no certificate'],
    ['a damaged certificate', { upstream: ', ca: broken.pem' }, 'certificate 1 in'],
    ['a client certificate without key', { upstream: ', client_cert: ca.pem' }, 'client_cert needs client_key'],
    ['a secret in the file', { upstream: ', credentials: { username: a, password: b }' }, 'never written in this file'],
    ['a secret in a URL', { trust: ', proxy: "http://a:b@proxy.example"' }, 'never written in this file'],
    ['a missing password file', { upstream: ', credentials: { username: a, password_file: nope }' }, 'no such file'],
    [
      'a password without a name',
      { upstream: ', credentials: { helper: x, password_file: secret }' },
      'goes with username',
    ],
    [
      'two kinds of credentials',
      { upstream: ', credentials: { helper: x, docker_config: secret }' },
      'exclude each other',
    ],
    ['a helper that is a path', { upstream: ', credentials: { helper: ../x }' }, 'docker-credential-NAME'],
    [
      'a value for a variable name',
      { upstream: ', credentials: { username: a, password_env: "p@ss" }' },
      'not its value',
    ],
    ['a default upstream that is not one', { top: 'default_upstream: docker.oi' }, 'did you mean "docker.io"?'],
    [
      'a default upstream by its alias',
      { upstream: ', aliases: [hub.example]', top: 'default_upstream: hub.example' },
      'did you mean "docker.io"?',
    ],
    [
      'an alias that is an upstream',
      { upstream: ', aliases: [docker.io]' },
      'taken already, by the upstream docker.io',
    ],
    [
      'an alias given twice',
      { upstream: ', aliases: [a.example, a.example]' },
      'taken already, by an alias of docker.io',
    ],
    ['an alias without a dot', { upstream: ', aliases: [hub]' }, 'needs a dot or a port'],
    ['a template without repository', { trust: ', gun: "{registry}/x"' }, '{repository}'],
    ['an unknown placeholder', { trust: ', gun: "{registry}/{repository}/{tag}"' }, 'is not allowed'],
    ['placeholders that run together', { trust: ', gun: "{registry}{repository}"' }, 'is not allowed'],
    ['url beside urls', { trust: ', urls: [https://b.example]' }, 'exclude each other'],
    ['a pin of two kinds', { trust: `, pins: { a.io/b: { keys: [${KEY_ID}], ca: ca.pem } }` }, 'exclude each other'],
    ['a pin of no kind', { trust: ', pins: { a.io/b: {} }' }, 'needs one of root, keys or ca'],
    ['a pin without keys', { trust: ', pins: { a.io/b: { keys: [] } }' }, 'is an empty list'],
    [
      'a key id in capitals',
      { trust: `, pins: { a.io/b: { keys: [${KEY_ID.toUpperCase()}] } }` },
      'expected lower case',
    ],
    ['a short key id', { trust: ', pins: { a.io/b: { keys: [4ff57dc9] } }' }, '64 hex digits'],
    ['a root for a prefix', { trust: ', pins: { a.io/b/: { root: root.json } }' }, 'anchors one collection'],
    [
      'a root that is none',
      { trust: ', pins: { a.io/b: { root: secret } }' },
      'cannot be the root that trust begins with: expected JSON',
    ],
    ['a pin with a wildcard', { trust: `, pins: { "a.io/*": { keys: [${KEY_ID}] } }` }, 'trailing "/"'],
    ['a pin for everything', { trust: `, pins: { "/": { keys: [${KEY_ID}] } }` }, 'is not a pin'],
    ['a rule without action', { policy: '[{ match: "**" }]' }, 'needs one of require, allow or deny'],
    [
      'a rule with two',
      { policy: '[{ match: "**", require: [vendor], deny: { message: x } }]', trust: '' },
      'exclude each other',
    ],
    ['an exemption without end', { policy: '[{ match: "**", allow: { reason: x } }]' }, 'until is missing'],
    ['an exemption without reason', { policy: '[{ match: "**", allow: { until: 2027-01-01 } }]' }, 'reason is missing'],
    ['an empty reason', { policy: '[{ match: "**", allow: { reason: " ", until: 2027-01-01 } }]' }, 'is empty'],
    [
      'a day that does not exist',
      { policy: '[{ match: "**", allow: { reason: x, until: 2027-02-30 } }]' },
      'is not a day',
    ],
    ['a deny without message', { policy: '[{ match: "**", deny: {} }]' }, 'message is missing'],
    ['a message of two lines', { policy: String.raw`[{ match: "**", deny: { message: "a\nb" } }]` }, 'one line'],
    ['an empty requirement', { policy: '[{ match: "**", require: [] }]' }, 'at least one trust source'],
    ['an empty any', { policy: '[{ match: "**", require: [{ any: [] }] }]' }, 'at least one trust source'],
    [
      'signers without a source',
      { trust: '', policy: '[{ match: "**", require: [{ any: [vendor], signers: [targets/a] }] }]' },
      'goes with source',
    ],
    [
      'more signers than roles',
      {
        trust: '',
        policy: '[{ match: "**", require: [{ source: vendor, signers: { at_least: 2, of: [targets/a] } }] }]',
      },
      'from 1 to 1',
    ],
    [
      'a signer named twice',
      { trust: '', policy: '[{ match: "**", require: [{ source: vendor, signers: [targets/a, targets/a] }] }]' },
      'stands here twice',
    ],
    [
      'a signer that is no role',
      { trust: '', policy: '[{ match: "**", require: [{ source: vendor, signers: [qa] }] }]' },
      'write "targets/qa"',
    ],
    [
      'a pattern with an alias',
      { upstream: ', aliases: [hub.example]', policy: '[{ match: hub.example/a, deny: { message: x } }]' },
      'write "docker.io"',
    ],
    [
      'a rule behind a catch-all',
      { policy: '[{ match: "**", deny: { message: x } }, { match: a.io/b, deny: { message: x } }]' },
      'can never decide',
    ],
    ['a pattern that is not quoted', { policy: '[{ match: **, deny: { message: x } }]' }, 'needs quotes'],
    ['digests beside deny', { policy: '[{ match: "**", deny: { message: x }, digests: any }]' }, 'no meaning'],
    ['a duration without unit', { top: 'freshness: { check_every: 60 }' }, 'a duration such as 60s'],
    ['a duration of nothing', { top: 'freshness: { check_every: 0s }' }, 'from 1s to 30d'],
    ['a decimal size', { top: 'cache: { max_size: 50GB }' }, 'a size such as'],
    ['a share over the whole', { top: 'cache: { low_water: 101% }' }, 'from 1% to 100%'],
    ['no connections', { top: 'limits: { upstream_connections: 0 }' }, 'from 1 to 4096'],
    ['an empty section', { top: 'log:' }, 'log: is empty'],
  ])('%s is refused', (_name, parts, expected) => {
    const found = mistakes(file(parts));
    expect(found.join('\n')).toContain(expected);
    for (const line of found) expect(line).toMatch(/^[0-9]+:[0-9]+: /);
  });

  it.each([
    ['hub', 'needs a dot or a port'],
    ['Registry.example', 'write "registry.example"'],
    ['https://registry.example', 'write "registry.example"'],
    ['index.docker.io', 'write "docker.io"'],
    ['a..b', 'is not a registry'],
    ['localhost:99999', 'is not a registry'],
  ])('the upstream name %s is refused', (name, expected) => {
    const text = `data: x\nupstreams: { ${JSON.stringify(name)}: { url: https://r.example } }\npolicy: []`;
    expect(mistakes(text).join('\n')).toContain(expected);
  });

  it.each([
    ['http://registry.example', 'insecure: true'],
    ['http://127.0.0.1.evil.example', 'insecure: true'],
    ['https://registry.example/v2/', 'write "https://registry.example"'],
    ['https://registry.example?x', 'query'],
    ['ftp://registry.example', 'expected https://'],
    ['registry.example', 'is not a URL'],
    ['https://', 'is not a URL'],
  ])('the upstream URL %s is refused', (url, expected) => {
    const text = `data: x\nupstreams: { r.example: { url: ${JSON.stringify(url)} } }\npolicy: []`;
    expect(mistakes(text).join('\n')).toContain(expected);
  });

  it('never show a password that was written into a URL', () => {
    const text = 'data: x\nupstreams: { r.example: { url: "https://u:hunter2@r.example" } }\npolicy: []';
    expect(mistakes(text).join('\n')).not.toContain('hunter2');
    expect(mistakes(file({ upstream: ', credentials: { username: a, password: hunter2 }' })).join()).not.toContain(
      'hunter2',
    );
  });

  it('are not made by `insecure: true`, nor by http on loopback', () => {
    const text = (rest: string): string => `data: x\nupstreams: { r.example: { ${rest} } }\npolicy: []`;
    expect(mistakes(text('url: http://r.example, insecure: true'))).toEqual([]);
    expect(mistakes(text('url: "http://[::1]:5000"'))).toEqual([]);
    expect(mistakes(file({ listen: '[{ address: "0.0.0.0:5000", insecure: true }]' }))).toEqual([]);
    expect(
      mistakes(file({ listen: '[{ address: "0.0.0.0:5000", tls: { cert: proxy.crt, key: proxy.key } }]' })),
    ).toEqual([]);
  });

  it('include a password variable that is not set, where the environment is known', () => {
    const text = file({ upstream: ', credentials: { username: a, password_env: HUB_PASSWORD }' });
    expect(mistakes(text)).toEqual([]);
    expect(mistakes(text, { HUB_PASSWORD: 'x' })).toEqual([]);
    expect(mistakes(text, {}).join()).toContain('HUB_PASSWORD is not set');
  });
});

describe('trust servers', () => {
  const source = (rest: string): string => `${file()}\ntrust: { vendor: { type: notary, ${rest} } }`;

  it('are asked over TLS, or on loopback, or insecurely when that was said', () => {
    expect(mistakes(source('url: http://notary.example')).join()).toContain('insecure: true');
    expect(mistakes(source('urls: [https://a.example, http://b.example]')).join()).toContain('urls[2]');
    expect(mistakes(source('url: http://notary.example, insecure: true'))).toEqual([]);
    expect(mistakes(source('url: http://localhost:4443'))).toEqual([]);
  });

  it('are believed without a pin only where that was said', () => {
    expect(vendor(parse(source('url: https://a.example')))).toMatchObject({
      firstUse: 'refuse',
      releases: 'strict',
      gun: '{registry}/{repository}',
      pins: [],
    });
  });
});

describe('fuzz', () => {
  const sample = file({
    trust: `, pins: { a.io/b/: { keys: [${KEY_ID}] } }`,
    policy: '[{ match: "**", require: [{ any: [vendor] }] }]',
    top: 'cache: { max_size: 1GiB }\nlog: { level: info }',
  });

  const onlyCoded = (text: string): void => {
    try {
      parse(text, {});
    } catch (error) {
      expect(error).toBeInstanceOf(TufgateError);
      expect(codeOf(error)).toBe('config.invalid');
    }
  };

  it('arbitrary text gives a configuration or config.invalid', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), onlyCoded), { numRuns: 150 });
  });

  it('so does a good file with any piece replaced by any other', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ':',
        ',',
        '\n',
        '- ',
        '*a',
        '&a ',
        '!x ',
        '<<',
        '""',
        '__proto__',
        '?',
        '|',
        '~',
      ),
      fc.string({ maxLength: 5 }),
    );
    const at = fc.nat(sample.length);
    fc.assert(
      fc.property(at, fc.nat(8), piece, (from, length, text) => {
        onlyCoded(sample.slice(0, from) + text + sample.slice(from + length));
      }),
      { numRuns: 200 },
    );
  });

  it('so does any value in the place of another', () => {
    const keys = [
      'data',
      'listen',
      'upstreams',
      'trust',
      'policy',
      'cache',
      'limits',
      'address',
      'url',
      'match',
      'require',
    ];
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('a.io', '**', 'vendor', 'notary', '1GiB', 60, true, null, ''),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string({ maxLength: 3 })), tie('tree'), { maxKeys: 4 }),
      ),
    }));
    const top = fc.dictionary(fc.constantFrom(...keys), tree);
    fc.assert(
      fc.property(top, (value) => onlyCoded(JSON.stringify(value))),
      { numRuns: 300 },
    );
  });
});
