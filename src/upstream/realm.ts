import { isIP } from 'node:net';
import { isLoopbackHost } from './reach.ts';

/**
 * Whether a token server that a registry named in its challenge may see the registry's password.
 *
 * The attack: whoever can answer for the registry, or only for one of its redirects, names a realm of his own and is
 * sent the password (CVE-2026-33540 in distribution, CVE-2026-48978 and CVE-2026-50151 in oras-go). So: https, except
 * for an upstream on loopback; and the registry's own host or its registrable domain. The latter is approximated by the
 * last two labels (three below `co.uk` and its like): a full public suffix list would be one more thing to keep fresh.
 */
export function realmRefusal(realm: URL, home: URL): string | undefined {
  if (realm.username !== '' || realm.password !== '') return 'it carries credentials of its own';
  if (realm.protocol === 'http:') {
    if (home.protocol !== 'http:' || !isLoopbackHost(home.hostname))
      return 'it is plain http, allowed only for a registry on loopback';
  } else if (realm.protocol !== 'https:') return 'it is not https';
  return sameDomain(realm.hostname, home.hostname) ? undefined : 'it belongs to another domain';
}

function sameDomain(one: string, other: string): boolean {
  if (one === other) return true;
  const domain = registrableDomain(one);
  return domain !== undefined && domain === registrableDomain(other);
}

const SECOND_LEVEL: ReadonlySet<string> = new Set(['ac', 'co', 'com', 'edu', 'go', 'gov', 'ne', 'net', 'or', 'org']);

function registrableDomain(host: string): string | undefined {
  if (isIP(host.replace(/^\[|\]$/g, '')) !== 0) return undefined;
  const labels = host.split('.');
  const [second = '', top = ''] = labels.slice(-2);
  const needed = top.length === 2 && SECOND_LEVEL.has(second) ? 3 : 2;
  if (labels.length < needed || labels.includes('')) return undefined;
  return labels.slice(-needed).join('.');
}
