import { isAbsolute, relative, sep } from 'node:path';
import type { NotaryConfig, PeerConfig, TrustSourceConfig, TufConfig } from './config.ts';
import { quote, type Reader, type Section, section } from './field.ts';
import { path } from './file.ts';
import { peer } from './peer.ts';
import { ownRootFile, pins, rootFile } from './pins.ts';
import { publishing } from './publishing.ts';
import { boolean, oneOf } from './quantity.ts';
import { url } from './url.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/** The `trust` section: who may say which digest a tag stands for. */
export const sources: Reader<ReadonlyMap<string, TrustSourceConfig>> = (field) => {
  const found = new Map<string, TrustSourceConfig>();
  for (const { key, field: value, fail } of field.members('such as `vendor: { type: notary, … }`') ?? []) {
    if (!NAME.test(key)) fail(`${quote(key)} is not a name: expected letters, digits, "-" and "_", at most 63`);
    const one = source(key)(value);
    if (one !== undefined) found.set(key, one);
  }
  return found;
};

function source(name: string): Reader<TrustSourceConfig> {
  return section('such as `{ type: notary, url: https://notary.example }`', (open, field) => {
    const type = open.required('type', oneOf(['notary', 'tuf']), 'add `type: notary`');
    if (type === undefined) {
      open.abandon();
      return undefined;
    }
    const insecure = open.optional('insecure', boolean) ?? false;
    const rest = peer(open, field);
    return type === 'notary' ? notary(name, open, insecure, rest) : tuf(name, open, insecure, rest);
  });
}

function notary(name: string, open: Section, insecure: boolean, rest: PeerConfig): NotaryConfig | undefined {
  const one = open.optional('url', url({ insecure, path: 'allowed' }));
  const several = open.optional('urls', urlList(insecure));
  const named = open.exactlyOne(['url', 'urls'], 'where the Notary server is');
  const urls = several ?? (one === undefined ? undefined : [one]);
  const gun = open.optional('gun', gunTemplate) ?? '{registry}/{repository}';
  const found = {
    pins: open.optional('pins', pins) ?? [],
    releases: open.optional('releases', oneOf(['strict', 'docker'])) ?? 'strict',
    firstUse: open.optional('first_use', oneOf(['refuse', 'remember'])) ?? 'refuse',
  };
  return !named || urls === undefined ? undefined : { kind: 'notary', name, urls, gun, ...found, ...rest };
}

function tuf(name: string, open: Section, insecure: boolean, rest: PeerConfig): TufConfig | undefined {
  const one = open.optional('url', location(insecure));
  const several = open.optional('urls', urlList(insecure));
  const named = open.exactlyOne(['url', 'urls'], 'where the TUF repository is');
  const place = several === undefined ? one : ({ kind: 'http', urls: several } as const);
  const publish = open.optional('publish', publishing);
  if (publish !== undefined && place?.kind !== 'folder')
    open.failAt('publish', 'publish: this gate can only keep a repository in a folder: `url: file:../data/approvals/`');
  // Each publication is a new folder with the repository's own files, and what is in the published one anybody may read.
  if (publish !== undefined && place?.kind === 'folder' && isWithin(place.path, publish.keys))
    open.failAt('publish', 'publish: keys: they must not be in the folder that is published; such as `../data/keys`');
  const root = open.required(
    'root',
    open.has('publish') ? ownRootFile(name) : rootFile('tuf', name),
    'the root file that the repository is pinned to, such as `root: root.json`',
  );
  const target = open.optional('target', targetTemplate(':{tag}')) ?? '{registry}/{repository}:{tag}';
  const targetDigest =
    open.optional('target_digest', targetTemplate('@{digest}')) ?? '{registry}/{repository}@{digest}';
  if (!named || place === undefined || root === undefined) return undefined;
  const own = publish !== undefined && place.kind === 'folder' ? { publish: { folder: place.path, ...publish } } : {};
  return {
    kind: 'tuf',
    name,
    location: place,
    root: { kind: 'root-file', ...root },
    target,
    targetDigest,
    ...own,
    ...rest,
  };
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** `file:` and a path, absolute or relative to this file; else a URL. */
function location(insecure: boolean): Reader<TufConfig['location']> {
  return (field) => {
    const text = field.text('a URL such as https://tuf.example/metadata/, or file:FOLDER');
    if (text?.startsWith('file:') !== true) {
      const found = text === undefined ? undefined : url({ insecure, path: 'allowed' })(field);
      return found === undefined ? undefined : { kind: 'http', urls: [found] };
    }
    if (text.startsWith('file://')) return field.fail(`${quote(text)}: write the folder as file:/path or file:path`);
    const folder = path(field.called(text.slice('file:'.length)));
    return folder === undefined ? undefined : { kind: 'folder', path: folder };
  };
}

function urlList(insecure: boolean): Reader<URL[]> {
  return (field) => {
    const items = field.items('tried in order');
    if (items?.length === 0) return field.fail('is an empty list: name at least one URL');
    const found = new Map<string, URL>();
    for (const item of items ?? []) {
      const one = url({ insecure, path: 'allowed' })(item);
      if (one !== undefined && found.has(one.href)) item.fail('this URL stands here twice');
      if (one !== undefined) found.set(one.href, one);
    }
    return found.size === 0 ? undefined : [...found.values()];
  };
}

/** Names of targets: the image name up to what it is followed by, so that no two images share a target. */
function targetTemplate(end: ':{tag}' | '@{digest}'): Reader<string> {
  return (field) => {
    const text = field.text(`a template such as "{registry}/{repository}${end}"`);
    if (text === undefined || (text.endsWith(`{repository}${end}`) && namesRepository(text.slice(0, -end.length))))
      return text;
    const expected = `segments, with or without {registry}, and {repository}${end} at the end`;
    return field.fail(`${quote(text)} is not allowed: expected ${expected}, such as "{registry}/{repository}${end}"`);
  };
}

const gunTemplate: Reader<string> = (field) => {
  const text = field.text('a template such as "{registry}/{repository}"');
  if (text === undefined || namesRepository(text)) return text;
  return field.fail(
    `${quote(text)} is not allowed: expected segments and {repository}, with or without {registry}, each once and between slashes, such as "{registry}/{repository}"`,
  );
};

/** Placeholders are whole segments, so two repositories can never share a collection by accident. */
function namesRepository(text: string): boolean {
  const segments = text.split('/');
  const plain = segments.filter((segment) => segment !== '{registry}' && segment !== '{repository}');
  const count = (placeholder: string): number => segments.filter((segment) => segment === placeholder).length;
  const good = plain.every((segment) => /^[A-Za-z0-9._:-]+$/.test(segment));
  return good && count('{repository}') === 1 && count('{registry}') <= 1;
}
