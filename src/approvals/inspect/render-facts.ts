import { isIndexType } from '../../oci/media-type.ts';
import { imageName } from '../../oci/reference.ts';
import { ageWords } from '../../text/age-words.ts';
import { countWords, sizeWords } from '../../text/size-words.ts';
import { visibleStart } from '../../text/visible.ts';
import type { ImageFacts, PlatformFacts } from './facts.ts';

/** Labels that say where an image comes from (image-spec "Annotations"); the others are in `--json`. */
const SHOWN_LABELS = [
  'org.opencontainers.image.title',
  'org.opencontainers.image.version',
  'org.opencontainers.image.revision',
  'org.opencontainers.image.source',
  'org.opencontainers.image.vendor',
] as const;
const MAX_TEXT = 120;
/** Before Docker: an instant that tools write who want the same bytes every time. */
const FIRST_REAL = Date.UTC(2013, 0, 1);

/** For people, a line each; nothing in them moves a cursor. @param now epoch milliseconds */
export function factsLines(facts: ImageFacts, now: number): readonly string[] {
  const name = imageName({ ...facts.repository, ...(facts.tag !== undefined && { tag: facts.tag }) });
  const lines = [`${name} is ${facts.digest} (${summary(facts, now)})`];
  lines.push(...facts.platforms.map((platform) => `  ${platformLine(platform, facts.brief)}`));
  if (facts.left > 0) lines.push(`  ${countWords(facts.left, 'more manifest')} in it, which nobody looked at`);
  return [...lines, ...labelLines(facts)];
}

function summary({ mediaType, platforms, attestations, size, created, brief }: ImageFacts, now: number): string {
  const kind = isIndexType(mediaType) ? ['index', countWords(platforms.length, 'platform')] : ['image'];
  if (attestations.length > 0) kind.push(countWords(attestations.length, 'attestation'));
  if (!brief || !isIndexType(mediaType)) kind.push(sizeWords(size));
  return [...kind, ...(created === undefined ? [] : [createdWords(created, now)])].join(', ');
}

/** Its publisher's word: an instant ahead, or of long before containers, is said as what it is. */
export function createdWords(created: number, now: number): string {
  return created < FIRST_REAL ? 'created at no real date' : `created ${ageWords(created, now)}`;
}

function platformLine({ platform, layers, size, problems }: PlatformFacts, brief: boolean): string {
  const what = brief && layers.length === 0 ? '' : `: ${countWords(layers.length, 'layer')}, ${sizeWords(size)}`;
  return [platform + what, ...problems].join('; ');
}

/** A label that all platforms share says something of the image. */
function labelLines({ platforms }: ImageFacts): readonly string[] {
  const [first, ...others] = platforms;
  return SHOWN_LABELS.flatMap((name) => {
    const text = first?.labels.get(name);
    if (text === undefined || text === '') return [];
    const differs = others.some(({ labels }) => labels.has(name) && labels.get(name) !== text);
    return [`  ${name}: ${visibleStart(text, MAX_TEXT)}${differs ? ' (not on all platforms)' : ''}`];
  });
}
