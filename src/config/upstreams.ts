import { isRegistryHost, looksLikeHost } from '../oci/reference.ts';
import type { UpstreamConfig } from './config.ts';
import { type Member, quote, type Reader, section } from './field.ts';
import { peer } from './peer.ts';
import { boolean } from './quantity.ts';
import { url } from './url.ts';

/** Only what stands here is ever contacted for images. Names and aliases are one name space: no name means two. */
export const upstreams: Reader<ReadonlyMap<string, UpstreamConfig>> = (field) => {
  const members = field.members('such as `docker.io: { url: https://registry-1.docker.io }`');
  if (members === undefined) return undefined;
  const found = new Map<string, UpstreamConfig>();
  const taken = new Map(members.map(({ key }) => [key, `the upstream ${key}`] as const));
  for (const member of members) {
    checkKey(member);
    const one = upstream(member.key, taken)(member.field);
    if (one !== undefined) found.set(member.key, one);
  }
  if (members.length === 0) field.fail('is empty: name at least one registry');
  return found;
};

function upstream(name: string, taken: Map<string, string>): Reader<UpstreamConfig> {
  return section('such as `{ url: https://registry.example }`', (open, field) => {
    const insecure = open.optional('insecure', boolean) ?? false;
    const found = open.required('url', url({ insecure, path: 'refused' }), 'add `url: https://HOST`');
    const aliases = open.optional('aliases', aliasesOf(name, taken)) ?? [];
    const rest = peer(open, field);
    return found === undefined ? undefined : { name, url: found, aliases, ...rest };
  });
}

function aliasesOf(name: string, taken: Map<string, string>): Reader<string[]> {
  return (field) => {
    const found: string[] = [];
    for (const item of field.items('such as `[index.docker.io]`') ?? []) {
      const text = item.text('a host name');
      if (text === undefined) continue;
      const why = mistakeInName(text);
      const owner = taken.get(text);
      if (why !== undefined) item.fail(`${quote(text)} ${why}`);
      else if (owner !== undefined) item.fail(`${quote(text)} is taken already, by ${owner}`);
      else found.push(text);
      if (owner === undefined) taken.set(text, `an alias of ${name}`);
    }
    return found;
  };
}

function checkKey(member: Member): void {
  const why = isHub(member.key)
    ? 'is not in normal form: write "docker.io", and this name under its aliases'
    : mistakeInName(member.key);
  if (why !== undefined) member.fail(`${quote(member.key)} ${why}`);
}

function isHub(name: string): boolean {
  return name === 'index.docker.io' || name === 'registry-1.docker.io';
}

/** A name without dot and port could be the first segment of a repository as well. */
function mistakeInName(name: string): string | undefined {
  const normal = name
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/\/+$/, '');
  const good = isRegistryHost(normal) && Number(/:([0-9]+)$/.exec(normal)?.[1] ?? 0) <= 65_535;
  if (!good) return 'is not a registry: expected HOST[:PORT], such as registry.example or localhost:5000';
  if (normal !== name) return `is not in normal form: write ${quote(normal)}`;
  if (!looksLikeHost(name))
    return `is not a registry: it needs a dot or a port, or must be localhost, such as ${quote(`${name}.example`)}`;
  return undefined;
}
