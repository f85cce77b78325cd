import { TufgateError } from '../../errors.ts';
import { chainsTo, validAt } from './certificate-path.ts';
import type { Certificate } from './crypto-port.ts';
import type { Key, Root, Signed } from './model.ts';
import { shortOfThreshold, signedBy, type SignedBy } from './threshold.ts';
import type { TrustContext } from './trusted.ts';

/**
 * Who signed a root, of those whose signatures count for its own role.
 * @param at Notary: judge the dates of the certificates at this instant
 * @throws trust.signature, trust.threshold; Notary also trust.wrong-name, trust.expired, trust.pin
 */
export function countRootSigners(
  ctx: TrustContext,
  what: string,
  authority: Root['root'],
  signed: Signed<Root>,
  at?: number,
): SignedBy {
  return ctx.format.kind === 'notary'
    ? countCertified(ctx, what, authority, signed, at)
    : countPlain(ctx, what, authority, signed);
}

const OTHER_HOLDER =
  '; it does not come from whoever held the root key before: ask its publisher, and pin the new root only if it is right';

/** TUF 1.0: the pinned root file is the anchor, and every key that a root lists for itself counts. */
function countPlain(ctx: TrustContext, what: string, authority: Root['root'], signed: Signed<Root>): SignedBy {
  const by = signedBy(ctx.crypto, authority.keys, signed);
  const short = shortOfThreshold(what, by, authority.threshold, OTHER_HOLDER);
  if (short !== undefined) throw short;
  return by;
}

/**
 * Notary v1: only keys that came as certificates made out to the collection count: that is what binds a root to its
 * name, so that a root of one collection never vouches for another.
 *
 * Per certificate (notary trustpinning/certs.go): one leaf, first, then only CAs; no SHA-1 (it has no key then); common
 * name = GUN; the pin. The ones that fail are taken away and the rest alone must reach the threshold. Only certificates
 * of keys that have signed are judged: a list of keys costs whoever writes it nothing.
 * Dates are judged only when `at` is given, which is for the newest root: for a root that was trusted before, an old
 * certificate is no reason to break the chain (Docker's official images became unverifiable in 2025 that way).
 */
function countCertified(
  ctx: TrustContext,
  what: string,
  authority: Root['root'],
  signed: Signed<Root>,
  at: number | undefined,
): SignedBy {
  const covers = pinOf(ctx, at);
  const refused: TufgateError[] = [];
  const by = signedBy(ctx.crypto, authority.keys, signed, (key) => {
    const why = ineligible(ctx, what, key, covers, at);
    if (why !== undefined) refused.push(why);
    return why === undefined;
  });
  const short = shortOfThreshold(what, by, authority.threshold, OTHER_HOLDER);
  if (short === undefined) return by;
  // Who would have counted says more than that too few did: a valid signature by a key with the wrong name, say.
  throw refused[0] ?? short;
}

function ineligible(
  ctx: TrustContext,
  what: string,
  key: Key,
  covers: Pin,
  at: number | undefined,
): TufgateError | undefined {
  const [leaf, ...bundled] = key.material?.certificates ?? [];
  const id = key.keyId.slice(0, 12);
  if (leaf === undefined || leaf.isCa || bundled.some((certificate) => !certificate.isCa))
    return refuse(
      'trust.signature',
      `${what}: key ${id} is no certificate with one leaf first, so it cannot sign a root`,
    );
  if (leaf.notBefore > leaf.notAfter)
    return refuse('trust.signature', `${what}: the certificate of key ${id} ends before it begins`);
  const name = leaf.commonNames.at(-1) ?? '';
  if (!namesCollection(name, ctx.gun))
    return refuse(
      'trust.wrong-name',
      `${what}: the certificate of key ${id} is made out to ${shown(name)}, not to ${ctx.gun}`,
    );
  if (at !== undefined && !validAt(leaf, at))
    return refuse(
      'trust.expired',
      `${what}: the certificate of key ${id} is not valid now; the publisher must renew it`,
    );
  if (!covers(key.keyId, leaf, bundled))
    return refuse(
      'trust.pin',
      `${what}: key ${key.keyId} is not covered by the pin for ${ctx.gun}: Notary makes a root certificate, with an id of its own, for each repository, and a new one when the root key is rotated; check this one with its publisher, and pin it`,
    );
  return undefined;
}

/**
 * The common name is the GUN, or `PREFIX/*` for every GUN below. Notary takes any prefix before the star, and a bare
 * star for everything: one such root key would speak for all collections of all registries. Here the star stands only
 * for whole segments below at least one.
 */
export function namesCollection(commonName: string, gun: string): boolean {
  if (commonName === gun) return !gun.includes('*');
  return commonName.endsWith('/*') && commonName.length > 2 && gun.startsWith(commonName.slice(0, -1));
}

type Pin = (keyId: string, leaf: Certificate, bundled: readonly Certificate[]) => boolean;

/** A CA file is read when the first key needs it, and once for all keys of a root: it may be large, and they many. */
function pinOf(ctx: TrustContext, at: number | undefined): Pin {
  const { anchor } = ctx;
  switch (anchor.kind) {
    case 'keys':
      return (keyId) => anchor.keyIds.includes(keyId);
    case 'ca': {
      let read: readonly Certificate[] | undefined;
      return (_, leaf, bundled) => chainsTo(leaf, bundled, (read ??= authorities(ctx, anchor.pem)), at);
    }
    case 'root-file':
    case 'first-use':
      return () => true;
  }
}

/** CA files are written by people and often hold comments between the blocks. */
function authorities(ctx: TrustContext, pem: string): readonly Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const certificates = ctx.crypto.readCertificates(blocks.join('\n'), Infinity);
  if (certificates === undefined || certificates.length === 0)
    throw refuse('trust.pin', `the CA file pinned for ${ctx.gun} holds no readable certificate`);
  return certificates;
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 120));
}

function refuse(
  code: 'trust.signature' | 'trust.wrong-name' | 'trust.expired' | 'trust.pin',
  why: string,
): TufgateError {
  return new TufgateError(code, why);
}
