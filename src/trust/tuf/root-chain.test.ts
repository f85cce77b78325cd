import { beforeEach, describe, expect, test } from 'vitest';
import {
  type CertificateOptions,
  CODE_SIGNING,
  issueCertificate,
  type IssuedCertificate,
  newKeyPair,
  SERVER_AUTH,
} from '../../simulator/notary-certificate.ts';
import { certifiedKey, type NotaryKey, plainKey, rootKey } from '../../simulator/notary-key.ts';
import { contextOf, firstRoot, refresh, walkRoots } from '../../simulator/notary-refresh.ts';
import { NotaryRepository } from '../../simulator/notary-repository.ts';
import { contextOf as tufContext, walkRoots as walkTufRoots } from '../../simulator/tuf-refresh.ts';
import { TufRepository } from '../../simulator/tuf-repository.ts';
import { nodeCrypto } from '../crypto.ts';
import { acceptRoot, type Anchor, finishRoots, newestRoot, startChain, type Trusted } from './collection.ts';
import type { Certificate, Crypto } from './crypto-port.ts';
import { namesCollection } from './root-key.ts';
import { code, message } from '../../../test/thrown.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const YEAR = 365 * DAY;
const GUN = 'docker.io/library/alpine';
const ctx = contextOf(GUN);
let repository: NotaryRepository;

beforeEach(() => {
  repository = new NotaryRepository(GUN, NOW).publish();
});

/** The whole update with a root signed by these keys. */
function withRootKeys(keys: NotaryKey[], anchor?: Anchor, threshold = 1): string {
  const made = new NotaryRepository(GUN, NOW);
  Object.assign(made.of('root'), { keys, threshold });
  return code(() => refresh(contextOf(GUN, anchor), made.publish(), NOW));
}

function certificate(over: Partial<CertificateOptions> = {}): IssuedCertificate {
  return issueCertificate({ commonNames: [GUN], notBefore: NOW - DAY, notAfter: NOW + YEAR, ...over });
}

function certified(over: Partial<CertificateOptions> = {}): NotaryKey {
  const made = certificate(over);
  return certifiedKey(made.pem, made.keys);
}

describe('the chain', () => {
  test('goes from version to version, with new keys each time', () => {
    for (let i = 0; i < 4; i++) repository.rotate('root').publish();
    const trusted = walkRoots(ctx, repository, firstRoot(ctx, repository));
    expect(trusted.roots.map(({ model }) => model.version)).toEqual([1, 2, 3, 4, 5]);
  });

  test('refuses a gap, a step back and the same version again', () => {
    const start = firstRoot(ctx, repository);
    repository.rotate('root').publish().rotate('root').publish();
    expect(code(() => acceptRoot(ctx, start, repository.fetch('3.root')!))).toBe('trust.root-chain');
    expect(code(() => acceptRoot(ctx, start, repository.fetch('1.root')!))).toBe('trust.root-chain');
    const second = acceptRoot(ctx, start, repository.fetch('2.root')!);
    expect(code(() => acceptRoot(ctx, second, repository.fetch('1.root')!))).toBe('trust.root-chain');
  });

  test('refuses a root that the old keys did not sign', () => {
    const start = firstRoot(ctx, repository);
    repository.rotate('root').of('root').signers = repository.of('root').keys;
    repository.publish();
    expect(code(() => acceptRoot(ctx, start, repository.fetch('2.root')!))).toBe('trust.signature');
  });

  test('refuses a root that its own keys did not sign', () => {
    const start = firstRoot(ctx, repository);
    const old = repository.of('root').keys;
    repository.rotate('root').of('root').signers = old;
    repository.publish();
    expect(code(() => acceptRoot(ctx, start, repository.fetch('2.root')!))).toBe('trust.signature');
  });

  test('needs the old threshold, in distinct keys', () => {
    const [a, b] = [rootKey(GUN, NOW), rootKey(GUN, NOW)];
    const made = new NotaryRepository(GUN, NOW);
    Object.assign(made.of('root'), { keys: [a, b], threshold: 2 });
    const start = firstRoot(ctx, made.publish());
    const next = rootKey(GUN, NOW);
    Object.assign(made.rotate('root', [next]).of('root'), { threshold: 1, signers: [a, a, next] });
    made.publish();
    expect(code(() => acceptRoot(ctx, start, made.fetch('2.root')!))).toBe('trust.threshold');
  });

  test('one key in two certificates does not meet a threshold of two', () => {
    const keys = newKeyPair();
    expect(withRootKeys([certified({ keys }), certified({ keys, notAfter: NOW + DAY })], undefined, 2)).toBe(
      'trust.threshold',
    );
    expect(withRootKeys([certified(), certified()], undefined, 2)).toBe('accepted');
  });

  test('an expired root in the middle does not break the chain, an expired newest does', () => {
    repository.of('root').expires = NOW - DAY;
    repository.touch('root').publish();
    const middle = walkRoots(ctx, repository, firstRoot(ctx, repository));
    expect(code(() => finishRoots(ctx, middle, NOW))).toBe('trust.expired');
    repository.of('root').expires = NOW + DAY;
    repository.touch('root').publish();
    expect(code(() => finishRoots(ctx, walkRoots(ctx, repository, middle), NOW))).toBe('accepted');
  });

  test('an expired certificate in the middle does not break the chain, an expired newest does', () => {
    const made = new NotaryRepository(GUN, NOW);
    made.of('root').keys = [certified({ notBefore: NOW - 2 * DAY, notAfter: NOW - DAY })];
    const start = firstRoot(ctx, made.publish());
    expect(code(() => finishRoots(ctx, start, NOW))).toBe('trust.expired');
    made.rotate('root').publish();
    expect(code(() => finishRoots(ctx, walkRoots(ctx, made, start), NOW))).toBe('accepted');
  });

  test('is at most 1,024 roots long', () => {
    const start = firstRoot(ctx, repository);
    const next = repository.touch('root').publish().fetch('2.root')!;
    const long = (count: number): Trusted => ({
      ...start,
      roots: Array.from({ length: count }, () => start.roots[0]!),
    });
    expect(code(() => acceptRoot(ctx, long(1_023), next))).toBe('accepted');
    expect(code(() => acceptRoot(ctx, long(1_024), next))).toBe('trust.too-large');
  });

  test('says which root is refused, by whose keys, and what that may mean', () => {
    const start = firstRoot(ctx, repository);
    const old = repository.of('root').keys;
    repository.rotate('root').of('root').signers = repository.of('root').keys;
    const stranger = message(() => acceptRoot(ctx, start, repository.publish().fetch('2.root')!));
    expect(stranger).toContain(`root version 2 of ${GUN}, by the keys of version 1,`);
    expect(stranger).toContain('it does not come from whoever held the root key before');
    repository.of('root').signers = old;
    const unsigned = message(() => startChain(ctx, repository.touch('root').publish().bytesOf('root')));
    expect(unsigned).toContain(`root version 3 of ${GUN} carries no valid signature`);
  });

  test('ends with the newest root, from which an update begins', () => {
    const { trusted, forgotten } = finishRoots(ctx, firstRoot(ctx, repository), NOW);
    expect(newestRoot(trusted).file).toMatchObject({ role: 'root', version: 1, bytes: repository.bytesOf('root') });
    expect(trusted.progress).toEqual({ targets: new Map(), unusable: new Map() });
    expect(forgotten).toEqual([]);
    const late = (): unknown => finishRoots(ctx, trusted, repository.of('root').expires);
    expect(late).toThrow(expect.objectContaining({ code: 'trust.expired', detail: { role: 'root' } }));
  });

  test('a refused root changes nothing', () => {
    const start = firstRoot(ctx, repository);
    repository.rotate('root').of('root').signers = [rootKey(GUN, NOW)];
    repository.publish();
    expect(code(() => walkRoots(ctx, repository, start))).toBe('trust.signature');
    expect(newestRoot(start).model.version).toBe(1);
  });
});

describe('the certificate of a root key', () => {
  test.each<[string, Partial<CertificateOptions>, string]>([
    ['is made out to another collection', { commonNames: ['docker.io/library/nginx'] }, 'trust.wrong-name'],
    ['has the name first and another last', { commonNames: [GUN, 'x'] }, 'trust.wrong-name'],
    ['has another name first and the right one last', { commonNames: ['x', GUN] }, 'accepted'],
    ['is for everything', { commonNames: ['*'] }, 'trust.wrong-name'],
    ['is for a string prefix', { commonNames: ['docker.io/library/al*'] }, 'trust.wrong-name'],
    ['is for all below a whole segment', { commonNames: ['docker.io/library/*'] }, 'accepted'],
    ['has no name', { commonNames: [] }, 'trust.wrong-name'],
    ['is signed with SHA-1', { hash: 'sha1' }, 'trust.signature'],
    ['is a CA', { ca: true }, 'trust.signature'],
    ['has expired', { notAfter: NOW - 1_000 }, 'trust.expired'],
    ['ends this second', { notAfter: NOW }, 'accepted'],
    ['begins in 20 hours', { notBefore: NOW + 20 * 3_600_000 }, 'accepted'],
    ['begins in 30 hours', { notBefore: NOW + 30 * 3_600_000 }, 'trust.expired'],
    ['ends as it begins', { notBefore: NOW, notAfter: NOW }, 'accepted'],
    ['ends before it begins', { notBefore: NOW, notAfter: NOW - DAY }, 'trust.signature'],
    ['has a name longer than 64 characters', { commonNames: ['x'.repeat(100)] }, 'trust.wrong-name'],
  ])('that %s', (_, over, expected) => {
    expect(withRootKeys([certified(over)])).toBe(expected);
  });

  test('is told of by the first twelve digits of its id and the name it is made out to', () => {
    const told = (key: NotaryKey): string => {
      const made = new NotaryRepository(GUN, NOW);
      made.of('root').keys = [key];
      return message(() => refresh(ctx, made.publish(), NOW));
    };
    const [other, long, none] = [
      certified({ commonNames: ['other'] }),
      certified({ commonNames: ['x'.repeat(130)] }),
      certified({ commonNames: [] }),
    ];
    const line = (key: NotaryKey, name: string): string =>
      `the certificate of key ${key.keyId.slice(0, 12)} is made out to ${JSON.stringify(name)}, not to ${GUN}`;
    expect(told(other)).toContain(line(other, 'other'));
    expect(told(long)).toContain(line(long, 'x'.repeat(120)));
    expect(told(none)).toContain(line(none, ''));
  });

  test('that fails beside one that counts does no harm', () => {
    expect(withRootKeys([certified(), certified({ commonNames: ['x'] }), plainKey()])).toBe('accepted');
  });

  test('a valid signature that does not count is the reason before keys that did not sign', () => {
    const [silent, wrong, named] = [certified({ commonNames: ['y'] }), certified({ notAfter: NOW - DAY }), certified()];
    const made = new NotaryRepository(GUN, NOW);
    Object.assign(made.of('root'), { keys: [silent, wrong, named], threshold: 2, signers: [named, wrong] });
    expect(code(() => refresh(ctx, made.publish(), NOW))).toBe('trust.expired');
  });

  test('a key without one never signs a root', () => {
    expect(withRootKeys([plainKey()])).toBe('trust.signature');
    expect(withRootKeys([plainKey('ed25519')])).toBe('trust.signature');
  });

  test('RSA must have 2048 bits', () => {
    expect(withRootKeys([certified({ keys: newKeyPair('rsa', 1024) })])).toBe('trust.signature');
    expect(withRootKeys([certified({ keys: newKeyPair('rsa', 2048) })])).toBe('accepted');
  });

  test('the bundle is the leaf, then CAs, and nothing else', () => {
    const ca = certificate({ commonNames: ['ca'], ca: true });
    const leaf = certificate({ issuer: ca });
    const other = certificate();
    expect(withRootKeys([certifiedKey(leaf.pem + ca.pem, leaf.keys)])).toBe('accepted');
    expect(withRootKeys([certifiedKey(ca.pem + leaf.pem, leaf.keys)])).toBe('trust.signature');
    expect(withRootKeys([certifiedKey(leaf.pem + other.pem, leaf.keys)])).toBe('trust.signature');
    expect(withRootKeys([certifiedKey(`hello\n${leaf.pem}`, leaf.keys)])).toBe('trust.signature');
    expect(withRootKeys([certifiedKey(leaf.pem + ca.pem.repeat(8), leaf.keys)])).toBe('trust.signature');
  });

  test('keys that fail do not count towards the threshold', () => {
    expect(withRootKeys([certified(), certified({ commonNames: ['x'] })], undefined, 2)).toBe('trust.wrong-name');
  });

  test('names match on whole segments only', () => {
    expect(namesCollection('a/*', 'a/b/c')).toBe(true);
    expect(namesCollection('a/*', 'a')).toBe(false);
    expect(namesCollection('/*', '/x')).toBe(false);
    expect(namesCollection('a/b', 'A/b')).toBe(false);
  });
});

describe('pins', () => {
  test('a root file is the start of the chain, byte for byte', () => {
    const bytes = repository.bytesOf('root');
    const pinned = contextOf(GUN, { kind: 'root-file', bytes });
    expect(refresh(pinned, repository.rotate('root').publish(), NOW).view.anchor).toBe('root-file');
    expect(code(() => startChain(pinned, repository.bytesOf('root')))).toBe('trust.pin');
  });

  test('a root file may be any version, and must be signed by itself', () => {
    const second = repository.rotate('root').publish().bytesOf('root');
    expect(code(() => startChain(contextOf(GUN, { kind: 'root-file', bytes: second }), second))).toBe('accepted');
    repository.of('root').signers = [rootKey(GUN, NOW)];
    const unsigned = repository.touch('root').publish().bytesOf('root');
    expect(code(() => startChain(contextOf(GUN, { kind: 'root-file', bytes: unsigned }), unsigned))).toBe(
      'trust.signature',
    );
  });

  test('key ids hold for every root, rotations included', () => {
    const [first] = repository.of('root').keys;
    const next = rootKey(GUN, NOW);
    const keys = contextOf(GUN, { kind: 'keys', keyIds: [first!.keyId] });
    const start = firstRoot(keys, repository);
    repository.rotate('root', [next]).publish();
    expect(code(() => walkRoots(keys, repository, start))).toBe('trust.pin');
    const both = contextOf(GUN, { kind: 'keys', keyIds: [first!.keyId, next.keyId] });
    expect(code(() => refresh(both, repository, NOW))).toBe('accepted');
  });

  test('a wrong key id, none, and the canonical id fail closed', () => {
    const key = certified();
    expect(withRootKeys([key], { kind: 'keys', keyIds: ['0'.repeat(64)] })).toBe('trust.pin');
    expect(withRootKeys([key], { kind: 'keys', keyIds: [] })).toBe('trust.pin');
    expect(withRootKeys([key], { kind: 'keys', keyIds: [plainKey('ecdsa', key.pair).keyId] })).toBe('trust.pin');
    expect(withRootKeys([key], { kind: 'keys', keyIds: [key.keyId] })).toBe('accepted');
  });

  test('with a threshold of two, both keys must be pinned', () => {
    const [a, b] = [certified(), certified()];
    expect(withRootKeys([a, b], { kind: 'keys', keyIds: [a.keyId] }, 2)).toBe('trust.pin');
    expect(withRootKeys([a, b], { kind: 'keys', keyIds: [a.keyId, b.keyId] }, 2)).toBe('accepted');
  });
});

describe('a pinned CA', () => {
  const ca = certificate({ commonNames: ['CA'], ca: true });
  const middle = (over: Partial<CertificateOptions> = {}): IssuedCertificate =>
    certificate({ commonNames: ['middle'], ca: true, issuer: ca, ...over });

  function judge(leaf: IssuedCertificate, bundled: IssuedCertificate[], anchor: IssuedCertificate = ca): string {
    const pem = [leaf, ...bundled].map((one) => one.pem).join('');
    return withRootKeys([certifiedKey(pem, leaf.keys)], { kind: 'ca', pem: `# our CA\n${anchor.pem}` });
  }

  test('covers leaves that it issued, directly or through the bundle', () => {
    const between = middle();
    expect(judge(certificate({ issuer: ca }), [])).toBe('accepted');
    expect(judge(certificate({ issuer: between }), [between])).toBe('accepted');
    expect(judge(certificate({ issuer: between }), [])).toBe('trust.pin');
  });

  test('does not cover a leaf of another CA with the same name', () => {
    const impostor = certificate({ commonNames: ['CA'], ca: true });
    expect(judge(certificate({ issuer: impostor }), [impostor])).toBe('trust.pin');
    expect(judge(certificate(), [])).toBe('trust.pin');
  });

  test.each<[string, Partial<CertificateOptions>, string]>([
    ['has expired', { notAfter: NOW - DAY }, 'trust.pin'],
    ['is signed with SHA-1', { hash: 'sha1' }, 'trust.pin'],
    ['has a critical extension that nobody knows', { unknownCritical: true }, 'trust.pin'],
    ['is for TLS servers and the leaf for code', { extendedKeyUsages: [SERVER_AUTH] }, 'trust.pin'],
    ['is for code', { extendedKeyUsages: [CODE_SIGNING] }, 'accepted'],
    ['allows no further CA', { pathLength: 0 }, 'accepted'],
  ])('with an intermediate that %s', (_, over, expected) => {
    const between = middle(over);
    expect(judge(certificate({ issuer: between }), [between])).toBe(expected);
  });

  test('path lengths hold', () => {
    const upper = middle({ pathLength: 0 });
    const lower = middle({ commonNames: ['lower'], issuer: upper });
    expect(judge(certificate({ issuer: lower }), [lower, upper])).toBe('trust.pin');
    const wide = middle({ pathLength: 1 });
    const below = middle({ commonNames: ['lower'], issuer: wide });
    expect(judge(certificate({ issuer: below }), [below, wide])).toBe('accepted');
  });

  test.each<[string, readonly string[], string]>([
    ['any usage', ['2.5.29.37.0'], 'accepted'],
    ['no usage', [], 'accepted'],
    ['TLS servers', [SERVER_AUTH], 'accepted'],
    ['code', [CODE_SIGNING], 'accepted'],
    ['mail', ['1.3.6.1.5.5.7.3.4'], 'trust.pin'],
  ])('with a leaf for %s', (_, extendedKeyUsages, expected) => {
    expect(judge(certificate({ issuer: ca, extendedKeyUsages }), [])).toBe(expected);
  });

  test('a leaf with an unknown critical extension is refused', () => {
    expect(judge(certificate({ issuer: ca, unknownCritical: true }), [])).toBe('trust.pin');
  });

  test('a leaf that stands in the CA file is no CA', () => {
    const leaf = certificate();
    expect(judge(leaf, [], leaf)).toBe('trust.pin');
    const bold = certificate({ mayCertify: true });
    expect(judge(bold, [], bold)).toBe('trust.pin');
  });

  test('a CA that may not sign certificates covers none', () => {
    const mute = certificate({ commonNames: ['mute'], ca: true, mayCertify: false });
    expect(judge(certificate({ issuer: mute }), [], mute)).toBe('trust.pin');
  });

  test('an expired CA covers no newest root', () => {
    const old = certificate({ commonNames: ['old'], ca: true, notAfter: NOW - DAY });
    expect(judge(certificate({ issuer: old }), [], old)).toBe('trust.pin');
  });

  test('may be several in one file, with words between them', () => {
    const other = certificate({ commonNames: ['other CA'], ca: true });
    const leaf = certificate({ issuer: ca });
    const pem = `# theirs\n${other.pem.trim()} # ours\n${ca.pem}`;
    expect(withRootKeys([certifiedKey(leaf.pem, leaf.keys)], { kind: 'ca', pem })).toBe('accepted');
  });

  test('a file without a certificate, or with a damaged one, is said to be the fault', () => {
    const told = (pem: string): string => {
      const made = new NotaryRepository(GUN, NOW);
      return message(() => refresh(contextOf(GUN, { kind: 'ca', pem }), made.publish(), NOW));
    };
    const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    for (const pem of ['nothing here', damaged])
      expect(told(pem)).toBe(`the CA file pinned for ${GUN} holds no readable certificate`);
  });

  test('a file without a certificate covers nothing', () => {
    expect(withRootKeys([certified()], { kind: 'ca', pem: 'nothing here' })).toBe('trust.pin');
  });

  test('costs little, whatever the bundles hold: nothing for a key that did not sign, for others one look', () => {
    const keys = newKeyPair();
    const circle = Array.from({ length: 7 }, () => certificate({ commonNames: ['M'], ca: true, keys }));
    const list = [1, 2, 3].map(() => {
      const leaf = certificate({ issuer: circle[0]! });
      return certifiedKey([leaf, ...circle].map(({ pem }) => pem).join(''), leaf.keys);
    });
    const made = new NotaryRepository(GUN, NOW);
    Object.assign(made.of('root'), { keys: list, signers: list.slice(1) });
    const bytes = made.publish().bytesOf('root');
    const { crypto, count } = countingCrypto();
    const pinned = { ...contextOf(GUN, { kind: 'ca', pem: ca.pem }), crypto };
    expect(code(() => startChain(pinned, bytes))).toBe('trust.pin');
    expect(count).toEqual({ bundles: list.length + 1, verified: 2 * 8 });
    Object.assign(count, { bundles: 0, verified: 0 });
    made.of('root').signers = [rootKey(GUN, NOW)];
    const unsigned = made.touch('root').publish().bytesOf('root');
    expect(code(() => startChain(pinned, unsigned))).toBe('trust.signature');
    expect(count).toEqual({ bundles: list.length, verified: 0 });
  });

  test('covers rotated keys without a change of the pin', () => {
    const made = new NotaryRepository(GUN, NOW);
    const issue = (): NotaryKey => certified({ issuer: ca });
    made.of('root').keys = [issue()];
    made.publish().rotate('root', [issue()]).publish();
    const pinned = contextOf(GUN, { kind: 'ca', pem: ca.pem });
    expect(refresh(pinned, made, NOW).trusted.roots).toHaveLength(2);
  });
});

/** Counts the bundles that are read, and the signatures on certificates that are verified. */
function countingCrypto(): { readonly crypto: Crypto; readonly count: { bundles: number; verified: number } } {
  const count = { bundles: 0, verified: 0 };
  const inner = new Map<Certificate, Certificate>();
  const counted = (of: Certificate): Certificate => {
    const outer: Certificate = {
      ...of,
      issuedBy: (issuer) => ((count.verified += 1), of.issuedBy(inner.get(issuer) ?? issuer)),
    };
    inner.set(outer, of);
    return outer;
  };
  const crypto: Crypto = {
    ...nodeCrypto,
    readCertificates: (...of) => ((count.bundles += 1), nodeCrypto.readCertificates(...of)?.map(counted)),
  };
  return { crypto, count };
}

describe('TUF 1.0', () => {
  const tuf = (): TufRepository => new TufRepository(NOW).publish();

  test('the keys that the pinned root lists for itself count, without certificates', () => {
    const made = tuf();
    const roots = walkTufRoots(tufContext(made), made.rotate('root').publish()).roots;
    expect(roots.map(({ model, signers }) => [model.version, signers])).toEqual([
      [1, [expect.any(String)]],
      [2, made.authority('root').keys.map(({ keyId }) => keyId)],
    ]);
  });

  test('a root that a stranger signed is refused, and what that may mean is said', () => {
    const made = tuf();
    made.touch('root').publish();
    made.forge('root', { signers: [made.newKey()] });
    const walk = (): unknown => walkTufRoots(tufContext(made), made);
    expect(code(walk)).toBe('trust.signature');
    expect(message(walk)).toContain('it does not come from whoever held the root key before');
  });

  test('a root needs the old and the new threshold', () => {
    const made = tuf();
    const keys = [made.newKey(), made.newKey()];
    made.authorize('root', { keys, threshold: 2 }).publish();
    expect(code(() => walkTufRoots(tufContext(made), made))).toBe('accepted');
    made.touch('root').publish();
    made.forge('root', { signers: keys.slice(0, 1) });
    expect(code(() => walkTufRoots(tufContext(made), made))).toBe('trust.threshold');
  });
});
