import { dirname, resolve } from 'node:path';
import { TufgateError } from '../errors.ts';
import type { CacheConfig, Config, UpstreamConfig } from './config.ts';
import { readDocument } from './document.ts';
import { type Environment, Field, list, quote, type Reader, section, type Section, type WhyNotRoot } from './field.ts';
import { admin, listeners, sameAddress } from './listen.ts';
import { nearest } from './nearest.ts';
import { path } from './file.ts';
import { present } from './present.ts';
import { duration, integer, oneOf, size } from './quantity.ts';
import { rules } from './rules.ts';
import { sources } from './sources.ts';
import { unboundNames } from './binding.ts';
import { upstreams } from './upstreams.ts';

/**
 * Text → Config, or all that is wrong with it.
 *
 * Guarantees: a key that is not understood is an error, so nothing a security team wrote is silently without effect;
 * every mistake of the file is reported in one go, with its place and what is allowed; nothing but config.invalid is
 * thrown, whatever the text. A schema library was tried on paper and rejected: it sees values, not places, and its
 * unions ("exactly one of root, keys, ca") explain themselves badly.
 *
 * Left out on purpose: defaults that let anything through. An empty policy denies.
 *
 * @param file shown in messages; made absolute for Config.file and relative paths
 * @param readFile the bytes of a file that the configuration names, throws Node.js file errors
 * @param env where `password_env` is looked up; absent: not looked up
 * @param whyNotRoot judges the root files that are pinned; absent: nobody does
 * @throws config.invalid, one line a mistake: `tufgate.yaml:12:5: unknown key "pasword_file" (did you mean "password_file"?)`
 */
export function parseConfig(
  text: string,
  file: string,
  readFile: (path: string) => Uint8Array,
  env?: Environment,
  whyNotRoot?: WhyNotRoot,
): Config {
  const { root, problems } = readDocument(text, file);
  const absolute = resolve(file);
  const world = { problems, directory: dirname(absolute), readFile, env, whyNotRoot };
  const config = root === undefined ? undefined : whole(absolute)(new Field('the file', root, world));
  problems.throwIfAny();
  if (config === undefined) throw new TufgateError('config.invalid', `${file} is not a usable configuration`);
  return config;
}

const KIB = 2 ** 10;
const MIB = 2 ** 20;
const GIB = 2 ** 30;
const TIB = 2 ** 40;
const DAY = 86_400_000;

const CACHE: CacheConfig = {
  maxBytes: 50 * GIB,
  lowWaterBytes: 40 * GIB,
  verifyReads: 'changed',
  scrubBytesPerSecond: 16 * MIB,
  pin: 'none',
  finishDownloads: 0.1,
};

function whole(file: string): Reader<Config> {
  return section('', (open, field) => {
    const data = open.required('data', path, 'where database and cache are kept, such as `data: ../data`');
    const listen = open.optional('listen', listeners) ?? [{ host: '127.0.0.1', port: 5000, insecure: false }];
    const adminAt = open.optional('admin', admin) ?? { host: '127.0.0.1', port: 5001 };
    if (listen.some((one) => sameAddress(one, adminAt)))
      open.fail(`admin and listen share the address ${adminAt.host}:${adminAt.port}: give each its own`);
    const registries = open.required('upstreams', upstreams, 'name at least one registry') ?? new Map<string, never>();
    const defaultUpstream = open.optional('default_upstream', upstreamName(registries, namesIn(field, 'upstreams')));
    const trust = open.optional('trust', sources) ?? new Map<string, never>();
    const kinds = [...namesIn(field, 'trust')].map((name) => [name, trust.get(name)?.kind] as const);
    const known = { sources: new Map(kinds), aliases: aliasesOf(registries) };
    const policy = open.required('policy', rules(known), 'the rules; without any, everything is denied: `policy: []`');
    const rest = { ...settings(open), ...present({ defaultUpstream }) };
    for (const mistake of unboundNames(trust, policy ?? [], new Set(registries.keys()))) open.failAt('trust', mistake);
    if (data === undefined || policy === undefined) return undefined;
    return { file, data, listen, admin: adminAt, upstreams: registries, trust, policy, ...rest };
  });
}

function settings(open: Section): Pick<Config, 'freshness' | 'cache' | 'limits' | 'decisions' | 'log'> {
  return {
    freshness: open.optional('freshness', freshness) ?? { checkEveryMs: 60_000, staleIfUnreachableMs: 'until_expiry' },
    cache: open.optional('cache', cache) ?? CACHE,
    limits: open.optional('limits', limits) ?? {
      manifestBytes: 4 * MIB,
      metadataBytes: 64 * MIB,
      blobBytes: 64 * GIB,
      upstreamConnections: 64,
    },
    decisions: open.optional('decisions', decisions) ?? { keepMs: 30 * DAY, maxBytes: GIB, onFailure: 'serve' },
    log: open.optional('log', log) ?? { level: 'info', format: 'json' },
  };
}

const freshness: Reader<Config['freshness']> = section('such as `{ check_every: 60s }`', (open) => {
  const every = duration({ min: 1_000, max: 30 * DAY, words: 'from 1s to 30d' });
  return {
    checkEveryMs: open.optional('check_every', every) ?? 60_000,
    staleIfUnreachableMs: open.optional('stale_if_unreachable', stale) ?? 'until_expiry',
  };
});

const stale: Reader<number | 'until_expiry'> = (field) => {
  if (field.node.kind === 'text' && field.node.text === 'until_expiry') return 'until_expiry';
  const words = 'until_expiry, or a duration from 0s to 3650d';
  return field.node.kind === 'text' && /^[0-9]/.test(field.node.text)
    ? duration({ min: 0, max: 3_650 * DAY, words })(field)
    : field.fail(`expected ${words}`);
};

const cache: Reader<Config['cache']> = section('such as `{ max_size: 50GiB, low_water: 80% }`', (open) => {
  const maxBytes =
    open.optional('max_size', size({ min: MIB, max: 1024 * TIB, words: 'from 1MiB to 1024TiB' })) ?? 50 * GIB;
  const lowWaterBytes = open.optional('low_water', share(maxBytes)) ?? Math.floor(maxBytes * 0.8);
  return {
    maxBytes,
    lowWaterBytes,
    verifyReads: open.optional('verify_reads', oneOf(['always', 'changed', 'never'])) ?? CACHE.verifyReads,
    scrubBytesPerSecond: open.optional('scrub_rate', scrubRate) ?? CACHE.scrubBytesPerSecond,
    pin: open.optional('pin', oneOf(['current', 'none'])) ?? CACHE.pin,
    finishDownloads: open.optional('finish_downloads', shareOf) ?? CACHE.finishDownloads,
  };
});

const scrubRate: Reader<number> = (field) =>
  field.node.kind === 'text' && field.node.text === 'off'
    ? 0
    : size({ min: MIB, max: GIB, words: '`off`, or bytes a second from 1MiB to 1GiB' })(field);

/** `10%` as 0.1. */
const shareOf: Reader<number> = (field) => {
  const percent = field.node.kind === 'text' ? /^([0-9]{1,3})%$/.exec(field.node.text)?.[1] : undefined;
  const value = Number(percent);
  return percent !== undefined && value <= 100 ? value / 100 : field.fail('expected a share from 0% to 100%');
};

/** `80%`, or a size. */
function share(whole: number): Reader<number> {
  return (field) => {
    const percent = field.node.kind === 'text' ? /^([0-9]{1,3})%$/.exec(field.node.text)?.[1] : undefined;
    const words = 'a share such as 80% (from 1% to 100%), or a size up to max_size';
    if (percent === undefined) return size({ min: 1, max: whole, words })(field);
    const value = Number(percent);
    return value >= 1 && value <= 100
      ? Math.floor((whole * value) / 100)
      : field.fail(`${quote(`${percent}%`)} is not allowed: expected ${words}`);
  };
}

const limits: Reader<Config['limits']> = section('such as `{ manifest: 4MiB }`', (open) => ({
  manifestBytes: open.optional('manifest', size({ min: KIB, max: 64 * MIB, words: 'from 1KiB to 64MiB' })) ?? 4 * MIB,
  metadataBytes: open.optional('metadata', size({ min: KIB, max: GIB, words: 'from 1KiB to 1GiB' })) ?? 64 * MIB,
  blobBytes: open.optional('blob', size({ min: KIB, max: 1024 * TIB, words: 'from 1KiB to 1024TiB' })) ?? 64 * GIB,
  upstreamConnections:
    open.optional('upstream_connections', integer({ min: 1, max: 4_096, words: 'from 1 to 4096' })) ?? 64,
}));

const decisions: Reader<Config['decisions']> = section('such as `{ keep: 30d, max_size: 1GiB }`', (open) => ({
  keepMs: open.optional('keep', duration({ min: 1_000, max: 3_650 * DAY, words: 'from 1s to 3650d' })) ?? 30 * DAY,
  maxBytes: open.optional('max_size', size({ min: MIB, max: TIB, words: 'from 1MiB to 1TiB' })) ?? GIB,
  onFailure: open.optional('on_failure', oneOf(['serve', 'refuse'])) ?? 'serve',
}));

const log: Reader<Config['log']> = section('such as `{ level: info, format: json }`', (open) => ({
  level: open.optional('level', oneOf(['debug', 'info', 'warn', 'error'])) ?? 'info',
  format: open.optional('format', oneOf(['json', 'pretty'])) ?? 'json',
}));

/** The names that a section gives, also those whose value is wrong: they must not cause a second message. */
function namesIn(field: Field, key: string): ReadonlySet<string> {
  const node = field.node.kind === 'map' ? field.node.entries.get(key)?.value : undefined;
  return new Set(node?.kind === 'map' ? node.entries.keys() : []);
}

function aliasesOf(registries: ReadonlyMap<string, UpstreamConfig>): ReadonlyMap<string, string> {
  return new Map(
    [...registries.values()].flatMap(({ name, aliases }) => aliases.map((alias) => [alias, name] as const)),
  );
}

function upstreamName(found: ReadonlyMap<string, UpstreamConfig>, names: ReadonlySet<string>): Reader<string> {
  return (field) => {
    const text = field.text('the name of an upstream');
    if (text === undefined || names.has(text)) return text;
    const meant = aliasesOf(found).get(text) ?? nearest(text, names);
    const hint = meant === undefined ? `known: ${list([...names])}` : `did you mean ${quote(meant)}?`;
    return field.fail(`there is no upstream ${quote(text)} (${hint})`);
  };
}
