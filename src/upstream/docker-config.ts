import type { Json, JsonObject } from '../json/read.ts';
import { JsonError, readJson } from '../json/read.ts';

/** What a peer is shown. `identity` is an OAuth2 refresh token, `bearer` a registry token that is used as it is. */
export type Credential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'identity'; readonly username: string; readonly token: string }
  | { readonly kind: 'bearer'; readonly token: string };

/** What `config.json` says about one repository: a credential, the helper that has it, or nothing. */
export type Entry =
  { readonly credential: Credential } | { readonly helper: string; readonly server: string } | undefined;

/** The name Docker's tools use for Docker Hub in files and helpers. */
const HUB_SERVER = 'https://index.docker.io/v1/';
const HUB_HOSTS: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);
const LIMITS = { depth: 16, values: 20_000, integersOnly: false };

/** @throws JsonError, without anything from the file's values */
export function parseDockerConfig(bytes: Uint8Array): JsonObject {
  const tree = readJson(bytes, LIMITS);
  if (!(tree instanceof Map)) throw new JsonError('not a JSON object');
  return tree as JsonObject;
}

/**
 * Docker's file with containers-auth.json's keys: `host/namespace/repository` beats `host/namespace` beats `host`; keys
 * may carry a scheme and `/v1/`. A helper for the host beats an entry, an entry with a credential beats the store.
 * @param host of the peer's URL, with its port
 */
export function findEntry(config: JsonObject, host: string, path: string): Entry {
  const places = placesOf(host, path);
  const helper = mostSpecific(config.get('credHelpers'), places);
  if (typeof helper === 'string' && helper !== '') return { helper, server: serverOf(host) };
  const credential = credentialOf(mostSpecific(config.get('auths'), places));
  if (credential !== undefined) return { credential };
  const store = config.get('credsStore');
  return typeof store === 'string' && store !== '' ? { helper: store, server: serverOf(host) } : undefined;
}

export function serverOf(host: string): string {
  return HUB_HOSTS.has(host) ? HUB_SERVER : host;
}

function placesOf(host: string, path: string): readonly string[] {
  const hosts = HUB_HOSTS.has(host) ? [...HUB_HOSTS] : [host];
  const segments = path.split('/').filter((segment) => segment !== '');
  const below = segments.map((_, index) => `/${segments.slice(0, segments.length - index).join('/')}`);
  return [...below, ''].flatMap((suffix) => hosts.map((name) => name + suffix));
}

function mostSpecific(entries: Json | undefined, places: readonly string[]): Json | undefined {
  if (!(entries instanceof Map)) return undefined;
  const byPlace = new Map<string, Json>();
  for (const [key, value] of entries as JsonObject) {
    const place = key.replace(/^https?:\/\//, '').replace(/(?:\/v[12])?\/*$/, '');
    if (!byPlace.has(place)) byPlace.set(place, value);
  }
  const place = places.find((candidate) => byPlace.has(candidate));
  return place === undefined ? undefined : byPlace.get(place);
}

function credentialOf(entry: Json | undefined): Credential | undefined {
  if (!(entry instanceof Map)) return undefined;
  const text = (name: string): string => {
    const value = (entry as JsonObject).get(name);
    return typeof value === 'string' ? value : '';
  };
  const decoded = Buffer.from(text('auth'), 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = decoded.indexOf(':');
  const username = colon > 0 ? decoded.slice(0, colon) : text('username');
  const password = colon > 0 ? decoded.slice(colon + 1) : text('password');
  if (text('registrytoken') !== '') return { kind: 'bearer', token: text('registrytoken') };
  if (text('identitytoken') !== '') return { kind: 'identity', username, token: text('identitytoken') };
  return username === '' ? undefined : { kind: 'basic', username, password };
}
