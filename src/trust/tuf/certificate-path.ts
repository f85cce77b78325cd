import type { Certificate } from './crypto-port.ts';
import { sameBytes } from './hex.ts';
import { NOT_BEFORE_SKEW_MS } from './limits.ts';

const ANY = '2.5.29.37.0';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';

/**
 * Is there a path from the leaf, through certificates of its own bundle, to one of the anchors (RFC 5280 section 6,
 * as far as Go's crypto/x509 goes for Notary)? Bundles have at most eight certificates, so the search is a plain walk.
 *
 * Differences from Notary, on purpose: a code signing leaf is accepted beside server authentication, any and none
 * (Notary's own tool makes code signing leaves, which its CA pin then refuses); an anchor must be a CA (Go lets a
 * self-signed leaf that stands in the CA file match itself); critical extensions that are not judged here, name
 * constraints among them, refuse the certificate.
 *
 * @param at judge the dates of every certificate at this instant; undefined: not at all (roots long superseded)
 */
export function chainsTo(
  leaf: Certificate,
  bundled: readonly Certificate[],
  anchors: readonly Certificate[],
  at: number | undefined,
): boolean {
  const usable = (issuer: Certificate): boolean => mayIssue(issuer) && (at === undefined || validAt(issuer, at));
  if (leaf.unknownCritical || (at !== undefined && !validAt(leaf, at))) return false;
  const search: Search = { anchors: anchors.filter(usable), bundled: bundled.filter(usable) };
  return reaches(search, leaf, 0, purposes(leaf), []);
}

interface Search {
  readonly anchors: readonly Certificate[];
  readonly bundled: readonly Certificate[];
}

/**
 * @param below CA certificates under `child`'s issuer, for its path length
 * @param path those: none stands in it twice
 */
function reaches(
  search: Search,
  child: Certificate,
  below: number,
  allowed: ReadonlySet<string>,
  path: readonly Certificate[],
): boolean {
  const issues = (issuer: Certificate): boolean => (issuer.pathLength ?? below) >= below && child.issuedBy(issuer);
  if (search.anchors.some((anchor) => issues(anchor) && common(allowed, purposes(anchor)).size > 0)) return true;
  return search.bundled.some(
    (issuer) =>
      !path.some((seen) => sameBytes(seen.der, issuer.der)) &&
      issues(issuer) &&
      reaches(search, issuer, below + 1, common(allowed, purposes(issuer)), [...path, issuer]),
  );
}

function mayIssue(certificate: Certificate): boolean {
  const { isCa, mayCertify, weakSignature, unknownCritical } = certificate;
  return isCa && mayCertify && !weakSignature && !unknownCritical;
}

function purposes(certificate: Certificate): ReadonlySet<string> {
  const listed = certificate.extendedKeyUsages;
  const all = [SERVER_AUTH, CODE_SIGNING];
  return new Set(listed === undefined || listed.includes(ANY) ? all : all.filter((usage) => listed.includes(usage)));
}

function common(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...a].filter((purpose) => b.has(purpose)));
}

export function validAt(certificate: Certificate, at: number): boolean {
  return at <= certificate.notAfter && certificate.notBefore <= at + NOT_BEFORE_SKEW_MS;
}
