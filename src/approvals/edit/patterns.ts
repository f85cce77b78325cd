import { TufgateError } from '../../errors.ts';
import { isRegistryHost, isRepositoryPath } from '../../oci/reference.ts';

/** How deep a namespace goes with `**`: path patterns of TUF do not cross a slash, so each depth is listed. */
const DEPTHS = 6;

/**
 * The path patterns of what is delegated: `registry/repository` is its tags and digests; `registry/namespace/*` every repository
 * directly below, `/**` those further down too. Names have none of the characters of patterns; an IPv6 address has, and is refused.
 * @throws usage
 */
export function patternsOf(name: string): readonly string[] {
  const [, stem = name, stars = ''] = /^(.*?)((?:\/\*\*?)?)$/.exec(name) ?? [];
  const slash = stem.indexOf('/');
  const [registry, path] = slash < 0 ? [stem, ''] : [stem.slice(0, slash), stem.slice(slash + 1)];
  if (
    !isRegistryHost(registry) ||
    registry.includes('[') ||
    (slash >= 0 && !isRepositoryPath(path)) ||
    (stars === '' && slash < 0)
  )
    throw new TufgateError(
      'usage',
      `${JSON.stringify(name.slice(0, 120))} is no repository or namespace: write registry/repository, registry/namespace/* or registry/namespace/**`,
    );
  if (stars === '') return [`${stem}:*`, `${stem}@*`];
  const depth = stars === '/*' ? 1 : DEPTHS;
  return Array.from({ length: depth }, (_, more) => `${stem}${'/*'.repeat(more + 1)}`);
}
