import type { Json } from '../json/read.ts';

const WORD = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * `linux/arm/v7`, `windows/amd64 10.0.20348.2113`: from the `platform` of a descriptor, or from an image configuration,
 * which names the same members (image-spec "Image Index", "Image Configuration").
 * @returns undefined for what does not say it in words that can be shown as they are
 */
export function platformName(value: Json | undefined): string | undefined {
  if (!(value instanceof Map)) return undefined;
  const members = value as ReadonlyMap<string, Json>;
  const [os, architecture] = [word(members.get('os')), word(members.get('architecture'))];
  if (os === undefined || architecture === undefined) return undefined;
  const [variant, version] = [word(members.get('variant')), word(members.get('os.version'))];
  const suffix = version === undefined ? '' : ` ${version}`;
  return `${os}/${architecture}${variant === undefined ? '' : `/${variant}`}${suffix}`;
}

function word(value: Json | undefined): string | undefined {
  return typeof value === 'string' && WORD.test(value) ? value : undefined;
}
