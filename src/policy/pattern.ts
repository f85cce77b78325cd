import { TufgateError } from '../errors.ts';
import {
  isRegistryHost,
  isRepositoryPath,
  isTag,
  looksLikeHost,
  type Repository,
  repositoryName,
} from '../oci/reference.ts';
import { matchesSegments, matchesText, type SegmentPattern } from './wildcard.ts';

/**
 * Which images a rule is about: `registry/repository[:tag]` with `*` within a segment and `**` for one or more whole
 * segments, anchored at both ends. In the tag part, which follows the last `:` after the last `/`, `*` is any run.
 *
 * A pattern that can match nothing is a rule that silently does not hold: names that are not in normal form (`nginx`,
 * `Docker.io/…`, `docker.io/nginx`) are refused, with the normal form in the message. Regular expressions were
 * rejected: unanchored by habit, `.` matches everything, and some inputs take for ever.
 */
export interface Pattern {
  readonly text: string;
  readonly runs: readonly (readonly SegmentPattern[])[];
  /** Absent: every tag. */
  readonly tag?: SegmentPattern;
}

const MAX_LENGTH = 512;
const HUB_HOSTS: ReadonlySet<string> = new Set(['index.docker.io', 'registry-1.docker.io']);
const FIRST = /^(?:\[[0-9a-f:]+\])?[a-z0-9.:*-]*$/;
const SEGMENT = /^[a-z0-9._*-]+$/;
const TAG = /^[A-Za-z0-9._*-]{1,128}$/;

/** @throws config.invalid, with what is wrong and the pattern that was probably meant */
export function parsePattern(text: string): Pattern {
  if (text.length > MAX_LENGTH) throw refuse(text, `it is longer than ${MAX_LENGTH} characters`);
  const { name, tag } = split(text);
  if (!text.includes('/') && tag !== undefined && /^[0-9]+$/.test(tag) && looksLikeHost(name))
    throw refuse(text, 'it names a registry and no repository', `${text}/**`);
  checkCharacters(text, name, tag);
  const segments = name.split('/');
  const normal = normalForm(segments);
  if (normal !== name) throw refuse(text, 'it is not in normal form', withTag(normal, tag));
  checkSegments(text, segments);
  return { text, runs: runsOf(segments), ...(tag === undefined ? {} : { tag: tag.split('*') }) };
}

/** Does the part before the tag match? */
export function matchesRepository(pattern: Pattern, repository: Repository): boolean {
  return matchesSegments(pattern.runs, repositoryName(repository).split('/'));
}

export function matchesTag(pattern: Pattern, tag: string): boolean {
  return pattern.tag === undefined || matchesText(pattern.tag, tag);
}

function split(text: string): { name: string; tag?: string } {
  const colon = text.lastIndexOf(':');
  const slash = text.lastIndexOf('/');
  if (colon <= slash || text.endsWith(']')) return { name: text };
  return { name: text.slice(0, colon), tag: text.slice(colon + 1) };
}

function checkCharacters(text: string, name: string, tag: string | undefined): void {
  if (name === '') throw refuse(text, 'it names nothing');
  if (text.includes('@'))
    throw refuse(text, 'a pattern cannot hold a digest: write the repository, with or without a tag');
  if (/^https?:\/\//i.test(text)) throw refuse(text, 'it is a URL', text.slice(text.indexOf('//') + 2));
  if (/[?{}!\\^$+()|,]|\[(?![0-9a-f:]+\])/.test(text))
    throw refuse(text, 'only * and ** are understood, no other wildcards');
  if (/\s|[^\x21-\x7e]/.test(text)) throw refuse(text, 'it holds a space, or a character that no image name has');
  if (tag?.includes('**') === true)
    throw refuse(text, 'in the tag part * is any run already', `${name}:${tag.replace(/\*+/g, '*')}`);
  if (tag !== undefined && !(tag.includes('*') ? TAG.test(tag) : isTag(tag)))
    throw refuse(text, 'the part after the last ":" is not a tag pattern');
  for (const segment of name.split('/'))
    if (segment !== '**' && segment.includes('**'))
      throw refuse(text, '** must be a segment of its own', name.replace(/\*{2,}(?=[^/])|(?<=[^/])\*{2,}/g, '*'));
}

/** What the operator would have to write; equal to what he wrote when that is in order. */
function normalForm(segments: readonly string[]): string {
  const lower = segments.map((segment) => segment.toLowerCase());
  if (lower.at(-1) === '') lower[lower.length - 1] = '**';
  const [first = ''] = lower;
  const hosted = isWild(first) || looksLikeHost(first);
  if (lower.length === 1) return first === '**' ? '**' : first === '*' ? '**' : aloneForm(first);
  const host = hosted ? (HUB_HOSTS.has(first) ? 'docker.io' : first) : 'docker.io';
  const path = hosted ? lower.slice(1) : lower;
  const [only] = path;
  const official = host === 'docker.io' && path.length === 1 && only !== '**';
  return [host, ...(official ? ['library'] : []), ...path].join('/');
}

/** One segment: a host without a repository, or an official image. */
function aloneForm(segment: string): string {
  return looksLikeHost(segment) ? `${segment}/**` : `docker.io/library/${segment}`;
}

/** A first segment that, by its stars, can stand for a host. */
function isWild(segment: string): boolean {
  return segment === '*' || segment === '**';
}

function checkSegments(text: string, segments: readonly string[]): void {
  const [first = '', ...path] = segments;
  const host = first.includes('*') ? FIRST.test(first) : isRegistryHost(first);
  if (!host) throw refuse(text, `${JSON.stringify(first)} is not a registry`);
  for (const segment of path) {
    const good = segment.includes('*') ? SEGMENT.test(segment) : isRepositoryPath(segment);
    if (!good)
      throw refuse(text, segment === '' ? 'it has an empty segment' : `${JSON.stringify(segment)} is not a name`);
  }
}

/** Split at `**`, then each segment at its stars. */
function runsOf(segments: readonly string[]): SegmentPattern[][] {
  let run: SegmentPattern[] = [];
  const runs = [run];
  for (const segment of segments) {
    if (segment !== '**') run.push(segment.split('*'));
    else runs.push((run = []));
  }
  return runs;
}

function withTag(name: string, tag: string | undefined): string {
  return tag === undefined ? name : `${name}:${tag}`;
}

function refuse(text: string, why: string, hint?: string): TufgateError {
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
  const meant = hint === undefined ? '' : `; write ${JSON.stringify(hint.slice(0, 160))}`;
  return new TufgateError('config.invalid', `${shown} is not a pattern: ${why}${meant}`);
}
