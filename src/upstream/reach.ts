import { lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/**
 * Where an address leads. A redirect or a token realm is a sentence of the upstream's: it must not make this machine
 * knock at doors that the upstream could not reach itself (cloud metadata, the admin listener, databases).
 */
export type Reach = 'public' | 'private' | 'loopback' | 'reserved';

const lists: readonly (readonly [Reach, BlockList])[] = [
  ['loopback', listOf(['127.0.0.0/8'], ['::1/128'])],
  ['private', listOf(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'], ['fc00::/7'])],
  [
    'reserved',
    listOf(
      ['0.0.0.0/8', '169.254.0.0/16', '192.0.0.0/24', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4'],
      ['::/96', 'fe80::/10', 'fec0::/10', 'ff00::/8', '2002::/16'],
    ),
  ],
];

/** IPv4 in its three IPv6 disguises too: mapped, NAT64, and (in `reserved`) the deprecated compatible form. */
function listOf(v4: readonly string[], v6: readonly string[]): BlockList {
  const list = new BlockList();
  const add = (cidr: string, family: 'ipv4' | 'ipv6', prefix = '', extra = 0): void => {
    const [net = '', bits = ''] = cidr.split('/');
    list.addSubnet(prefix + net, Number(bits) + extra, family);
  };
  for (const cidr of v4) {
    add(cidr, 'ipv4');
    add(cidr, 'ipv6', '::ffff:', 96);
    add(cidr, 'ipv6', '64:ff9b::', 96);
  }
  for (const cidr of v6) add(cidr, 'ipv6');
  return list;
}

/** @param address an IP address, without brackets */
export function reachOf(address: string): Reach {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  return lists.find(([, list]) => list.check(address, family))?.[0] ?? 'public';
}

/** May an upstream that lives at `home` send us to `target`? */
export function mayReach(target: Reach, home: Reach): boolean {
  if (target === 'public') return true;
  if (target === 'private') return home === 'private' || home === 'loopback';
  return target === 'loopback' && home === 'loopback';
}

/** @param hostname as in a URL */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || literalReach(hostname) === 'loopback';
}

/** Undefined for a name, which only its resolution can tell. */
export function literalReach(hostname: string): Reach | undefined {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return isIP(bare) === 0 ? undefined : reachOf(bare);
}

/** The innermost network that the host leads to; `public` when it does not resolve (behind an egress proxy). */
export async function reachOfHost(hostname: string, lookup: LookupFunction = systemLookup): Promise<Reach> {
  const literal = literalReach(hostname);
  if (literal !== undefined) return literal;
  const found = await new Promise<readonly Reach[]>((resolve) => {
    lookup(hostname, { all: true }, (error, addresses) => resolve(error === null ? reaches(addresses) : []));
  });
  return (['loopback', 'private'] as const).find((reach) => found.includes(reach)) ?? 'public';
}

/**
 * A `lookup` for sockets that refuses forbidden addresses at the moment of connecting: a check before would be undone
 * by the next DNS answer.
 * @param home asked for only when a name leads inwards
 */
export function guardedLookup(home: () => Promise<Reach>, lookup: LookupFunction = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, address, family) => {
      const inward = error === null ? reaches(address).filter((reach) => reach !== 'public') : [];
      if (inward.length === 0) {
        callback(error, address, family);
        return;
      }
      const judge = (reach: Reach): void => {
        if (inward.every((target) => mayReach(target, reach))) callback(null, address, family);
        else callback(new ForbiddenAddress(hostname), '');
      };
      home().then(judge, () => judge('public'));
    });
  };
}

export class ForbiddenAddress extends Error {
  override readonly name = 'ForbiddenAddress';
  readonly code = 'EFORBIDDENADDRESS';

  constructor(hostname: string) {
    super(`${hostname} leads into a private network`);
  }
}

function reaches(address: string | readonly { readonly address: string }[]): readonly Reach[] {
  return typeof address === 'string' ? [reachOf(address)] : address.map((entry) => reachOf(entry.address));
}
