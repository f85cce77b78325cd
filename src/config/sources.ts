import type { NotaryConfig, TrustSourceConfig } from './config.ts';
import { quote, type Reader, type Section, section } from './field.ts';
import { peer } from './peer.ts';
import { pins } from './pins.ts';
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
    if (type === 'notary') {
      const insecure = open.optional('insecure', boolean) ?? false;
      const rest = peer(open, field);
      return notary(name, open, insecure, rest);
    }
    if (type === 'tuf') open.failAt('type', 'type: tuf (TUF 1.0) is not available yet: use `type: notary`');
    open.abandon();
    return undefined;
  });
}

function notary(
  name: string,
  open: Section,
  insecure: boolean,
  rest: Omit<NotaryConfig, 'kind' | 'name' | 'urls' | 'gun' | 'pins' | 'releases' | 'firstUse'>,
): NotaryConfig | undefined {
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

/** Placeholders are whole segments, so two repositories can never share a collection by accident. */
const gunTemplate: Reader<string> = (field) => {
  const text = field.text('a template such as "{registry}/{repository}"');
  if (text === undefined) return undefined;
  const segments = text.split('/');
  const plain = segments.filter((segment) => segment !== '{registry}' && segment !== '{repository}');
  const count = (placeholder: string): number => segments.filter((segment) => segment === placeholder).length;
  const good = plain.every((segment) => /^[A-Za-z0-9._:-]+$/.test(segment));
  if (good && count('{repository}') === 1 && count('{registry}') <= 1) return text;
  return field.fail(
    `${quote(text)} is not allowed: expected segments and {repository}, with or without {registry}, each once and between slashes, such as "{registry}/{repository}"`,
  );
};
