import type { Requirement, Signers, SourceRequirement, TrustSourceConfig } from './config.ts';
import { type Field, list, quote, type Reader, section } from './field.ts';
import { nearest } from './nearest.ts';
import { present } from './present.ts';
import { integer } from './quantity.ts';

const MAX_SOURCES = 32;
const EXAMPLE = 'such as `[vendor]` or `[{ any: [vendor, approvals] }]`';

/** Every source that the file names; undefined where what it says of one is wrong. */
export type SourceKinds = ReadonlyMap<string, TrustSourceConfig['kind'] | undefined>;

/** `require: [a, { source: b, signers: […] }, { any: […] }]`: all of the list. */
export function requirement(sources: SourceKinds): Reader<Requirement> {
  return (field) => {
    const all = listOf('all', sources)(field);
    if (all !== undefined && countOf(all) > MAX_SOURCES) return field.fail(`asks more than ${MAX_SOURCES} sources`);
    return all;
  };
}

function listOf(kind: 'all' | 'any', sources: SourceKinds): Reader<Requirement> {
  return (field) => {
    const items = field.items(EXAMPLE);
    if (items === undefined) return undefined;
    if (items.length === 0) return field.fail('is an empty list: name at least one trust source');
    const of = items.map((item) => part(item, sources)).filter((each) => each !== undefined);
    return of.length === 0 ? undefined : { kind, of };
  };
}

function part(field: Field, sources: SourceKinds): Requirement | undefined {
  const { node } = field;
  if (node.kind !== 'map') {
    const source = sourceName(sources)(field);
    return source === undefined ? undefined : { kind: 'source', source };
  }
  return section(EXAMPLE, (open): Requirement | undefined => {
    const any = open.optional('any', listOf('any', sources));
    const all = open.optional('all', listOf('all', sources));
    const source = open.optional('source', sourceName(sources));
    const named = open.optional('signers', signers(sources.get(source ?? '')));
    if (!open.exactlyOne(['source', 'any', 'all'], EXAMPLE)) return undefined;
    if (open.has('signers') && !open.has('source')) open.failAt('signers', 'signers goes with source only');
    if (source === undefined) return any ?? all;
    return { kind: 'source', source, ...present({ signers: named }) } satisfies SourceRequirement;
  })(field);
}

function sourceName(sources: SourceKinds): Reader<string> {
  return (field) => {
    const text = field.text('the name of a trust source');
    if (text === undefined || sources.has(text)) return text;
    const meant = nearest(text, sources.keys());
    const all = sources.size === 0 ? 'the section `trust` names none' : `known: ${list([...sources.keys()])}`;
    return field.fail(
      `there is no trust source ${quote(text)} (${meant === undefined ? all : `did you mean ${quote(meant)}?`})`,
    );
  };
}

/** `[targets/qa, targets/security]`: each of them. `{ at_least: 2, of: [...] }`: so many of them. */
function signers(kind: TrustSourceConfig['kind'] | undefined): Reader<Signers> {
  return (field) => {
    if (field.node.kind === 'map') return someOf(kind)(field);
    const of = roles(kind)(field);
    return of === undefined ? undefined : { atLeast: of.length, of };
  };
}

function someOf(kind: TrustSourceConfig['kind'] | undefined): Reader<Signers> {
  return section('such as `{ at_least: 2, of: [targets/a, targets/b, targets/c] }`', (open) => {
    const of = open.required('of', roles(kind), 'the list of roles');
    const words = of === undefined ? 'from 1' : `from 1 to ${of.length}, as many as are listed`;
    const max = of?.length ?? 1_000;
    const atLeast = open.required('at_least', integer({ min: 1, max, words }), 'how many of them');
    return of === undefined || atLeast === undefined ? undefined : { atLeast, of };
  });
}

const roles =
  (kind: TrustSourceConfig['kind'] | undefined): Reader<string[]> =>
  (field) => {
    const items = field.items('such as `[targets/qa]`');
    if (items === undefined) return undefined;
    if (items.length === 0) return field.fail('is an empty list: name at least one role');
    const found = new Set<string>();
    for (const item of items) {
      const role = roleName(item, kind);
      // Named twice, one signature would count for two.
      if (role !== undefined && found.has(role)) item.fail(`${quote(role)} stands here twice`);
      if (role !== undefined) found.add(role);
    }
    return found.size < items.length ? undefined : [...found];
  };

/** Notary's roles are named by their place; those of TUF 1.0 have any name. */
function roleName(item: Field, kind: TrustSourceConfig['kind'] | undefined): string | undefined {
  const text = item.text('a role such as targets/qa');
  if (kind === 'tuf') return text;
  if (text === undefined || /^targets(?:\/[a-z0-9_-]+)*$/.test(text)) return text;
  const hint = /^[a-z0-9_-]+$/.test(text) ? `: write ${quote(`targets/${text}`)}` : ', such as targets/qa';
  return item.fail(`${quote(text)} is not a role: expected targets, or a delegation below it${hint}`);
}

function countOf(requirement: Requirement): number {
  return requirement.kind === 'source' ? 1 : requirement.of.reduce((sum, part) => sum + countOf(part), 0);
}
