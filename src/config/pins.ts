import type { Pin, PinAnchor, TrustSourceConfig } from './config.ts';
import { type Field, quote, type Reader, section } from './field.ts';
import { certificates, contents, type NamedFile, path } from './file.ts';

/**
 * Pins by GUN, the root of all trust: a pin that does not hold what its author meant is the worst mistake of the file.
 * GUNs are compared as written, capitals included; "all below" is a trailing slash and nothing else.
 */
export const pins: Reader<readonly Pin[]> = (field) =>
  field.members('such as `docker.io/library/: { keys: [4ff57dc9…] }`')?.flatMap(({ key, field: value, fail }) => {
    const prefix = key.endsWith('/');
    const gun = prefix ? key.slice(0, -1) : key;
    const why = mistakeInGun(gun);
    if (why !== undefined) fail(`${quote(key)} ${why}`);
    const found = anchor(gun, prefix)(value);
    return found === undefined ? [] : [{ gun, prefix, anchor: found }];
  });

const GUN = /^[A-Za-z0-9._:[\]-]+(?:\/[A-Za-z0-9._:[\]-]+)*$/;
const WAYS = 'one of `keys: [TUF key ids]`, `ca: FILE` or `root: FILE`';

function mistakeInGun(gun: string): string | undefined {
  if (gun.includes('*')) return 'is not a pin: wildcards are not supported; a trailing "/" stands for all below';
  if (gun.includes('://')) return 'is not a pin: write the name without https://';
  if (!GUN.test(gun))
    return 'is not a pin: expected a collection such as docker.io/library/nginx, or docker.io/library/';
  return undefined;
}

function anchor(gun: string, prefix: boolean): Reader<PinAnchor> {
  return section(WAYS, (open) => {
    const keys = open.optional('keys', keyIds);
    const ca = open.optional('ca', certificates);
    const root = open.optional('root', rootFile('notary', gun));
    if (prefix && open.has('root'))
      open.failAt('root', 'root: one root file anchors one collection; for all below a "/" use keys or ca');
    if (!open.exactlyOne(['root', 'keys', 'ca'], WAYS)) return undefined;
    if (root !== undefined) return { kind: 'root-file', ...root };
    if (ca !== undefined) return { kind: 'ca', ...ca };
    return keys === undefined ? undefined : { kind: 'keys', keyIds: keys };
  });
}

const keyIds: Reader<string[]> = (field) => {
  const items = field.items('such as `[4ff57dc9…]`, 64 hex digits each');
  if (items === undefined) return undefined;
  if (items.length === 0) return field.fail('is an empty list, which would refuse everything: name a key id');
  const found = new Set<string>();
  for (const item of items) {
    const id = keyId(item);
    if (id !== undefined && found.has(id)) item.fail('this key id stands here twice');
    if (id !== undefined) found.add(id);
  }
  return found.size === 0 ? undefined : [...found];
};

function keyId(item: Field): string | undefined {
  const text = item.text('a TUF key id, 64 hex digits');
  if (text === undefined || /^[0-9a-f]{64}$/.test(text)) return text;
  if (/^[0-9a-f]{64}$/i.test(text)) return item.fail(`expected lower case: ${quote(text.toLowerCase())}`);
  return item.fail(
    `${quote(text)} is not a key id: expected 64 hex digits, as \`signed.roles.root.keyids\` of root.json has them`,
  );
}

/** A wrong file (a targets file, the root of another repository) is a line at the start, not a refusal of every pull. */
export function rootFile(kind: TrustSourceConfig['kind'], gun: string): Reader<NamedFile> {
  return (field) => {
    const found = contents(field);
    if (found === undefined) return undefined;
    const why = looksLikeMetadata(found.bytes)
      ? field.world.whyNotRoot?.(kind, gun, found.bytes)
      : 'expected JSON with "signed" and "signatures"';
    return why === undefined
      ? found
      : field.fail(`${quote(found.file)} cannot be the root that trust begins with: ${why}`);
  };
}

/** Of a repository that this gate makes itself at its first start: empty before. */
export function ownRootFile(name: string): Reader<NamedFile> {
  return (field) => {
    const file = path(field);
    if (file === undefined) return undefined;
    return isMissing(field, file) ? { file, bytes: new Uint8Array() } : rootFile('tuf', name)(field);
  };
}

function isMissing({ world }: Field, file: string): boolean {
  try {
    world.readFile(file);
    return false;
  } catch (error) {
    return (error as { code?: string }).code === 'ENOENT';
  }
}

function looksLikeMetadata(bytes: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && value !== null && 'signed' in value && 'signatures' in value;
  } catch {
    return false;
  }
}
