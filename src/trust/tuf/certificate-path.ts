import type { Certificate } from './crypto-port.ts';
import { NOT_BEFORE_SKEW_MS } from './limits.ts';

const ANY = '2.5.29.37.0';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';

/**
 * Is there a path from the leaf, through certificates of its own bundle, to one of the anchors (RFC 5280 section 6,
 * as far as Go's crypto/x509 goes for Notary)?
 *
 * The attack: whoever answers for a collection writes the bundle, before anything of it is believed. Certificates that
 * all issued each other make as many paths as they have orders. So the search goes down from the anchors: no signature
 * is verified by a key that no anchor vouches for, and none twice.
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
  if (leaf.unknownCritical || (at !== undefined && !validAt(leaf, at))) return false;
  const usable = (issuer: Certificate): boolean => mayIssue(issuer) && (at === undefined || validAt(issuer, at));
  const search = { leaf, bundled: bundled.filter(usable), anchors: anchors.filter(usable), issued: verifiedOnce() };
  return purposes(leaf).some((purpose) => descends(search, purpose));
}

interface Search {
  readonly leaf: Certificate;
  readonly bundled: readonly Certificate[];
  readonly anchors: readonly Certificate[];
  readonly issued: Issued;
}

type Issued = (issuer: Certificate, child: Certificate) => boolean;

interface Issuer {
  readonly certificate: Certificate;
  /** How many CAs may stand between it and the leaf; of more than are in the bundle there is no need to tell. */
  readonly room: number;
}

/** The one with the most room goes first: whatever it issued is reached in the best way there is, and need not be again. */
function descends({ leaf, bundled, anchors, issued }: Search, purpose: string): boolean {
  const serves = (issuer: Certificate): boolean => purposes(issuer).includes(purpose);
  const unreached = new Set(bundled);
  const waiting = anchors.filter(serves).map((anchor) => below(anchor, bundled.length));
  for (let next = takeRoomiest(waiting); next !== undefined; next = takeRoomiest(waiting)) {
    const { certificate, room } = next;
    if (issued(certificate, leaf)) return true;
    for (const child of room > 0 ? unreached : []) {
      if (!serves(child) || !issued(certificate, child)) continue;
      unreached.delete(child);
      waiting.push(below(child, room - 1));
    }
  }
  return false;
}

function below(certificate: Certificate, room: number): Issuer {
  return { certificate, room: Math.min(room, certificate.pathLength ?? Infinity) };
}

function takeRoomiest(waiting: Issuer[]): Issuer | undefined {
  return waiting.sort((a, b) => b.room - a.room).shift();
}

/** Of each two certificates, whatever they are used for. */
function verifiedOnce(): Issued {
  const known = new Map<Certificate, Map<Certificate, boolean>>();
  return (issuer, child) => {
    const children = known.get(issuer) ?? new Map<Certificate, boolean>();
    known.set(issuer, children);
    const answer = children.get(child) ?? child.issuedBy(issuer);
    children.set(child, answer);
    return answer;
  };
}

function mayIssue(certificate: Certificate): boolean {
  const { isCa, mayCertify, weakSignature, unknownCritical } = certificate;
  return isCa && mayCertify && !weakSignature && !unknownCritical;
}

function purposes(certificate: Certificate): readonly string[] {
  const listed = certificate.extendedKeyUsages;
  const all = [SERVER_AUTH, CODE_SIGNING];
  return listed === undefined || listed.includes(ANY) ? all : all.filter((usage) => listed.includes(usage));
}

export function validAt(certificate: Certificate, at: number): boolean {
  return at <= certificate.notAfter && certificate.notBefore <= at + NOT_BEFORE_SKEW_MS;
}
