import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chainsTo, validAt } from './certificate-path.ts';
import type { Certificate } from './crypto-port.ts';
import { MAX_CERTIFICATES, NOT_BEFORE_SKEW_MS } from './limits.ts';

const NOW = Date.UTC(2026, 10, 21);
const ANY = '2.5.29.37.0';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
const EMAIL = '1.3.6.1.5.5.7.3.4';

let serial = 0;

/** What node:crypto would have read; `by` are its issuers. */
function certificate(over: Partial<Certificate> = {}, ...by: readonly Certificate[]): Certificate {
  serial += 1;
  return {
    der: Uint8Array.of(serial),
    spki: Uint8Array.of(serial),
    commonNames: [],
    notBefore: NOW - 1_000,
    notAfter: NOW + 1_000,
    isCa: false,
    mayCertify: true,
    weakSignature: false,
    unknownCritical: false,
    issuedBy: (issuer) => by.includes(issuer),
    ...over,
  };
}

const ca = (over: Partial<Certificate> = {}, ...by: readonly Certificate[]): Certificate =>
  certificate({ isCa: true, ...over }, ...by);

describe('a leaf chains to an anchor', () => {
  test('that issued it, or through the certificates of its bundle, in any order', () => {
    const root = ca();
    const upper = ca({}, root);
    const lower = ca({}, upper);
    const leaf = certificate({}, lower);
    expect(chainsTo(certificate({}, root), [], [ca(), root], NOW)).toBe(true);
    expect(chainsTo(leaf, [upper, lower], [root], NOW)).toBe(true);
    expect(chainsTo(leaf, [lower, upper], [root], NOW)).toBe(true);
    expect(chainsTo(leaf, [lower], [root], NOW)).toBe(false);
    expect(chainsTo(leaf, [], [root], NOW)).toBe(false);
    expect(chainsTo(leaf, [lower, upper], [], NOW)).toBe(false);
    expect(chainsTo(leaf, [lower, upper], [ca()], NOW)).toBe(false);
  });

  test('not by standing among the anchors itself', () => {
    const self: Certificate = ca({ issuedBy: (issuer) => issuer === self });
    expect(chainsTo(self, [], [self], NOW)).toBe(true);
    const plain: Certificate = certificate({ issuedBy: (issuer) => issuer === plain });
    expect(chainsTo(plain, [], [plain], NOW)).toBe(false);
  });

  test('and certificates that issue each other end the search', () => {
    const pair: Certificate[] = [];
    pair.push(ca({ issuedBy: (issuer) => issuer === pair[1] }), ca({ issuedBy: (issuer) => issuer === pair[0] }));
    expect(chainsTo(certificate({}, pair[0]!), pair, [ca()], NOW)).toBe(false);
  });

  test('by the other of two that issued it, when one leads nowhere', () => {
    const root = ca();
    const [dead, alive] = [ca(), ca({}, root)];
    expect(chainsTo(certificate({}, dead, alive), [dead, alive], [root], NOW)).toBe(true);
  });
});

describe('who may issue', () => {
  test.each<[string, Partial<Certificate>]>([
    ['no CA', { isCa: false }],
    ['a CA whose key usage does not allow it', { mayCertify: false }],
    ['a CA signed with a weak hash', { weakSignature: true }],
    ['a CA with a critical extension nobody knows', { unknownCritical: true }],
    ['a CA that is over', { notAfter: NOW - 1 }],
    ['a CA that has not begun', { notBefore: NOW + NOT_BEFORE_SKEW_MS + 1 }],
  ])('not %s: neither as anchor nor between', (_, over) => {
    const root = ca();
    const bad = ca(over, root);
    expect(chainsTo(certificate({}, bad), [], [bad], NOW)).toBe(false);
    expect(chainsTo(certificate({}, bad), [bad], [root], NOW)).toBe(false);
  });

  test('a CA with as many CAs below as its path length has', () => {
    const root = (pathLength: number): readonly Certificate[] => {
      const top = ca({ pathLength });
      const between = ca({}, top);
      return [top, between, certificate({}, between), certificate({}, top)];
    };
    const [top, between, below, direct] = root(0) as [Certificate, Certificate, Certificate, Certificate];
    expect(chainsTo(direct, [], [top], NOW)).toBe(true);
    expect(chainsTo(below, [between], [top], NOW)).toBe(false);
    const [longer, middle, leaf] = root(1) as [Certificate, Certificate, Certificate];
    expect(chainsTo(leaf, [middle], [longer], NOW)).toBe(true);
  });

  test('a CA of the bundle is held to its path length too', () => {
    const root = ca();
    const upper = ca({ pathLength: 0 }, root);
    const lower = ca({}, upper);
    expect(chainsTo(certificate({}, lower), [lower, upper], [root], NOW)).toBe(false);
  });
});

describe('the leaf', () => {
  const root = ca();

  test('is judged by its dates at an instant, or not at all', () => {
    const old = certificate({ notAfter: NOW - 1 }, root);
    expect(chainsTo(old, [], [root], NOW)).toBe(false);
    expect(chainsTo(old, [], [root], undefined)).toBe(true);
    const over = ca({ notAfter: NOW - 1 });
    expect(chainsTo(certificate({}, over), [], [over], undefined)).toBe(true);
  });

  test('has no critical extension that nobody knows', () => {
    expect(chainsTo(certificate({ unknownCritical: true }, root), [], [root], undefined)).toBe(false);
  });
});

describe('what a certificate is for', () => {
  const chain = (leaf: readonly string[] | undefined, issuer: readonly string[] | undefined): boolean => {
    const usages = (of: readonly string[] | undefined) => (of === undefined ? {} : { extendedKeyUsages: of });
    const root = ca();
    const anchor = ca(usages(issuer));
    const between = ca(usages(issuer), root);
    const direct = chainsTo(certificate(usages(leaf), anchor), [], [anchor], NOW);
    expect(chainsTo(certificate(usages(leaf), between), [between], [root], NOW)).toBe(direct);
    return direct;
  };

  test.each([
    [undefined, undefined, true],
    [[SERVER_AUTH], undefined, true],
    [[CODE_SIGNING], undefined, true],
    [[EMAIL, ANY], undefined, true],
    [[EMAIL], undefined, false],
    [[], undefined, false],
    [[CODE_SIGNING], [CODE_SIGNING], true],
    [[CODE_SIGNING], [SERVER_AUTH], false],
    [undefined, [EMAIL], false],
    [undefined, [ANY], true],
  ])('leaf %j under issuer %j: %s', (leaf, issuer, expected) => {
    expect(chain(leaf, issuer)).toBe(expected);
  });

  test('narrows on the way up', () => {
    const root = ca();
    const upper = ca({ extendedKeyUsages: [SERVER_AUTH] }, root);
    const lower = ca({ extendedKeyUsages: [CODE_SIGNING] }, upper);
    expect(chainsTo(certificate({}, lower), [lower, upper], [root], NOW)).toBe(false);
  });
});

describe('what a bundle can cost', () => {
  const SEVEN = MAX_CERTIFICATES - 1;
  let verified = 0;
  const counted = (over: Partial<Certificate>, issuedBy: (issuer: Certificate) => boolean): Certificate =>
    certificate({ isCa: true, ...over, issuedBy: (issuer) => ((verified += 1), issuedBy(issuer)) });
  /** Certificates that have all issued each other, and a leaf below every one of them. */
  const circle = (anchor?: Certificate): readonly Certificate[] => {
    verified = 0;
    const all: Certificate[] = [];
    const ours = (issuer: Certificate): boolean => issuer === anchor || all.includes(issuer);
    all.push(...Array.from({ length: SEVEN }, () => counted({}, ours)));
    return [counted({ isCa: false }, (issuer) => all.includes(issuer)), ...all];
  };

  test('is one verification for each certificate and anchor, while no anchor has issued any', () => {
    const [leaf, ...bundled] = circle();
    expect(chainsTo(leaf!, bundled, [ca()], NOW)).toBe(false);
    expect(verified).toBe(MAX_CERTIFICATES);
    expect(chainsTo(leaf!, bundled, [ca(), ca(), ca()], NOW)).toBe(false);
    expect(verified).toBe(4 * MAX_CERTIFICATES);
  });

  test('is one for each two certificates at most, when an anchor has issued them', () => {
    const root = ca();
    const [, ...bundled] = circle(root);
    const nobodys = counted({ isCa: false }, () => false);
    expect(chainsTo(nobodys, bundled, [root], NOW)).toBe(false);
    expect(verified).toBe(2 * MAX_CERTIFICATES - 1);
    const narrow = ca({ pathLength: 0 });
    const [leaf, ...others] = circle(narrow);
    expect(chainsTo(leaf!, others, [narrow], NOW)).toBe(false);
    expect(verified).toBe(1);
    const chain: Certificate[] = [root];
    for (let i = 0; i < SEVEN; i++) chain.push(counted({}, (issuer) => issuer === chain[i]));
    verified = 0;
    expect(chainsTo(nobodys, chain.slice(1).reverse(), [root], NOW)).toBe(false);
    expect(verified).toBe((MAX_CERTIFICATES * (MAX_CERTIFICATES + 1)) / 2);
  });

  test('a full bundle, cross-signed and in any order, chains to any of several anchors', () => {
    const [root, other] = [ca({ pathLength: SEVEN }), ca({ pathLength: 1 })];
    const chain: Certificate[] = [root];
    for (let i = 1; i <= SEVEN; i++)
      chain.push(ca({ pathLength: SEVEN - i }, chain[i - 1]!, ...(i === 1 ? [other] : [])));
    const leaf = certificate({}, chain[SEVEN]!);
    for (const bundled of [chain.slice(1), chain.slice(1).reverse()]) {
      expect(chainsTo(leaf, bundled, [other, root], NOW)).toBe(true);
      expect(chainsTo(leaf, bundled, [other], NOW)).toBe(false);
    }
  });
});

test('a leaf chains to an anchor whenever any order of the certificates of its bundle leads there', () => {
  const usages = fc.constantFrom(undefined, [SERVER_AUTH], [CODE_SIGNING], [EMAIL]);
  const kind = fc.record({
    usages,
    pathLength: fc.constantFrom(undefined, 0, 1, 2),
    isCa: fc.constantFrom(true, true, false),
  });
  const size = 7;
  const edges = fc.array(fc.boolean(), { minLength: size * size, maxLength: size * size });
  fc.assert(
    fc.property(fc.array(kind, { minLength: size, maxLength: size }), edges, (kinds, issued) => {
      const all: Certificate[] = kinds.map(({ isCa, usages: listed, pathLength }, child) =>
        certificate({
          isCa,
          ...(listed && { extendedKeyUsages: listed }),
          ...(pathLength !== undefined && { pathLength }),
          issuedBy: (issuer) => issued[child * size + all.indexOf(issuer)] === true,
        }),
      );
      const [leaf, first, second, ...bundled] = all as [Certificate, Certificate, Certificate, ...Certificate[]];
      expect(chainsTo(leaf, bundled, [first, second], NOW)).toBe(anyPath(leaf, bundled, [first, second], [leaf]));
    }),
    { numRuns: 2_000 },
  );
});

/** Every path there is, one after the other. */
function anyPath(
  child: Certificate,
  bundled: readonly Certificate[],
  anchors: readonly Certificate[],
  path: readonly Certificate[],
): boolean {
  const issues = (issuer: Certificate): boolean =>
    issuer.isCa && (issuer.pathLength ?? size(path)) >= size(path) && child.issuedBy(issuer);
  const serves = (purpose: string, { extendedKeyUsages }: Certificate): boolean =>
    extendedKeyUsages?.includes(purpose) ?? true;
  const together = (last: Certificate): boolean =>
    [SERVER_AUTH, CODE_SIGNING].some((purpose) => [...path, last].every((each) => serves(purpose, each)));
  return (
    anchors.some((anchor) => issues(anchor) && together(anchor)) ||
    bundled.some((next) => !path.includes(next) && issues(next) && anyPath(next, bundled, anchors, [...path, next]))
  );
}

/** The leaf is no CA. */
function size(path: readonly Certificate[]): number {
  return path.length - 1;
}

test('a certificate is valid from a day before it begins to the instant it ends', () => {
  const begun = certificate({ notBefore: NOW, notAfter: NOW });
  expect(validAt(begun, NOW)).toBe(true);
  expect(validAt(begun, NOW + 1)).toBe(false);
  expect(validAt(begun, NOW - NOT_BEFORE_SKEW_MS)).toBe(true);
  expect(validAt(begun, NOW - NOT_BEFORE_SKEW_MS - 1)).toBe(false);
});
